"""What a request body must be before anybody looks at its fields."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from config_api.problems import Problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20


def check_body(event: Mapping[str, Any], *, may_be_empty: bool, max_bytes: int) -> None:
    """Raise the :class:`Problem` of a body that is not one JSON object of reasonable size."""
    data = body_bytes(event, max_bytes)
    if not data and may_be_empty:
        return
    if data and media_type(event) not in ("application/json", ""):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_json", "Send JSON, with 'Content-Type: application/json'."
        )
    json_object(data)


def media_type(event: Mapping[str, Any]) -> str:
    """What the body is announced as, in lower case and without parameters."""
    announced: str = event.get("headers", {}).get("content-type", "")
    return announced.partition(";")[0].strip().lower()


def body_bytes(event: Mapping[str, Any], limit: int) -> bytes:
    """The body as it was sent. Raises the :class:`Problem` of one that is too large or garbled."""
    data = _bytes(event)
    if len(data) > limit:
        detail = f"The body has {len(data)} bytes; at most {limit} are accepted."
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
    return data


def json_object(data: bytes) -> dict[str, Any]:
    """A JSON object. Raises the :class:`Problem` of anything else."""
    try:
        # Whoever encodes answers as UTF-8 must be able to: half a surrogate pair cannot be written.
        value = json.loads(data.decode(), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except _BadBody as error:
        raise _bad(str(error)) from None
    except RecursionError:
        raise _bad("The body is nested too deeply.") from None
    except UnicodeError:
        raise _bad("The body is not valid UTF-8.") from None
    except ValueError:
        raise _bad("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise _bad("The body must be a JSON object.")
    if _deeper_than(value, MAX_DEPTH):
        raise _bad("The body is nested too deeply.")
    return value


class _BadBody(Exception):
    pass


def _bytes(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        raise _bad("The body is not valid Base64.") from None


def _bad(detail: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "not_json", detail)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _BadBody("The body names a field twice.")
    return value


def _no_constant(_: str) -> None:
    raise _BadBody("The body holds NaN or Infinity, which are not JSON.")


def _deeper_than(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_deeper_than(child, depth - 1) for child in children)
