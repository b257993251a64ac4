"""`generate`: one invented district from a seed. The same arguments always give the same people.

Rare cases (twins, blended families, blanks, odd names) come at fixed strides rather than by chance, so that even a
district of 300 people holds each of them.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from datetime import date

from simulators.district import names, values
from simulators.district.builder import Builder
from simulators.district.district import District
from simulators.district.model import Address, School

TODAY = date(2026, 11, 22)


def generate(
    seed: int,
    people: int,
    name: str = "Lakeview Unified",
    *,
    today: date = TODAY,
    unknown_codes: int = 0,
    school_rounds: int | None = None,
) -> District:
    """A district of exactly `people` records: students, staff and guardians together.

    `unknown_codes` gives that many active students one code each that no sensible mapping holds. `school_rounds` is how
    many times it has two elementary schools, a middle and a high school: None for schools of a usual size.
    """
    if people < 50:
        raise ValueError("a district has at least 50 people")
    rng = random.Random(seed)
    staff_count = max(8, people * 6 // 100)
    rounds = min(200, max(1, people // 3000)) if school_rounds is None else school_rounds
    schools = make_schools(rng.random, name, rounds)
    district = District(name, seed, people, today, schools, unknown_codes)
    district.school_rounds = school_rounds
    builder = Builder(district, rng.random)
    builder.add_staff(staff_count)
    builder.add_families(people - staff_count)
    builder.marry_staff_to_families()
    if unknown_codes:
        plant_unknown_codes(district, unknown_codes)
    return district


def site_prefix(name: str) -> str:
    """`Lakeview Unified` → `LKV`."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    word = re.sub(r"[^A-Z]", "", letters.split(" ")[0]) or "SCH"
    consonants = word[0] + re.sub(r"[AEIOU]", "", word[1:])
    return (consonants + word[1:])[:3]


def make_schools(rnd: Callable[[], float], name: str, rounds: int) -> list[School]:
    """Real schools, four a round, and the holding places that the fact sheets name."""
    prefix = site_prefix(name)
    schools: list[School] = []

    def add(code: int, title: str, kind: str, site: str, grades: tuple[str, ...]) -> None:
        number = len(schools)
        city, state, zip_code = names.CITIES[int(rnd() * 3)]
        first = names.FEMALE[int(rnd() * len(names.FEMALE))]
        last = names.LAST[int(rnd() * len(names.LAST))]
        schools.append(
            School(
                id=53 + number,
                code=code,
                name=title,
                abbreviation=site.replace("-", ""),
                site_code=site,
                kind=kind,
                grades=grades,
                address=Address(
                    f"{12 + number} {names.STREETS[number % len(names.STREETS)]}", city, state, zip_code
                ),
                phone=f"530555{number:04d}",
                principal_first=first,
                principal_last=last,
                principal_email=f"principal{code}@district.example.org",
            )
        )

    grades = values.GRADES
    add(0, f"{name} District Office", "office", f"{prefix}-DO", ())
    for number in range(rounds):
        word = names.SCHOOL_WORDS[number % len(names.SCHOOL_WORDS)]
        suffix = f" {number // len(names.SCHOOL_WORDS) + 1}" if number >= len(names.SCHOOL_WORDS) else ""
        code, small = 101 + 4 * number, grades[: grades.index("6")]
        add(code, f"{word} North Elementary{suffix}", "elementary", f"{prefix}-ES{2 * number + 1}", small)
        add(code + 1, f"{word} South Elementary{suffix}", "elementary", f"{prefix}-ES{2 * number + 2}", small)
        add(code + 2, f"{word} Middle{suffix}", "middle", f"{prefix}-MS{number + 1}", ("6", "7", "8"))
        add(code + 3, f"{word} High{suffix}", "high", f"{prefix}-HS{number + 1}", ("9", "10", "11", "12"))
    add(99, "Transfer School", "transfer", f"{prefix}-TRN", ())
    add(999, "Inactive Students", "inactive", f"{prefix}-INA", ())
    add(999999, "Graduated Students", "graduated", f"{prefix}-GRD", ())
    return schools


def plant_unknown_codes(district: District, count: int) -> None:
    """Give `count` active students one raw code each, going round the kinds of code."""
    turns = ("gender", "race", "language", "ethnicity", "relationship", "state", "grade_level")
    active = [student for student in district.students if student.active and student.links]
    for number, student in enumerate(active[:: max(1, len(active) // count)][:count]):
        match turns[number % len(turns)]:
            case "gender":
                student.gender = "~Q"
            case "race":
                student.races = ("~987",)
            case "language":
                student.language = "~ZZ"
            case "ethnicity":
                student.ethnicity = "~7"
            case "relationship":
                student.links[0].relationship = "~88"
            case "state":
                district.household(student.household_id).address.state = "ZQ"
            case _:
                student.home.grade = "~17"
