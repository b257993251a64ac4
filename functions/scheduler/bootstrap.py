"""The one place where the scheduler's parts meet: adapters on AWS, from settings in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollcall.domain.ports import Clock, Events, Mailing, Outbox, Queue
from rollcall.store import aws
from rollcall.store.clock import SystemClock
from rollcall.store.config import ConfigStore, DynamoConfig
from rollcall.store.dynamo import Table
from rollcall.store.events import BusEvents
from rollcall.store.mailing import SnsMailing
from rollcall.store.outbox import DynamoOutbox
from rollcall.store.queue import SqsQueue
from rollcall.store.runs import DynamoRuns, RunLog


@dataclass(frozen=True)
class Settings:
    """What the template sets."""

    config_table: str
    run_queue_url: str
    event_bus: str
    mail_topics: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Raises ``KeyError`` for a setting that is missing."""
        return cls(
            config_table=env["CONFIG_TABLE"],
            run_queue_url=env["RUN_QUEUE_URL"],
            event_bus=env["EVENT_BUS"],
            mail_topics=env["MAIL_TOPICS"],
        )


@dataclass(frozen=True)
class Parts:
    """Everything a tick needs from outside."""

    clock: Clock
    config: ConfigStore
    runs: RunLog
    queue: Queue
    outbox: Outbox
    events: Events
    mailing: Mailing


def bootstrap(settings: Settings) -> Parts:
    """The parts on AWS; nothing is called yet."""
    table = Table(aws.client("dynamodb"), settings.config_table)
    clock = SystemClock()
    return Parts(
        clock=clock,
        config=DynamoConfig(table),
        runs=DynamoRuns(table, clock),
        queue=SqsQueue(aws.client("sqs"), settings.run_queue_url),
        outbox=DynamoOutbox(table),
        events=BusEvents(aws.client("events"), settings.event_bus),
        mailing=SnsMailing(aws.client("sns"), settings.mail_topics),
    )
