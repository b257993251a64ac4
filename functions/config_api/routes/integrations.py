"""Integrations: list, read, create, change, run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field, TypeAdapter, ValidationError

from config_api.api import Api
from config_api.archive import zip_answer
from config_api.asking import ask_for_run, refuse_inactive
from config_api.audited import audited
from config_api.closed import refuse_in_blackout
from config_api.findings import FindingsView, findings_view
from config_api.last_runs import last_runs
from config_api.listing import Cursor, Limit, Order, Page, Search, named, page_of
from config_api.once import IdempotencyKey, IfMatch, Making, check_version, once
from config_api.problems import Problem, field_errors
from config_api.views import IntegrationView, RunView, integration_view, run_view
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from rollcall.domain.audit import credential_changes
from rollcall.domain.form import Form, Invalid
from rollcall.domain.forms import AnyForm, AnyNew, AnyUpdate, IntegrationUpdate, Secret
from rollcall.domain.inspection import Inquiry
from rollcall.domain.integration import Integration, apply_form, secrets_of
from rollcall.domain.mapping import CodeMapping
from rollcall.domain.run import Mode, Run
from rollcall.domain.systems import SYSTEMS
from rollcall.domain.trial import AnyTrial

_view: TypeAdapter[IntegrationView] = TypeAdapter(IntegrationView)
_run: TypeAdapter[RunView] = TypeAdapter(RunView)
_update: TypeAdapter[AnyUpdate] = TypeAdapter(IntegrationUpdate)
SortBy = Literal["name", "system", "url", "active"]


class IntegrationPatch(Form):
    """Any of the fields of an integration. ``mappings``, ``credentials`` and ``host_id_letters`` are merged, the
    rest replaced.
    """

    system: str | None = None
    name: str | None = None
    url: str | None = None
    credentials: dict[str, Secret] = Field(default_factory=dict)
    mappings: dict[str, str | None] = Field(default_factory=dict)
    family_identifier: list[str] = Field(default_factory=list)
    drop_students_not_in_file: bool = False
    member_types: list[str] = Field(default_factory=list)
    destinations: list[str] = Field(default_factory=list)
    host_id_letters: dict[str, str] = Field(default_factory=dict)
    login_types: list[str] = Field(default_factory=list)
    returning_school: bool = False
    pictures_only: bool = False
    primary_enrollment_codes: list[str] = Field(default_factory=list)
    alternate_enrollment_codes: list[str] = Field(default_factory=list)
    enrollment_code_field: str = "AttendanceProgramCodePrimary"
    use_local_id_as_pin: bool = False
    use_contact_record: bool = False
    use_change_feed: bool = False
    delivery: str = "rest"
    authentication: str = "oauth2"
    token_url: str = ""
    active: bool | None = None
    version: int | None = None


class RunRequest(Form):
    """What kind of run to start. A preview stops before anything is changed. Only an administrator may ``override``
    a blackout.
    """

    mode: Mode = "sync"
    override: bool = False


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "GET", "/v1/districts/<district_id>/integrations", "Integrations of a district", right="viewer"
    )
    def list_integrations(
        district_id: str,
        search: Search = None,
        include_inactive: bool = False,
        sort: SortBy = "name",
        order: Order = "asc",
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[IntegrationView]:
        found = [
            integration
            for integration in parts.config.integrations(district_id)
            if (include_inactive or integration.active) and named(integration.name, search)
        ]
        page, more = page_of(found, lambda item: (_sort_key(item, sort), item.id), cursor, limit, order)
        last = _last_runs(district_id, page)
        return Page(items=[integration_view(item, last.get(item.id)) for item in page], next=more)

    @api.route(
        "POST",
        "/v1/districts/<district_id>/integrations",
        "Add an integration",
        right="admin",
        status=HTTPStatus.CREATED,
    )
    def create_integration(
        district_id: str,
        form: Annotated[AnyNew, Body(discriminator="system")],
        idempotency_key: IdempotencyKey = None,
    ) -> IntegrationView:
        def make(making: Making) -> IntegrationView:
            return _write(district_id, making.new_id("int"), form, None, making)

        return once(api, district_id, idempotency_key, _view, make)

    @api.route(
        "GET", "/v1/districts/<district_id>/integrations/<integration_id>", "An integration", right="viewer"
    )
    def read_integration(district_id: str, integration_id: str) -> IntegrationView:
        integration = parts.config.integration(district_id, integration_id)
        return integration_view(integration, _last_runs(district_id, [integration]).get(integration_id))

    @api.route(
        "PUT",
        "/v1/districts/<district_id>/integrations/<integration_id>",
        "Write an integration anew; secrets that are left out stay",
        right="admin",
    )
    def write_integration(
        district_id: str,
        integration_id: str,
        form: Annotated[AnyUpdate, Body(discriminator="system")],
        if_match: IfMatch = None,
    ) -> IntegrationView:
        stored = parts.config.integration(district_id, integration_id)
        check_version(stored.version, if_match, form.version)
        return _write(district_id, integration_id, form, stored, Making(parts.clock.now(), None))

    @api.route(
        "PATCH",
        "/v1/districts/<district_id>/integrations/<integration_id>",
        "Change some fields of an integration, such as active",
        right="admin",
    )
    def patch_integration(
        district_id: str,
        integration_id: str,
        patch: Annotated[IntegrationPatch, Body()],
        if_match: IfMatch = None,
    ) -> IntegrationView:
        stored = parts.config.integration(district_id, integration_id)
        check_version(stored.version, if_match, patch.version)
        making = Making(parts.clock.now(), None)
        if patch.model_fields_set <= {"active", "version"} and patch.active is False:
            # Switching off must work whatever has become of its mappings.
            return _store(stored.model_copy(update=_off(stored, making)), stored, {})
        return _write(district_id, integration_id, _merged(stored, patch), stored, making)

    @api.route(
        "POST",
        "/v1/districts/<district_id>/integrations/<integration_id>/runs",
        "Run an integration now",
        right="operator",
        status=HTTPStatus.ACCEPTED,
        bodiless=True,
    )
    def run_integration(
        district_id: str,
        integration_id: str,
        request: Annotated[RunRequest, Body()] = RunRequest(),  # noqa: B008 - frozen
        idempotency_key: IdempotencyKey = None,
    ) -> RunView:
        def make(making: Making) -> RunView:
            refuse_in_blackout(api, override=request.override)
            integration = parts.config.integration(district_id, integration_id)
            refuse_inactive(integration)
            return run_view(
                ask_for_run(api, making, integration, mode=request.mode, override=request.override)
            )

        return once(api, district_id, idempotency_key, _run, make)

    @api.route(
        "GET",
        "/v1/districts/<district_id>/integrations/<integration_id>/plugin.zip",
        "The plugin that PowerSchool's administrator installs: its OAuth client, its queries, what they may read",
        right="viewer",
        binary="application/zip",
    )
    def read_plugin(district_id: str, integration_id: str) -> Response[str]:
        integration = parts.config.integration(district_id, integration_id)
        if SYSTEMS[integration.system].family != "powerschool":
            detail = "Only PowerSchool is read by way of a plugin."
            raise Problem(HTTPStatus.NOT_FOUND, "no_plugin", detail)
        return zip_answer(f"rollcall-{version()}.zip", build_plugin(NAME, version()))

    @api.route(
        "POST",
        "/v1/districts/<district_id>/integrations/test",
        "Test a form before it is saved; name and mappings may still be missing",
        right="admin",
    )
    def test_form(district_id: str, form: Annotated[AnyTrial, Body(discriminator="system")]) -> FindingsView:
        making = Making(parts.clock.now(), None)
        return _test(_applied(district_id, making.new_id("int"), form, None, making), form, {})

    @api.route(
        "POST",
        "/v1/districts/<district_id>/integrations/<integration_id>/test",
        "Test an integration, with edits that are not saved yet if there are any; secrets left out are the stored ones",
        right="admin",
        bodiless=True,
    )
    def test_integration(
        district_id: str,
        integration_id: str,
        patch: Annotated[IntegrationPatch, Body()] = IntegrationPatch(),  # noqa: B008 - frozen
    ) -> FindingsView:
        stored = parts.config.integration(district_id, integration_id)
        form = _merged(stored, patch)
        now = parts.clock.now()
        edited = _applied(district_id, integration_id, form, stored, Making(now, None))
        found = _test(edited, form, parts.config.sealed(district_id, integration_id))
        if found.ok and not patch.model_fields_set:
            # Of what is stored, at the moment it was read: onboarding takes it as validated.
            parts.config.note_validated(district_id, integration_id, now)
        return found

    def _test(integration: Integration, form: AnyForm, stored: Mapping[str, str]) -> FindingsView:
        inquiry = Inquiry(
            integration=integration,
            school_year=api.district.school_year_at(parts.clock.now()),
            sealed={**stored, **_sealed(integration, form)},
        )
        return findings_view(parts.examiner.examine(inquiry))

    def _write(
        district_id: str, integration_id: str, form: AnyForm, stored: Integration | None, making: Making
    ) -> IntegrationView:
        integration = _applied(district_id, integration_id, form, stored, making)
        return _store(integration, stored, _sealed(integration, form))

    def _applied(
        district_id: str, integration_id: str, form: AnyForm, stored: Integration | None, making: Making
    ) -> Integration:
        return apply_form(
            integration_id,
            district_id,
            form,
            stored,
            siblings=parts.config.integrations(district_id),
            mappings=_chosen(district_id, form),
            addresses=parts.addresses,
            now=making.now,
        )

    def _sealed(integration: Integration, form: AnyForm) -> dict[str, str]:
        return {
            key: parts.vault.seal(integration.district_id, integration.id, secret)
            for key, secret in secrets_of(form).items()
        }

    def _store(
        integration: Integration, stored: Integration | None, sealed: Mapping[str, str]
    ) -> IntegrationView:
        audit = audited(
            api,
            integration.district_id,
            "integration.changed" if stored else "integration.created",
            integration.id,
            integration.updated_at,
            stored,
            integration,
            credential_changes(stored.credentials if stored else {}, sealed),
        )
        parts.config.put_integration(integration, sealed, audit)
        return integration_view(
            integration, _last_runs(integration.district_id, [integration]).get(integration.id)
        )

    def _chosen(district_id: str, form: AnyForm) -> dict[str, CodeMapping]:
        wanted = set(form.mappings.model_dump().values())
        heads = (mapping for mapping, _ in parts.config.mapping_heads(district_id))
        return {mapping.id: mapping for mapping in heads if mapping.id in wanted}

    def _last_runs(district_id: str, integrations: Iterable[Integration]) -> dict[str, Run]:
        return last_runs(parts, district_id, [integration.id for integration in integrations])


def _sort_key(integration: Integration, sort: SortBy) -> str:
    if sort == "active":
        # Active ones first.
        return f"{not integration.active:d}{integration.name.casefold()}"
    value: str = getattr(integration, sort)
    return value.casefold()


def _off(stored: Integration, making: Making) -> dict[str, Any]:
    return {"active": False, "version": stored.version + 1, "updated_at": making.now}


def _merged(stored: Integration, patch: IntegrationPatch) -> AnyUpdate:
    """The whole form that a patch comes to. Raises :class:`Invalid`."""
    changes = patch.model_dump(exclude_unset=True, exclude={"version"})
    known = SYSTEMS[stored.system].update.model_fields
    before = stored.model_dump(include=set(known) - {"credentials", "version"})
    before = {name: list(value) if isinstance(value, tuple) else value for name, value in before.items()}
    merged = {
        name: {**getattr(stored, name), **changes.pop(name, {})} for name in ("mappings", "host_id_letters")
    }
    try:
        return _update.validate_python({**before, **changes, **merged})
    except ValidationError as error:
        raise Invalid(field_errors(error.errors(include_url=False, include_input=False))) from None
