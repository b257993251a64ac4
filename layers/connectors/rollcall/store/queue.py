"""The run queue in SQS."""

from __future__ import annotations

from typing import Any

import msgspec

from rollcall.domain.run import RunMessage
from rollcall.store.aws import translated


class SqsQueue:
    """The ``Queue`` port over one FIFO queue."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: RunMessage, dedup: str) -> None:
        # Runs of one integration wait for each other; those of others do not.
        with translated("run queue"):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=msgspec.json.encode(message).decode(),
                MessageGroupId=message.integration_id,
                MessageDeduplicationId=dedup,
            )

    def postpone(self, receipt: str, seconds: int) -> None:
        with translated("run queue"):
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds
            )
