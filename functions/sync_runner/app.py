"""The handler: parse, advance the run, decide what happens to the message."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from aws_lambda_powertools import Logger

from rollcall.domain.errors import NotFound, StoreError, place
from rollcall.domain.run import RunMessage
from rollcall.engine.engine import Busy
from rollcall.store.logs import structured_logger, where
from rollcall.store.settings import Settings
from sync_runner.bootstrap import Runner, bootstrap

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_decoder = msgspec.json.Decoder(RunMessage)

CRASHES = 3
"""Deliveries of one message that may die of an unforeseen error before its run is given up."""

RETRY_SECONDS = 20
"""After our own stores failed, or an unforeseen error: soon, and before anybody looks."""


@cache
def _runner() -> Runner:
    return bootstrap(Settings.from_env(os.environ))


@cache
def _logger() -> Logger:
    return structured_logger("sync_runner")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """SQS event in, the messages that must come again out (``batchItemFailures``)."""
    failed = [record["messageId"] for record in event["Records"] if not deliver(_runner(), record, context)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def deliver(runner: Runner, record: dict[str, Any], context: LambdaContext) -> bool:
    """Handle one message; False when it must come again."""
    logger = _logger()
    logger.clear_state()
    try:
        message = _decoder.decode(record["body"])
    except msgspec.MsgspecError as error:
        # nobody can mend a message: hurry it to the dead-letter queue, out of the way of its group
        logger.error(
            "message refused", extra={"reason": f"unfit at {place(error)}", "message_id": record["messageId"]}
        )
        runner.queue.postpone(record["receiptHandle"], 0)
        return False
    logger.append_keys(
        district_id=message.district_id,
        integration_id=message.integration_id,
        run_id=message.run_id,
        slice=message.slice,
    )
    deadline = runner.engine.clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis())
    runner.shift.deadline = deadline
    asked = (message, record["messageId"], _sent_at(record), context.aws_request_id, deadline)
    try:
        outcome = runner.engine.handle(*asked)
    except NotFound as error:
        logger.error("message refused", extra={"reason": error.message, "message_id": record["messageId"]})
        runner.queue.postpone(record["receiptHandle"], 0)
        return False
    except StoreError as error:
        logger.warning("store failed", extra={"code": error.code})
        runner.queue.postpone(record["receiptHandle"], RETRY_SECONDS)
        return False
    except Exception as error:  # noqa: BLE001 - the last resort; its text could hold a person's data, its type cannot
        logger.error("unforeseen error", extra={"error_type": type(error).__name__, "at": where(error)})
        if int(record["attributes"]["ApproximateReceiveCount"]) >= CRASHES:
            runner.engine.give_up(*asked)
        runner.queue.postpone(record["receiptHandle"], RETRY_SECONDS)
        return False
    if isinstance(outcome, Busy):
        runner.queue.postpone(record["receiptHandle"], outcome.seconds)
        return False
    return True


def _sent_at(record: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC)
