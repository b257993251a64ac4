"""Integrations: which SIS, where, and how its data is read.

The stored :class:`Integration` is flat and never holds a secret; forms are in :mod:`rollcall.domain.systems`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import AwareDatetime, Field, SecretStr

from rollcall.domain.destinations import Destination
from rollcall.domain.form import FieldError, Record, invalid, raise_if_any, repeated
from rollcall.domain.forms import (
    OF_PICTURES,
    AeriesFamilyField,
    AeriesFields,
    AnyForm,
    AnyUpdate,
    Authentication,
    Delivery,
    EnrollmentCodeField,
    OneRosterFields,
)
from rollcall.domain.mapping import CodeMapping, Entity
from rollcall.domain.media import LETTERS, LOGIN_TYPES
from rollcall.domain.person import PERSON_TYPES, PersonType
from rollcall.domain.systems import SYSTEMS, System
from rollcall.domain.thresholds import ThresholdOverride
from rollcall.domain.url import Addresses, UrlRefused, parse_url

_PICTURED: list[PersonType] = ["student"]


class CredentialInfo(Record):
    """What may be told of a stored secret. ``ends_with`` is None when it is too short to show any of it."""

    set: bool = True
    updated_at: AwareDatetime
    ends_with: str | None = None


class Integration(Record):
    """An integration as stored. ``source`` names the id space of the SIS's people and never changes.

    With ``pictures_only`` it owns nobody: it brings photos to people whom another integration of its source owns.
    """

    id: str
    district_id: str
    name: str
    system: System
    url: str
    mappings: dict[Entity, str]
    family_identifier: tuple[AeriesFamilyField, ...] = ()
    drop_students_not_in_file: bool = False
    member_types: tuple[PersonType, ...] = PERSON_TYPES
    destinations: tuple[Destination, ...] = ("nutrition",)
    host_id_letters: dict[PersonType, str] = Field(default_factory=lambda: dict(LETTERS))
    login_types: tuple[PersonType, ...] = LOGIN_TYPES
    returning_school: bool = False
    pictures_only: bool = False
    primary_enrollment_codes: tuple[str, ...] = ()
    alternate_enrollment_codes: tuple[str, ...] = ()
    enrollment_code_field: EnrollmentCodeField = "AttendanceProgramCodePrimary"
    use_local_id_as_pin: bool = False
    use_contact_record: bool = False
    use_change_feed: bool = False
    delivery: Delivery = "rest"
    authentication: Authentication = "oauth2"
    token_url: str = ""
    credentials: dict[str, CredentialInfo] = Field(default_factory=dict)
    threshold_override: ThresholdOverride | None = None
    source: str
    active: bool = True
    version: int = 1
    created_at: AwareDatetime
    updated_at: AwareDatetime


def secrets_of(form: AnyForm) -> dict[str, str]:
    """The secrets that a form brings, by credential key, in the clear."""
    given: Iterable[tuple[str, SecretStr | None]] = form.credentials
    return {key: secret.get_secret_value() for key, secret in given if secret is not None}


def told_of(secrets: Mapping[str, str], now: datetime) -> dict[str, CredentialInfo]:
    """What may be told of secrets that are entered now, by credential key."""
    return {key: CredentialInfo(updated_at=now, ends_with=_tail(secret)) for key, secret in secrets.items()}


def apply_form(
    integration_id: str,
    district_id: str,
    form: AnyForm,
    stored: Integration | None,
    siblings: Sequence[Integration],
    mappings: Mapping[str, CodeMapping],
    addresses: Addresses,
    now: datetime,
) -> Integration:
    """The integration that results from writing ``form`` over ``stored``. Raises :class:`Invalid`.

    ``siblings`` are the integrations of the district; ``mappings`` the form's mappings that exist, by id.
    """
    if stored and stored.system != form.system:
        raise invalid(
            "system", "cannot_change", "The system of an integration is for good; make a new one instead."
        )
    errors = _list_faults(form) + _mapping_faults(form, mappings)
    if isinstance(form, AeriesFields):
        errors += _pictures_faults(form, stored)
    origin = ""
    try:
        origin = parse_url(form.url, addresses).origin
    except UrlRefused as refused:
        errors.append(FieldError(field="url", code=refused.code, message=refused.message))
    tokens_from = ""
    if isinstance(form, OneRosterFields):
        errors += _oauth_faults(form)
        if form.token_url:
            try:
                tokens_from = parse_url(form.token_url, addresses).origin
            except UrlRefused as refused:
                errors.append(FieldError(field="token_url", code=refused.code, message=refused.message))
    if stored and origin and _leads_elsewhere(stored, origin, tokens_from):
        errors += _secrets_needed(form, stored)
    raise_if_any(errors)
    given = told_of(secrets_of(form), now)
    active = form.active if isinstance(form, AnyUpdate) else None
    fields = form.model_dump(exclude={"credentials", "active", "version"}, exclude_none=True)
    if fields.get("pictures_only"):
        fields["member_types"] = _PICTURED
    return Integration(
        **fields,
        id=integration_id,
        district_id=district_id,
        credentials={**(stored.credentials if stored else {}), **given},
        threshold_override=stored.threshold_override if stored else None,
        source=stored.source if stored else _source(form.system, origin, siblings),
        active=(stored is None or stored.active) if active is None else active,
        version=stored.version + 1 if stored else 1,
        created_at=stored.created_at if stored else now,
        updated_at=now,
    )


def _pictures_faults(form: AeriesFields, stored: Integration | None) -> list[FieldError]:
    """Pictures alone leave no choice but the building mapping."""
    if stored and stored.pictures_only != form.pictures_only:
        # Else people whom it has brought would be left behind, and nobody would end them.
        raise invalid(
            "pictures_only",
            "cannot_change",
            "An integration brings people or pictures for good; make a new one instead.",
        )
    if not form.pictures_only:
        return []
    message = "An integration of pictures only does not use this field; leave it out."
    refused = [f"mappings.{entity}" for entity, chosen in form.mappings if chosen and entity != "building"]
    refused += [name for name in type(form).model_fields if _is_chosen(form, name)]
    return [FieldError(field=field, code="not_with_pictures_only", message=message) for field in refused]


def _is_chosen(form: AeriesFields, name: str) -> bool:
    """Whether a field that pictures do not use says something."""
    if name in OF_PICTURES or name not in form.model_fields_set:
        return False
    if name == "member_types":
        return form.member_types != _PICTURED
    unsaid: object = type(form).model_fields[name].get_default(call_default_factory=True)
    said: object = getattr(form, name)
    return said != unsaid


def _list_faults(form: AnyForm) -> list[FieldError]:
    errors = repeated("family_identifier", form.family_identifier)
    errors += repeated("member_types", form.member_types) + repeated("login_types", form.login_types)
    errors += repeated("destinations", form.destinations)
    if isinstance(form, AeriesFields):
        errors += repeated("primary_enrollment_codes", form.primary_enrollment_codes)
        errors += repeated("alternate_enrollment_codes", form.alternate_enrollment_codes)
        both = sorted({*form.primary_enrollment_codes} & {*form.alternate_enrollment_codes})
        if both:
            message = "A code is either primary or alternate; remove it from one of the two lists."
            errors.append(FieldError(field="alternate_enrollment_codes", code="duplicate", message=message))
    return errors


def _mapping_faults(form: AnyForm, mappings: Mapping[str, CodeMapping]) -> list[FieldError]:
    errors = []
    chosen: Iterable[tuple[str, str | None]] = form.mappings
    for entity, mapping_id in chosen:
        if mapping_id is None:
            continue
        mapping = mappings.get(mapping_id)
        if mapping is None:
            code, message = "unknown_mapping", "The district has no such mapping; choose one of its mappings."
        elif mapping.entity != entity:
            code, message = "wrong_entity", f"This is a {mapping.entity} mapping; choose one for {entity}."
        elif not mapping.active:
            code, message = "inactive_mapping", "This mapping is inactive; activate it or choose another."
        else:
            continue
        errors.append(FieldError(field=f"mappings.{entity}", code=code, message=message))
    return errors


def _oauth_faults(form: OneRosterFields) -> list[FieldError]:
    if form.delivery == "csv":
        message = "CSV files are fetched with user name and password; leave this out."
        given = {"authentication": form.authentication != "oauth2", "token_url": bool(form.token_url)}
        return [FieldError(field=name, code="not_with_csv", message=message) for name in given if given[name]]
    if form.authentication != "oauth1":
        return []
    errors = []
    if form.url.rstrip("/").endswith("/v1p2"):
        message = "OneRoster 1.2 is read with OAuth 2 only."
        errors.append(FieldError(field="authentication", code="not_in_version", message=message))
    if form.token_url:
        message = "OAuth 1.0a has no tokens; leave the address for them out."
        errors.append(FieldError(field="token_url", code="not_with_oauth1", message=message))
    return errors


def _leads_elsewhere(stored: Integration, origin: str, tokens_from: str) -> bool:
    """Whether a stored secret would be sent to a server that it was not entered for."""
    known = {_origin(stored.url), *([_origin(stored.token_url)] if stored.token_url else [])}
    return origin != _origin(stored.url) or (tokens_from or origin) not in known


def _secrets_needed(form: AnyForm, stored: Integration) -> list[FieldError]:
    """Else whoever may edit the URL could have the stored secrets sent to a server of their own."""
    message = "The address leads to another server, so this secret must be entered again."
    return [
        FieldError(field=f"credentials.{key}", code="required_with_new_address", message=message)
        for key in stored.credentials
        if key not in secrets_of(form)
    ]


def _source(system: System, origin: str, siblings: Sequence[Integration]) -> str:
    family = SYSTEMS[system].family
    for sibling in siblings:
        if SYSTEMS[sibling.system].family == family and _origin(sibling.url) == origin:
            return sibling.source
    # A sibling that has moved away keeps the name made from this origin, and its people are others.
    taken = {sibling.source for sibling in siblings}
    seed = origin
    while True:
        source = f"{family}:{hashlib.blake2b(seed.encode(), digest_size=4).hexdigest()}"
        if source not in taken:
            return source
        seed += "+"


def _origin(url: str) -> str:
    # A stored URL has been accepted before, under whichever rule was in force.
    return parse_url(url, "loopback").origin


def _tail(secret: str) -> str | None:
    return secret[-2:] if len(secret) >= 8 else None
