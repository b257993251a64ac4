"""Kills a runner at the k-th call it makes to the outside, in every way a call can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from rollcall.domain.errors import StoreThrottled

Mode = Literal["before", "after", "lost_reply", "throttled"]
MODES: tuple[Mode, ...] = ("before", "after", "lost_reply", "throttled")


class Killed(BaseException):
    """The process is gone. Not an Exception: no handler of ours may survive it."""


class Faults:
    """Counts calls; at call ``k`` does what ``mode`` says. After a kill nothing gets through: a dead Lambda does no
    I/O.
    """

    def __init__(self, k: int | None = None, mode: Mode = "before") -> None:
        self.k, self.mode = k, mode
        self.calls: list[str] = []
        self.dead = False

    def revive(self) -> None:
        self.dead = False

    def call(self, name: str, act: Callable[[], Any], error: Callable[[], Exception]) -> Any:
        if self.dead:
            raise Killed(name)
        self.calls.append(name)
        if len(self.calls) != self.k:
            return act()
        if self.mode == "throttled":
            raise error()
        if self.mode == "before":
            self.dead = True
            raise Killed(name)
        answer = act()
        if self.mode == "after":
            self.dead = True
            raise Killed(name)
        del answer
        raise error()


class Faulty:
    """Any port or connector, with every public call going through ``faults``; generators fault when they are
    advanced.
    """

    def __init__(self, inner: Any, faults: Faults, name: str) -> None:
        self._inner, self._faults, self._name = inner, faults, name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(self._inner, attribute)
        if not callable(value) or attribute in {"split", "read", "map"}:
            return value
        label = f"{self._name}.{attribute}"

        def error() -> Exception:
            return StoreThrottled("store_throttled", "injected")

        def call(*args: Any, **kwargs: Any) -> Any:
            if attribute == "pages":
                return self._pages(label, value(*args, **kwargs))
            return self._faults.call(label, lambda: value(*args, **kwargs), error)

        return call

    def _pages(self, label: str, source: Iterator[Any]) -> Iterator[Any]:
        while True:
            page = self._faults.call(
                label, lambda: next(source, None), lambda: StoreThrottled("store_throttled", "injected")
            )
            if page is None:
                return
            yield page


@contextmanager
def aws_faults(faults: Faults) -> Iterator[None]:
    """Every boto3 call in the process goes through ``faults``, above the SDK's own retries."""
    real = BaseClient._make_api_call

    def patched(self: Any, operation: str, arguments: dict[str, Any]) -> Any:
        name = f"{self.meta.service_model.service_name}.{operation}"
        throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": "injected"}}, operation)
        return faults.call(name, lambda: real(self, operation, arguments), lambda: throttled)

    BaseClient._make_api_call = patched
    try:
        yield
    finally:
        BaseClient._make_api_call = real
