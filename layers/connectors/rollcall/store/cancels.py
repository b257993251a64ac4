"""Who asked that a run be cancelled, in DynamoDB: an item beside the run, whose own item is its runner's to write."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec

from rollcall.domain.run import WORKING, Decision, Run
from rollcall.store.dynamo import Item, Table, text

KEPT = timedelta(days=30)
"""Longer than any run goes on, with all its pauses."""

_decode = msgspec.json.Decoder(Decision).decode


def request_op(table: Table, run: Run, request: Decision) -> dict[str, Any]:
    """The request, unless there is one."""
    item: Item = {
        **_key(run.district_id, run.id),
        "doc": msgspec.json.encode(request).decode(),
        "ttl": int((request.at + KEPT).timestamp()),
    }
    return table.put_op(item, "attribute_not_exists(pk)")


def works_op(table: Table, run_key: Item) -> dict[str, Any]:
    """The condition that a run can still be cancelled by its runner."""
    states: Item = {f":s{n}": state for n, state in enumerate(sorted(WORKING))}
    return table.check_op(run_key, f"#state IN ({', '.join(states)})", states)


def not_requested_op(table: Table, run: Run) -> dict[str, Any]:
    """The condition that nobody has asked."""
    return table.check_op(_key(run.district_id, run.id), "attribute_not_exists(pk)")


def read_requests(table: Table, district_id: str, run_ids: Iterable[str]) -> dict[str, Decision]:
    """Requests that were made, by run."""
    items = table.get_many(_key(district_id, run_id) for run_id in run_ids)
    return {text(item, "sk"): _decode(text(item, "doc")) for item in items}


def _key(district_id: str, run_id: str) -> Item:
    return {"pk": f"{district_id}#CANCEL", "sk": run_id}
