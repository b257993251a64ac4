"""A preview tells what the sync after it does: the same code, up to the first write."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollcall.domain.family_change import Review
from rollcall.domain.thresholds import Thresholds
from tests.engine.world import D, World, student

row = st.fixed_dictionaries(
    {
        "school": st.sampled_from(["north", "south"]),
        "first": st.sampled_from(["Noor", "Ada", "Otto"]),
        "last": st.sampled_from(["Rivers", "Lake", "Finch"]),
        "phone": st.sampled_from(["5555550148", "5555550177", None]),
        "grade": st.sampled_from(["3", "4"]),
    },
    optional={"ended": st.booleans(), "reject": st.booleans(), "pin": st.sampled_from(["1", "2"])},
)
district = st.dictionaries(st.integers(1, 12).map(str), row, min_size=4, max_size=12)
limits = st.builds(
    Thresholds,
    drop_percent=st.sampled_from([0, 20, 100]),
    move_percent=st.sampled_from([0, 20, 100]),
    household_percent=st.sampled_from([0, 100]),
    update_percent=st.sampled_from([10, 100]),
    floor=st.integers(0, 2),
    hold_everything=st.booleans(),
)
reviews = st.sampled_from(get_args(Review))


def shown(world: World, run: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(c.kind, c.after.person.source_id, c.fields) for c in world.changes(run)]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=district, after=district, allowed=limits, review=reviews, drop=st.booleans())
def test_a_preview_equals_the_sync_that_follows(
    before: dict[str, Any], after: dict[str, Any], allowed: Thresholds, review: Review, drop: bool
) -> None:
    world = World()
    stored = world.config.district(D)
    world.config.put_district(
        stored.model_copy(update={"thresholds": allowed, "review_families": review, "version": 2})
    )
    world.integrate("int_1", drop_students_not_in_file=drop)
    both = {"98": student("north", last="Stays"), "99": student("south", last="Stays")}
    world.sis.staff = {"1": {"first": "Orla"}}
    world.sis.students = {**before, **both}
    world.sync()
    world.sis.students = {**after, **both}
    people = dict(world.people.items)
    preview = world.sync(mode="preview")
    assert dict(world.people.items) == people, "a preview writes nobody"
    assert preview.state == "completed"
    run = world.sync()
    assert (run.counts, run.holds, run.issue_codes) == (preview.counts, preview.holds, preview.issue_codes)
    assert run.families == preview.families
    assert shown(world, run) == shown(world, preview)
    assert run.state == ("held" if preview.holds else "completed")
