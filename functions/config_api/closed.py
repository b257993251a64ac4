"""Whether a run may be started now."""

from __future__ import annotations

from http import HTTPStatus

from config_api.api import Api
from config_api.problems import Problem
from rollcall.domain.errors import Conflict


def refuse_in_blackout(api: Api, *, override: bool) -> None:
    """Raise 409 ``blackout`` while the district wants no runs, unless an administrator overrides that (else 403)."""
    district = api.district
    if override:
        if not api.caller.access.may(district.id, "admin"):
            detail = "Only an administrator of the district may override a blackout."
            raise Problem(HTTPStatus.FORBIDDEN, "forbidden", detail)
        return
    now = api.parts.clock.now()
    blackout = district.blackout_at(now)
    if blackout is not None and blackout.kind == "no_runs":
        until = blackout.ends(district.zone).astimezone(district.zone)
        raise Conflict(
            "blackout",
            f"The district wants no runs before {until:%Y-%m-%d %H:%M}; wait, or let an administrator override it.",
        )
