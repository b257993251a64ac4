"""Structured logs of a function: one JSON line each, with the keys that the handler has appended."""

from __future__ import annotations

import logging

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers


def structured_logger(service: str) -> Logger:
    """The function's logger; what the package and the function themselves log goes the same way.

    Only our own loggers: at DEBUG botocore's would show what is sent, secrets included.
    """
    logger = Logger(service=service)
    ours = {"rollcall", service}
    for name in ours:
        logging.getLogger(name)
    copy_config_to_registered_loggers(logger, include=ours)
    return logger


def where(error: BaseException) -> str:
    """File and line of the innermost frame: enough to find it, and nobody's data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
