"""The one place where the engine meets AWS and the network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from rollcall.connectors.base import Connector
from rollcall.connectors.registry import connect
from rollcall.connectors.transport import AHEAD, Transport
from rollcall.connectors.wire import HttpSender
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import Lookup
from rollcall.domain.ports import Clock, Queue
from rollcall.domain.url import Addresses
from rollcall.engine.engine import Engine
from rollcall.store.aws import client
from rollcall.store.blobs import S3Blobs
from rollcall.store.clock import SystemClock
from rollcall.store.config import DynamoConfig
from rollcall.store.dynamo import Table
from rollcall.store.people import DynamoPeople
from rollcall.store.queue import SqsQueue
from rollcall.store.runs import DynamoRuns
from rollcall.store.vault import KmsVault, VaultSecrets


@dataclass(frozen=True)
class Settings:
    """What the template tells this function."""

    config_table: str
    people_table: str
    bucket: str
    run_queue_url: str
    credential_key_id: str
    sis_addresses: Addresses

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Raises ``KeyError`` or ``ValueError`` naming the variable."""
        addresses = env["SIS_ADDRESSES"]
        if addresses not in get_args(Addresses):
            raise ValueError("SIS_ADDRESSES")
        return cls(
            config_table=env["CONFIG_TABLE"],
            people_table=env["PEOPLE_TABLE"],
            bucket=env["BUCKET"],
            run_queue_url=env["RUN_QUEUE_URL"],
            credential_key_id=env["CREDENTIAL_KEY_ID"],
            sis_addresses=cast("Addresses", addresses),
        )


@dataclass(frozen=True)
class Runner:
    """What the handler works with."""

    engine: Engine
    queue: Queue


def bootstrap(env: Mapping[str, str] = os.environ, clock: Clock | None = None) -> Runner:
    """Build everything from the environment; called once per process, at the first message."""
    settings = Settings.from_env(env)
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
