"""The stack's tables, bucket, queue and key on moto, shaped by the template itself."""

from dataclasses import dataclass
from pathlib import Path

import boto3
import yaml

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"


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
        }


def make_stack() -> Stack:
    resources = yaml.load((ROOT / "template.yaml").read_text(), _Loader)["Resources"]
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    for name in ("ConfigTable", "PeopleTable"):
        properties = resources[name]["Properties"]
        keep = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        dynamodb.create_table(TableName=name, **{key: properties[key] for key in keep})
    boto3.client("s3", region_name=REGION).create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    queue = boto3.client("sqs", region_name=REGION).create_queue(
        QueueName="runs.fifo", Attributes={"FifoQueue": "true"}
    )
    key = boto3.client("kms", region_name=REGION).create_key()
    return Stack("ConfigTable", "PeopleTable", "bucket", queue["QueueUrl"], key["KeyMetadata"]["KeyId"])
