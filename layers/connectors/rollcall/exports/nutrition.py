"""The students' file for the nutrition application, by a template (domain sheet §5): whoever is active today."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rollcall.domain.csv_text import safe
from rollcall.domain.export import Column, StudentField, Template
from rollcall.exports.reading import Facts, Known, Reader, is_active, links, stays, text


class _Student(NamedTuple):
    facts: Facts
    stay: Facts
    guardian: Facts
    relationship: str


Value = str | Sequence[str]


def _own(name: str) -> Callable[[_Student], str]:
    return lambda student: text(student.facts, name)


def _stay(name: str) -> Callable[[_Student], str]:
    return lambda student: text(student.stay, name)


def _guardian(name: str) -> Callable[[_Student], str]:
    return lambda student: text(student.guardian, name)


def _listed(name: str) -> Callable[[_Student], Sequence[str]]:
    return lambda student: student.facts.get(name, ())


def _address(kind: str, part: str) -> Callable[[_Student], str]:
    return lambda student: next(
        (text(a, part) for a in student.facts.get("addresses", ()) if a.get("type", "home") == kind), ""
    )


def _phone(facts: Facts, *kinds: str) -> str:
    """The first number of the first kind that there is one of."""
    numbers = [(phone.get("type", "other"), phone["number"]) for phone in facts.get("phones", ())]
    return next((number for kind in kinds for of, number in numbers if of == kind), "")


FIELDS: Mapping[StudentField, Callable[[_Student], Value]] = {
    "local_id": _own("local_id"),
    "state_id": _own("state_id"),
    "pos_id": _own("pos_id"),
    "source_id": _own("source_id"),
    "first_name": _own("first_name"),
    "middle_name": _own("middle_name"),
    "last_name": _own("last_name"),
    "suffix": _own("suffix"),
    "birth_date": _own("birth_date"),
    "gender": _own("gender"),
    "ethnicity": _own("ethnicity"),
    "races": _listed("races"),
    "language": _own("language"),
    "email": _own("email"),
    "school": _stay("school"),
    "school_year": _stay("school_year"),
    "grade": lambda student: text(student.stay, "grade") or text(student.facts, "grade"),
    "homeroom": _stay("homeroom"),
    "start_date": _stay("start_date"),
    "other_schools": lambda student: list(dict.fromkeys(s["school"] for s in stays(student.facts)[1:])),
    "family_id": _own("family_id"),
    "home_phone": lambda student: _phone(student.facts, "home"),
    "mobile_phone": lambda student: _phone(student.facts, "mobile"),
    "street": _address("home", "street"),
    "city": _address("home", "city"),
    "state": _address("home", "state"),
    "postal_code": _address("home", "postal_code"),
    "mailing_street": _address("mailing", "street"),
    "mailing_city": _address("mailing", "city"),
    "mailing_state": _address("mailing", "state"),
    "mailing_postal_code": _address("mailing", "postal_code"),
    "guardian_first_name": _guardian("first_name"),
    "guardian_last_name": _guardian("last_name"),
    "guardian_relationship": lambda student: student.relationship,
    "guardian_phone": lambda student: _phone(student.guardian, "mobile", "home", "work", "other"),
    "guardian_email": _guardian("email"),
    "allergies": _listed("allergies"),
}


def rows(reader: Reader, template: Template, shortened: Callable[[], None]) -> Iterator[list[str]]:
    """Rows of students by name. ``shortened`` is called for every cell that its column had no room for."""
    for batch in reader.batches("student"):
        for known in batch.people:
            if not is_active(known.facts):
                continue
            student = _student(known, batch.related)
            cells = []
            for column in template.columns:
                cell, whole = fitted(FIELDS[column.field](student), column, template.list_separator)
                cells.append(cell)
                if not whole:
                    shortened()
            yield cells


def fitted(value: Value, column: Column, separator: str) -> tuple[str, bool]:
    """A cell that keeps to the length of its column, and whether it holds everything.

    Of a list as many whole values as there is room for, and then how many more there are, such as ``milk; egg; +3``:
    whoever serves a meal must see that an allergy is missing from the cell.
    """
    values = [value] if isinstance(value, str) else list(value)
    whole = separator.join(values)
    if column.length is None or len(safe(whole)) <= column.length:
        return whole, True
    # The apostrophe that a spreadsheet needs counts too.
    room = column.length - (safe(whole) != whole)
    for kept in range(len(values) - 1, 0, -1):
        more = f"{separator}+{len(values) - kept}"
        shown = separator.join(values[:kept])
        if len(shown) + len(more) <= room or (kept == 1 and len(more) < room):
            return shown[: room - len(more)] + more, False
    return whole[:room], False


def _student(known: Known, related: Mapping[str, Known]) -> _Student:
    facts = known.facts
    stay: Facts = next(iter(stays(facts)), {})
    for link in links(facts):
        if contact := related.get(link["person_id"]):
            return _Student(facts, stay, contact.facts, text(link, "relationship"))
    return _Student(facts, stay, {}, "")
