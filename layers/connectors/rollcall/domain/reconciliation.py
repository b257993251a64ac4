"""A returning school: whose is each account that the media application has already (domain sheet §7)?

The school uploads its users with their host IDs, and perhaps the new ID of each. They are compared with the people of
the SIS under the host IDs that the policy gives them; what that leaves open, somebody decides. An account is an
*existing user* here, to tell it from the SIS's *people*. IDs are compared to the letter.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

import msgspec
from pydantic import AwareDatetime

from rollcall.domain.candidates import CERTAIN, Candidate, People, SisPerson, candidates
from rollcall.domain.form import Record
from rollcall.domain.media import folded_email
from rollcall.domain.person import PersonType, person_key

State = Literal["matched", "mapped", "proposed", "ambiguous", "colliding", "unmatched", "retired"]
OPEN: tuple[State, ...] = ("proposed", "ambiguous", "unmatched")
"""States that somebody may accept as they are: the account then belongs to nobody in the SIS."""

_ONE_PERSON: tuple[State, ...] = ("matched", "mapped", "proposed")

RETIRE = ""
"""The decision that an account belongs to nobody: it is un-invited, never deleted."""

MARGIN = 3
"""Candidates whose confidence differs by less are equally good."""

REASONS: Mapping[str, str] = {
    "new_host_id_unknown": "Nobody in the SIS has the new host ID. Correct it, or choose the person.",
    "same_person": "Another user is, or seems to be, the same person. Choose one of the two and retire the other.",
    "host_id_in_use": "Another user has, or is to get, the host ID that this one would have. Choose another person.",
    "host_id_of_another": "This host ID will be that of somebody else in the SIS, who would take over the account.",
    "host_id_not_unique": "Several people of the SIS would have this host ID. Choose other letters, or mend the SIS.",
    "exchange": "Users would exchange host IDs, which no order of changes can do. Choose another person for one.",
}
"""Why a user is in their state, where that is not plain: what is wrong, and the fix."""


class ExistingUser(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user of the media application as uploaded. ``opt_out`` is None where the file does not say."""

    type: PersonType
    host_id: str
    new_host_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    opt_out: bool | None = None

    @property
    def key(self) -> str:
        """Old host IDs are unique within a member type only."""
        return person_key(self.type, self.host_id)


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An existing user and what became of the comparison. ``person`` is the id of the SIS person that they are."""

    user: ExistingUser
    state: State
    person: str | None = None
    candidates: tuple[Candidate, ...] = ()
    reason: str | None = None


class Reconciliation(msgspec.Struct, kw_only=True):
    """Everything about one upload. ``decisions`` hold a person's id or ``RETIRE`` by :attr:`ExistingUser.key`;
    ``missing`` are the ids of people without an account, who get a new one.
    """

    decisions: dict[str, str] = {}
    rows: list[Row] = []
    missing: list[str] = []
    people: dict[str, SisPerson] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How many users are in each state, and people ``missing``."""
        found = Counter(row.state for row in self.rows)
        return {**{state: found[state] for state in get_args(State)}, "missing": len(self.missing)}

    @property
    def open(self) -> int:
        """How many users nobody has decided about; colliding ones, who cannot be accepted, apart."""
        return sum(row.state in OPEN for row in self.rows)

    def new_host_id(self, row: Row) -> str | None:
        """The host ID that the user must have for the sync."""
        return self.people[row.person].host_id if row.person else None


class Confirmed(Record):
    """Who let the syncs go on with a file, when, how many open users they accepted, and under which letters of host
    IDs. ``since`` is when syncs were let begin.
    """

    file: str
    letters: dict[PersonType, str]
    by: str
    at: AwareDatetime
    since: AwareDatetime
    accepted: int


class ReconciliationHead(Record):
    """What is known of an integration's reconciliation without opening its file. ``run_id`` is the run whose people
    the users were compared with; ``confirmed`` may name an older file, while a later upload is worked on.
    """

    district_id: str
    integration_id: str
    version: int
    file: str
    run_id: str
    counts: dict[str, int]
    open: int
    confirmed: Confirmed | None = None
    updated_by: str
    updated_at: AwareDatetime


def reconcile(
    users: Sequence[ExistingUser], decisions: Mapping[str, str], sis: Iterable[SisPerson]
) -> Reconciliation:
    """Compare. A decision about somebody who is not there any more is forgotten."""
    people = People(sis)
    keys = {user.key for user in users}
    kept = {
        key: answer
        for key, answer in decisions.items()
        if key in keys and (answer == RETIRE or answer in people.by_id)
    }
    rows = [_known(user, kept, people) for user in users]
    taken = {row.person for row in rows if row.person}
    rows = [row if row.state != "unmatched" else _guessed(row, people, taken) for row in rows]
    rows = _apart(rows, people)
    claimed = {row.person for row in rows if row.person}
    missing = [person for person in people.by_id if person not in claimed]
    return Reconciliation(decisions=kept, rows=rows, missing=missing, people=people.by_id)


def _known(user: ExistingUser, decisions: Mapping[str, str], people: People) -> Row:
    """What a decision or an ID says for certain."""
    answer = decisions.get(user.key)
    if answer == RETIRE:
        return Row(user=user, state="retired")
    reason = None
    if answer:
        found: list[SisPerson] = [people.by_id[answer]]
    elif user.new_host_id:
        # Whoever wrote the list may have left the letters to us.
        found = people.with_host_id(user.type, user.new_host_id) or people.with_number(
            user.type, user.new_host_id
        )
        reason = None if found else "new_host_id_unknown"
    else:
        found = people.with_host_id(user.type, user.host_id)
    if not found:
        return Row(user=user, state="unmatched", reason=reason)
    state: State = "matched" if found[0].host_id == user.host_id else "mapped"
    return Row(user=user, state=state, person=found[0].id)


def _guessed(row: Row, people: People, taken: set[str]) -> Row:
    """Who an open user may be. Somebody who has an account is not proposed for another."""
    found = candidates(row.user, people)
    if found and found[0].person in taken and found[0].confidence >= CERTAIN:
        return msgspec.structs.replace(row, state="colliding", candidates=found, reason="same_person")
    free = tuple(candidate for candidate in found if candidate.person not in taken)
    if not free:
        return row
    equal = sum(free[0].confidence - candidate.confidence < MARGIN for candidate in free)
    return msgspec.structs.replace(row, state="ambiguous" if equal > 1 else "proposed", candidates=free)


def _apart(rows: list[Row], people: People) -> list[Row]:
    """No two users may end with one host ID, nor one with that of somebody else in the SIS."""
    final = [people.by_id[row.person].host_id if row.person else row.user.host_id for row in rows]
    holders = Counter(final)
    wanted = Counter(row.person or row.candidates[0].person for row in rows if row.state in _ONE_PERSON)
    moves = [_Move(row.user, new) for row, new in zip(rows, final, strict=True) if new != row.user.host_id]
    stuck = {move.user.key for move in moves}.difference(move.user.key for move in _in_order(moves))
    checked = []
    for row, host_id in zip(rows, final, strict=True):
        if row.state in _ONE_PERSON and wanted[row.person or row.candidates[0].person] > 1:
            reason = "same_person"
        elif holders[host_id] > 1:
            reason = "host_id_in_use"
        elif row.person is None and host_id in people.by_host:
            reason = "host_id_of_another"
        elif row.person and len(people.by_host[host_id]) > 1:
            reason = "host_id_not_unique"
        elif row.user.key in stuck:
            reason = "exchange"
        else:
            checked.append(row)
            continue
        checked.append(msgspec.structs.replace(row, state="colliding", reason=reason))
    return checked


class _Move(NamedTuple):
    user: ExistingUser
    new: str


def _in_order(moves: Sequence[_Move]) -> list[_Move]:
    """Moves such that each new host ID is free when its turn comes; without those that wait for one another."""
    held = Counter(move.user.host_id for move in moves)
    waiting: dict[str, list[_Move]] = {}
    for move in moves:
        waiting.setdefault(move.new, []).append(move)
    ready = deque(move for move in moves if not held[move.new])
    done = []
    while ready:
        move = ready.popleft()
        done.append(move)
        held[move.user.host_id] -= 1
        if not held[move.user.host_id]:
            ready.extend(waiting.get(move.user.host_id, ()))
    return done


def renames(reconciliation: Reconciliation) -> list[tuple[PersonType, str, str]]:
    """Member type, old and new host ID of everybody whose host ID must change, in an order in which each new one is
    free when its turn comes. Asked of a reconciliation without colliding users.
    """
    moves = [
        _Move(row.user, new)
        for row in reconciliation.rows
        if row.state == "mapped" and (new := reconciliation.new_host_id(row))
    ]
    return [(move.user.type, move.user.host_id, move.new) for move in _in_order(moves)]


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run takes from a confirmed reconciliation.

    ``opt_outs`` are answers by person id. ``unknown`` are accepted accounts that belong to nobody: their host IDs by
    e-mail address; ``owners`` those with such an address who have an account of their own. ``digest`` names the file.
    """

    digest: str = ""
    opt_outs: dict[str, bool] = {}
    unknown: dict[str, list[str]] = {}
    owners: list[str] = []


def accounts(reconciliation: Reconciliation, digest: str) -> Accounts:
    """What the engine needs to know of a confirmed reconciliation."""
    unknown: dict[str, list[str]] = {}
    for row in reconciliation.rows:
        email = folded_email(row.user)
        if row.state in OPEN and email:
            unknown.setdefault(email, []).append(row.user.host_id)
    owned = {row.person for row in reconciliation.rows if row.person}
    return Accounts(
        digest=digest,
        opt_outs={
            row.person: row.user.opt_out
            for row in reconciliation.rows
            if row.person and row.user.opt_out is not None
        },
        unknown=unknown,
        owners=sorted(p for p in owned if folded_email(reconciliation.people[p]) in unknown),
    )
