"""Districts in a state worth looking at, for tests and for scenes."""

from __future__ import annotations

from typing import Any

from tests.support.accounts import invited, users
from tests.support.console import ENDED, Site

MEDIA = {"destinations": ["nutrition", "media"]}
STRICT = {"floor": 0, "move_percent": 1, "update_percent": 1}


def limit(site: Site, district: str, **changes: Any) -> None:
    """Change the district's limits."""
    before = site.call("GET", f"/districts/{district}")
    kept = {name: before[name] for name in ("name", "time_zone", "version")}
    site.call("PUT", f"/districts/{district}", {**kept, **changes})


def hold(site: Site, district: str, integration: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Every student gets another grade by a changed mapping, and the district's limits let nobody through."""
    limit(site, district, thresholds=STRICT, **changes)
    path = f"/districts/{district}/mappings/{integration['mappings']['grade_level']}"
    mapping = site.call("GET", path)
    turned = {row["value"] for row in mapping["entries"]}
    after = dict(zip(sorted(turned), [*sorted(turned)[1:], min(turned)], strict=True))
    entries = [{"external": row["external"], "value": after[row["value"]]} for row in mapping["entries"]]
    kept = {
        name: mapping[name] for name in ("entity", "name", "ignore_case", "ignore_leading_zeros", "active")
    }
    site.call("PUT", path, {**kept, "entries": entries, "version": mapping["version"]})
    run: dict[str, Any] = site.sync(district, integration["id"])
    assert run["state"] == "held", run
    return run


def leave_out(site: Site, district: str, mapping_id: str, *externals: str) -> None:
    """Take rows out of a mapping, as if nobody had known these codes."""
    path = f"/districts/{district}/mappings/{mapping_id}"
    stored = site.call("GET", path)
    kept = [row for row in stored["entries"] if row["external"] not in externals]
    assert len(kept) == len(stored["entries"]) - len(externals)
    form = {key: stored[key] for key in ("entity", "name", "version")}
    site.call("PUT", path, {**form, "entries": kept})


def with_gaps(site: Site, district: str, **settings: Any) -> dict[str, Any]:
    """An integration that has synced with gaps in two of its mappings."""
    codes = site.add_mappings(district, "powerschool")
    leave_out(site, district, codes["gender"], "F")
    leave_out(site, district, codes["grade_level"], "-2", "3")
    made = site.add_integration(district, "powerschool", codes, name="Lakeview nightly", **settings)
    assert site.sync(district, made["id"])["state"] == "completed"
    return made


def begin_onboarding(site: Site, district: str) -> dict[str, Any]:
    """A school whose plugin is to be made."""
    form = {
        "name": "Alder Academy",
        "portal_url": site.systems["powerschool_query"]["url"],
        "organization_id": "ORG-7",
        "system": "powerschool_query",
        "member_types": ["student", "staff", "contact"],
    }
    made: dict[str, Any] = site.call("POST", f"/districts/{district}/onboardings", form)
    return made


def returning_school(site: Site, district: str) -> dict[str, Any]:
    """An integration of a school whose people have accounts from before."""
    codes = site.add_mappings(district, "powerschool")
    return site.add_integration(
        district, "powerschool", codes, name="Pine Prep", returning_school=True, **MEDIA
    )


def preview(site: Site, district: str, school: dict[str, Any]) -> list[dict[str, Any]]:
    """Everybody whom a sync would give an account."""
    base = f"/districts/{district}"
    run = site.call("POST", f"{base}/integrations/{school['id']}/runs", {"mode": "preview"})
    while run["state"] not in ENDED:
        run = site.call("GET", f"{base}/runs/{run['id']}")
    assert run["state"] == "completed", run
    changes = site.call("GET", f"{base}/runs/{run['id']}/changes", limit="200")["items"]
    return invited(changes)


def upload_users(site: Site, district: str, school: dict[str, Any]) -> list[dict[str, Any]]:
    """The list of users uploaded; those whom a sync would give an account are given back."""
    people = preview(site, district, school)
    site.call(
        "PUT", f"/districts/{district}/integrations/{school['id']}/reconciliation", {"csv": users(people)}
    )
    return people
