"""What the store must hold, worked out from the generator's truth alone, never from a connector.

``expected`` and ``stored`` give people in one neutral form, so that they compare field by field. Contacts have no
id that survives every system, so they are named by what makes one a person: names, e-mail and phones.

OneRoster carries less: no addresses, no language, no dates of a stay, no word for a tie but the guardian's role, and no
ids but its own, so that students and staff are known by their local ids. SchoolTool carries no demographics either, and
only the staff that teach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rollcall.domain.plan import StoredPerson
from simulators.codes import ALLERGENS

Neutral = dict[str, Any]

ROSTERS = ("oneroster", "schooltool")
_ROLES = {"mother": "parent", "father": "parent", "stepmother": "parent", "stepfather": "parent"}
_ROLES |= {"guardian": "guardian", "foster_parent": "guardian"}
_NOT_IN_ROSTERS = ("addresses", "language")
_NOT_IN_SCHOOLTOOL = ("birth_date", "gender", "ethnicity", "races")


def _present(**fields: Any) -> Neutral:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {}, ())}


def _address(address: Mapping[str, str] | None, kind: str) -> list[Neutral]:
    if not address or not address["street"]:
        return []
    return [
        _present(
            type=kind,
            street=address["street"],
            city=address["city"],
            state=address["state"] if len(address["state"]) == 2 else None,
            postal_code=address["zip"],
        )
    ]


def mapped_schools(truth: Neutral) -> dict[int, str]:
    """The schools that the demo's building mapping holds, by code."""
    return {s["code"]: s["site_code"] for s in truth["schools"] if not s["holding"]}


def _allergies(written: str) -> list[str]:
    """Our values for the items of a free text."""
    return sorted(ALLERGENS[item.strip()] for item in written.replace(";", ",").split(",") if item.strip())


def contact_name(guardian: Mapping[str, Any]) -> tuple[str, str, str]:
    return guardian["first_name"], guardian["last_name"], guardian["email"] or ""


def _stays(system: str, student: Neutral, schools: Mapping[int, str]) -> list[Neutral]:
    """The enrollments that a system tells of; PowerSchool knows the primary one alone."""
    stays = [e for e in student["enrollments"] if e["active"] and e["school_code"] in schools]
    return [e for e in stays if e["primary"]] if system.startswith("powerschool") else stays


def expected(system: str, truth: Neutral) -> dict[str, dict[Any, Neutral]]:
    """``{"student": {id: {…}}, "staff": {id: {…}}, "contact": {name: {…}}}`` of one district."""
    schools = mapped_schools(truth)
    year = truth["district"]["school_year"]
    guardians = {g["id"]: g for g in truth["guardians"]}
    students = {}
    linked: dict[int, list[Neutral]] = defaultdict(list)
    taught: dict[int, set[int]] = defaultdict(set)
    for student in truth["students"]:
        stays = _stays(system, student, schools)
        if not stays:
            continue
        home = next((e for e in stays if e["primary"]), stays[0])
        for stay in student["enrollments"]:
            if stay["school_code"] in schools:
                taught[stay["homeroom_teacher_id"]].add(stay["school_code"])
        links = [link for link in student["guardians"] if link["current"]]
        for link in links:
            linked[link["guardian_id"]].append(student)
        # Aeries knows one number per student, the one that schools print
        students[str(student["local_id"] if system == "aeries" else student["id"])] = _present(
            status="active",
            local_id=str(student["local_id"]),
            state_id=student["state_id"],
            first_name=student["first_name"],
            middle_name=student["middle_name"],
            last_name=student["last_name"],
            birth_date=student["birth_date"],
            gender=student["gender"],
            ethnicity=student["ethnicity"],
            # Illuminate knows one, the primary ethnicity
            races=sorted(student["races"][:1] if system == "illuminate" else student["races"]),
            language=student["language"],
            allergies=_allergies(student["allergies"]) if system == "powerschool_query" else None,
            email=student["email"],
            grade=home["grade"],
            addresses=_address(student["address"], "home") + _address(student["mailing_address"], "mailing"),
            enrollments=sorted(
                (
                    _present(
                        school=schools[e["school_code"]],
                        school_year=year,
                        grade=e["grade"],
                        start_date=e["entry_date"],
                        primary=e["primary"],
                    )
                    for e in stays
                ),
                key=lambda e: e["school"],
            ),
            contacts=sorted(
                (
                    link["priority"],
                    contact_name(guardians[link["guardian_id"]]),
                    link["relationship"],
                    link["lives_with"],
                )
                for link in links
            ),
        )
    staff = {}
    for member in truth["staff"]:
        codes = [s["code"] for s in member["schools"] if s["code"] in schools]
        if not member["active"] or not (codes or system == "illuminate"):
            continue
        if system == "illuminate":
            # Its users name no school; only the roster says where somebody teaches
            codes = list(taught[member["id"]])
        staff[str(member["id"])] = _present(
            status="active",
            first_name=member["first_name"],
            middle_name=member["middle_name"],
            last_name=member["last_name"],
            email=member["email"],
            schools=sorted(schools[c] for c in codes),
        )
    contacts = {
        contact_name(guardians[i]): _present(
            status="active",
            first_name=guardians[i]["first_name"],
            middle_name=guardians[i]["middle_name"] if system != "illuminate" else None,
            last_name=guardians[i]["last_name"],
            email=guardians[i]["email"],
        )
        for i in linked
    }
    if system in ROSTERS:
        students, staff = _as_rostered(system, truth, students, staff)
    return {"student": students, "staff": staff, "contact": contacts}


def _as_rostered(
    system: str, truth: Neutral, students: dict[str, Neutral], staff: dict[str, Neutral]
) -> tuple[dict[str, Neutral], dict[str, Neutral]]:
    """What OneRoster carries of the same people, by local id."""
    lost = _NOT_IN_ROSTERS + (_NOT_IN_SCHOOLTOOL if system == "schooltool" else ())
    guardians = {g["id"]: g for g in truth["guardians"]}
    found = {}
    for student in truth["students"]:
        whole = students.get(str(student["id"]))
        if whole is None:
            continue
        links = sorted((k for k in student["guardians"] if k["current"]), key=lambda k: k["priority"])
        rostered = {name: value for name, value in whole.items() if name not in lost}
        if rostered.get("gender") == "nonbinary":  # 1.1 knows male and female
            del rostered["gender"]
        rostered["enrollments"] = [
            {n: v for n, v in e.items() if n not in ("start_date", "grade")} | {"grade": whole["grade"]}
            for e in whole["enrollments"]
        ]
        rostered["contacts"] = [
            (
                priority,
                contact_name(guardians[k["guardian_id"]]),
                _ROLES.get(k["relationship_detail"], "relative"),
                False,
            )
            for priority, k in enumerate(links, 1)
        ]
        found[str(student["local_id"])] = _present(**rostered)
    teaching = {e["homeroom_teacher_id"] for s in truth["students"] for e in s["enrollments"] if e["active"]}
    members = {
        str(member["local_id"]): staff[str(member["id"])]
        for member in truth["staff"]
        if str(member["id"]) in staff and (system == "oneroster" or member["id"] in teaching)
    }
    return found, members


def stored(people: Iterable[Neutral], system: str = "") -> dict[str, dict[Any, Neutral]]:
    """The same form from people as the API shows them; ``system`` says by which id they are known."""
    rows = list(people)
    contacts = {p["id"]: p for p in rows if p["type"] == "contact"}

    def named(p: Neutral) -> tuple[str, str, str]:
        return p.get("first_name") or "", p.get("last_name") or "", p.get("email") or ""

    found: dict[str, dict[Any, Neutral]] = {"student": {}, "staff": {}, "contact": {}}
    for p in rows:
        known_by = "local_id" if system in ROSTERS else "source_id"
        key = named(p) if p["type"] == "contact" else p[known_by]
        assert key not in found[p["type"]], f"{p['type']} is stored twice"
        common = {"status": p.get("status", "active")} | {
            n: p.get(n) for n in ("first_name", "middle_name", "last_name", "email")
        }
        if p["type"] == "staff":
            common["schools"] = list(p.get("schools") or ())
        if p["type"] == "student":
            common |= {
                n: p.get(n)
                for n in ("local_id", "state_id", "birth_date", "gender", "ethnicity", "language", "grade")
            }
            common["races"] = list(p.get("races") or ())
            common["allergies"] = list(p.get("allergies") or ())
            common["addresses"] = [
                _present(**({"type": "home"} | a))
                for a in sorted(p.get("addresses", ()), key=lambda a: a.get("type", "home"))
            ]
            common["enrollments"] = sorted(
                (
                    _present(**{n: e.get(n) for n in ("school", "school_year", "grade", "start_date")})
                    | {"primary": e.get("primary", True)}
                    for e in p.get("enrollments", ())
                ),
                key=lambda e: e["school"],
            )
            common["contacts"] = sorted(
                (
                    c["priority"],
                    named(contacts[c["person_id"]]),
                    c.get("relationship"),
                    c.get("lives_with", False),
                )
                for c in p.get("contacts", ())
            )
        found[p["type"]][key] = _present(**common)
    return found


def shown(stored: StoredPerson) -> Neutral:
    """A stored person in the API's words, as far as a comparison needs them."""
    return {**msgspec.to_builtins(stored.person), "id": stored.id}


def differences(
    want: Mapping[str, Mapping[Any, Neutral]], have: Mapping[str, Mapping[Any, Neutral]]
) -> list[str]:
    """Readable differences, at most a few per kind."""
    lines = []
    for kind, people in want.items():
        lines += [f"{kind} {key} is missing" for key in sorted(people.keys() - have[kind].keys(), key=str)]
        lines += [
            f"{kind} {key} should not be there" for key in sorted(have[kind].keys() - people.keys(), key=str)
        ]
        for key in sorted(people.keys() & have[kind].keys(), key=str):
            one, two = people[key], have[kind][key]
            lines += [
                f"{kind} {key}.{n}: want {one.get(n)!r}, have {two.get(n)!r}"
                for n in sorted(one.keys() | two.keys())
                if one.get(n) != two.get(n)
            ]
    return lines
