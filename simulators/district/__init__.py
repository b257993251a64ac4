"""One invented, seeded school district that every simulator serves in its own dialect."""

from simulators.district.district import District, school_year_start
from simulators.district.generator import TODAY, generate
from simulators.district.model import (
    Change,
    Enrollment,
    Guardian,
    GuardianLink,
    Household,
    Phone,
    School,
    StaffMember,
)
from simulators.district.model import Student as Student
from simulators.district.truth import truth

__all__ = [
    "TODAY",
    "Change",
    "District",
    "Enrollment",
    "Guardian",
    "GuardianLink",
    "Household",
    "Phone",
    "School",
    "StaffMember",
    "Student",
    "generate",
    "school_year_start",
    "truth",
]
