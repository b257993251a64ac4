"""Onboarding a school on PowerSchool: from portal link and organization ID to the credentials of its own plugin.

The record holds what somebody wrote and what has happened; how far the school is, :mod:`rollcall.domain.checklist`
works out. The one-time secret that goes out in the plugin is kept as a salted hash only, so every plugin that is handed
out for registration has a new one, and the one before stops working.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from rollcall.domain.errors import Conflict
from rollcall.domain.form import FieldError, Form, Name, Record, raise_if_any, repeated, written
from rollcall.domain.forms import PowerSchoolCredentials
from rollcall.domain.integration import CredentialInfo, Integration, told_of
from rollcall.domain.person import PersonType
from rollcall.domain.url import MAX_LENGTH, Addresses, UrlRefused, parse_url

OnboardedSystem = Literal["powerschool", "powerschool_query"]
RegisteredBy = Literal["plugin", "hand"]
OrganizationId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=40),
    *written("[A-Za-z0-9][A-Za-z0-9 ._:/-]*", "Use letters, digits, spaces and . _ : / - only."),
]

_PRODUCT = "Rollcall"
_NAME_LENGTH = 40
_PAGES = re.compile(r"/(?:admin|guardian|public|subs|teachers)(?:/.*)?$", re.IGNORECASE)


class OnboardingForm(Form):
    """A school as it comes to us."""

    name: Name = Field(description="The school's name, as its plugin will show it")
    portal_url: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)] = Field(
        description="The school's portal link in PowerSchool"
    )
    organization_id: OrganizationId = Field(description="The school's organization ID in PowerSchool")
    system: OnboardedSystem = "powerschool_query"
    member_types: Annotated[list[PersonType], Field(min_length=1, max_length=3)] = Field(
        description="Who will be read; the plugin asks for access to nobody else"
    )


class SecretHash(Record):
    """A one-time secret, by salt and hash."""

    salt: str
    digest: str

    def matches(self, secret: str) -> bool:
        """Whether this is the secret; takes as long whatever is wrong with it."""
        return hmac.compare_digest(self.digest, _digest(self.salt, secret))


class SchoolPlugin(Record):
    """The plugin that was handed out last. ``reads`` names the streams whose queries it brings; ``mark`` moves with
    its contents, and ``number`` with ``mark``.
    """

    name: str
    number: int
    mark: str
    reads: tuple[str, ...]
    downloaded_at: AwareDatetime


class Onboarding(Record):
    """A school that is being onboarded, as stored.

    ``integration_id`` is reserved from the beginning, because credentials are sealed for one integration.
    ``registration_open``: the next plugin may bring credentials by itself, once.
    """

    id: str
    district_id: str
    name: str
    portal_url: str
    organization_id: str
    system: OnboardedSystem
    member_types: tuple[PersonType, ...]
    integration_id: str
    plugin: SchoolPlugin | None = None
    secret: SecretHash | None = None
    registration_open: bool = True
    credentials: dict[str, CredentialInfo] = Field(default_factory=dict)
    registered_at: AwareDatetime | None = None
    registered_by: RegisteredBy | None = None
    reviewed_at: AwareDatetime | None = None
    reviewed_by: str | None = None
    reviewed_run: str | None = None
    version: int = 1
    created_at: AwareDatetime
    updated_at: AwareDatetime

    @property
    def server_url(self) -> str:
        """The server behind the portal link, which may lead to one of PowerSchool's own pages."""
        return _PAGES.sub("", self.portal_url.rstrip("/"))


def new_secret() -> tuple[str, SecretHash]:
    """A one-time secret in the clear, and what is stored of it."""
    secret, salt = secrets.token_urlsafe(32), secrets.token_hex(16)
    return secret, SecretHash(salt=salt, digest=_digest(salt, secret))


def begin(
    onboarding_id: str,
    integration_id: str,
    district_id: str,
    form: OnboardingForm,
    addresses: Addresses,
    now: datetime,
) -> Onboarding:
    """A new onboarding. Raises :class:`Invalid`."""
    raise_if_any(_faults(form, addresses))
    return Onboarding(
        id=onboarding_id,
        district_id=district_id,
        integration_id=integration_id,
        created_at=now,
        updated_at=now,
        **form.model_dump(),
    )


def amend(
    stored: Onboarding,
    form: OnboardingForm,
    integration: Integration | None,
    addresses: Addresses,
    now: datetime,
) -> Onboarding:
    """``stored`` with what ``form`` says. Raises :class:`Invalid`."""
    errors = _faults(form, addresses)
    if form.system != stored.system:
        message = "The system of an onboarding is for good; begin a new one instead."
        errors.append(FieldError(field="system", code="cannot_change", message=message))
    if integration is not None:
        message = "The integration has been made; change it there."
        errors += [
            FieldError(field=name, code="cannot_change", message=message)
            for name, moved in (
                ("portal_url", form.portal_url != stored.portal_url),
                ("member_types", tuple(form.member_types) != stored.member_types),
            )
            if moved
        ]
    elif stored.credentials and not errors and _origin(form.portal_url) != _origin(stored.portal_url):
        # Else whoever may edit the link could have the stored secrets sent to a server of their own.
        message = "The credentials received belong to this server; begin a new onboarding for another one."
        errors.append(FieldError(field="portal_url", code="cannot_change", message=message))
    raise_if_any(errors)
    return _moved(stored, now, **{**form.model_dump(), "member_types": tuple(form.member_types)})


def plugin_name(school: str, taken: Collection[str]) -> str:
    """A name for a school's plugin that PowerSchool takes, and that no other school of the district has."""
    # XML cannot hold every character that a name may.
    shown = " ".join("".join(char for char in school if char.isprintable()).split())
    number, tail = 1, ""
    while True:
        name = f"{_PRODUCT} {shown}"[: _NAME_LENGTH - len(tail)].rstrip() + tail
        if name not in taken:
            return name
        number += 1
        tail = f" {number}"


def hand_out(
    stored: Onboarding, name: str, mark: str, reads: Iterable[str], secret: SecretHash | None, now: datetime
) -> Onboarding:
    """``stored`` once its plugin has been made; a new ``secret`` replaces the one before."""
    before = stored.plugin
    number = 1 if before is None else before.number + (before.mark != mark)
    plugin = SchoolPlugin(name=name, number=number, mark=mark, reads=tuple(reads), downloaded_at=now)
    return _moved(stored, now, plugin=plugin, secret=secret or stored.secret)


def receive(
    stored: Onboarding, given: PowerSchoolCredentials, by: RegisteredBy, now: datetime
) -> tuple[Onboarding, dict[str, str]]:
    """``stored`` with the credentials of its plugin, and these in the clear. Raises ``Conflict`` for a plugin that
    registers a second time.

    Credentials that are entered by hand close the registration too: what is open needlessly can be misused.
    """
    if by == "plugin" and not stored.registration_open:
        raise Conflict(
            "already_registered",
            "This plugin has registered already; have the registration opened again to repeat it.",
        )
    clear = {key: value.get_secret_value() for key, value in given}
    moved = _moved(
        stored,
        now,
        credentials=told_of(clear, now),
        registered_at=now,
        registered_by=by,
        registration_open=False,
    )
    return moved, clear


def reopen(stored: Onboarding, now: datetime) -> Onboarding:
    """``stored`` with its registration open again, for the next plugin that is handed out."""
    return _moved(stored, now, registration_open=True, secret=None)


def review(stored: Onboarding, run_id: str, user: str, now: datetime) -> Onboarding:
    """``stored`` once ``user`` has looked at what a run imported."""
    return _moved(stored, now, reviewed_at=now, reviewed_by=user, reviewed_run=run_id)


def _moved(stored: Onboarding, now: datetime, **changes: object) -> Onboarding:
    return stored.model_copy(update={**changes, "version": stored.version + 1, "updated_at": now})


def _faults(form: OnboardingForm, addresses: Addresses) -> list[FieldError]:
    errors = repeated("member_types", form.member_types)
    try:
        parse_url(form.portal_url, addresses)
    except UrlRefused as refused:
        errors.append(FieldError(field="portal_url", code=refused.code, message=refused.message))
    return errors


def _origin(url: str) -> str:
    # Accepted before, under whichever rule was in force.
    return parse_url(url, "loopback").origin


def _digest(salt: str, secret: str) -> str:
    # The secret is long and random, so a slow hash would protect nothing more.
    return hashlib.blake2b(secret.encode(), key=bytes.fromhex(salt), digest_size=32).hexdigest()
