"""A returning school's users: upload, compare, decide, confirm, and the list of host IDs to update."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from config_api.api import Api
from config_api.audited import audited
from config_api.listing import Cursor, Limit, decode_cursor
from config_api.once import IfMatch, check_version
from config_api.reconciliation_rows import Wanted, rows_of
from config_api.reconciliation_views import (
    AnyState,
    Confirmation,
    Decision,
    Decisions,
    ReconciliationSummary,
    ReconciliationView,
    ReturningSchoolView,
    UsersUpload,
    summary_fields,
)
from config_api.sis_people import last_completed, sis_people
from rollcall.domain.audit import Action
from rollcall.domain.candidates import CONFIDENT
from rollcall.domain.csv_text import csv_lines
from rollcall.domain.errors import Conflict, NotFound
from rollcall.domain.existing_users import read_users
from rollcall.domain.form import FieldError, raise_if_any
from rollcall.domain.ids import new_id
from rollcall.domain.integration import Integration
from rollcall.domain.person import PersonType, person_key
from rollcall.domain.reconciliation import (
    RETIRE,
    Confirmed,
    ExistingUser,
    Reconciliation,
    ReconciliationHead,
    reconcile,
    renames,
)
from rollcall.engine.blobs import pack, reconciliation_key, run_of, unpack

UPLOAD_BYTES = 4 * 1024 * 1024
"""Fifty thousand users fit. Lambda takes 6 MB, in which quotation marks and line ends count several times."""

BASE = "/v1/districts/<district_id>/integrations/<integration_id>/reconciliation"


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "GET",
        "/v1/districts/<district_id>/reconciliations",
        "Returning schools, by name, and how far the users of each are reconciled",
        right="viewer",
    )
    def list_returning(district_id: str) -> list[ReturningSchoolView]:
        schools = [school for school in parts.config.integrations(district_id) if _returns(school)]
        return [_school(school) for school in sorted(schools, key=lambda school: school.name.casefold())]

    @api.route("PUT", BASE, "Upload the users of a returning school", right="admin", max_bytes=UPLOAD_BYTES)
    def upload_users(
        district_id: str,
        integration_id: str,
        upload: Annotated[UsersUpload, Body()],
        if_match: IfMatch = None,
    ) -> ReconciliationSummary:
        integration = _returning(district_id, integration_id)
        head = parts.config.reconciliation(district_id, integration_id)
        if head:
            check_version(head.version, if_match, upload.version)
        users = read_users(upload.csv, upload.pairs)
        return _compared(integration, head, users, _file(head.file).decisions if head else {})

    @api.route("GET", BASE, "How far a returning school's users are reconciled", right="viewer")
    def read_reconciliation(
        district_id: str,
        integration_id: str,
        state: AnyState | None = None,
        type: PersonType | None = None,  # noqa: A002 - the name in the query
        search: Annotated[
            str | None, Query(max_length=200, description="Part of a name, a host ID or an e-mail address")
        ] = None,
        min_confidence: Annotated[
            int | None,
            Query(ge=CONFIDENT, le=100, description="Only users whose best candidate is at least this sure"),
        ] = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> ReconciliationView:
        head = _head(district_id, integration_id)
        wanted = Wanted(state, type, search, min_confidence)
        page = rows_of(_file(head.file), wanted, decode_cursor(cursor, int) or 0, limit)
        return ReconciliationView.model_validate({**summary_fields(head), **page})

    @api.route("PATCH", BASE, "Decide who users are, or compare them again", right="admin")
    def decide(
        district_id: str,
        integration_id: str,
        asked: Annotated[Decisions, Body()],
        if_match: IfMatch = None,
    ) -> ReconciliationSummary:
        integration = _returning(district_id, integration_id)
        head = _head(district_id, integration_id)
        check_version(head.version, if_match, asked.version)
        before = _file(head.file)
        decisions = {**before.decisions, **_proposals(before, asked.accept_from)}
        decisions |= _answers(before, asked.decisions)
        for decision in asked.decisions:
            if not decision.retire and decision.person_id is None:
                decisions.pop(person_key(decision.type, decision.host_id), None)
        return _compared(integration, head, [row.user for row in before.rows], decisions)

    @api.route("POST", f"{BASE}/confirm", "Confirm, so that syncs may begin", right="admin")
    def confirm(
        district_id: str,
        integration_id: str,
        asked: Annotated[Confirmation, Body()],
        if_match: IfMatch = None,
    ) -> ReconciliationSummary:
        integration = _returning(district_id, integration_id)
        head = _head(district_id, integration_id)
        check_version(head.version, if_match, asked.version)
        _check_clean(head, asked.accept_unmatched, last_completed(parts, integration).id)
        now = parts.clock.now()
        confirmed = Confirmed(
            file=head.file,
            letters=integration.host_id_letters,
            by=api.caller.user,
            at=now,
            since=head.confirmed.since if head.confirmed else now,
            accepted=head.open,
        )
        changes = {"confirmed": confirmed, "version": head.version + 1}
        changed = {"updated_by": api.caller.user, "updated_at": now}
        return _put(head, head.model_copy(update={**changes, **changed}))

    @api.route(
        "GET",
        f"{BASE}/update-host-ids.csv",
        "The host IDs to change in the media application before the sync, in this order",
        right="viewer",
        binary="text/csv",
    )
    def read_renames(district_id: str, integration_id: str) -> Response[str]:
        confirmed = _head(district_id, integration_id).confirmed
        if confirmed is None:
            raise Conflict("not_confirmed", "The list is final once the reconciliation is confirmed.")
        header = ("type", "old_host_id", "new_host_id")
        return Response(
            status_code=HTTPStatus.OK,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="update-host-ids.csv"'},
            body="".join(csv_lines(header, renames(_file(confirmed.file)))),
        )

    def _returning(district_id: str, integration_id: str) -> Integration:
        integration = parts.config.integration(district_id, integration_id)
        if not _returns(integration):
            detail = "Only a returning school that feeds the media application has users to reconcile."
            raise Conflict("not_returning", f"{detail} Set returning_school and the destination media first.")
        return integration

    def _school(integration: Integration) -> ReturningSchoolView:
        head = parts.config.reconciliation(integration.district_id, integration.id)
        return ReturningSchoolView(
            integration_id=integration.id,
            name=integration.name,
            newest_run=_newest(integration),
            reconciliation=ReconciliationSummary.model_validate(summary_fields(head)) if head else None,
        )

    def _newest(integration: Integration) -> str | None:
        try:
            return last_completed(parts, integration).id
        except Conflict:
            return None

    def _head(district_id: str, integration_id: str) -> ReconciliationHead:
        parts.config.integration(district_id, integration_id)
        head = parts.config.reconciliation(district_id, integration_id)
        if head is None:
            raise NotFound("reconciliation")
        return head

    def _file(key: str) -> Reconciliation:
        return unpack(parts.blobs.get(key), Reconciliation)

    def _compared(
        integration: Integration,
        head: ReconciliationHead | None,
        users: list[ExistingUser],
        decisions: Mapping[str, str],
    ) -> ReconciliationSummary:
        """Compare with the people of the last run, and keep what comes of it."""
        run = last_completed(parts, integration)
        found = reconcile(users, decisions, sis_people(parts, integration, run))
        now = parts.clock.now()
        key = reconciliation_key(integration.district_id, integration.id, new_id("rec", now))
        parts.blobs.put(key, pack(found))
        made = ReconciliationHead(
            district_id=integration.district_id,
            integration_id=integration.id,
            version=head.version + 1 if head else 1,
            file=key,
            run_id=run.id,
            counts=found.counts,
            open=found.open,
            confirmed=head.confirmed if head and _has_synced(head) else None,
            updated_by=api.caller.user,
            updated_at=now,
        )
        return _put(head, made)

    def _has_synced(head: ReconciliationHead) -> bool:
        """Whether a sync has used what was confirmed. If none has, an edit means that it was not right yet."""
        snapshot = parts.runs.state(head.district_id, head.integration_id).snapshot
        run = parts.runs.get(head.district_id, run_of(snapshot)) if snapshot else None
        return bool(head.confirmed and run and run.started_at and run.started_at >= head.confirmed.since)

    def _put(before: ReconciliationHead | None, made: ReconciliationHead) -> ReconciliationSummary:
        """Store the head, and delete the files that it no longer names."""
        try:
            what: Action = "reconciliation.changed" if before else "reconciliation.created"
            audit = audited(api, made.district_id, what, made.integration_id, made.updated_at, before, made)
            parts.config.put_reconciliation(made, audit)
        except Conflict:
            parts.blobs.delete(sorted(_files(made) - _files(before)))
            raise
        parts.blobs.delete(sorted(_files(before) - _files(made)))
        return ReconciliationSummary.model_validate(summary_fields(made))


def _returns(integration: Integration) -> bool:
    return integration.returning_school and "media" in integration.destinations


def _files(head: ReconciliationHead | None) -> set[str]:
    if head is None:
        return set()
    return {head.file, *([head.confirmed.file] if head.confirmed else [])}


def _check_clean(head: ReconciliationHead, accepted: int | None, last_run: str) -> None:
    """Raise ``Conflict`` with what stands in the way of confirming."""
    if head.run_id != last_run:
        detail = "There is a newer run than the one compared with. Compare again, with a PATCH."
        raise Conflict("comparison_outdated", detail)
    if colliding := head.counts["colliding"]:
        detail = (
            f"{colliding} users collide, which would mix up accounts. Decide who they are, or retire them."
        )
        raise Conflict("users_colliding", detail)
    if head.open != (accepted or 0):
        detail = f"{head.open} users are open. Decide who they are, or accept them with accept_unmatched: {head.open}."
        raise Conflict("users_open", detail)


def _proposals(file: Reconciliation, accept_from: int | None) -> dict[str, str]:
    """Proposals that are sure enough, as decisions."""
    if accept_from is None:
        return {}
    return {
        row.user.key: row.candidates[0].person
        for row in file.rows
        if row.state == "proposed" and row.candidates[0].confidence >= accept_from
    }


def _answers(file: Reconciliation, asked: list[Decision]) -> dict[str, str]:
    """Decisions by user. Raises :class:`Invalid` where user or person are not there."""
    users = {row.user.key for row in file.rows}
    errors: list[FieldError] = []
    answers: dict[str, str] = {}
    for number, decision in enumerate(asked):
        key = person_key(decision.type, decision.host_id)
        where = f"decisions.{number}"
        if key not in users:
            message = "The upload has no user of this member type with this host ID."
            errors.append(FieldError(field=f"{where}.host_id", code="unknown_user", message=message))
        elif decision.retire and decision.person_id is not None:
            message = "A user is somebody or nobody; leave one of person_id and retire out."
            errors.append(FieldError(field=f"{where}.retire", code="contradiction", message=message))
        elif decision.person_id is not None and decision.person_id not in file.people:
            message = "The SIS has no such person; choose one of the candidates, or of the missing."
            errors.append(FieldError(field=f"{where}.person_id", code="unknown_person", message=message))
        elif decision.retire or decision.person_id:
            answers[key] = decision.person_id or RETIRE
    raise_if_any(errors)
    return answers
