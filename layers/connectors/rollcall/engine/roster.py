"""The media roster: under which host ID somebody is let in, or why not, as far as only the whole run can say.

Two people may ask for one host ID or share one e-mail address, in this run or with somebody whom the district has
already; and a parent may be a member of staff. What no other person can change stands in the mapped person's
:class:`Member`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from rollcall.domain.ids import person_id
from rollcall.domain.media import blocked, folded_email, folded_name, host_id, host_number
from rollcall.domain.person import PERSON_TYPES, Issue, MediaAccount, Person, PersonType, split_person_key
from rollcall.domain.plan import StoredPerson
from rollcall.domain.systems import SYSTEMS
from rollcall.engine.accounts import known_otherwise, said_of_opt_out
from rollcall.engine.issues import issue
from rollcall.engine.job import Job

SAME = "same:"
"""Begins the roster mark of a parent who is a member of staff too; the rest is that person's id."""


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one person's own records say of their place in the roster. ``reasons`` keep them out in any case."""

    host_id: str | None = None
    email: str | None = None
    name: str = ""
    reasons: tuple[str, ...] = ()


class Entry(NamedTuple):
    """The verdict on one person: their account, the host ID they get if they have none, what is wrong, and what the
    school said of their opt-out.
    """

    account: MediaAccount
    host_id: str | None
    issues: tuple[Issue, ...]
    opt_out: bool | None = None

    @property
    def mark(self) -> str:
        """The verdict as the snapshot remembers it."""
        if self.account.same_as:
            return SAME + self.account.same_as
        said = () if self.opt_out is None else ("opted_out" if self.opt_out else "opted_in",)
        return ":".join((self.account.status, *self.account.reasons, *said))


class _Asking(NamedTuple):
    rank: int
    key: str
    host_id: str | None


def member_of(job: Job, person: Person) -> Member | None:
    """Somebody's own part of the verdict; None when the integration does not feed the media application."""
    if "media" not in job.integration.destinations or person.status != "active":
        return None
    number = host_number(SYSTEMS[job.integration.system].family, person)
    email = folded_email(person)
    reasons = []
    if not (person.first_name and person.last_name):
        reasons.append("media_name_missing")
    if email is None and person.type in job.integration.login_types:
        reasons.append("media_email_missing")
    if number is None:
        reasons.append("media_number_missing")
    return Member(
        host_id=host_id(job.integration.host_id_letters, person.type, number) if number else None,
        email=email,
        name=folded_name(person),
        reasons=tuple(reasons),
    )


class Roster:
    """Everybody of a run who may be let in. Call :meth:`note` with all of them, then ask for entries batch by batch."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._by_host: dict[str, list[str]] = {}
        self._by_email: dict[str, list[_Asking]] = {}
        self._staff: dict[str, list[str]] = {}
        self._emails: dict[str, str | None] = {}
        self._names: dict[str, str] = {}

    def note(self, key: str, member: Member) -> None:
        """Remember what somebody asks for. Staff come before contacts."""
        kind = split_person_key(key)[0]
        self._emails[self._id(key)] = member.email
        if kind == "staff":
            self._names[key] = member.name
            self._staff.setdefault(member.name, []).append(key)
        if member.reasons or member.host_id is None:
            return
        self._by_host.setdefault(member.host_id, []).append(key)
        if member.email and not self._twins_in_run(key, member):
            # Who signs in needs the address more than who does not.
            rank = PERSON_TYPES.index(kind) + (
                0 if kind in self._job.integration.login_types else len(PERSON_TYPES)
            )
            self._by_email.setdefault(member.email, []).append(_Asking(rank, key, member.host_id))

    def entries(self, members: Sequence[tuple[str, Member]]) -> dict[str, Entry]:
        """The verdict on each, by key."""
        people, district = self._job.people, self._job.run.district_id
        hosts = people.claimants(district, "host", sorted({m.host_id for _, m in members if m.host_id}))
        emails = people.claimants(district, "mail", sorted({m.email for _, m in members if m.email}))
        marked = {key: mark for key, _ in members if (mark := self._remembered(key))}
        known = people.get_many(district, sorted({*hosts.values(), *emails.values(), *marked.values()}))
        return {key: self._entry(key, member, hosts, emails, known) for key, member in members}

    def _entry(
        self,
        key: str,
        member: Member,
        hosts: dict[str, str],
        emails: dict[str, str],
        known: dict[str, StoredPerson],
    ) -> Entry:
        kind, source_id = split_person_key(key)
        issues = [blocked(code, (kind, source_id), None) for code in member.reasons]
        holder = known.get(emails.get(member.email or "", ""))
        if kind == "contact":
            twin = self._twin(key, member, holder, known)
            if twin:
                return Entry(MediaAccount(same_as=twin), self._held(key), ())
        held = self._held(key)
        issues += self._host_issues(key, member, held, hosts, known)
        issues += known_otherwise(self._job, key, member.host_id, member.email)
        issues += self._email_issues(key, member, holder)
        reasons = tuple(dict.fromkeys(found.code for found in issues))
        if kind == "contact":
            issues += self._candidates(key, member)
        # Nothing new reaches an account that something is wrong with, but it stands.
        account = MediaAccount(status="invited" if held or not reasons else "blocked", reasons=reasons)
        host_id = held or (None if reasons else member.host_id)
        return Entry(account, host_id, tuple(issues), said_of_opt_out(self._job, key))

    def _host_issues(
        self,
        key: str,
        member: Member,
        held: str | None,
        hosts: dict[str, str],
        known: dict[str, StoredPerson],
    ) -> list[Issue]:
        """Whoever has a host ID keeps it; of several who ask for one that is free, nobody gets it."""
        if member.host_id is None:
            return []
        me, owner = split_person_key(key), hosts.get(member.host_id)
        if held:
            return [blocked("host_id_mismatch", me, member.host_id)] if held != member.host_id else []
        if owner is not None:
            if owner == self._id(key):
                return []
            return [blocked("host_id_taken", me, member.host_id, _called(known.get(owner)))]
        rivals = [other for other in self._by_host.get(member.host_id, ()) if other != key]
        if not rivals:
            return []
        others = {split_person_key(other)[0] for other in rivals}
        code = "host_id_duplicate" if me[0] in others else "host_id_collision"
        return [
            blocked(code, me, member.host_id, " and ".join(" ".join(split_person_key(r)) for r in rivals[:3]))
        ]

    def _email_issues(self, key: str, member: Member, holder: StoredPerson | None) -> list[Issue]:
        if member.email is None or member.reasons:
            return []
        me = split_person_key(key)
        if holder is not None and self._still_has(holder, member.email):
            if holder.id == self._id(key):
                return []
            return [blocked("media_email_shared", me, member.email, _called(holder))]
        asking = [a for a in self._by_email.get(member.email, ()) if len(self._by_host[a.host_id or ""]) == 1]
        first = min(asking, default=None)
        if first is None or first.key == key:
            return []
        return [blocked("media_email_shared", me, member.email, " ".join(split_person_key(first.key)))]

    def _still_has(self, holder: StoredPerson, email: str) -> bool:
        person = holder.person
        let_in = person.status == "active" and person.media is not None and person.media.status == "invited"
        # Where nobody is changed, nobody gives up what they have.
        wanted = email if self._job.adds_only else self._emails.get(holder.id, email)
        return let_in and folded_email(person) == email == wanted

    # Staff who are parents ----------------------------------------------------------------------------------------

    def _twin(
        self, key: str, member: Member, holder: StoredPerson | None, known: dict[str, StoredPerson]
    ) -> str | None:
        """The member of staff that this parent is: by decision, by what was found once, or by e-mail and name."""
        decided = self._job.decided.get(self._id(key))
        if decided is not None:
            return decided or None
        remembered = self._remembered(key)
        if remembered:
            before = known.get(remembered)
            if before is not None and before.person.status == "active":
                return remembered
        in_run = self._twins_in_run(key, member)
        if in_run:
            return self._id(in_run[0])
        if (
            holder is not None
            and holder.person.type == "staff"
            and self._still_has(holder, member.email or "")
        ):
            return holder.id if folded_name(holder.person) == member.name else None
        return None

    def _twins_in_run(self, key: str, member: Member) -> list[str]:
        """Staff of this run with the name and the e-mail address of a contact."""
        if not key.startswith("contact:") or member.email is None:
            return []
        return [s for s in self._staff.get(member.name, ()) if self._emails[self._id(s)] == member.email]

    def _candidates(self, key: str, member: Member) -> list[Issue]:
        """Staff of this run who may be this parent: of the same name, but another e-mail address."""
        if self._job.decided.get(self._id(key)) is not None or not member.name:
            return []
        return [
            issue(
                "staff_parent_candidate",
                person=split_person_key(key),
                field="media.same_as",
                value=self._id(staff),
                other=split_person_key(staff)[1],
            )
            for staff in self._staff.get(member.name, ())[:1]
        ]

    def _held(self, key: str) -> str | None:
        """The host ID that somebody has."""
        row = self._job.snapshot.people.get(key)
        return row.host_id if row else None

    def _remembered(self, key: str) -> str | None:
        row = self._job.snapshot.people.get(key)
        return row.roster[len(SAME) :] if row and row.roster and row.roster.startswith(SAME) else None

    def _id(self, key: str) -> str:
        return person_id(self._job.run.district_id, self._job.integration.source, *split_person_key(key))


def settled(person: Person, entry: Entry | None, before: Person | None) -> Person:
    """A person with their account and host ID, as both will be stored.

    A host ID is for ever, and so is an opt-out that nobody has taken back. Who leaves is un-invited, never deleted.
    """
    was = before.media if before else None
    if entry is None:
        if was is None or person.status == "active":
            return person
        status = "uninvited" if was.status == "invited" else was.status
        return msgspec.structs.replace(person, media=msgspec.structs.replace(was, status=status))
    opt_out = entry.opt_out
    if opt_out is None:
        opt_out = was is not None and was.opt_out
    return msgspec.structs.replace(
        person,
        host_id=(before.host_id if before else None) or entry.host_id,
        media=msgspec.structs.replace(entry.account, opt_out=opt_out),
    )


def _called(stored: StoredPerson | None) -> str:
    if stored is None:
        return "somebody"
    kind: PersonType = stored.person.type
    return f"{kind} {stored.person.source_id}"
