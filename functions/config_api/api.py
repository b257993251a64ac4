"""Routes with rights: what Powertools' resolver does, behind a gate that asks first whether the caller may.

The gate stands before validation, so that a stranger learns nothing from the faults of what they sent.
"""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext

from config_api.access import Caller, caller_of
from config_api.body import MAX_BYTES, check_body
from config_api.bootstrap import Parts
from config_api.problems import MEDIA_TYPE, Problem, ProblemBody, field_errors, problem_of, unprocessable
from rollcall.domain.access import Right
from rollcall.domain.district import District
from rollcall.domain.errors import NotFound

log = logging.getLogger(__name__)
Handler = TypeVar("Handler", bound=Callable[..., Any])

_PROBLEMS = {
    HTTPStatus.BAD_REQUEST: "The body is not JSON",
    HTTPStatus.UNAUTHORIZED: "No valid token",
    HTTPStatus.FORBIDDEN: "The token gives no such right in this district",
    HTTPStatus.NOT_FOUND: "No such thing in this district",
    HTTPStatus.CONFLICT: "Somebody else changed it, or its state does not allow this",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not announced as JSON",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A field cannot be accepted",
    HTTPStatus.SERVICE_UNAVAILABLE: "Try again later",
}
_READING = frozenset(_PROBLEMS) - {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


@dataclass(frozen=True)
class Endpoint:
    """One route. ``right`` is None where everybody may, with a token or without one when it is ``open``.

    ``creates``: the district need not exist yet. ``bodiless``: a body may be left out. ``max_bytes``: how large it
    may be. ``raw``: the handler reads the body by itself, whatever it is announced as.
    """

    method: str
    path: str
    pattern: re.Pattern[str]
    right: Right | None
    creates: bool
    open: bool
    bodiless: bool
    max_bytes: int
    raw: bool


class Api:
    """The resolver, its routes, and the parts that they use."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.endpoints: list[Endpoint] = []
        self.resolver = APIGatewayHttpResolver(
            enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR
        )
        self.resolver.exception_handler(RequestValidationError)(_invalid)
        self.resolver.exception_handler(Exception)(_failed)
        self.resolver.not_found(lambda _: _no_route().response())

    def route(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        right: Right | None = None,
        status: HTTPStatus = HTTPStatus.OK,
        creates: bool = False,
        public: bool = False,
        bodiless: bool = False,
        max_bytes: int = MAX_BYTES,
        raw: bool = False,
        binary: str | None = None,
        cached: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Declare a route; see :class:`Endpoint` for what can be said of it. ``binary`` is a file's media type,
        ``cached`` says that a caller may keep it and ask whether it is still the same.
        """
        # No id is longer, and DynamoDB refuses keys that are much longer.
        pattern = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]{1,128})", path))
        may_be_empty = bodiless or method == "GET"
        self.endpoints.append(
            Endpoint(method, path, pattern, right, creates, public, may_be_empty, max_bytes, raw)
        )
        problems = _PROBLEMS if method != "GET" else {code: _PROBLEMS[code] for code in sorted(_READING)}
        content = {MEDIA_TYPE: {"model": ProblemBody}}
        success: dict[str, Any] = {"description": status.phrase}
        if binary:
            success["content"] = {binary: {"schema": {"type": "string", "format": "binary"}}}
        responses: dict[int, Any] = {int(status): success}
        if cached:
            responses[int(HTTPStatus.NOT_MODIFIED)] = {"description": "Still what If-None-Match says"}
        if not public or raw:
            responses |= {
                int(code): {"description": text, "content": content} for code, text in problems.items()
            }
        return self.resolver.route(
            path,
            method=[method],
            summary=summary,
            tags=[path.split("/")[4] if path.count("/") > 3 else path.split("/")[2]],
            status_code=status,
            responses=responses,
            security=[] if public else None,
        )

    @property
    def caller(self) -> Caller:
        """Who made the request at hand."""
        caller: Caller = self.resolver.context["caller"]
        return caller

    @property
    def district(self) -> District:
        """The district that the request at hand is about."""
        if self.caller.district is None:
            raise NotFound("district")
        return self.caller.district

    @property
    def request_id(self) -> str:
        """What API Gateway calls the request at hand, in its log too."""
        return str(self.resolver.current_event.request_context.request_id)

    @property
    def request_digest_parts(self) -> tuple[str, str, str]:
        """What makes two requests the same: method, path and body."""
        event = self.resolver.current_event
        return event.http_method, event.path, event.decoded_body or ""

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """One request, as API Gateway sends it (payload version 2.0), to its answer."""
        began = time.monotonic()
        told = {"request": event["requestContext"]["requestId"]}
        try:
            endpoint, district_id = self._match(event["requestContext"]["http"]["method"], event["rawPath"])
            # Not the path itself, which may name a person.
            told |= {"route": f"{endpoint.method} {endpoint.path}", "district_id": district_id}
            self.resolver.context["caller"] = self._admit(endpoint, district_id, event)
            if not endpoint.raw:
                check_body(event, may_be_empty=endpoint.bodiless, max_bytes=endpoint.max_bytes)
                # The resolver reads the media type to the letter; the gate has accepted it in any case.
                headers = {**event.get("headers", {}), "content-type": "application/json"}
                event = {**event, "headers": headers}
            answer = self.resolver.resolve(event, context)
        except Exception as error:  # noqa: BLE001 - the last resort: nothing may leave as a raw 500
            answer = _problem(error).event()
        answer["headers"] = {"Cache-Control": "no-store", **answer.get("headers", {})}
        milliseconds = round((time.monotonic() - began) * 1000)
        log.info("answered", extra={**told, "status": answer["statusCode"], "milliseconds": milliseconds})
        return answer

    def _admit(self, endpoint: Endpoint, district_id: str, event: Mapping[str, Any]) -> Caller | None:
        """Let the caller pass, or raise the :class:`Problem` that turns them away."""
        if endpoint.open:
            return None
        caller = caller_of(event)
        if caller is None:
            headers = {"WWW-Authenticate": "Bearer"}
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "no_token",
                "Send a token as 'Authorization: Bearer …'.",
                headers=headers,
            )
        if endpoint.right is None:
            return caller
        if not caller.access.may(district_id, endpoint.right):
            log.warning("access refused", extra={"district_id": district_id, "right": endpoint.right})
            detail = f"This needs the right {endpoint.right} in this district, which the token does not give."
            raise Problem(HTTPStatus.FORBIDDEN, "forbidden", detail)
        return (
            caller if endpoint.creates else replace(caller, district=self.parts.config.district(district_id))
        )

    def _match(self, method: str, path: str) -> tuple[Endpoint, str]:
        allowed = []
        for endpoint in self.endpoints:
            match = endpoint.pattern.fullmatch(path)
            if match and endpoint.method == method:
                return endpoint, match.groupdict().get("district_id", "")
            if match:
                allowed.append(endpoint.method)
        if not allowed:
            raise _no_route()
        headers = {"Allow": ", ".join(sorted(allowed))}
        detail = f"Here only {headers['Allow']} is possible."
        raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", detail, headers=headers)


def _no_route() -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this address.")


def _invalid(error: RequestValidationError) -> Any:
    return unprocessable(field_errors(error.errors())).response()


def _failed(error: Exception) -> Any:
    return _problem(error).response()


def _problem(error: Exception) -> Problem:
    problem = problem_of(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # Not the text of the error, which may hold what was typed: only its kind and where it came from.
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        log.error(
            "request failed", extra={"error": type(error).__name__, "code": problem.body.code, "at": frames}
        )
    return problem
