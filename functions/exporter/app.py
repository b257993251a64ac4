"""The handler: one event names one export, and the export is made."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from typing import Any

import msgspec
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from exporter.bootstrap import bootstrap
from rollcall.domain.errors import NotFound, StoreError
from rollcall.exports.maker import Maker
from rollcall.store.logs import structured_logger, where

MARGIN = timedelta(seconds=20)
"""Left of the function's time to finish what was uploaded and to say how it ended."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The event."""

    district_id: str
    export_id: str


class Failed(Exception):
    """Makes Lambda try again. It says nothing, because Lambda logs it and sends it on."""


@cache
def _maker() -> Maker:
    return bootstrap(os.environ)


@cache
def _logger() -> Logger:
    return structured_logger("exporter")


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """An event from the API."""
    make(_maker(), event, context)


def make(maker: Maker, event: dict[str, Any], context: LambdaContext) -> None:
    """Make what the event names; raises :class:`Failed` when another attempt may go better."""
    logger = _logger()
    logger.clear_state()
    try:
        asked = msgspec.convert(event, Asked)
    except msgspec.ValidationError:
        logger.error("event refused", extra={"reason": "unfit"})
        return
    logger.append_keys(district_id=asked.district_id, export_id=asked.export_id)
    deadline = maker.clock.now() + timedelta(milliseconds=context.get_remaining_time_in_millis()) - MARGIN
    try:
        export = maker.make(asked.district_id, asked.export_id, deadline)
    except NotFound as error:
        logger.error("event refused", extra={"reason": error.message})
        return
    except StoreError as error:
        logger.warning("store failed", extra={"code": error.code})
        raise Failed from None
    except Exception as error:  # noqa: BLE001 - the last resort; its text could hold a person's data, its type cannot
        logger.error("unforeseen error", extra={"error_type": type(error).__name__, "at": where(error)})
        raise Failed from None
    logger.info("export ended", extra={"kind": export.kind, "state": export.state, "rows": export.rows})
