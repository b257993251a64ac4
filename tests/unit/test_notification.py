"""Who is told of what, how bad it is, and what a mail says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from rollcall.domain.events import EVENT_TYPES, Event, SilenceDetail, is_event, run_event, silence_event
from rollcall.domain.form import Invalid
from rollcall.domain.notification import (
    MAX_LINES,
    NotificationForm,
    Notifications,
    apply_form,
    digest_mail,
    digest_sent,
    digest_window,
    mail_of,
    severity_of,
)
from rollcall.domain.run import Failure, Hold, Run

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CHICAGO = "America/Chicago"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "events.md"


def event(state: str = "completed", failures: int = 0, **fields: Any) -> Event:
    run = Run(
        id="run_1", district_id="lakeview", integration_id="int_1", state=state, queued_at=NOW, **fields
    )  # type: ignore[arg-type]
    return run_event(run, failures, NOW)


def silence() -> Event:
    detail = SilenceDetail(schedule_id="sch_1", last_success_at=NOW, planned=[NOW])
    return silence_event("lakeview", "int_1", "aeries", NOW, detail, NOW)


def form(*recipients: dict[str, Any], **fields: Any) -> NotificationForm:
    return NotificationForm.model_validate({"recipients": list(recipients), **fields})


def recipient(email: str = "it@lakeview.example.org", **fields: Any) -> dict[str, Any]:
    return {"email": email, "severities": ["error", "critical"], **fields}


def written(wanted: NotificationForm, stored: Notifications | None = None, now: datetime = NOW) -> Any:
    return apply_form("lakeview", wanted, stored or Notifications(district_id="lakeview"), CHICAGO, now)


@pytest.mark.parametrize(
    ("state", "kind"),
    [("completed", "RunCompleted"), ("failed", "RunFailed"), ("held", "RunHeld"), ("rejected", "RunStopped"),
     ("cancelled", "RunStopped"), ("skipped", "RunStopped")],
)  # fmt: skip
def test_a_run_that_ended_or_is_held_is_an_event(state: str, kind: str) -> None:
    told = event(state)
    assert (told.type, told.id, told.run and told.run.state) == (kind, f"run_1:{kind}", state)
    assert event(state) == told


@pytest.mark.parametrize("state", ["queued", "pulling", "planning", "applying"])
def test_a_run_that_goes_on_is_none(state: str) -> None:
    run = Run(id="r", district_id="d", integration_id="i", state=state, queued_at=NOW)  # type: ignore[arg-type]
    assert not is_event(run)


def test_what_a_hold_says_in_detail_stays_here() -> None:
    """Guards: names of students leaving by the bus or by mail."""
    told = event("held", holds=[Hold("family_merge", "Noor Rivers would join the family of Ann Reed")])
    mail = mail_of(told, "warning", ["it@lakeview.example.org"], "Nightly", CHICAGO)
    assert b"Noor" not in msgspec.json.encode(told)
    assert "Noor" not in mail.text + mail.subject
    assert "family_merge" in mail.text


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        (event(), "info"),
        (event(issues={"error": 1, "warning": 0}), "warning"),
        (event("held"), "warning"),
        (event("skipped"), "info"),
        (event("failed", 1), "error"),
        (event("failed", 2), "error"),
        (event("failed", 3), "critical"),
        (event("failed", 4), "error"),
        (silence(), "critical"),
        (event("failed", 3, mode="preview"), None),
    ],
)
def test_how_bad_an_event_is(told: Event, severity: str | None) -> None:
    assert severity_of(told, 3) == severity


def test_a_mail_says_what_happened_in_the_districts_time() -> None:
    told = event("failed", 2, error=Failure("empty_pull", "The SIS sent no students at all."), ended_at=NOW)
    mail = mail_of(told, "error", ["it@lakeview.example.org"], "Nächtlich", CHICAGO)
    assert mail.subject == "Rollcall lakeview: a run has failed"
    assert mail.text.splitlines() == [
        "2026-11-22 02:00 [error] Nächtlich: a run has failed (The SIS sent no students at all.)",
        "Run: run_1",
        "Failures in a row: 2",
    ]


def test_a_subject_fits_whatever_the_districts_id() -> None:
    """SNS takes 100 characters of ASCII."""
    long = msgspec.structs.replace(silence(), district_id="x" * 63)
    for mail in (mail_of(long, "critical", [], "I", CHICAGO),
                 digest_mail("x" * 63, [(long, "critical", "I")], [], CHICAGO)):  # fmt: skip
        assert mail is not None
        assert len(mail.subject) <= 100
        assert mail.subject.isascii()


def test_a_digest_is_one_mail_as_bad_as_its_worst() -> None:
    rows = [(event(), "info", "I"), (event("failed", 1), "error", "I"), (event("held"), "warning", "I")]
    mail = digest_mail("lakeview", rows, ["it@lakeview.example.org"], CHICAGO)  # type: ignore[arg-type]
    assert mail is not None
    assert (mail.severity, len(mail.text.splitlines())) == ("error", 3)
    assert digest_mail("lakeview", [], ["it@lakeview.example.org"], CHICAGO) is None
    many = digest_mail("lakeview", [(event(), "info", "I")] * (MAX_LINES + 7), [], CHICAGO)
    assert many is not None
    assert many.text.splitlines()[-1] == "… and 7 more"


@pytest.mark.parametrize(
    "email",
    ["", "it", "it@lakeview", "it @lakeview.example.org", "a@b.exam\nple.org", "ü@lakeview.example.org"],
)
def test_an_address_that_is_none_is_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        form(recipient(email))


def test_an_address_stands_once_and_a_severity_too() -> None:
    with pytest.raises(Invalid) as refused:
        written(form(recipient(), recipient("IT@lakeview.example.org")))
    assert [error.field for error in refused.value.errors] == ["recipients.1"]
    with pytest.raises(Invalid):
        written(form(recipient(severities=["error", "error"])))


def test_the_next_digest_is_at_the_districts_hour() -> None:
    assert written(form(recipient())).next_digest_at is None
    daily = written(form(recipient(digest="daily"), digest_at="06:30"))
    assert daily.next_digest_at == datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    edited = written(form(recipient(digest="daily"), digest_at="06:30"), daily, NOW + timedelta(hours=5))
    assert (edited.next_digest_at, edited.version) == (daily.next_digest_at, 2), "an edit loses no digest"


def test_windows_of_digests_follow_each_other_over_a_change_of_clocks() -> None:
    """Guards: an event in no digest, or in two, on the days of 23 and 25 hours; and after days without a scheduler."""
    wanted = written(form(recipient(digest="daily")), now=datetime(2027, 3, 12, tzinfo=UTC))
    ends = None
    hours = []
    for late in (1, 1, 1, 60 * 50, 1):
        planned = wanted.next_digest_at
        since, until = digest_window(wanted, planned)
        assert ends in (None, since)
        ends = until
        hours.append((until - since) / timedelta(hours=1))
        wanted = digest_sent(wanted, CHICAGO, planned + timedelta(minutes=late))
    assert hours == [24, 24, 23, 24, 72]


def test_the_document_describes_the_events() -> None:
    text = DOCUMENT.read_text()
    schema = text.split("```json\n", 1)[1].split("\n```", 1)[0]
    assert msgspec.json.decode(schema.encode()) == msgspec.json.schema(Event), (
        "docs/events.md is not what rollcall.domain.events says; paste msgspec.json.schema(Event) there"
    )
    assert [kind for kind in EVENT_TYPES if f"`{kind}`" not in text] == []
