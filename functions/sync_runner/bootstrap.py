"""The one place where the engine meets AWS and the network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rollcall.connectors.base import Connector
from rollcall.connectors.gate import Gates
from rollcall.connectors.limits import Limited
from rollcall.connectors.registry import connect
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import HttpSender
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import Lookup
from rollcall.domain.ports import Clock, Queue
from rollcall.engine.engine import Engine
from rollcall.store.aws import client
from rollcall.store.blobs import S3Blobs
from rollcall.store.clock import SystemClock
from rollcall.store.config import DynamoConfig
from rollcall.store.dynamo import Table
from rollcall.store.people import DynamoPeople
from rollcall.store.queue import SqsQueue
from rollcall.store.runs import DynamoRuns
from rollcall.store.settings import Settings
from rollcall.store.vault import KmsVault, VaultSecrets

PARTS_AHEAD = 3
"""Schools, say, that are begun before their turn, so that many small lists use what a SIS gives at once."""
GO_ON_SECONDS = 15.0
"""What it takes at most to put down where a slice stands and to send for the next."""


@dataclass
class Shift:
    """The delivery in hand, of which a process has one at a time, and until when it must be done."""

    deadline: datetime | None = None

    def seconds(self, now: datetime) -> float:
        """How long a SIS may still be asked."""
        if self.deadline is None:
            return math.inf
        return (self.deadline - now).total_seconds() - GO_ON_SECONDS


@dataclass(frozen=True)
class Runner:
    """What the handler works with."""

    engine: Engine
    queue: Queue
    shift: Shift = field(default_factory=Shift)


def bootstrap(settings: Settings, clock: Clock | None = None) -> Runner:
    """The engine on AWS and the network; nothing is called yet."""
    table = Table(client("dynamodb"), settings.config_table)
    config = DynamoConfig(table)
    queue = SqsQueue(client("sqs"), settings.run_queue_url)
    clock = clock or SystemClock()
    shift = Shift()
    # What is known of a host's pace holds from slice to slice, and for every integration that asks the same host.
    gates = Gates(settings.sis_connections)

    def connect_over_network(
        integration: Integration,
        school_year: str,
        lookups: Mapping[str, Lookup],
        credentials: Mapping[str, str],
    ) -> Connector:
        sender = HttpSender(settings.sis_addresses, connections=settings.sis_connections)
        limited = Limited(sender, shift.seconds(clock.now()))
        transport = Transport(limited, gates=gates, sleep=limited.sleep)
        return connect(integration, school_year, lookups, credentials, transport)

    engine = Engine(
        settings=config,
        secrets=VaultSecrets(config, KmsVault(client("kms"), settings.credential_key_id)),
        runs=DynamoRuns(table, clock),
        people=DynamoPeople(Table(client("dynamodb"), settings.people_table)),
        blobs=S3Blobs(client("s3"), settings.bucket),
        queue=queue,
        clock=clock,
        connect=connect_over_network,
        parts_ahead=PARTS_AHEAD,
    )
    return Runner(engine, queue, shift)
