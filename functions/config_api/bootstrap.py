"""The one place where the API's parts meet: adapters on AWS, from settings in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rollcall.domain.ports import Blobs, Clock, Examiner, Exporter, Mailing, Queue, Vault
from rollcall.domain.url import Addresses
from rollcall.store import aws
from rollcall.store.audit import AuditLog, DynamoAudit
from rollcall.store.blobs import S3Blobs
from rollcall.store.clock import SystemClock
from rollcall.store.config import ConfigStore, DynamoConfig
from rollcall.store.dynamo import Table
from rollcall.store.examiner import WAIT_SECONDS, LambdaExaminer
from rollcall.store.exporter import LambdaExporter
from rollcall.store.idempotency import DynamoIdempotency
from rollcall.store.mailing import SnsMailing
from rollcall.store.people_search import DynamoPeopleSearch
from rollcall.store.queue import SqsQueue
from rollcall.store.runs import DynamoRuns, RunLog
from rollcall.store.settings import Settings
from rollcall.store.vault import KmsVault


@dataclass(frozen=True)
class Parts:
    """Everything the routes need from outside."""

    clock: Clock
    config: ConfigStore
    runs: RunLog
    audit: AuditLog
    people: DynamoPeopleSearch
    blobs: Blobs
    queue: Queue
    vault: Vault
    examiner: Examiner
    exporter: Exporter
    mailing: Mailing
    idempotency: DynamoIdempotency
    addresses: Addresses
    api_url: str
    run_files_days: int


def bootstrap(settings: Settings, env: Mapping[str, str]) -> Parts:
    """The parts on AWS; nothing is called yet. ``env`` also names the two functions that the API asks, where the
    internet finds the API itself, what the ARN of every district's mail topic begins with, and how long the files of
    runs are kept.
    """
    dynamodb = aws.client("dynamodb")
    config_table = Table(dynamodb, settings.config_table)
    clock = SystemClock()
    return Parts(
        clock=clock,
        config=DynamoConfig(config_table),
        runs=DynamoRuns(config_table, clock),
        audit=DynamoAudit(config_table),
        people=DynamoPeopleSearch(Table(dynamodb, settings.people_table)),
        blobs=S3Blobs(aws.client("s3"), settings.bucket),
        queue=SqsQueue(aws.client("sqs"), settings.run_queue_url),
        vault=KmsVault(aws.client("kms"), settings.credential_key_id),
        # Tried once: somebody waits, and API Gateway does not wait for a second try.
        examiner=LambdaExaminer(
            aws.client("lambda", read_timeout=WAIT_SECONDS, attempts=1), env["TESTER_FUNCTION"]
        ),
        exporter=LambdaExporter(aws.client("lambda"), env["EXPORTER_FUNCTION"]),
        mailing=SnsMailing(aws.client("sns"), env["MAIL_TOPICS"]),
        idempotency=DynamoIdempotency(config_table),
        addresses=settings.sis_addresses,
        api_url=env["API_URL"],
        run_files_days=int(env["RUN_FILES_DAYS"]),
    )
