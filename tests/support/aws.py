"""The stack's tables, bucket, queue and key on moto, shaped by the template itself."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"
API_URL = "https://api.example.org"


class _Loader(yaml.SafeLoader):
    """CloudFormation's short forms do not matter here."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


@dataclass(frozen=True)
class Stack:
    config_table: str
    people_table: str
    bucket: str
    queue_url: str
    key_id: str

    def environment(self) -> dict[str, str]:
        return {
            "CONFIG_TABLE": self.config_table,
            "PEOPLE_TABLE": self.people_table,
            "BUCKET": self.bucket,
            "RUN_QUEUE_URL": self.queue_url,
            "CREDENTIAL_KEY_ID": self.key_id,
            "SIS_ADDRESSES": "public",
            "TESTER_FUNCTION": "connection-tester",
            "EXPORTER_FUNCTION": "exporter",
            "RUN_FILES_DAYS": "90",
            "API_URL": API_URL,
            "EVENT_BUS": "events",
            "MAIL_TOPICS": f"arn:aws:sns:{REGION}:123456789012:rollcall-district-",
        }


STACK = Stack(
    config_table="ConfigTable",
    people_table="PeopleTable",
    bucket="bucket",
    queue_url=f"https://sqs.{REGION}.amazonaws.com/123456789012/runs.fifo",
    key_id="alias/credentials",
)


@cache
def _resources() -> dict[str, Any]:
    return yaml.load((ROOT / "template.yaml").read_text(), _Loader)["Resources"]


@cache
def client(service: str) -> Any:
    """A boto3 client; made once, because that takes longer than most tests. Use it while moto is on."""
    return boto3.client(service)


def make_stack() -> Stack:
    """Make the stack, which has the same names every time. Call it while moto is on."""
    for name in (STACK.config_table, STACK.people_table):
        properties = _resources()[name]["Properties"]
        keep = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        client("dynamodb").create_table(TableName=name, **{key: properties[key] for key in keep})
    client("s3").create_bucket(Bucket=STACK.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    queue = client("sqs").create_queue(QueueName="runs.fifo", Attributes={"FifoQueue": "true"})
    assert queue["QueueUrl"] == STACK.queue_url
    client("events").create_event_bus(Name="events")
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    client("kms").create_alias(AliasName=STACK.key_id, TargetKeyId=key)
    return STACK
