"""Errors, grouped by what must happen next, never by where they were raised.

::

    SyncError(code, message)
    ├── NeedsAttention     a person must act first; the run fails and is not retried
    ├── SourceTransient    the SIS may answer later; scheduled runs back off and resume
    ├── SourceContract     the SIS broke its own promise; nothing of this pull is applied
    └── StoreError         our own stores
        ├── StoreThrottled   back off
        ├── Conflict         somebody else won: re-read
        └── NotFound         no such thing in this district
    Signal (not an error)
    ├── OutOfTime          this slice must checkpoint and continue in another, or this test end with what it has
    ├── Closed             the district wants no runs at this time
    ├── CancelRequested    somebody wants this run cancelled
    └── LeaseLost          another runner owns this integration now: stop writing

``message`` is one sentence for a district administrator. Neither ``code`` nor ``message`` ever holds a person's
data or a secret, so both may be stored, logged and shown.
"""

from __future__ import annotations


class SyncError(Exception):
    """A failure with a stable ``code`` and a sentence for the administrator."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NeedsAttention(SyncError):
    """Wrong credentials, wrong address, missing mapping: retrying cannot help."""


class SourceTransient(SyncError):
    """Rate limit, outage, time-out. ``retry_after`` is in seconds when the SIS said so."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class SourceContract(SyncError):
    """Unexpected shape, looping pages, counts that do not match: the pull proves nothing."""


class StoreError(SyncError):
    """Our own tables, bucket, queue or key refused."""


class StoreThrottled(StoreError):
    """The store asks for patience."""


class Conflict(StoreError):
    """A condition failed: the stored state is not what the caller had read."""


class NotFound(StoreError):
    """There is no such thing, or it is another district's, which must look the same."""

    def __init__(self, what: str) -> None:
        super().__init__("not_found", f"There is no such {what}.")
        self.what = what


class Signal(Exception):
    """Control flow that is not a failure."""


class OutOfTime(Signal):
    """The deadline is near; everything done so far has been checkpointed, or is all that there will be."""


class Closed(Signal):
    """The district wants no runs at this time, and nobody has overridden that."""


class CancelRequested(Signal):
    """Somebody wants the run cancelled, and it has changed nobody yet."""


class LeaseLost(Signal):
    """The lease passed to another runner, or this one outlived it."""


def place(error: Exception) -> str:
    """Where in a document a decoder stumbled, such as ``$.mode``; its own text may repeat a value."""
    return str(error).rpartition(" - at ")[2].strip("`") or "$"
