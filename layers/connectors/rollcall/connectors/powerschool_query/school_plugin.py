"""The plugin that is made for one school: its name, its number, and access to its chosen member types only."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from rollcall.connectors.powerschool_query.plugin import Registration, build_plugin, version
from rollcall.connectors.powerschool_query.queries import SCHOOLS, STREAMS, streams_of
from rollcall.domain.integration import Integration
from rollcall.domain.onboarding import Onboarding


def streams_needed(school: Onboarding, integration: Integration | None) -> tuple[str, ...]:
    """The streams that a school's plugin must let us read: what its integration asks for, once there is one.

    PowerSchool's REST API serves every plugin that has an OAuth client, so for it there are none.
    """
    if school.system == "powerschool":
        return ()
    if integration is not None:
        return streams_of(integration.member_types, integration.family_identifier)
    return streams_of(school.member_types, ())


def mark_of(
    school: Onboarding, name: str, streams: Collection[str], registration: Registration | None
) -> str:
    """Moves when the plugin's contents do, whatever its number."""
    package = _build(school, name, version(), streams, registration)
    return hashlib.blake2b(package, digest_size=8).hexdigest()


def build_school_plugin(school: Onboarding, registration: Registration | None) -> bytes:
    """The package of the plugin that ``school`` was handed out last.

    Its version ends in the plugin's number: PowerSchool takes an update only under a higher version.
    """
    made = school.plugin
    if made is None:
        raise ValueError("no plugin has been handed out")
    return _build(school, made.name, f"{version()}.{made.number}", made.reads, registration)


def _build(
    school: Onboarding, name: str, number: str, streams: Collection[str], registration: Registration | None
) -> bytes:
    queries = (SCHOOLS, *(query for stream, query in STREAMS.items() if stream in streams)) if streams else ()
    whose = f"{school.name} (organization {school.organization_id})"
    return build_plugin(
        name,
        number,
        # The longest name, organization and list of types fit.
        description=f"Lets Rollcall read {_read(school, streams)} of {_printable(whose)}. It writes nothing.",
        queries=queries,
        registration=registration,
    )


def _read(school: Onboarding, streams: Collection[str]) -> str:
    if school.system == "powerschool":
        return "the people"
    kinds = {"students": "students", "contacts": "contacts", "staff": "staff"}
    return "schools, " + ", ".join(word for stream, word in kinds.items() if stream in streams)


def _printable(text: str) -> str:
    # XML cannot hold every character that a name may.
    return "".join(char for char in text if char.isprintable())
