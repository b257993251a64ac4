"""Aeries' change feed, from the simulator to the store: few calls, and the same people."""

from __future__ import annotations

import random
from typing import Any

import pytest

from local.inprocess import InProcess
from rollcall.domain.run import Run
from simulators import aeries
from simulators.district import Student
from simulators.district.truth import truth
from tests.support.truth import differences, expected, shown, stored

LIST = "/api/v5/schools/{code}/students"
ONE = "/api/v5/schools/{code}/students/{id}"
rows = pytest.mark.parametrize("rows", ["all", "newest"])


def synced(people: int = 300, **switches: Any) -> InProcess:
    """A town after its first sync, an hour and a half ago by the clock of the SIS."""
    town = InProcess("aeries", people=people, options=aeries.Options(**switches), use_change_feed=True)
    run = night(town)
    assert (run.state, run.pull) == ("completed", "full")
    return town


def night(town: InProcess) -> Run:
    town.clock.advance(days=1)
    town.sender.requests.clear()
    town.people.written.clear()
    run = town.sync()
    # beyond the overlap, so that the feed names nobody twice
    town.generated.pass_time(hours=1.5)
    return run


def compare(town: InProcess) -> list[str]:
    """Differences between the truth and those who are active in the store."""
    active = (shown(s) for s in town.stored() if s.person.status == "active")
    return differences(expected(town.system, truth(town.generated)), stored(active, town.system))


def known(town: InProcess) -> list[Student]:
    return [s for s in town.generated.students if s.active and s.local_id in town.persons()]


def test_a_night_without_changes_asks_for_no_list_of_students_and_writes_nobody() -> None:
    town = synced()
    run = night(town)
    assert (run.state, run.pull, town.people.written) == ("completed", "delta", [])
    assert town.sender.requests == [
        "/api/v5/systeminfo",
        "/api/v5/schools",
        "/api/v5/StudentDataChanges/student/{since}",
        "/api/v5/StudentDataChanges/enrollment/{since}",
        "/api/v5/StudentDataChanges/contact/{since}",
        "/api/v5/staff",
    ]
    assert sum(c["unchanged"] for c in run.counts.values()) == len(town.people.items)


def test_who_was_saved_as_they_were_costs_calls_and_no_write() -> None:
    town = synced()
    pair = next(s for s in known(town) if sum(e.active for e in s.enrollments) == 2)
    for area in ("student", "contact"):
        town.simulator.change("touch", student_id=pair.id, area=area)
    run = night(town)
    assert (run.pull, town.people.written) == ("delta", [])
    assert [town.sender.requests.count(path) for path in (LIST, ONE)] == [0, 2]


@rows
@pytest.mark.parametrize("seed", range(4))
def test_every_kind_of_change_reaches_the_store_by_way_of_the_feed(rows: str, seed: int) -> None:
    """Guards: a school left behind still standing as an enrollment, whichever row the feed names."""
    town = synced(feed_rows=rows)
    rng = random.Random(seed)
    for _ in range(3):
        mover, leaver, parted, graded = rng.sample([s for s in known(town) if s.links], 4)
        schools = [
            c.code for c in town.generated.schools if not c.holding and c.code != mover.home.school_code
        ]
        town.simulator.change("move", student_id=mover.id, school_code=rng.choice(schools))
        town.simulator.change("withdraw", student_id=leaver.id)
        town.simulator.change("grade", student_id=graded.id, grade="4")
        town.simulator.change("enroll", school_code=101, email=f"new{rng.random()}@example.com")
        town.simulator.change("some", n=6, seed=rng.randrange(99))
        guardian = next(link.guardian_id for link in parted.links)
        town.simulator.change("guardian_email", guardian_id=guardian, email=f"g{rng.random()}@example.com")
        run = night(town)
        assert (run.state, run.pull) == ("completed", "delta")
        assert town.sender.requests.count(LIST) == 0
        # a contact is known by their e-mail address, so the one of yesterday is gone, which a delta cannot know
        assert [line for line in compare(town) if not line.startswith("contact")] == []
    assert [night(town).pull for _ in range(4)] == ["delta", "delta", "delta", "full"]
    assert compare(town) == []


def test_a_deleted_student_is_ended_by_the_next_full_pull() -> None:
    town = synced()
    gone = known(town)[0]
    town.simulator.change("touch", student_id=gone.id)
    town.simulator.change("delete", student_id=gone.id)
    pulls = []
    while town.persons()[gone.local_id].status == "active":
        pulls.append(night(town).pull)
    assert pulls == ["delta"] * 6 + ["full"]


def test_a_deleted_contact_is_no_longer_the_students() -> None:
    town = synced()
    child = next(s for s in known(town) if sum(link.current(town.generated.today) for link in s.links) > 1)
    before = town.persons()[child.local_id].contacts
    current = [link for link in child.links if link.current(town.generated.today)]
    town.simulator.change("remove_contact", student_id=child.id, guardian_id=current[0].guardian_id)
    assert night(town).pull == "delta"
    assert len(town.persons()[child.local_id].contacts) == len(before) - 1


@pytest.mark.parametrize("feed", ["off", "denied", "missing"])
def test_a_feed_that_is_closed_over_night_costs_time_and_nothing_else(feed: str) -> None:
    options = aeries.Options()
    town = InProcess("aeries", people=200, options=options, use_change_feed=True)
    night(town)
    options.feed = feed
    town.simulator.change("some", n=3, seed=1)
    run = night(town)
    assert (run.state, run.pull, compare(town)) == ("completed", "full", [])


def test_a_change_while_we_were_reading_is_seen_the_next_night() -> None:
    """Guards: a marker taken after the reading, so that what changed in between is never asked for."""
    town = synced()
    child = known(town)[0]
    exchange, changed = town.sender.exchange, []

    def late(url: str, request: Any, headers: Any, seconds: float) -> Any:
        answer = exchange(url, request, headers, seconds)
        if "/StudentDataChanges/contact" in request.path and not changed:
            changed.append(town.simulator.change("rename", student_id=child.id, first="Wren"))
            town.generated.pass_time(hours=3)
        return answer

    town.sender.exchange = late  # type: ignore[method-assign]
    assert (night(town).pull, len(changed)) == ("delta", 1)
    assert town.persons()[child.local_id].first_name != "Wren"
    assert night(town).pull == "delta"
    assert town.persons()[child.local_id].first_name == "Wren"


def test_more_than_a_fifth_of_the_students_are_read_in_lists() -> None:
    town = synced()
    town.simulator.change("some", n=80, seed=5)
    run = night(town)
    assert (run.pull, town.sender.requests.count(ONE), compare(town)) == ("full", 0, [])
