"""Every route that writes: how to call it, how to have it refused, and what the audit must say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from config_api.bootstrap import Parts
from rollcall.domain.audit import Action

from .conftest import NOW, Answer, Client, Forms, schedule_form
from .onboarded import begun, downloaded, post_of, registered, school, send
from .test_holds_api import YES, hold
from .test_onboarding_api import body, completed
from .test_reading_api import person
from .test_reconciliation_api import USERS, leave_preview
from .test_undo_api import applied
from .test_unmapped_api import answering, complete

BASE = "/v1/districts/lakeview"


class Existing:
    """Something of every kind; what few routes need is made when it is first asked for."""

    def __init__(self, client: Client, form: Forms, people: Any, parts: Parts) -> None:
        self.client, self.form, self.parts = client, form, parts
        self.mappings = form.mappings
        self.integration = client.post(f"{BASE}/integrations", form()).json["id"]
        self.schedule = client.post(f"{BASE}/schedules", schedule_form(self.integration)).json["id"]
        parent, teacher = person("Reed", "Ann", 1, type="contact"), person("Reed", "Ann", 2, type="staff")
        people([parent, teacher])
        self.contact, self.staff = parent.id, teacher.id

    @cached_property
    def held(self) -> str:
        """The address of a held run."""
        return f"{BASE}/runs/{hold(self.parts, self.integration).id}"

    @cached_property
    def applied(self) -> str:
        """The address of a run that has changed somebody."""
        return f"{BASE}/runs/{applied(self.parts, self.integration).id}"

    @cached_property
    def protected(self) -> str:
        """The address of somebody's protection."""
        path = f"{BASE}/people/{self.contact}/protection"
        assert self.client.put(path, PROTECT).status == 200
        return path

    @cached_property
    def begun_run(self) -> str:
        """The address of a run that its runner works on."""
        path = f"{BASE}/integrations/{self.integration}/runs"
        run = self.parts.runs.get("lakeview", self.client.post(path, {}).json["id"])
        lease = self.parts.runs.acquire("lakeview", self.integration, "runner", NOW)
        assert run
        assert lease
        assert self.parts.runs.begin(run, lease)
        return f"{BASE}/runs/{run.id}"

    @cached_property
    def rejected(self) -> str:
        """The address of a run that was held and rejected, while another is at work."""
        path = self.held
        assert self.client.post(f"{path}/reject", {"comment": "They are all still here."}).status == 200
        assert self.begun_run
        return path

    @cached_property
    def unmapped(self) -> str:
        """Where the values that a completed run left are answered."""
        complete(self.parts, self.integration, "run_1", [])
        return f"{BASE}/integrations/{self.integration}/unmapped"

    @cached_property
    def users(self) -> str:
        """Where a returning school's users go; people to compare them with are there."""
        returning = self.form(destinations=["nutrition", "media"], returning_school=True)
        made = self.client.post(f"{BASE}/integrations", returning).json
        leave_preview(self.parts, made)
        return f"{BASE}/integrations/{made['id']}/reconciliation"

    @cached_property
    def uploaded(self) -> str:
        """The same, with users."""
        assert self.client.put(self.users, {"csv": USERS}).status == 200
        return self.users

    @cached_property
    def begun(self) -> str:
        """A school whose plugin has not registered."""
        return begun(self.client)

    @cached_property
    def registered(self) -> str:
        """A school whose plugin has."""
        return registered(self.client)

    @cached_property
    def synced(self) -> str:
        """A school whose first sync has completed."""
        path = registered(self.client)
        whole = body(self.form, family_identifier=[])
        completed(self.parts, self.client.post(f"{path}/integration", whole).json["integration_id"])
        return path

    @cached_property
    def posts(self) -> tuple[Any, Any]:
        """What a school's plugin posts, and what one posts whose secret has been replaced."""
        path = begun(self.client)
        old, new = downloaded(self.client, path), downloaded(self.client, path)
        return post_of(new), post_of(old)


Act = Callable[[Client, Existing], Answer]


@dataclass(frozen=True)
class Write:
    """A request that is taken and leaves these records, and one that is refused. ``needs`` names what of
    :class:`Existing` both speak of, so that it is there before.
    """

    tells: tuple[Action, ...]
    taken: Act
    refused: Act
    needs: str = "integration"
    actor: str = "ann@example.org"


def thresholds(client: Client, at: Existing, **changes: Any) -> Answer:
    """Other limits for a day."""
    override = {"thresholds": {"drop_percent": 50}, "expires_at": "2026-11-23T08:00:00Z", "reason": "A move."}
    return client.put(
        f"{BASE}/integrations/{at.integration}/thresholds", {**override, "version": 1, **changes}
    )


DISTRICT = {"name": "Lake View", "time_zone": "America/Chicago"}
MAPPING = {"entity": "race", "name": "Races", "entries": [{"external": "1", "value": "x"}]}
MAIL = {"recipients": [{"email": "it@example.org", "severities": ["error"], "digest": "none"}]}
PROTECT = {"fields": ["grade"], "reason": "Asked for by the school."}
TEMPLATE = {"columns": [{"name": "Last", "field": "last_name"}]}
BY_HAND = {"consumer_token": "CNRYclient00009", "consumer_secret": "CNRYsecret00009"}

WRITES: dict[tuple[str, str], Write] = {
    ("PUT", "/districts/<>"): Write(
        ("district.changed",),
        lambda c, at: c.put(BASE, {**DISTRICT, "version": 1}),
        lambda c, at: c.put(BASE, {**DISTRICT, "version": 7}),
    ),
    ("POST", "/integrations"): Write(
        ("integration.created",),
        lambda c, at: c.post(f"{BASE}/integrations", at.form(name="Another")),
        lambda c, at: c.post(f"{BASE}/integrations", at.form(url="nowhere")),
    ),
    ("PUT", "/integrations/<>"): Write(
        ("integration.changed",),
        lambda c, at: c.put(f"{BASE}/integrations/{at.integration}", at.form(name="Other", version=1)),
        lambda c, at: c.put(f"{BASE}/integrations/{at.integration}", at.form(name="Other", version=2)),
    ),
    ("PATCH", "/integrations/<>"): Write(
        ("integration.changed",),
        lambda c, at: c.patch(f"{BASE}/integrations/{at.integration}", {"active": False, "version": 1}),
        lambda c, at: c.patch(f"{BASE}/integrations/{at.integration}", {"url": "nowhere", "version": 1}),
    ),
    ("PUT", "/integrations/<>/thresholds"): Write(
        ("integration.changed",), thresholds, lambda c, at: thresholds(c, at, version=2)
    ),
    ("POST", "/integrations/<>/runs"): Write(
        ("run.started",),
        lambda c, at: c.post(f"{BASE}/integrations/{at.integration}/runs", {}),
        lambda c, at: c.post(f"{BASE}/integrations/{at.integration}/runs", {"mode": "never"}),
    ),
    ("POST", "/integrations/<>/unmapped"): Write(
        ("mapping.changed", "mapping.changed", "run.started"),
        lambda c, at: c.post(at.unmapped, answering(("race", "WH", "White"), ("gender", "F", "Female"))),
        lambda c, at: c.post(at.unmapped, answering(("race", "WH", "White"), ("allergy", "nut", "Nuts"))),
        "unmapped",
    ),
    ("PUT", "/integrations/<>/reconciliation"): Write(
        ("reconciliation.created",),
        lambda c, at: c.put(at.users, {"csv": USERS}),
        lambda c, at: c.put(at.users, {"csv": "type,host_id\nnobody,1\n"}),
        "users",
    ),
    ("PATCH", "/integrations/<>/reconciliation"): Write(
        ("reconciliation.changed",),
        lambda c, at: c.patch(at.uploaded, {"accept_from": 80, "version": 1}),
        lambda c, at: c.patch(at.uploaded, {"accept_from": 80, "version": 2}),
        "uploaded",
    ),
    ("POST", "/integrations/<>/reconciliation/confirm"): Write(
        ("reconciliation.changed",),
        lambda c, at: c.post(f"{at.uploaded}/confirm", {"accept_unmatched": 2, "version": 1}),
        lambda c, at: c.post(f"{at.uploaded}/confirm", {"version": 1}),
        "uploaded",
    ),
    ("POST", "/mappings"): Write(
        ("mapping.created",),
        lambda c, at: c.post(f"{BASE}/mappings", MAPPING),
        lambda c, at: c.post(f"{BASE}/mappings", {**MAPPING, "entries": MAPPING["entries"] * 2}),
    ),
    ("PUT", "/mappings/<>"): Write(
        ("mapping.changed",),
        lambda c, at: c.put(f"{BASE}/mappings/{at.mappings['race']}", {**MAPPING, "version": 1}),
        lambda c, at: c.put(f"{BASE}/mappings/{at.mappings['gender']}", {**MAPPING, "version": 1}),
    ),
    ("POST", "/schedules"): Write(
        ("schedule.created",),
        lambda c, at: c.post(f"{BASE}/schedules", schedule_form(at.integration)),
        lambda c, at: c.post(f"{BASE}/schedules", schedule_form("int_none")),
    ),
    ("PUT", "/schedules/<>"): Write(
        ("schedule.changed",),
        lambda c, at: c.put(
            f"{BASE}/schedules/{at.schedule}", schedule_form(at.integration, name="N", version=1)
        ),
        lambda c, at: c.put(f"{BASE}/schedules/{at.schedule}", schedule_form(at.integration, version=9)),
    ),
    ("POST", "/schedules/<>/runs"): Write(
        ("run.started",),
        lambda c, at: c.post(f"{BASE}/schedules/{at.schedule}/runs", {}),
        lambda c, at: c.post(f"{BASE}/schedules/{at.schedule}/runs", {"mode": "sync"}),
    ),
    ("POST", "/runs/<>/approve"): Write(
        ("run.approved",),
        lambda c, at: c.post(f"{at.held}/approve", YES),
        lambda c, at: c.post(f"{at.held}/approve", {**YES, "plan_hash": "another"}),
        "held",
    ),
    ("POST", "/runs/<>/reject"): Write(
        ("run.rejected",),
        lambda c, at: c.post(f"{at.held}/reject", {"comment": "They are all still here."}),
        lambda c, at: c.post(f"{at.held}/reject", {"comment": ""}),
        "held",
    ),
    ("POST", "/runs/<>/cancel"): Write(
        ("run.cancelled",),
        lambda c, at: c.post(f"{at.begun_run}/cancel", {"comment": "The wrong night."}),
        lambda c, at: c.post(f"{at.begun_run}/cancel", {"comment": ""}),
        "begun_run",
    ),
    ("POST", "/runs/<>/retry"): Write(
        ("run.started",),
        lambda c, at: c.post(f"{at.rejected}/retry", {}),
        lambda c, at: c.post(f"{at.begun_run}/retry", {}),
        "rejected",
    ),
    ("POST", "/runs/<>/undo"): Write(
        ("run.undone",),
        lambda c, at: c.post(f"{at.applied}/undo", {"comment": "Last year's file."}),
        lambda c, at: c.post(f"{at.applied}/undo", {"comment": ""}),
        "applied",
    ),
    ("PUT", "/people/<>/same-as"): Write(
        ("staff_parent.decided",),
        lambda c, at: c.put(f"{BASE}/people/{at.contact}/same-as", {"staff_id": at.staff}),
        lambda c, at: c.put(f"{BASE}/people/{at.contact}/same-as", {"staff_id": at.contact}),
    ),
    ("PUT", "/people/<>/protection"): Write(
        ("person.protected",),
        lambda c, at: c.put(f"{BASE}/people/{at.contact}/protection", PROTECT),
        lambda c, at: c.put(f"{BASE}/people/{at.contact}/protection", {**PROTECT, "fields": ["shoe_size"]}),
    ),
    ("DELETE", "/people/<>/protection"): Write(
        ("person.released",),
        lambda c, at: c.call("DELETE", at.protected),
        lambda c, at: c.call("DELETE", at.protected, headers={"If-Match": "9"}),
        "protected",
    ),
    ("POST", "/exports"): Write(
        ("export.requested",),
        lambda c, at: c.post(f"{BASE}/exports", {"kind": "media_users"}),
        lambda c, at: c.post(f"{BASE}/exports", {"kind": "everything"}),
    ),
    ("PUT", "/nutrition-template"): Write(
        ("export_template.created",),
        lambda c, at: c.put(f"{BASE}/nutrition-template", {**TEMPLATE, "version": 0}),
        lambda c, at: c.put(f"{BASE}/nutrition-template", {**TEMPLATE, "version": 1}),
    ),
    ("PUT", "/notifications"): Write(
        ("notifications.created",),
        lambda c, at: c.put(f"{BASE}/notifications", MAIL),
        lambda c, at: c.put(f"{BASE}/notifications", {**MAIL, "failures_in_a_row": 1}),
    ),
    ("POST", "/onboardings"): Write(
        ("onboarding.created",),
        lambda c, at: c.post(f"{BASE}/onboardings", school()),
        lambda c, at: c.post(f"{BASE}/onboardings", school(portal_url="nowhere")),
    ),
    ("PATCH", "/onboardings/<>"): Write(
        ("onboarding.changed",),
        lambda c, at: c.patch(at.begun, {"name": "Lakeview North", "version": 1}),
        lambda c, at: c.patch(at.begun, {"name": "Lakeview North", "version": 2}),
        "begun",
    ),
    ("GET", "/onboardings/<>/plugin.zip"): Write(
        ("onboarding.changed",),
        lambda c, at: c.get(f"{at.begun}/plugin.zip"),
        lambda c, at: c.get(f"{at.begun}x/plugin.zip"),
        "begun",
    ),
    ("POST", "/onboardings/<>/reissue"): Write(
        ("onboarding.changed",),
        lambda c, at: c.call("POST", f"{at.registered}/reissue"),
        lambda c, at: c.call("POST", f"{at.registered}x/reissue"),
        "registered",
    ),
    ("POST", "/onboardings/<>/credentials"): Write(
        ("integration.changed",),
        lambda c, at: c.post(f"{at.begun}/credentials", BY_HAND),
        lambda c, at: c.post(f"{at.begun}/credentials", {"consumer_token": "CNRYclient00009"}),
        "begun",
    ),
    ("POST", "/onboardings/<>/integration"): Write(
        ("integration.created",),
        lambda c, at: c.post(f"{at.registered}/integration", body(at.form, family_identifier=[])),
        lambda c, at: c.post(f"{at.registered}/integration", body(at.form, family_identifier=["shoe_size"])),
        "registered",
    ),
    ("POST", "/onboardings/<>/review"): Write(
        ("onboarding.changed",),
        lambda c, at: c.call("POST", f"{at.synced}/review"),
        lambda c, at: c.call("POST", f"{at.synced}x/review"),
        "synced",
    ),
    ("POST", "/registrations/<>"): Write(
        ("integration.changed",),
        lambda c, at: send(c, at.posts[0]),
        lambda c, at: send(c, at.posts[1]),
        "posts",
        actor="plugin",
    ),
}
CHANGES_NOTHING = {
    ("POST", "/integrations/test"),
    ("POST", "/integrations/<>/test"),
    ("POST", "/schedules/preview"),
}
READS_AND_WRITES = {("GET", "/onboardings/<>/plugin.zip")}
"""A download that makes a secret."""
