"""Requests to cancel a run: what the engine may rely on, in memory and on DynamoDB alike."""

import copy
from datetime import timedelta

import pytest

from rollcall.domain.errors import CancelRequested, Conflict, LeaseLost
from rollcall.domain.run import WORKING, Decision, RunState
from rollcall.store.cancels import KEPT
from rollcall.store.dynamo import Table
from rollcall.store.memory import MemoryClock
from rollcall.store.runs import DynamoRuns

from .conftest import NOW
from .test_runs import AnyRuns, begun, ended, make_run, take

ANN = Decision("ann@example.org", NOW, "Wrong night.")
BO = Decision("bo@example.org", NOW + timedelta(minutes=1), "Me too.")


def test_no_save_gets_past_a_request_but_the_end_does(runs: AnyRuns) -> None:
    """Guards: a request that falls between a look and the write that lets the run apply."""
    lease = take(runs)
    run = begun(runs, lease)
    runs.save(run, lease, unless_cancelled=True)
    runs.request_cancel(run, ANN)
    run.state = "applying"
    with pytest.raises(CancelRequested):
        runs.save(run, lease, unless_cancelled=True)
    stored = runs.get("lakeview", "run_1")
    assert stored is not None
    assert stored.state == "pulling"
    run.state, run.attempts = "pulling", 1
    runs.save(run, lease)
    assert runs.finish(ended(run, "cancelled"), lease, None, None) is None
    assert runs.state("lakeview", "int_1").active_run is None


@pytest.mark.parametrize(
    "state", ["queued", "pulling", "planning", "held", "applying", "completed", "cancelled"]
)
def test_only_a_run_that_has_changed_nobody_is_asked_of(runs: AnyRuns, state: RunState) -> None:
    """Guards: a person who is told that a run will be cancelled while it writes."""
    run = runs.create(make_run(state=state))
    if state in WORKING:
        runs.request_cancel(run, ANN)
        assert runs.cancel_requests("lakeview", ["run_1"]) == {"run_1": ANN}
        return
    with pytest.raises(Conflict):
        runs.request_cancel(run, ANN)
    assert runs.cancel_requests("lakeview", ["run_1"]) == {}


def test_what_is_stored_counts_and_not_what_was_read(runs: AnyRuns) -> None:
    lease = take(runs)
    run = begun(runs, lease)
    read = copy.deepcopy(run)
    run.state = "applying"
    runs.save(run, lease, unless_cancelled=True)
    with pytest.raises(Conflict) as refused:
        runs.request_cancel(read, ANN)
    assert refused.value.code == "run_changed"
    runs.save(run, lease, unless_cancelled=True)


def test_an_unknown_run_is_not_asked_of(runs: AnyRuns) -> None:
    with pytest.raises(Conflict):
        runs.request_cancel(make_run("run_none"), ANN)


def test_who_asked_first_is_kept(runs: AnyRuns) -> None:
    run = runs.create(make_run())
    runs.request_cancel(run, ANN)
    runs.request_cancel(run, BO)
    assert runs.cancel_requests("lakeview", ["run_1", "run_2"]) == {"run_1": ANN}
    assert runs.cancel_requests("hilltop", ["run_1"]) == {}
    assert runs.cancel_requests("lakeview", []) == {}


def test_who_has_lost_the_lease_is_told_so_first(runs: AnyRuns) -> None:
    lease = take(runs)
    run = begun(runs, lease)
    runs.request_cancel(run, ANN)
    runs.release("lakeview", "int_1", lease)
    take(runs, "b")
    with pytest.raises(LeaseLost):
        runs.save(run, lease, unless_cancelled=True)


def test_a_request_goes_by_itself_in_time(config_table: Table, clock: MemoryClock) -> None:
    runs = DynamoRuns(config_table, clock)
    runs.request_cancel(runs.create(make_run()), ANN)
    item = config_table.get({"pk": "lakeview#CANCEL", "sk": "run_1"})
    assert item is not None
    assert item["ttl"] == int((NOW + KEPT).timestamp())
