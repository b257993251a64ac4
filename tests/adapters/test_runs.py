"""Runs, leases and integration state: what the engine may rely on, in memory and on DynamoDB alike."""

import copy
from datetime import timedelta

import msgspec
import pytest

from rollcall.domain.errors import Conflict, LeaseLost, NotFound
from rollcall.domain.ports import Lease
from rollcall.domain.run import Run
from rollcall.store.memory import MemoryClock, MemoryRuns
from rollcall.store.runs import DynamoRuns

from .conftest import NOW

AnyRuns = MemoryRuns | DynamoRuns


def make_run(run_id: str = "run_1", **fields: object) -> Run:
    return Run(
        **{"id": run_id, "district_id": "lakeview", "integration_id": "int_1", "queued_at": NOW, **fields}
    )


def take(runs: AnyRuns, owner: str = "a", minutes: int = 10) -> Lease:
    lease = runs.acquire("lakeview", "int_1", owner, NOW + timedelta(minutes=minutes))
    assert lease is not None
    return lease


def begun(runs: AnyRuns, lease: Lease, run_id: str = "run_1") -> Run:
    run = runs.create(make_run(run_id))
    run.state = "pulling"
    assert runs.begin(run, lease)
    return run


def ended(run: Run, state: str = "completed") -> Run:
    return msgspec.structs.replace(copy.deepcopy(run), state=state, ended_at=NOW)


def test_create_returns_the_stored_run_when_repeated(runs: AnyRuns) -> None:
    assert runs.create(make_run(requested_by="first")).requested_by == "first"
    assert runs.create(make_run(requested_by="second")).requested_by == "first"


def test_a_run_of_another_district_is_not_there(runs: AnyRuns) -> None:
    runs.create(make_run())
    assert runs.get("hilltop", "run_1") is None


def test_save_of_an_unknown_run_is_refused(runs: AnyRuns) -> None:
    with pytest.raises(NotFound):
        runs.save(make_run(), None)


def test_save_without_lease_until_somebody_holds_the_run(runs: AnyRuns) -> None:
    run = runs.create(make_run())
    run.sweeps = 1
    runs.save(run, None)
    lease = take(runs)
    runs.begin(run, lease)
    run.sweeps = 2
    with pytest.raises(Conflict):
        runs.save(run, None)


def test_an_ended_run_is_never_written_again(runs: AnyRuns) -> None:
    run = runs.create(make_run())
    runs.save(ended(run, "cancelled"), None)
    with pytest.raises(Conflict):
        runs.save(ended(run, "failed"), None)
    runs.save(ended(run, "cancelled"), None)  # the same again: a reply was lost
    assert runs.get("lakeview", "run_1").state == "cancelled"


def test_lease_goes_to_one_owner_until_it_expires(runs: AnyRuns, clock: MemoryClock) -> None:
    first = take(runs, "a")
    assert runs.acquire("lakeview", "int_1", "b", NOW + timedelta(minutes=20)) is None
    assert take(runs, "a", 15).fence == first.fence
    clock.advance(minutes=16)
    second = runs.acquire("lakeview", "int_1", "b", NOW + timedelta(minutes=40))
    assert second is not None
    assert second.fence > first.fence


def test_fence_rises_across_a_release(runs: AnyRuns) -> None:
    """A released lease whose fence began again would let a frozen former holder write."""
    first = take(runs, "a")
    runs.release("lakeview", "int_1", first)
    second = take(runs, "b")
    assert second.fence > first.fence
    runs.release("lakeview", "int_1", first)  # too late, and of no effect
    assert runs.acquire("lakeview", "int_1", "c", NOW + timedelta(minutes=10)) is None


def test_a_frozen_runner_cannot_write_after_its_lease_passed_on(runs: AnyRuns, clock: MemoryClock) -> None:
    old = take(runs, "a")
    run = begun(runs, old)
    clock.advance(minutes=11)
    assert runs.acquire("lakeview", "int_1", "b", NOW + timedelta(minutes=30)) is not None
    run.progress.done = 7
    with pytest.raises(LeaseLost):
        runs.save(run, old)
    with pytest.raises(LeaseLost):
        runs.finish(ended(run), old, "run_1", None)
    assert runs.get("lakeview", "run_1").progress.done == 0


def test_begin_only_when_no_other_run_is_active(runs: AnyRuns) -> None:
    lease = take(runs)
    begun(runs, lease)
    second = runs.create(make_run("run_2"))
    assert not runs.begin(second, lease)
    assert runs.begin(runs.get("lakeview", "run_1"), lease), "the active run may begin again: a redelivery"
    assert runs.state("lakeview", "int_1").active_run == "run_1"


def test_one_run_waits_behind_the_active_one(runs: AnyRuns) -> None:
    lease = take(runs)
    first = begun(runs, lease)
    assert runs.wait(runs.create(make_run("run_2")))
    assert runs.wait(runs.get("lakeview", "run_2")), "the same run may ask again"
    assert not runs.wait(runs.create(make_run("run_3")))
    assert runs.finish(ended(first), lease, "run_1", None) == "run_2"
    state = runs.state("lakeview", "int_1")
    assert (state.active_run, state.waiting_run, state.last_run) == (None, None, "run_1")
    assert (state.snapshot, state.last_success_at) == ("run_1", NOW)


def test_nobody_waits_for_a_run_that_has_ended(runs: AnyRuns) -> None:
    """It would wait for ever: the active run ended between two looks."""
    lease = take(runs)
    runs.finish(ended(begun(runs, lease)), lease, None, None)
    with pytest.raises(Conflict):
        runs.wait(runs.create(make_run("run_2")))


def test_finish_repeated_gives_the_same_successor(runs: AnyRuns) -> None:
    lease = take(runs)
    first = begun(runs, lease)
    runs.wait(runs.create(make_run("run_2")))
    for _ in range(2):
        assert runs.finish(ended(first), lease, "run_1", None) == "run_2"
    with pytest.raises(Conflict):
        runs.finish(ended(first, "failed"), lease, None, None)


def test_finish_checks_the_snapshot_it_replaces(runs: AnyRuns) -> None:
    lease = take(runs)
    runs.finish(ended(begun(runs, lease, "run_1")), lease, "run_1", None)
    second = begun(runs, lease, "run_2")
    with pytest.raises(Conflict):
        runs.finish(ended(second), lease, "run_2", "run_0")
    runs.finish(ended(second), lease, "run_2", "run_1")
    assert runs.state("lakeview", "int_1").snapshot == "run_2"


def test_ending_a_run_that_never_began_leaves_the_active_one_alone(runs: AnyRuns) -> None:
    lease = take(runs)
    begun(runs, lease)
    runs.wait(runs.create(make_run("run_2")))
    assert runs.finish(ended(runs.create(make_run("run_3")), "skipped"), lease, None, None) is None
    state = runs.state("lakeview", "int_1")
    assert (state.active_run, state.waiting_run) == ("run_1", "run_2")


def test_a_preview_is_no_success(runs: AnyRuns) -> None:
    lease = take(runs)
    run = runs.create(make_run(mode="preview"))
    runs.begin(run, lease)
    runs.finish(ended(run), lease, None, None)
    assert runs.state("lakeview", "int_1").last_success_at is None


def test_due_lists_open_runs_whose_time_has_come(runs: AnyRuns) -> None:
    for number, minutes in enumerate((3, 1, 2, 9)):
        runs.create(make_run(f"run_{number}", check_at=NOW + timedelta(minutes=minutes)))
    runs.create(make_run("run_held"))
    gone = runs.create(make_run("run_gone", check_at=NOW))
    runs.save(ended(gone, "cancelled"), None)
    now = NOW + timedelta(minutes=5)
    assert [run.id for run in runs.due(now, 10)] == ["run_1", "run_2", "run_0"]
    assert [run.id for run in runs.due(now, 1)] == ["run_1"]


def test_history_pages_from_the_newest_on(runs: AnyRuns) -> None:
    for number in range(7):
        state = "failed" if number % 3 == 0 else "queued"
        runs.create(make_run(f"run_{number}", state=state, integration_id=f"int_{number % 2}"))
    runs.create(make_run("run_x", district_id="hilltop"))
    page, more = runs.history("lakeview", None, (), 4, None)
    assert [run.id for run in page] == ["run_6", "run_5", "run_4", "run_3"]
    page, more = runs.history("lakeview", None, (), 4, more)
    assert [run.id for run in page] == ["run_2", "run_1", "run_0"]
    assert more is None
    assert [run.id for run in runs.history("lakeview", "int_1", (), 9, None)[0]] == [
        "run_5",
        "run_3",
        "run_1",
    ]
    assert [run.id for run in runs.history("lakeview", "int_1", ("failed",), 9, None)[0]] == ["run_3"]


def test_get_many_and_states_skip_what_is_not_there(runs: AnyRuns) -> None:
    lease = take(runs)
    begun(runs, lease)
    assert list(runs.get_many("lakeview", ["run_1", "run_9"])) == ["run_1"]
    assert runs.states("lakeview", ["int_1", "int_9"])["int_1"].active_run == "run_1"
    assert list(runs.states("lakeview", ["int_9"])) == []


def test_a_held_run_lets_others_begin_and_is_decided_about_once(runs: AnyRuns) -> None:
    """Guards: two approvals at once, and a held run that keeps the integration from ever running again."""
    lease = take(runs)
    run = begun(runs, lease)
    held = msgspec.structs.replace(copy.deepcopy(run), state="held")
    assert runs.finish(held, lease, "run_1", None) is None
    state = runs.state("lakeview", "int_1")
    assert (state.active_run, state.held_run, state.snapshot) == (None, "run_1", "run_1")
    assert state.last_success_at is None
    approved = msgspec.structs.replace(copy.deepcopy(held), state="applying", slice=1)
    runs.decide(held, approved)
    runs.decide(held, approved)  # the reply was lost
    with pytest.raises(Conflict):
        runs.decide(held, msgspec.structs.replace(copy.deepcopy(held), state="rejected"))
    stored = runs.get("lakeview", "run_1")
    assert stored is not None
    assert stored.state == "applying"
    assert runs.begin(stored, lease)
    runs.finish(ended(stored), lease, "run_1-approved", "run_1")
    assert runs.state("lakeview", "int_1").held_run is None
