"""Creating something once, however often the request for it arrives; and changing only what one has read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import TypeAdapter

from config_api.api import Api
from config_api.problems import Problem
from rollcall.domain.errors import Conflict, NotFound
from rollcall.domain.form import Invalid, invalid
from rollcall.domain.ids import new_id
from rollcall.store.idempotency import Claim

T = TypeVar("T")
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Repeating a request with the same key within 24 hours gives the same answer",
    ),
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", max_length=40, description="The version that was read; or `version` in the body"
    ),
]


@dataclass(frozen=True)
class Making:
    """When something is made, and what its id is: under a claim both are those of the first request."""

    now: datetime
    claim: Claim | None

    def new_id(self, prefix: str) -> str:
        """The id of the new thing."""
        return self.claim.new_id(prefix) if self.claim else new_id(prefix, self.now)


def once(
    api: Api, district_id: str, key: str | None, answer: TypeAdapter[T], make: Callable[[Making], T]
) -> T:
    """What ``make`` returns; under a key that was used for the same request before, what it returned then."""
    now = api.parts.clock.now()
    if key is None:
        return make(Making(now, None))
    store = api.parts.idempotency
    request = "\n".join((api.caller.user, *api.request_digest_parts))
    claim = store.claim(district_id, key, hashlib.sha256(request.encode()).hexdigest(), now)
    if claim.answer is not None:
        return answer.validate_json(claim.answer)
    try:
        made = make(Making(claim.now, claim))
    except (Invalid, NotFound, Conflict, Problem):
        store.free(claim)
        raise
    store.answered(claim, answer.dump_json(made).decode())
    return made


def check_version(stored: int, if_match: str | None, in_body: int | None) -> None:
    """Raise unless the caller has read what is stored: 422 when they do not say, 409 when it is another version."""
    header = if_match.strip().strip('"') if if_match else None
    said = {str(version) for version in (header, in_body) if version is not None}
    if not said:
        raise invalid("version", "required", "Send the version that was read, as If-Match or as `version`.")
    if said != {str(stored)}:
        raise Conflict(
            "stale_version", f"The current version is {stored}; read it again and repeat the change."
        )
