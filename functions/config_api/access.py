"""Who is calling, and what they may do: from the claims that API Gateway has verified."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rollcall.domain.access import Access
from rollcall.domain.district import District


@dataclass(frozen=True)
class Caller:
    """Who is calling. ``user`` is how runs and logs name them."""

    user: str
    access: Access
    district: District | None = None


def caller_of(event: Mapping[str, Any]) -> Caller | None:
    """The caller of a request; None when API Gateway has verified no token."""
    claims = event.get("requestContext", {}).get("authorizer", {}).get("jwt", {}).get("claims")
    if not claims:
        return None
    names = (claims.get(name) for name in ("email", "username", "cognito:username", "sub"))
    user = next((str(name) for name in names if name), "unknown")
    return Caller(user=user, access=Access.of(_groups(claims.get("cognito:groups", ""))))


def _groups(claim: str | Iterable[str]) -> list[str]:
    # API Gateway writes a list as text: "[lakeview/admin hilltop/viewer]".
    return (
        re.split(r"[\s,]+", claim.strip("[] ")) if isinstance(claim, str) else [str(group) for group in claim]
    )
