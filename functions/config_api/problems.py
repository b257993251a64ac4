"""Errors as the API tells them: ``application/problem+json`` (RFC 9457), never with what was typed in them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, ConfigDict

from rollcall.domain.errors import Conflict, NotFound, StoreError, StoreThrottled
from rollcall.domain.form import FieldError, Invalid
from rollcall.domain.systems import SYSTEMS

MEDIA_TYPE = "application/problem+json"


class ProblemBody(BaseModel):
    """What went wrong. ``code`` is stable; ``detail`` is a sentence for people; ``errors`` name the fields at fault."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None


class Problem(Exception):
    """An answer other than success."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.body = ProblemBody(
            type=f"urn:rollcall:problem:{code}",
            title=status.phrase,
            status=status,
            detail=detail,
            code=code,
            errors=list(errors) or None,
        )
        self.headers = dict(headers or {})

    def response(self) -> Response[str]:
        """The answer, for the resolver."""
        return Response(
            status_code=self.status, content_type=MEDIA_TYPE, headers={**self.headers}, body=self.text()
        )

    def event(self) -> dict[str, Any]:
        """The answer, for API Gateway."""
        headers = {**self.headers, "Content-Type": MEDIA_TYPE}
        return {
            "statusCode": int(self.status),
            "headers": headers,
            "body": self.text(),
            "isBase64Encoded": False,
        }

    def text(self) -> str:
        """The body as JSON."""
        return json.dumps(self.body.model_dump(exclude_none=True))


def problem_of(error: Exception) -> Problem:
    """The one table from our errors to answers."""
    match error:
        case Problem():
            return error
        case Invalid():
            return unprocessable(error.errors)
        case NotFound():
            return Problem(HTTPStatus.NOT_FOUND, error.code, error.message)
        case Conflict():
            return Problem(HTTPStatus.CONFLICT, error.code, error.message)
        case StoreThrottled():
            headers = {"Retry-After": "5"}
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, error.code, error.message, headers=headers)
        case StoreError():
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, error.code, error.message)
        case _:
            detail = "Something unexpected happened; the operators can find it in the log."
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


def unprocessable(errors: Sequence[FieldError]) -> Problem:
    """422 for fields that cannot be accepted."""
    fields = ", ".join(dict.fromkeys(error.field for error in errors))
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", f"Cannot accept: {fields}.", errors)


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Field errors from what pydantic reports, without the input that pydantic adds."""
    return [_field_error(tuple(error["loc"]), str(error["type"]), error) for error in errors]


def _field_error(loc: tuple[str | int, ...], kind: str, error: Mapping[str, Any]) -> FieldError:
    path = _path(loc)
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _tag_error(path, kind)
    field = ".".join(str(part) for part in path) or "body"
    if kind in _SIMPLE:
        return FieldError(field=field, code=_SIMPLE[kind][0], message=_SIMPLE[kind][1])
    code = "wrong_type" if kind.endswith(("_type", "_parsing")) else _CODES.get(kind, kind)
    return FieldError(field=field, code=code, message=str(error["msg"]).rstrip(".") + ".")


def _path(loc: tuple[str | int, ...]) -> list[str | int]:
    """Where the field stands. The part of the request is no field, nor is the tag that a union reports like one."""
    path = list(loc)
    if path and path[0] in _PLACES:
        del path[0]
    if path and path[0] in SYSTEMS:
        del path[0]
    if len(path) > 1 and path[0] == "frequency":
        del path[1]
    return path


def _tag_error(path: list[str | int], kind: str) -> FieldError:
    missing = kind == "union_tag_not_found"
    if path:
        message = "Choose one of hour, day, week, month, year."
        field = ".".join(str(part) for part in [*path, "every"])
        return FieldError(field=field, code="required" if missing else "not_allowed", message=message)
    message = f"Choose a system that is available: {', '.join(SYSTEMS)}."
    return FieldError(field="system", code="required" if missing else "system_not_available", message=message)


_PLACES = frozenset({"body", "query", "path", "header"})
_CODES = {
    "literal_error": "not_allowed",
    "string_too_long": "too_long",
    "less_than_equal": "too_large",
    "greater_than_equal": "too_small",
}
_SIMPLE = {
    "missing": ("required", "This field is required; fill it in."),
    "extra_forbidden": ("unknown_field", "There is no such field here; remove it."),
    "string_too_short": ("too_short", "This field may not be blank; fill it in."),
    "string_pattern_mismatch": (
        "wrong_format",
        "This is not written as this field needs it; see its description.",
    ),
    "string_unicode": ("wrong_format", "This is not valid Unicode text; enter it again."),
}
