"""What the API takes and answers about a returning school's users."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from config_api.views import View
from rollcall.domain.candidates import CONFIDENT, By, Candidate, SisPerson
from rollcall.domain.form import Form
from rollcall.domain.person import PersonType
from rollcall.domain.reconciliation import REASONS, Reconciliation, ReconciliationHead, Row, State

AnyState = Literal[State, "missing"]


class UsersUpload(Form):
    """Users of the media application as CSV with a header: ``type``, ``host_id`` and, where known, ``first_name``,
    ``last_name``, ``email``, ``opt_out`` and ``new_host_id``; or, in ``pairs``, ``type``, ``old_id`` and ``new_id``.
    """

    csv: str = ""
    pairs: str = ""
    version: int | None = None


class Decision(Form):
    """Who a user is: a person of the SIS, or nobody (``retire``). With neither, an earlier decision is taken back."""

    type: PersonType
    host_id: str
    person_id: str | None = None
    retire: bool = False


class Decisions(Form):
    """Decisions, and the confidence from which a proposal is accepted as it is. With neither, the users are only
    compared again, with the people of the last run.
    """

    decisions: Annotated[list[Decision], Field(max_length=5000)] = Field(default_factory=list)
    accept_from: Annotated[int | None, Field(ge=CONFIDENT, le=100)] = None
    version: int | None = None


class Confirmation(Form):
    """``accept_unmatched`` repeats the shown number of ``open`` users, whose accounts then belong to nobody."""

    accept_unmatched: int | None = None
    version: int | None = None


class ConfirmedView(View):
    """Who confirmed, when, and how many open users they accepted."""

    by: str
    at: datetime
    accepted: int


class ReconciliationSummary(View):
    """How far the users of the media application are reconciled.

    ``state`` is open while somebody must decide, clean when it can be confirmed, and confirmed when that was done with
    what is shown. ``syncs`` tells whether a sync may run.
    """

    state: Literal["open", "clean", "confirmed"]
    syncs: bool
    counts: dict[AnyState, int]
    open: int
    run_id: str
    confirmed: ConfirmedView | None
    version: int
    updated_by: str
    updated_at: datetime


class ReturningSchoolView(View):
    """A returning school, and how far its users are reconciled; null before they are uploaded.

    ``newest_run`` is the run that an upload would be compared with; null before a first preview.
    """

    integration_id: str
    name: str
    newest_run: str | None
    reconciliation: ReconciliationSummary | None


class CandidateView(View):
    """Somebody who a user may be, how sure that is (0 to 100), and what says so."""

    person_id: str
    host_id: str
    first_name: str | None
    last_name: str | None
    email: str | None
    confidence: int
    by: list[By]


class ReasonView(View):
    """Why a user is in their state: what is wrong, and the fix."""

    code: str
    message: str


class SisPersonView(View):
    """A person of the SIS with the host ID that the policy gives them."""

    person_id: str
    type: PersonType
    host_id: str
    first_name: str | None
    last_name: str | None
    email: str | None


class RowView(View):
    """A user and who they are; or, without ``host_id``, a person who has no account yet (``missing``).

    ``person`` is who they are in the SIS, ``new_host_id`` the one that they need.
    """

    type: PersonType
    host_id: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    opt_out: bool | None
    state: AnyState
    reason: ReasonView | None
    decided: bool
    person: SisPersonView | None
    person_id: str | None
    new_host_id: str | None
    candidates: list[CandidateView]


class ReconciliationView(ReconciliationSummary):
    """The summary, and a page of the users; ``total`` is how many fit what was asked for, on all pages."""

    total: int
    items: list[RowView]
    next: str | None


def summary_fields(head: ReconciliationHead) -> dict[str, object]:
    """The fields of a summary."""
    confirmed = head.confirmed
    clean = not head.open and not head.counts["colliding"]
    done = confirmed is not None and confirmed.file == head.file
    return {
        "state": "confirmed" if done else "clean" if clean else "open",
        "syncs": confirmed is not None,
        "counts": head.counts,
        "open": head.open,
        "run_id": head.run_id,
        "confirmed": confirmed and {"by": confirmed.by, "at": confirmed.at, "accepted": confirmed.accepted},
        "version": head.version,
        "updated_by": head.updated_by,
        "updated_at": head.updated_at,
    }


def user_view(reconciliation: Reconciliation, row: Row) -> RowView:
    """An existing user."""
    user = row.user
    return RowView(
        type=user.type,
        host_id=user.host_id,
        first_name=user.first_name,
        last_name=user.last_name,
        email=user.email,
        opt_out=user.opt_out,
        state=row.state,
        reason=ReasonView(code=row.reason, message=REASONS[row.reason]) if row.reason else None,
        decided=user.key in reconciliation.decisions,
        person=_person_view(reconciliation.people[row.person]) if row.person else None,
        person_id=row.person,
        new_host_id=reconciliation.new_host_id(row) or user.new_host_id,
        candidates=[_candidate_view(reconciliation.people[c.person], c) for c in row.candidates],
    )


def missing_view(person: SisPerson) -> RowView:
    """A person who gets a new account."""
    return RowView(
        type=person.type,
        host_id=None,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        opt_out=None,
        state="missing",
        reason=None,
        decided=False,
        person=_person_view(person),
        person_id=person.id,
        new_host_id=person.host_id,
        candidates=[],
    )


def _person_view(person: SisPerson) -> SisPersonView:
    return SisPersonView(
        person_id=person.id,
        type=person.type,
        host_id=person.host_id,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
    )


def _candidate_view(person: SisPerson, candidate: Candidate) -> CandidateView:
    return CandidateView(
        person_id=person.id,
        host_id=person.host_id,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        confidence=candidate.confidence,
        by=list(candidate.by),
    )
