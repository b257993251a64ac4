"""AWS clients, and the one place where what AWS raises becomes an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from rollcall.domain.errors import NotFound, StoreError, StoreThrottled

_PATIENCE = frozenset(
    {
        "DependencyTimeoutException",
        "InternalError",
        "InternalException",
        "InternalFailure",
        "InternalServerError",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttled",
        "Throttling",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
_ABSENT = frozenset({"NoSuchKey", "404"})


def client(service: str, *, read_timeout: float = 10, attempts: int = 4) -> Any:
    """A client that gives up in seconds rather than minutes. Endpoint, region and credentials are the
    environment's.
    """
    config = Config(
        connect_timeout=2,
        read_timeout=read_timeout,
        max_pool_connections=32,
        retries={"mode": "standard", "total_max_attempts": attempts},
        # Left to itself, boto3 signs addresses for S3 in a way that new regions do not know.
        signature_version="s3v4" if service == "s3" else None,
    )
    return boto3.client(service, config=config)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn whatever a boto3 call raises into a :class:`StoreError`; ``what`` names the store to an
    administrator.
    """
    try:
        yield
    except ClientError as error:
        raise _from_code(str(error.response.get("Error", {}).get("Code", "")), what) from error
    except ParamValidationError as error:
        raise StoreError("store_refused", f"The {what} did not accept a request.") from error
    except (BotoCoreError, ResponseParserError, UnicodeDecodeError, OSError) as error:
        # A garbled answer escapes botocore as a bare UnicodeDecodeError.
        raise StoreThrottled("store_unreachable", f"The {what} did not answer; try again later.") from error


def _from_code(code: str, what: str) -> StoreError:
    if code in _PATIENCE:
        return StoreThrottled("store_throttled", f"The {what} is busy; try again later.")
    if code in _ABSENT:
        return NotFound("file")
    return StoreError("store_refused", f"The {what} refused a request ({code}).")
