"""What a run knows of the accounts that a returning school has already: nothing, until they are reconciled."""

from __future__ import annotations

from rollcall.domain.errors import NeedsAttention
from rollcall.domain.ids import person_id
from rollcall.domain.integration import Integration
from rollcall.domain.media import blocked
from rollcall.domain.person import Issue, split_person_key
from rollcall.domain.ports import Blobs, Settings
from rollcall.domain.reconciliation import Accounts, Reconciliation, accounts
from rollcall.domain.run import Run
from rollcall.engine.blobs import unpack
from rollcall.engine.job import Job


def take_accounts(settings: Settings, blobs: Blobs, integration: Integration, run: Run) -> Accounts:
    """The confirmed reconciliation as it is now. Raises ``NeedsAttention`` when a sync would make second accounts;
    a preview may run, since it gives the people to compare with.
    """
    if not integration.returning_school or "media" not in integration.destinations:
        return Accounts()
    head = settings.reconciliation(run.district_id, run.integration_id)
    if head is None or head.confirmed is None:
        if run.mode == "preview":
            return Accounts()
        raise NeedsAttention(
            "reconciliation_needed",
            "This is a returning school, and its users' host IDs are not reconciled yet. "
            "Run a preview, upload the existing users, and confirm the reconciliation; then sync.",
        )
    if head.confirmed.letters != integration.host_id_letters and run.mode != "preview":
        raise NeedsAttention(
            "reconciliation_needed",
            "The letters of the host IDs have changed since the reconciliation was confirmed. "
            "Change them back, or upload the existing users again and confirm.",
        )
    return accounts(unpack(blobs.get(head.confirmed.file), Reconciliation), head.confirmed.file)


def known_otherwise(job: Job, key: str, host_id: str | None, email: str | None) -> list[Issue]:
    """The issue of somebody whose e-mail address is that of an account that belongs to nobody, by what is known:
    letting them in would make a second account.
    """
    theirs = job.accounts.unknown.get(email or "", [])
    if not theirs or host_id in theirs or _id(job, key) in job.accounts.owners:
        return []
    return [blocked("host_id_mismatch", split_person_key(key), theirs[0])]


def said_of_opt_out(job: Job, key: str) -> bool | None:
    """What the school's list says of somebody's opt-out. A *no* counts once, so that it undoes no later opt-out."""
    said = job.accounts.opt_outs.get(_id(job, key))
    counted = job.snapshot.reconciled == job.accounts.digest
    return None if said is False and counted else said


def _id(job: Job, key: str) -> str:
    return person_id(job.run.district_id, job.integration.source, *split_person_key(key))
