"""Which system carries which field: one generated district, read through all of them and compared field by field.

The table of ``docs/fields.md`` is made here, and checked here: ``make docs`` writes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.inprocess import InProcess
from rollcall.domain.person import Person
from rollcall.domain.systems import SYSTEMS
from simulators.codes import ALLERGENS
from simulators.district.truth import truth

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "fields.md"
PEOPLE = 600
FULL, PART, NONE = "●", "◐", "–"
Fields = dict[str, Any]
Table = dict[str, dict[str, Fields]]
"""By person type and a key that every system knows: the local id, or the name and e-mail of a contact."""

_ROLES = "OneRoster knows three words: parent, guardian, relative."
NOTES = {
    ("student", "gender", "oneroster"): "OneRoster 1.1 knows male and female only; 1.2 knows more.",
    ("student", "races", "illuminate"): "Illuminate tells the primary one of several.",
    ("student", "contacts: relationship", "oneroster"): _ROLES,
    ("student", "contacts: relationship", "schooltool"): _ROLES,
    (
        "staff",
        "buildings",
        "illuminate",
    ): "Only the buildings where somebody teaches: its users name no school.",
    ("contact", "addresses: home", "aeries"): "Blank where the contact lives with the student.",
}


def _blank(value: Any) -> bool:
    return value in (None, "", frozenset())


def _set(values: Iterable[Any]) -> frozenset[Any]:
    return frozenset(value for value in values if not _blank(value))


def _street(address: Mapping[str, str] | None) -> Any:
    return (address["street"], address["city"], address["zip"]) if address and address["street"] else None


def _number(numbers: Iterable[Mapping[str, str]], kind: str) -> str | None:
    """A number that can be dialled: placeholders such as 000-0000 are nobody's."""
    return next((n["number"] for n in numbers if n["type"] == kind and len(set(n["number"])) > 2), None)


def real() -> Table:
    """The district as it is."""
    facts = truth(InProcess("aeries", PEOPLE).generated)
    sites = {s["code"]: s["site_code"] for s in facts["schools"] if not s["holding"]}
    names = {g["id"]: (g["first_name"], g["last_name"], g["email"] or "") for g in facts["guardians"]}
    students, staff, contacts = {}, {}, {}
    for s in facts["students"]:
        stays = [e for e in s["enrollments"] if e["active"] and e["school_code"] in sites]
        if not stays:
            continue
        home = next((e for e in stays if e["primary"]), stays[0])
        ties = [g for g in s["guardians"] if g["current"]]
        students[s["local_id"]] = {
            **{name: s[name] for name in ("local_id", "state_id", "first_name", "middle_name", "last_name")},
            **{name: s[name] for name in ("birth_date", "gender", "ethnicity")},
            "races": _set(s["races"]),
            **{name: s[name] for name in ("language", "email")},
            "phones: home": _number(s["phones"], "home"),
            "phones: mobile": _number(s["phones"], "mobile"),
            "addresses: home": _street(s["address"]),
            "addresses: mailing": _street(s["mailing_address"]),
            "grade": home["grade"],
            "enrollments: home building": sites[home["school_code"]],
            "enrollments: further buildings": _set(sites[e["school_code"]] for e in stays if e is not home),
            "enrollments: start date": home["entry_date"],
            "contacts": _set(names[g["guardian_id"]] for g in ties),
            "contacts: relationship": _set(
                (names[g["guardian_id"]], g["relationship"]) for g in ties if g["relationship"]
            ),
            "contacts: lives with": _set(names[g["guardian_id"]] for g in ties if g["lives_with"]),
            "allergies": _set(ALLERGENS.get(a.strip()) for a in s["allergies"].replace(";", ",").split(",")),
        }
    for m in facts["staff"]:
        staff[m["local_id"]] = {
            **{
                name: m[name]
                for name in ("first_name", "middle_name", "last_name", "birth_date", "gender", "email")
            },
            "buildings": _set(sites.get(s["code"]) for s in m["schools"]),
        }
    for g in facts["guardians"]:
        contacts[names[g["id"]]] = {
            **{name: g[name] for name in ("first_name", "middle_name", "last_name", "email")},
            "phones: mobile": _number(g["phones"], "mobile"),
            "phones: work": _number(g["phones"], "work"),
            "addresses: home": _street(g["address"]),
        }
    return {"student": students, "staff": staff, "contact": contacts}


def held(town: InProcess) -> Table:
    """The district as it came to the store."""
    people = [s.person for s in town.stored() if s.person.status == "active"]
    names = {
        s.id: (s.person.first_name or "", s.person.last_name or "", s.person.email or "")
        for s in town.stored()
        if s.person.type == "contact"
    }
    # Aeries has one number per member of staff, its own.
    local_ids = {str(m.id): m.local_id for m in town.generated.staff}
    found: Table = {"student": {}, "staff": {}, "contact": {}}
    for p in people:
        numbers = [{"type": n.type, "number": n.number} for n in p.phones]
        plain = {name: getattr(p, name) for name in Person.__struct_fields__}
        address = {a.type: (a.street, a.city, a.postal_code) for a in p.addresses}
        ties = [(names[c.person_id], c) for c in p.contacts]
        key: Any = (
            (p.first_name or "", p.last_name or "", p.email or "") if p.type == "contact" else p.local_id
        )
        if town.system == "aeries" and p.type == "staff":
            key = local_ids[key]
        found[p.type][key] = {
            **plain,
            "races": _set(p.races),
            "phones: home": _number(numbers, "home"),
            "phones: mobile": _number(numbers, "mobile"),
            "phones: work": _number(numbers, "work"),
            "addresses: home": address.get("home"),
            "addresses: mailing": address.get("mailing"),
            "buildings": _set(p.schools),
            "enrollments: home building": p.enrollments[0].school if p.enrollments else None,
            "enrollments: further buildings": _set(e.school for e in p.enrollments[1:]),
            "enrollments: start date": p.enrollments[0].start_date if p.enrollments else None,
            "contacts": _set(name for name, _ in ties),
            "contacts: relationship": _set((name, c.relationship) for name, c in ties if c.relationship),
            "contacts: lives with": _set(name for name, c in ties if c.lives_with),
            "allergies": _set(p.allergies),
        }
    return found


@pytest.fixture(scope="module")
def cells() -> dict[tuple[str, str], dict[str, str]]:
    """(person type, field) → system → cell, worked out from the store."""
    want = real()
    found: dict[tuple[str, str], dict[str, str]] = {}
    for system in SYSTEMS:
        town = InProcess(system, PEOPLE)
        run = town.sync()
        assert run.state == "completed", run.error
        have = held(town)
        for kind, people in want.items():
            keys = people.keys() & have[kind].keys()
            assert len(keys) == len(have[kind]) > 10, f"{system} has people that the district does not"
            for field in next(iter(people.values())):
                pairs = [(people[key][field], have[kind][key][field]) for key in keys]
                found.setdefault((kind, field), {})[system] = _cell(pairs)
    return found


def _cell(pairs: list[tuple[Any, Any]]) -> str:
    if all(_blank(have) for _, have in pairs):
        return NONE
    return FULL if all(want == have or (_blank(want) and _blank(have)) for want, have in pairs) else PART


def document(cells: Mapping[tuple[str, str], Mapping[str, str]]) -> str:
    """The page, as Markdown."""
    lines = [
        "# Which system carries which field",
        "",
        "One invented district, read through every system and compared field by field with what it really holds.",
        "The tests write this page (`make docs`) and fail when it is not true any more.",
        "",
        f"{FULL} the district's own value for everybody · {PART} less for some people, as the notes say · "
        f"{NONE} the system does not say.",
    ]
    for kind in ("student", "staff", "contact"):
        titles = [spec.title for spec in SYSTEMS.values()]
        lines += [
            "",
            f"## {kind.title()}",
            "",
            f"| Field | {' | '.join(titles)} |",
            "|---|" + "---|" * len(titles),
        ]
        numbers: list[str] = []
        for (of, field), row in cells.items():
            if of != kind:
                continue
            shown = []
            for system, cell in row.items():
                note = NOTES.get((kind, field, system))
                if cell == PART and note and note not in numbers:
                    numbers.append(note)
                shown.append(f"{cell} {numbers.index(note) + 1}" if cell == PART and note else cell)
            lines.append(f"| {field} | {' | '.join(shown)} |")
        lines += ["", *(f"{at}. {note}" for at, note in enumerate(numbers, 1))] if numbers else []
    return "\n".join(lines) + "\n"


def test_where_a_system_says_less_a_note_says_what(cells: dict[tuple[str, str], dict[str, str]]) -> None:
    """A field that comes out different from the district is a fault, unless the SIS itself cannot tell."""
    less = {(*key, system) for key, row in cells.items() for system, cell in row.items() if cell == PART}
    assert less == NOTES.keys()


def test_what_every_school_needs_is_carried_by_all(cells: dict[tuple[str, str], dict[str, str]]) -> None:
    for field in ("local_id", "first_name", "last_name", "grade", "enrollments: home building", "contacts"):
        assert set(cells["student", field].values()) == {FULL}


def test_the_page_is_true(cells: dict[tuple[str, str], dict[str, str]]) -> None:
    made = document(cells)
    if os.environ.get("WRITE_DOCS"):
        DOCUMENT.write_text(made)
    assert DOCUMENT.read_text() == made, "run make docs"
