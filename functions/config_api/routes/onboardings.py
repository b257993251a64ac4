"""Onboarding a school on PowerSchool: its plugin, its credentials, its integration, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field, TypeAdapter, ValidationError

from config_api.api import Api
from config_api.archive import zip_answer
from config_api.audited import audited
from config_api.bootstrap import Parts
from config_api.listing import Cursor, Limit, Page, Search, named, page_of
from config_api.once import IdempotencyKey, IfMatch, Making, check_version, once
from config_api.problems import field_errors
from config_api.views import View
from rollcall.connectors.powerschool_query.plugin import Registration
from rollcall.connectors.powerschool_query.school_plugin import (
    build_school_plugin,
    mark_of,
    streams_needed,
)
from rollcall.domain.audit import Action, AuditRecord, audit_record, credential_changes
from rollcall.domain.checklist import Facts, Step, StepName, reached, steps_of
from rollcall.domain.errors import Conflict, NotFound
from rollcall.domain.form import Form, Invalid
from rollcall.domain.forms import AnyUpdate, IntegrationUpdate, PowerSchoolCredentials
from rollcall.domain.integration import CredentialInfo, Integration, apply_form
from rollcall.domain.onboarding import (
    OnboardedSystem,
    Onboarding,
    OnboardingForm,
    RegisteredBy,
    amend,
    begin,
    hand_out,
    new_secret,
    plugin_name,
    receive,
    reopen,
    review,
)
from rollcall.domain.person import PersonType
from rollcall.engine.blobs import run_of

BASE = "/v1/districts/<district_id>/onboardings"
ONE = f"{BASE}/<onboarding_id>"


class OnboardingPatch(Form):
    """Any of the fields of an onboarding."""

    name: str | None = None
    portal_url: str | None = None
    organization_id: str | None = None
    system: str | None = None
    member_types: list[str] = Field(default_factory=list)
    version: int | None = None


class SchoolIntegration(Form):
    """The form of the school's system, without address and credentials, which are known.

    ``name`` and ``member_types`` are the school's when they are left out.
    """

    name: str | None = None
    mappings: dict[str, str | None] = Field(default_factory=dict)
    family_identifier: list[str] = Field(default_factory=list)
    drop_students_not_in_file: bool = False
    member_types: list[str] = Field(default_factory=list)
    destinations: list[str] = Field(default_factory=list)
    host_id_letters: dict[str, str] = Field(default_factory=dict)
    login_types: list[str] = Field(default_factory=list)
    returning_school: bool = False


class SchoolPluginView(View):
    """The plugin that was handed out last."""

    name: str
    number: int
    downloaded_at: datetime


class OnboardingView(View):
    """A school that is being onboarded.

    ``state`` is the last step of the checklist that is done without a gap, ``next_step`` the one to do now; null once
    the school is live. ``registration_open``: the next plugin that is downloaded registers by itself, once.
    """

    id: str
    name: str
    portal_url: str
    organization_id: str
    system: OnboardedSystem
    member_types: list[PersonType]
    integration_id: str
    plugin: SchoolPluginView | None
    registration_open: bool
    registered_by: RegisteredBy | None
    credentials: dict[str, CredentialInfo]
    state: StepName
    next_step: StepName | None
    steps: list[Step]
    reviewed_by: str | None
    reviewed_run: str | None
    version: int
    created_at: datetime
    updated_at: datetime


_view: TypeAdapter[OnboardingView] = TypeAdapter(OnboardingView)
_integration_form: TypeAdapter[AnyUpdate] = TypeAdapter(IntegrationUpdate)


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts

    @api.route("GET", BASE, "Schools that are being onboarded, by name", right="viewer")
    def list_onboardings(
        district_id: str, search: Search = None, limit: Limit = 25, cursor: Cursor = None
    ) -> Page[OnboardingView]:
        found = [item for item in parts.config.onboardings(district_id) if named(item.name, search)]
        page, more = page_of(found, lambda item: (item.name.casefold(), item.id), cursor, limit)
        return Page(items=_views(parts, district_id, page), next=more)

    @api.route(
        "POST",
        BASE,
        "Begin to onboard a school on PowerSchool, with its portal link and organization ID",
        right="admin",
        status=HTTPStatus.CREATED,
    )
    def begin_onboarding(
        district_id: str,
        form: Annotated[OnboardingForm, Body()],
        idempotency_key: IdempotencyKey = None,
    ) -> OnboardingView:
        def make(making: Making) -> OnboardingView:
            ids = making.new_id("onb"), making.new_id("int")
            return _put(None, begin(*ids, district_id, form, parts.addresses, making.now))

        return once(api, district_id, idempotency_key, _view, make)

    @api.route("GET", ONE, "A school that is being onboarded, with its checklist", right="viewer")
    def read_onboarding(district_id: str, onboarding_id: str) -> OnboardingView:
        return _shown(parts.config.onboarding(district_id, onboarding_id))

    @api.route("PATCH", ONE, "Change what was written of a school", right="admin")
    def patch_onboarding(
        district_id: str,
        onboarding_id: str,
        patch: Annotated[OnboardingPatch, Body()],
        if_match: IfMatch = None,
    ) -> OnboardingView:
        stored = parts.config.onboarding(district_id, onboarding_id)
        check_version(stored.version, if_match, patch.version)
        made = _integration(stored)
        return _put(stored, amend(stored, _merged(stored, patch), made, parts.addresses, parts.clock.now()))

    @api.route(
        "GET",
        f"{ONE}/plugin.zip",
        "The plugin made for this school. While its registration is open, every download has a new one-time secret, "
        "and the one before stops working",
        # Whoever has the secret says which credentials are used.
        right="admin",
        binary="application/zip",
    )
    def download_plugin(district_id: str, onboarding_id: str) -> Response[str]:
        stored = parts.config.onboarding(district_id, onboarding_id)
        registration, kept = None, None
        if stored.registration_open:
            secret, kept = new_secret()
            registration = Registration(f"{parts.api_url}/v1/registrations/{stored.id}", secret)
        name = stored.plugin.name if stored.plugin else plugin_name(stored.name, _taken(district_id))
        reads = streams_needed(stored, _integration(stored))
        mark = mark_of(stored, name, reads, registration)
        handed = hand_out(stored, name, mark, reads, kept, parts.clock.now())
        package = build_school_plugin(handed, registration)
        parts.config.put_onboarding(handed, audits=[_audit(stored, handed)])
        return zip_answer(f"{stored.id}.zip", package)

    @api.route(
        "POST",
        f"{ONE}/reissue",
        "Let the plugin register once more; the next download has a new secret",
        right="admin",
        bodiless=True,
    )
    def reissue_secret(district_id: str, onboarding_id: str) -> OnboardingView:
        stored = parts.config.onboarding(district_id, onboarding_id)
        return _put(stored, reopen(stored, parts.clock.now()))

    @api.route(
        "POST",
        f"{ONE}/credentials",
        "Enter the plugin's client id and secret by hand; it can then no longer register by itself",
        right="admin",
    )
    def enter_credentials(
        district_id: str, onboarding_id: str, form: Annotated[PowerSchoolCredentials, Body()]
    ) -> OnboardingView:
        stored = parts.config.onboarding(district_id, onboarding_id)
        return _shown(store_credentials(api, stored, form, "hand", api.caller.user))

    @api.route(
        "POST",
        f"{ONE}/integration",
        "Make the school's integration, under the id that is reserved for it, with the credentials received",
        right="admin",
        status=HTTPStatus.CREATED,
    )
    def make_integration(
        district_id: str, onboarding_id: str, form: Annotated[SchoolIntegration, Body()]
    ) -> OnboardingView:
        stored = parts.config.onboarding(district_id, onboarding_id)
        if not stored.credentials:
            raise Conflict("not_registered", "The plugin's credentials have not arrived; enter them first.")
        if _integration(stored):
            raise Conflict("integration_exists", "The school's integration has been made; change it instead.")
        now = parts.clock.now()
        whole = _whole_form(stored, form)
        chosen = set(whole.mappings.model_dump().values())
        made = apply_form(
            stored.integration_id,
            district_id,
            whole,
            None,
            siblings=parts.config.integrations(district_id),
            mappings={m.id: m for m, _ in parts.config.mapping_heads(district_id) if m.id in chosen},
            addresses=parts.addresses,
            now=now,
        ).model_copy(update={"credentials": stored.credentials})
        # The onboarding moves along, so that credentials which arrive at this moment cannot be missed.
        moved = stored.model_copy(update={"version": stored.version + 1, "updated_at": now})
        return _put(stored, moved, made)

    @api.route(
        "POST",
        f"{ONE}/review",
        "Confirm that the import summary of the newest sync was looked at",
        right="admin",
        bodiless=True,
    )
    def review_summary(district_id: str, onboarding_id: str) -> OnboardingView:
        stored = parts.config.onboarding(district_id, onboarding_id)
        synced = parts.runs.state(district_id, stored.integration_id).snapshot
        if synced is None:
            raise Conflict("nothing_to_review", "No sync has completed; run the first one.")
        return _put(stored, review(stored, run_of(synced), api.caller.user, parts.clock.now()))

    def _put(
        before: Onboarding | None, school: Onboarding, made: Integration | None = None
    ) -> OnboardingView:
        audit = _audit(before, school)
        if made:
            # The onboarding itself has not changed in anything that somebody entered.
            at = school.updated_at
            audit = audited(api, made.district_id, "integration.created", made.id, at, None, made)
        parts.config.put_onboarding(school, integration=made, audits=[audit])
        return _shown(school)

    def _audit(before: Onboarding | None, school: Onboarding) -> AuditRecord:
        what: Action = "onboarding.changed" if before else "onboarding.created"
        return audited(api, school.district_id, what, school.id, school.updated_at, before, school)

    def _shown(school: Onboarding) -> OnboardingView:
        return _views(parts, school.district_id, [school])[0]

    def _integration(school: Onboarding) -> Integration | None:
        return _found_integration(parts, school)

    def _taken(district_id: str) -> set[str]:
        return {item.plugin.name for item in parts.config.onboardings(district_id) if item.plugin}


def store_credentials(
    api: Api, school: Onboarding, given: PowerSchoolCredentials, by: RegisteredBy, actor: str
) -> Onboarding:
    """Seal a plugin's credentials for the school's integration, whether that has been made or not. Raises ``Conflict``
    for a plugin that registers a second time.
    """
    parts = api.parts
    now = parts.clock.now()
    moved, clear = receive(school, given, by, now)
    made = _found_integration(parts, school)
    if made is not None:
        changes = {"credentials": moved.credentials, "version": made.version + 1, "updated_at": now}
        made = made.model_copy(update=changes)
    sealed = {
        key: parts.vault.seal(school.district_id, school.integration_id, secret)
        for key, secret in clear.items()
    }
    entered = credential_changes(school.credentials, sealed)
    # What the credentials are for is known under this id, whether it has been made or not.
    audit = audit_record(
        school.district_id, now, actor, api.request_id, "integration.changed", school.integration_id, entered
    )
    parts.config.put_onboarding(moved, sealed, made, [audit])
    return moved


def _found_integration(parts: Parts, school: Onboarding) -> Integration | None:
    try:
        return parts.config.integration(school.district_id, school.integration_id)
    except NotFound:
        return None


def _views(parts: Parts, district_id: str, schools: Iterable[Onboarding]) -> list[OnboardingView]:
    made = {item.id: item for item in parts.config.integrations(district_id)}
    tested = parts.config.validations(district_id)
    return [_view_of(parts, school, made.get(school.integration_id), tested) for school in schools]


def _view_of(
    parts: Parts, school: Onboarding, made: Integration | None, tested: dict[str, datetime]
) -> OnboardingView:
    facts = Facts(needed=frozenset(streams_needed(school, made)))
    if made is not None:
        where = (school.district_id, made.id)
        completed, _ = parts.runs.history(*where, ("completed",), 1, None)
        synced = school.reviewed_run or parts.runs.state(*where).snapshot
        head = parts.config.reconciliation(*where)
        facts = Facts(
            needed=facts.needed,
            integration=made,
            reconciled_at=head.confirmed.since if head and head.confirmed else None,
            tested_at=tested.get(made.id),
            completed=completed[0] if completed else None,
            synced=parts.runs.get(school.district_id, run_of(synced)) if synced else None,
        )
    steps = steps_of(school, facts)
    state, following = reached(steps)
    fields = school.model_dump(include=set(OnboardingView.model_fields) - {"plugin"})
    plugin = school.plugin.model_dump(include=set(SchoolPluginView.model_fields)) if school.plugin else None
    return OnboardingView.model_validate(
        {
            **fields,
            "plugin": plugin,
            "state": state,
            "next_step": following.name if following else None,
            "steps": steps,
        }
    )


def _merged(stored: Onboarding, patch: OnboardingPatch) -> OnboardingForm:
    """The whole form that a patch comes to. Raises :class:`Invalid`."""
    before = stored.model_dump(include=set(OnboardingForm.model_fields))
    before["member_types"] = list(stored.member_types)
    changes = patch.model_dump(exclude_unset=True, exclude={"version"})
    try:
        return OnboardingForm.model_validate({**before, **changes})
    except ValidationError as error:
        raise Invalid(field_errors(error.errors(include_url=False, include_input=False))) from None


def _whole_form(school: Onboarding, form: SchoolIntegration) -> AnyUpdate:
    """The form of the school's system, with what is known of the school filled in. Raises :class:`Invalid`."""
    written: dict[str, Any] = form.model_dump(exclude_unset=True)
    known = {"name": school.name, "member_types": list(school.member_types)}
    fixed = {"system": school.system, "url": school.server_url}
    try:
        return _integration_form.validate_python({**known, **written, **fixed})
    except ValidationError as error:
        raise Invalid(field_errors(error.errors(include_url=False, include_input=False))) from None
