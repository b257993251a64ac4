"""Aeries against its simulator: what only this system lets an administrator choose."""

from __future__ import annotations

from local.inprocess import DISTRICT, INTEGRATION, InProcess
from simulators import aeries


def test_a_student_changes_home_building_with_the_field_of_the_codes() -> None:
    """Guards: a second place taken for the home because the codes were read from another field."""
    options = aeries.Options(program_field="AttendanceProgramCodeAdditional1")
    town = InProcess(
        "aeries",
        people=300,
        options=options,
        primary_enrollment_codes=("C",),
        alternate_enrollment_codes=("",),
    )
    sites = {school.code: school.site_code for school in town.generated.schools}
    pairs = {
        s.local_id: [(sites[e.school_code], bool(e.program)) for e in s.enrollments if e.active]
        for s in town.generated.students
        if sum(e.active for e in s.enrollments) == 2
    }
    assert pairs

    def homes() -> dict[str, str]:
        return {i: next(e.school for e in town.persons()[i].enrollments if e.primary) for i in pairs}

    assert town.sync().state == "completed"
    before = homes()
    stored = town.config.integration(DISTRICT, INTEGRATION)
    chosen = stored.model_copy(update={"enrollment_code_field": options.program_field, "version": 2})
    town.config.put_integration(chosen, {})
    assert town.sync().state == "completed"
    assert homes() == {i: next(site for site, coded in stays if coded) for i, stays in pairs.items()}
    assert homes() != before
