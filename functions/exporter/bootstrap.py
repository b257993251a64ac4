"""The one place where the exporter's parts meet: adapters on AWS, from settings in the environment."""

from __future__ import annotations

from collections.abc import Mapping

from rollcall.engine.archive import processed, received
from rollcall.exports.maker import Maker
from rollcall.store import aws
from rollcall.store.blobs import S3Blobs
from rollcall.store.clock import SystemClock
from rollcall.store.dynamo import Table
from rollcall.store.people_order import DynamoEverybody


def bootstrap(env: Mapping[str, str]) -> Maker:
    """The maker on AWS; nothing is called yet. Raises ``KeyError`` for a setting that is missing."""
    return Maker(
        everybody=DynamoEverybody(Table(aws.client("dynamodb"), env["PEOPLE_TABLE"])),
        blobs=S3Blobs(aws.client("s3"), env["BUCKET"]),
        clock=SystemClock(),
        archives={"run_received": received, "run_processed": processed},
    )
