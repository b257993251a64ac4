"""The one place where the engine meets AWS and the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollcall.connectors.base import Connector
from rollcall.connectors.registry import connect
from rollcall.connectors.transport import AHEAD, Transport
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


@dataclass(frozen=True)
class Runner:
    """What the handler works with."""

    engine: Engine
    queue: Queue


def bootstrap(settings: Settings, clock: Clock | None = None) -> Runner:
    """The engine on AWS and the network; nothing is called yet."""
    table = Table(client("dynamodb"), settings.config_table)
    config = DynamoConfig(table)
    queue = SqsQueue(client("sqs"), settings.run_queue_url)
    clock = clock or SystemClock()

    def connect_over_network(
        integration: Integration,
        school_year: str,
        lookups: Mapping[str, Lookup],
        credentials: Mapping[str, str],
    ) -> Connector:
        transport = Transport(HttpSender(settings.sis_addresses, connections=AHEAD))
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
    )
    return Runner(engine, queue)
