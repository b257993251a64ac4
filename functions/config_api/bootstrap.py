"""The one place where the API's parts meet: adapters on AWS, from settings in the environment."""

from __future__ import annotations

from dataclasses import dataclass

from rollcall.domain.ports import Blobs, Clock, Examiner, Mailing, Queue, Vault
from rollcall.domain.url import Addresses
from rollcall.store import aws
from rollcall.store.blobs import S3Blobs
from rollcall.store.clock import SystemClock
from rollcall.store.config import ConfigStore, DynamoConfig
from rollcall.store.dynamo import Table
from rollcall.store.examiner import WAIT_SECONDS, LambdaExaminer
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
    people: DynamoPeopleSearch
    blobs: Blobs
    queue: Queue
    vault: Vault
    examiner: Examiner
    mailing: Mailing
    idempotency: DynamoIdempotency
    addresses: Addresses


def bootstrap(settings: Settings, tester_function: str, mail_topics: str) -> Parts:
    """The parts on AWS; nothing is called yet. ``tester_function`` is what tests connections, and ``mail_topics`` what
    the ARN of every district's mail topic begins with.
    """
    dynamodb = aws.client("dynamodb")
    config_table = Table(dynamodb, settings.config_table)
    clock = SystemClock()
    return Parts(
        clock=clock,
        config=DynamoConfig(config_table),
        runs=DynamoRuns(config_table, clock),
        people=DynamoPeopleSearch(Table(dynamodb, settings.people_table)),
        blobs=S3Blobs(aws.client("s3"), settings.bucket),
        queue=SqsQueue(aws.client("sqs"), settings.run_queue_url),
        vault=KmsVault(aws.client("kms"), settings.credential_key_id),
        # Tried once: somebody waits, and API Gateway does not wait for a second try.
        examiner=LambdaExaminer(aws.client("lambda", read_timeout=WAIT_SECONDS, attempts=1), tester_function),
        mailing=SnsMailing(aws.client("sns"), mail_topics),
        idempotency=DynamoIdempotency(config_table),
        addresses=settings.sis_addresses,
    )
