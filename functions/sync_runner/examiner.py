"""The connection test: one function call, one look at a SIS. It stores nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast, get_args

import msgspec
from aws_lambda_powertools import Logger

from rollcall.connectors.limits import Limited
from rollcall.connectors.registry import connect, inspector
from rollcall.connectors.transport import AHEAD, Transport
from rollcall.connectors.wire import HttpSender, Sender
from rollcall.domain.errors import NeedsAttention, StoreError, StoreThrottled
from rollcall.domain.inspection import Findings, Inquiry, Recorder
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import Entity, Lookup
from rollcall.domain.ports import Clock, Settings, Vault
from rollcall.domain.url import Addresses
from rollcall.engine.inspection import inspect, refused
from rollcall.store.aws import client
from rollcall.store.clock import SystemClock
from rollcall.store.config import DynamoConfig
from rollcall.store.dynamo import Table
from rollcall.store.examiner import unpack
from rollcall.store.logs import structured_logger, where
from rollcall.store.vault import KmsVault

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

SECONDS = 22.0
"""For all calls together: the API must answer within half a minute."""
MARGIN_SECONDS = 4.0
"""What mapping the sample and sending the answer take at most."""
CALL_SECONDS = 12.0


@dataclass(frozen=True)
class SisExaminer:
    """The ``Examiner`` port where the work is done. ``sender`` makes the way to a SIS."""

    settings: Settings
    vault: Vault
    clock: Clock
    sender: Callable[[], Sender]

    def examine(self, inquiry: Inquiry, seconds: float = SECONDS) -> Findings:
        """Ask the SIS for at most ``seconds``."""
        integration = inquiry.integration
        try:
            credentials = self._open(integration, inquiry.sealed)
            chosen = self._lookups(integration)
            recorders = {entity: Recorder(chosen.get(entity)) for entity in _recorded(chosen)}
            limited = Limited(self.sender(), seconds)
            transport = Transport(
                limited, answer_seconds=CALL_SECONDS, patience=CALL_SECONDS, sleep=limited.sleep
            )
            lookups: dict[str, Lookup] = dict(recorders.items())
            connector = connect(integration, inquiry.school_year, lookups, credentials, transport)
        except NeedsAttention as error:
            return refused(error)
        return inspect(
            connector,
            inspector(connector),
            recorders,
            chosen,
            self.clock.now().date(),
            encrypted=integration.url.lower().startswith("https:"),
        )

    def _lookups(self, integration: Integration) -> dict[Entity, Lookup]:
        by_id = self.settings.mappings(integration.district_id, integration.mappings.values())
        return {entity: Lookup(by_id[mapping_id]) for entity, mapping_id in integration.mappings.items()}

    def _open(self, integration: Integration, sealed: Mapping[str, str]) -> dict[str, str]:
        try:
            return {
                key: self.vault.open(integration.district_id, integration.id, value)
                for key, value in sealed.items()
            }
        except StoreThrottled:
            raise
        except StoreError as error:
            raise NeedsAttention(
                "credentials_unreadable", "The stored credentials cannot be opened. Enter them again."
            ) from error


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """An inquiry in, findings out. Raises ``ExaminationFailed``, of which nothing but its name reaches a log."""
    seconds = min(SECONDS, context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS)
    try:
        return msgspec.to_builtins(_examiner().examine(unpack(event), seconds))
    except Exception as error:  # noqa: BLE001 - Lambda logs what is raised, and its text could hold a person's data
        _logger().error("test failed", extra={"error_type": type(error).__name__, "at": where(error)})
        raise ExaminationFailed from None


class ExaminationFailed(Exception):
    """The test itself failed; what a SIS does wrong is a finding."""


@cache
def _logger() -> Logger:
    return structured_logger("connection_tester")


@cache
def _examiner() -> SisExaminer:
    return bootstrap(os.environ)


def bootstrap(env: Mapping[str, str]) -> SisExaminer:
    """The examiner on AWS and the network; nothing is called yet. Raises as ``Settings.from_env`` does."""
    if env["SIS_ADDRESSES"] not in get_args(Addresses):
        raise ValueError(f"SIS_ADDRESSES must be one of {', '.join(get_args(Addresses))}")
    addresses = cast("Addresses", env["SIS_ADDRESSES"])
    return SisExaminer(
        settings=DynamoConfig(Table(client("dynamodb"), env["CONFIG_TABLE"])),
        vault=KmsVault(client("kms"), env["CREDENTIAL_KEY_ID"]),
        clock=SystemClock(),
        sender=lambda: HttpSender(addresses, connections=AHEAD),
    )


def _recorded(chosen: Mapping[Entity, Lookup]) -> tuple[Entity, ...]:
    """Without a mapping for allergies they are text that nobody looks up."""
    return tuple(entity for entity in get_args(Entity) if entity != "allergy" or entity in chosen)
