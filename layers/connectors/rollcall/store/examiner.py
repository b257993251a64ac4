"""The connection test, by way of the function that may open secrets."""

from __future__ import annotations

from typing import Any

import msgspec

from rollcall.domain.errors import StoreError, StoreThrottled
from rollcall.domain.inspection import Findings, Inquiry
from rollcall.domain.integration import Integration
from rollcall.store.aws import translated

WAIT_SECONDS = 27


class _Payload(msgspec.Struct, frozen=True, kw_only=True):
    integration: str
    school_year: str
    sealed: dict[str, str]


class LambdaExaminer:
    """The ``Examiner`` port over one function."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def examine(self, inquiry: Inquiry) -> Findings:
        try:
            with translated("connection test"):
                answer = self._client.invoke(FunctionName=self._function, Payload=pack(inquiry))
                body: bytes = answer["Payload"].read()
            if "FunctionError" in answer:
                raise _failed()
            return msgspec.json.decode(body, type=Findings)
        except (StoreError, msgspec.MsgspecError):
            raise _failed() from None


def pack(inquiry: Inquiry) -> bytes:
    """An inquiry as the function's event. Its secrets are sealed."""
    return msgspec.json.encode(
        _Payload(
            integration=inquiry.integration.model_dump_json(),
            school_year=inquiry.school_year,
            sealed=dict(inquiry.sealed),
        )
    )


def unpack(event: Any) -> Inquiry:
    """The inquiry of an event. Raises ``ValueError`` for anything else."""
    payload = msgspec.convert(event, _Payload)
    return Inquiry(
        integration=Integration.model_validate_json(payload.integration),
        school_year=payload.school_year,
        sealed=payload.sealed,
    )


def _failed() -> StoreThrottled:
    return StoreThrottled("test_failed", "The connection could not be tested just now; try again later.")
