"""The code tables of the generated districts, per system, with our plain value for each code."""

from __future__ import annotations

from simulators.district.district import District
from simulators.district.model import RAW, School
from simulators.district.values import ETHNICITIES, GENDERS, GRADES, LANGUAGES, RACES, RELATIONSHIPS, STATES

Codes = dict[str, str]

# Aeries: California state codes where the fact sheet gives them, otherwise district codes in the same style.
_AERIES: dict[str, Codes] = {
    "gender": {"female": "F", "male": "M", "nonbinary": "X"},
    "ethnicity": {"hispanic": "Y", "not_hispanic": "N"},
    "grade_level": {"PK": "-2", "TK": "-1", "K": "0", **{grade: grade for grade in GRADES[3:]}},
    "race": dict(
        zip(RACES, ["700", "600", "100", "201", "202", "203", "204", "205", "400", "301", "303"], strict=True)
    ),
    "language": dict(
        zip(
            LANGUAGES,
            ["00", "01", "02", "03", "07", "04", "05", "06", "08", "11", "12", "16", "28", "29"],
            strict=True,
        )
    ),
    "relationship": dict(
        zip(
            RELATIONSHIPS,
            ["10", "11", "13", "14", "20", "21", "30", "40", "41", "50", "60", "90"],
            strict=True,
        )
    ),
}
_POWERSCHOOL: dict[str, Codes] = {
    "gender": {"female": "F", "male": "M", "nonbinary": "X"},
    "ethnicity": {"hispanic": "YES", "not_hispanic": "NO"},
    "grade_level": _AERIES["grade_level"],
    "race": dict(zip(RACES, ["WH", "BL", "AI", "CH", "JP", "KO", "VI", "IN", "FI", "HA", "SA"], strict=True)),
    "language": dict(
        zip(
            LANGUAGES,
            [
                "ENG",
                "SPA",
                "VIE",
                "CAN",
                "MAN",
                "KOR",
                "TAG",
                "POR",
                "JPN",
                "ARA",
                "ARM",
                "FAR",
                "PUN",
                "RUS",
            ],
            strict=True,
        )
    ),
    "relationship": {
        detail: detail.replace("_", " ").title() if detail != "guardian" else "Legal Guardian"
        for detail in RELATIONSHIPS
    },
}
# Illuminate: ids of its code lists, the words it keeps for contacts, and grades by their short name, which is what a
# grade level id means in every tenant.
_ILLUMINATE: dict[str, Codes] = {
    "gender": _AERIES["gender"],
    "ethnicity": {"hispanic": "true", "not_hispanic": "false"},
    "grade_level": {grade: grade for grade in GRADES},
    "race": _AERIES["race"],
    "language": {detail: str(number) for number, detail in enumerate(LANGUAGES, 1)},
    "relationship": {
        detail: "Parent/Guardian" if detail == "guardian" else detail.replace("_", " ").title()
        for detail in RELATIONSHIPS
    },
}
_ASIAN, _PACIFIC = "asian", "nativeHawaiianOrOtherPacificIslander"
# OneRoster: roles of guardians, names of the race flags, CEDS grades; languages stand in metadata as ISO 639.
_ONEROSTER: dict[str, Codes] = {
    "gender": {"female": "female", "male": "male", "nonbinary": "other"},
    "ethnicity": {"hispanic": "true", "not_hispanic": "false"},
    "grade_level": {"PK": "PK", "TK": "TK", "K": "KG", **{grade: grade.zfill(2) for grade in GRADES[3:]}},
    "race": dict(
        zip(
            RACES,
            [
                "white",
                "blackOrAfricanAmerican",
                "americanIndianOrAlaskaNative",
                *[_ASIAN] * 6,
                *[_PACIFIC] * 2,
            ],
            strict=True,
        )
    ),
    "language": dict(
        zip(
            LANGUAGES,
            [
                "eng",
                "spa",
                "vie",
                "yue",
                "cmn",
                "kor",
                "tgl",
                "por",
                "jpn",
                "ara",
                "hye",
                "fas",
                "pan",
                "rus",
            ],
            strict=True,
        )
    ),
    "relationship": {
        **dict.fromkeys(("mother", "father", "stepmother", "stepfather"), "parent"),
        **dict.fromkeys(("guardian", "foster_parent"), "guardian"),
        **dict.fromkeys(("grandmother", "grandfather", "aunt", "uncle", "sibling", "other"), "relative"),
    },
}
_ROSTER_SYSTEMS = ("oneroster", "schooltool")
_TABLES = {
    "aeries": _AERIES,
    "powerschool": _POWERSCHOOL,
    "powerschool_query": _POWERSCHOOL,
    "illuminate": _ILLUMINATE,
    **dict.fromkeys(_ROSTER_SYSTEMS, _ONEROSTER),
}
_OURS = {"gender": GENDERS, "ethnicity": ETHNICITIES, "race": RACES, "language": LANGUAGES}

# Allergies are free text; these are the items of the texts that the generator writes.
ALLERGENS: Codes = {
    "Peanut": "peanut",
    "Milk": "milk",
    "egg": "egg",
    "Tree nuts": "tree_nut",
    "Gluten": "wheat",
    "Shellfish": "shellfish",
    "carries EpiPen": "epinephrine",
    "Soy": "soy",
}

# Tables and PowerQueries hold the ethnicity as 0/1 where the core resources say NO/YES.
FED_ETHNICITY = {"hispanic": "1", "not_hispanic": "0", "": "-1"}

# Codes that some tenants' extracts have in place of the flag.
_EXTRACT_ETHNICITY = {"hispanic": "500", "not_hispanic": "501"}

DISTRICT_SITE = 9999999
"""Illuminate's site of the district itself, where the other systems have the office as school 0."""


def external(system: str, entity: str) -> Codes:
    """Detail → code for one entity of one system."""
    return _TABLES[system][entity]


def code_of(table: Codes, detail: str) -> str:
    """The code for a detail; a raw unknown code without its mark; blank for blank."""
    found = table.get(detail)
    if found is not None:
        return found
    return detail[len(RAW) :] if detail.startswith(RAW) else ""


def label(detail: str) -> str:
    """`foster_parent` → `Foster Parent`, for a person to read."""
    return detail.replace("_", " ").title()


def code_tables(system: str, district: District) -> dict[str, list[tuple[str, str]]]:
    """entity → `[(external code, our value)]`, complete for this district: what a demo fills its mappings from."""
    codes = _TABLES[system]
    tables = {
        entity: [(codes[entity][detail], ours[detail]) for detail in codes[entity]]
        for entity, ours in _OURS.items()
    }
    tables["relationship"] = [
        (codes["relationship"][detail], value) for detail, value in RELATIONSHIPS.items()
    ]
    tables["grade_level"] = [(codes["grade_level"][grade], grade) for grade in GRADES]
    tables["state"] = [(state, state) for state in STATES]
    tables["building"] = [
        (str(_building(system, school.code)), school.site_code)
        for school in district.schools
        if not school.holding or school.kind == "office"
    ]
    if system in _ROSTER_SYSTEMS:
        return _roster_tables(system, tables, district)
    if system == "aeries":
        tables["academic_year"] = [
            (f"{year}-{year + 1}", f"{year}-{(year + 1) % 100:02d}")
            for year in (district.start_year, district.start_year - 1)
        ]
    else:
        numbers = _EXTRACT_ETHNICITY if system == "illuminate" else FED_ETHNICITY
        tables["ethnicity"] += [(numbers[detail], value) for detail, value in ETHNICITIES.items()]
    if system == "powerschool_query":
        tables["allergy"] = list(ALLERGENS.items())
    return tables


def _building(system: str, school_code: int) -> int:
    return DISTRICT_SITE if system == "illuminate" and not school_code else school_code


Tables = dict[str, list[tuple[str, str]]]

BEDS_DISTRICT = "26050106"
"""The first eight digits of the BEDS codes of all schools; SchoolTool has these as the identifiers of its orgs."""


def org_codes(system: str, school: School) -> tuple[str, str]:
    """sourcedId and identifier of a school's org, as the defaults of the OneRoster and SchoolTool servers have them."""
    if system == "schooltool":
        return str(school.id), f"{BEDS_DISTRICT}{school.code:04d}"
    return f"org-{school.id}", str(school.code)


def _roster_tables(system: str, tables: Tables, district: District) -> Tables:
    """OneRoster is coarser than the district: several details share a code, and a role is all it says of a guardian.

    A building is found by the sourcedId of its org and by the identifier. New York writes two grades in its own way.
    """
    made = {entity: list(dict.fromkeys(rows)) for entity, rows in tables.items()}
    made["relationship"] = [("parent", "parent"), ("guardian", "guardian"), ("relative", "relative")]
    made["building"] = [
        (code, school.site_code)
        for school in district.schools
        if not school.holding or school.kind == "office"
        for code in org_codes(system, school)
    ]
    if system == "schooltool":
        made["grade_level"] += [("PKF", "PK"), ("PKH", "PK"), ("KF", "K"), ("KH", "K")]
    return made


def labels(system: str) -> dict[str, dict[str, str]]:
    """entity → code → words for a person."""
    return {
        entity: {code: label(detail) for detail, code in codes.items()}
        for entity, codes in _TABLES[system].items()
    }
