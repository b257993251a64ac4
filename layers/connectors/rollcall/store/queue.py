# ruff: noqa: D102 - the port says what each method does
"""The run queue in SQS."""

from __future__ import annotations

from typing import Any

import msgspec

from rollcall.domain.run import RunMessage
from rollcall.store.aws import translated


class SqsQueue:
    """The ``Queue`` port over one FIFO queue."""

    def __init__(self, client: Any, url: str) -> None:  # noqa: ANN401
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
