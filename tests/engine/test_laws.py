"""``apply(old, plan(old, new)) == new``: at any roster, crash, slice or replay."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.guard import SILENCE_FLOOR
from tests.engine.faults import MODES, Mode
from tests.engine.sis import Sis
from tests.engine.world import D, World

rows = st.fixed_dictionaries(
    {
        "school": st.sampled_from(["north", "south"]),
        "first": st.sampled_from(["Noor", "Ilan", "Zoë"]),
        "last": st.sampled_from(["Rivers", "Reed"]),
        "phone": st.sampled_from(["555-555-0148", "555-555-0149", "000-0000", None]),
    },
    optional={
        "ended": st.just(True),
        "reject": st.just(True),
        "warn": st.just(True),
        "from": st.sampled_from(["2026-11-21", "2026-11-24", "2026-11-25", "2027-08-15"]),
    },
)
ids = st.sampled_from([str(n) for n in range(8)])
contacts = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from(["c1", "c2", "c3"]), "first": st.just("Jo")}), max_size=2
)
rosters = st.tuples(
    st.dictionaries(ids, rows),
    # fewer than the guard takes for a SIS that has fallen silent, should all lose their contacts in one night
    st.dictionaries(ids, contacts, max_size=SILENCE_FLOOR - 1),
    st.dictionaries(
        st.sampled_from(["1", "2"]),
        st.fixed_dictionaries({"first": st.sampled_from(["Orla", "Ole"])}),
        min_size=1,
    ),
)


def load(sis: Sis, roster: tuple[Any, Any, Any]) -> None:
    sis.students, sis.contacts, sis.staff = copy.deepcopy(roster)
    # an anchor in each building, so that no pull is refused as empty
    for school in sis.schools:
        sis.students[f"anchor-{school}"] = {"school": school, "first": "Ann", "last": school, "phone": None}


def there(world: World) -> dict[str, Any]:
    """The students of the SIS who have come by today."""
    today = world.clock.now().date().isoformat()
    return {i: row for i, row in world.sis.students.items() if (row.get("from") or today) <= today}


def truth(world: World) -> dict[str, str]:
    return {
        i: row["first"] for i, row in there(world).items() if not row.get("ended") and not row.get("reject")
    }


def wrong(world: World) -> set[tuple[str, str]]:
    """What every run must say of the students, whether or not they moved; but of who has left, which it may."""
    rows = there(world).items()
    rejected = {(i, "grade_level_unmapped") for i, row in rows if row.get("reject")}
    kept = ((i, row) for i, row in rows if not row.get("reject") and not row.get("ended"))
    return rejected | {(i, "gender_unmapped") for i, row in kept if row.get("warn")}


@settings(max_examples=150, deadline=None)
@given(st.lists(rosters, min_size=1, max_size=4), st.sampled_from([0, 300]))
def test_the_store_holds_what_the_sis_holds_after_any_history(history: list[Any], slice_seconds: int) -> None:
    world = World(slice_seconds=slice_seconds)
    stale: dict[str, str] = {}
    # For three more nights, since contacts of students who did not move are read in turn.
    for roster in [*history, *[history[-1]] * 3]:
        load(world.sis, roster)
        before = {i: p.first_name or "" for i, p in world.persons().items() if p.status == "active"}
        run = world.sync()
        assert run.state == "completed"
        stored = {i: p.first_name or "" for i, p in world.persons().items() if p.status == "active"}
        stale = {i: before[i] for i, row in there(world).items() if row.get("reject") and i in before}
        assert stored == truth(world) | stale
        assert set(world.persons("staff")) >= set(world.sis.staff)
        said = Counter((i.source_id, i.code) for i in world.issues(run) if i.source_id)
        assert set(said) >= wrong(world)
        assert set(said.values()) <= {1}, "nothing is said twice"
        assert sum(c["reject"] for c in run.counts.values()) == len(
            [i for i, row in there(world).items() if row.get("reject")]
        )
        world.clock.advance(days=1)
    world.write_count()
    run = world.sync()
    assert world.write_count() == 0, "a second identical pull writes nobody"
    assert sum(c["unchanged"] for c in run.counts.values()) == sum(
        s.person.status == "active" for s in world.people.all(D)
    ) - len(stale)


@settings(max_examples=60, deadline=None)
@given(st.lists(rosters, min_size=2, max_size=2), st.randoms(use_true_random=False))
def test_preview_says_what_the_sync_then_does(history: list[Any], random: Any) -> None:
    world = World()
    load(world.sis, history[0])
    world.sync()
    load(world.sis, history[1])
    preview = world.sync(mode="preview")
    shown = world.changes(preview)
    run = world.sync()
    assert run.counts == preview.counts
    done = world.changes(run)
    assert [(c.kind, c.after.id, c.fields) for c in done] == [(c.kind, c.after.id, c.fields) for c in shown]


def small_night() -> World:
    """A store with a history, and a night with every kind of change waiting in the SIS."""
    world = World()
    world.sis.page_size = 2
    for n in range(1, 6):
        world.sis.students[str(n)] = {
            "school": "north",
            "first": "Noor",
            "last": f"N{n // 2}",
            "phone": "555-555-0148",
        }
        world.sis.contacts[str(n)] = [{"id": f"c{n // 2}", "first": "Tamsin"}]
    world.sis.students["6"] = {"school": "south", "first": "Ann", "last": "Reed", "phone": "555-555-0149"}
    world.sis.staff = {"1": {"first": "Orla"}}
    world.sync()
    world.clock.advance(days=1)
    world.sis.students["1"]["first"] = "Nori"
    world.sis.students["2"]["last"] = "Reed"
    del world.sis.students["3"]
    world.sis.students["7"] = {"school": "south", "first": "Bo", "last": "Reed", "phone": "555-555-0149"}
    world.sis.students["8"] = {"school": "south", "first": "Cy", "last": "Reed", "reject": True}
    return world


def outcome(world: World) -> tuple[dict[Any, Any], list[tuple[Any, ...]]]:
    """The people, with families named by their members (a minted id depends on the run); how the runs ended, and what
    the audit says of them.
    """
    people = {s.id: s for s in world.people.all(D)}
    members: dict[str | None, list[str]] = {}
    for s in people.values():
        members.setdefault(s.person.family_id, []).append(s.id)
    store = {
        i: (
            s.integration_id,
            {n: getattr(s.person, n) for n in s.person.__struct_fields__ if n != "family_id"},
        )
        for i, s in people.items()
    }
    families = {i: tuple(members[s.person.family_id]) for i, s in people.items() if s.person.family_id}
    runs = [world.runs.get(D, i) for i in world.run_ids()]
    ended = [
        (r.state, r.counts, r.issue_codes, r.trend, r.dropped, [s.stage for s in r.stages]) for r in runs if r
    ]
    told = [(a.what, a.changes) for a in world.runs.audit.records.values()]
    return {"people": store, "families": families}, [*ended, *told]


def test_a_run_killed_at_any_call_and_delivered_again_ends_the_same() -> None:
    """Guards: a cursor moved before its data, a counter added twice, a reply that was lost; and an audit that tells of
    it twice or not at all.
    """
    clean = small_night()
    clean.faults.calls.clear()
    clean.sync()
    expected = outcome(clean)
    assert [what for what, *_ in expected[1][-3:]] == ["run.started", "run.started", "people.dropped"]
    calls = len(clean.faults.calls)
    assert calls > 60
    failures = []
    for mode in MODES:
        for k in range(1, calls + 1):
            world = small_night()
            world.faults.calls.clear()
            world.faults.k, world.faults.mode = k, mode
            world.sync()
            if outcome(world) != expected:
                failures.append((mode, k, clean.faults.calls[k - 1]))
    assert failures == []


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200))
def test_a_sliced_run_killed_at_any_call_ends_the_same(mode: Mode, k: int) -> None:
    clean = small_night()
    clean.sync()
    world = small_night()
    world.slice_seconds = 0
    world.faults.calls.clear()
    world.faults.k, world.faults.mode = k, mode
    world.sync()
    assert outcome(world)[0] == outcome(clean)[0]


def test_the_sweep_catches_a_checkpoint_before_its_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that cannot fail proves nothing: apply that moves its cursor first must be caught."""
    from rollcall.domain.plan import Change
    from rollcall.engine import apply as module
    from rollcall.engine import engine as machine
    from rollcall.engine.blobs import unpack_lines

    def cursor_first(job: Any) -> None:
        while job.at.batch < job.at.plan_files:
            changes = list(unpack_lines(job.blobs.get(job.folder.plan(job.at.batch)), Change))
            job.at.batch += 1
            job.checkpoint(job.at.batch, job.at.plan_files)
            job.people.put_many([change.after for change in changes])

    clean = small_night()
    clean.faults.calls.clear()
    clean.sync()
    expected = outcome(clean)
    calls = clean.faults.calls
    monkeypatch.setattr(machine, "apply", cursor_first)
    assert module.apply is not cursor_first
    caught = 0
    for k in (k for k, name in enumerate(calls, start=1) if name in ("people.put_many", "runs.save")):
        world = small_night()
        world.faults.calls.clear()
        world.faults.k = k
        world.sync()
        caught += outcome(world) != expected
    assert caught > 0
