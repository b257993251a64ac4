"""The configuration a run works with: taken once, when it starts, so that an edit half-way never mixes two settings."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from rollcall.domain.district import District
from rollcall.domain.errors import Closed, NeedsAttention
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping, Lookup
from rollcall.domain.ports import Blobs, Settings
from rollcall.domain.protection import Protection
from rollcall.domain.reconciliation import Accounts
from rollcall.domain.run import Run
from rollcall.domain.twins import Twin
from rollcall.engine.accounts import take_accounts
from rollcall.engine.blobs import RunFolder, pack, unpack
from rollcall.engine.job import Job

_FORMAT = "3"
"""Rises when the engine itself would make something else of the same records."""

_SHAPING = (
    "family_identifier",
    "member_types",
    "primary_enrollment_codes",
    "alternate_enrollment_codes",
    "enrollment_code_field",
    "use_local_id_as_pin",
    "use_contact_record",
    "source",
    "destinations",
    "host_id_letters",
    "login_types",
    "url",
)


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """District, integration, mappings, decisions and protections as they were when the run started. No secrets."""

    district: District
    integration: Integration
    mappings: dict[str, CodeMapping]
    twins: list[Twin]
    accounts: Accounts
    protections: list[Protection]

    @classmethod
    def take(cls, settings: Settings, blobs: Blobs, run: Run) -> Frozen:
        """Read the configuration as it is now.

        Raises ``NotFound``, ``NeedsAttention`` for an integration that must not run, ``Closed`` in a blackout.
        """
        integration = settings.integration(run.district_id, run.integration_id)
        if not integration.active:
            raise NeedsAttention(
                "integration_inactive", "The integration is inactive. Activate it to run it."
            )
        district = settings.district(run.district_id)
        refuse_closed(district, run)
        by_id = settings.mappings(run.district_id, integration.mappings.values())
        return cls(
            district=district,
            integration=integration,
            mappings={entity: by_id[mapping_id] for entity, mapping_id in integration.mappings.items()},
            twins=settings.twins(run.district_id),
            accounts=take_accounts(settings, blobs, integration, run),
            protections=settings.protections(run.district_id),
        )

    @classmethod
    def load(cls, blobs: Blobs, run: Run) -> Frozen:
        """What an earlier slice took."""
        kept = unpack(blobs.get(RunFolder(run).settings()), _Kept)
        return cls(
            district=District.model_validate_json(kept.district),
            integration=Integration.model_validate_json(kept.integration),
            mappings={
                entity: CodeMapping.model_validate_json(text) for entity, text in kept.mappings.items()
            },
            twins=[Twin.model_validate_json(text) for text in kept.twins],
            accounts=kept.accounts,
            protections=[Protection.model_validate_json(text) for text in kept.protections],
        )

    def save(self, blobs: Blobs, run: Run) -> None:
        """Keep it for later slices, and for whoever asks which mapping a run used."""
        kept = _Kept(
            district=self.district.model_dump_json(),
            integration=self.integration.model_dump_json(),
            mappings={entity: mapping.model_dump_json() for entity, mapping in self.mappings.items()},
            twins=[twin.model_dump_json() for twin in self.twins],
            accounts=self.accounts,
            protections=[protection.model_dump_json() for protection in self.protections],
        )
        blobs.put(RunFolder(run).settings(), pack(kept))

    def lookups(self) -> dict[str, Lookup]:
        """The mappings, ready to look up, by entity."""
        return {entity: Lookup(mapping) for entity, mapping in self.mappings.items()}

    def refuse_moved(self, current: Integration) -> None:
        """Raise when the address was changed since: its new secrets must not be sent to the old server."""
        if urlsplit(current.url)[:2] != urlsplit(self.integration.url)[:2]:
            raise NeedsAttention(
                "configuration_changed", "The integration's address was changed while the run was reading."
            )


def refuse_closed(district: District, run: Run) -> None:
    """Raise ``Closed`` for a run that starts in a blackout, unless an administrator wants it all the same."""
    blackout = district.blackout_at(run.started_at) if run.started_at else None
    if blackout and blackout.kind == "no_runs" and not run.override:
        raise Closed


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """The same as it lies in the bucket. Runs of before there were protections have none."""

    district: str
    integration: str
    mappings: dict[str, str]
    twins: list[str]
    accounts: Accounts
    protections: list[str] = []


def settings_digest(job: Job) -> str:
    """Hex digest of everything besides the records that decides what they map to."""
    return digest(job, job.integration, job.lookups, job.survey.reference)


def digest(
    job: Job, integration: Integration, lookups: Mapping[str, Lookup], reference: dict[str, Any]
) -> str:
    """The same for other settings than the run's own."""
    facts = [
        _FORMAT,
        job.connector.version,
        job.school_year,
        [str(getattr(integration, name)) for name in _SHAPING],
        sorted((entity, lookup.version) for entity, lookup in lookups.items()),
        reference,
        job.accounts.digest,
    ]
    return hashlib.blake2b(msgspec.json.encode(facts, order="sorted"), digest_size=16).hexdigest()
