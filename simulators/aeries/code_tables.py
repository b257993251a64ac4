"""`/codes/{Table}/{Field}`: code tables under their three-letter names and their API names."""

from __future__ import annotations

from typing import Any

from simulators import codes

_INACTIVE = {
    "*": "Pre-enrolled",
    "I": "Inactive",
    "N": "No show",
    "T": "Transferred",
    "G": "Graduated",
    "H": "Historical",
}
_PROGRAMS = {"C": "Concurrent enrollment", "R": "Regular program"}

# API field name → (table, two-letter field, entity or fixed codes).
_FIELDS: dict[tuple[str, str], tuple[str, str, str | dict[str, str]]] = {
    ("stu", "homelanguage"): ("STU", "HL", "language"),
    ("stu", "correspondencelanguage"): ("STU", "CL", "language"),
    ("stu", "gender"): ("STU", "SX", "gender"),
    ("stu", "sx"): ("STU", "SX", "gender"),
    ("stu", "hl"): ("STU", "HL", "language"),
    ("stu", "ethnicity"): ("STU", "ETH", "ethnicity"),
    ("stu", "eth"): ("STU", "ETH", "ethnicity"),
    ("stu", "rc1"): ("STU", "RC1", "race"),
    ("stu", "grade"): ("STU", "GR", "grade_level"),
    ("stu", "gr"): ("STU", "GR", "grade_level"),
    ("stu", "inactivestatus"): ("STU", "TG", _INACTIVE),
    ("stu", "tg"): ("STU", "TG", _INACTIVE),
    ("stu", "attendanceprogramcodeprimary"): ("STU", "SP", _PROGRAMS),
    ("stu", "sp"): ("STU", "SP", _PROGRAMS),
    ("con", "relationshiptostudent"): ("CON", "CD", "relationship"),
    ("con", "cd"): ("CON", "CD", "relationship"),
    **{("stu", f"racecode{number}"): ("STU", f"RC{number}", "race") for number in range(1, 6)},
}  # fmt: skip
_RETIRED = {"relationship": ("95", "Step Guardian")}
"""A code that is in the table still and that nobody may use any more."""
_TABLES = {"student": "stu", "stu": "stu", "contact": "con"}


def lookup(table: str, field: str) -> list[dict[str, Any]] | None:
    """The codes of a field, or None. `CON` itself cannot stand in a URL (a Windows device name)."""
    key, name = _TABLES.get(table.lower()), field.lower()
    if key is None:
        return None
    found = _FIELDS.get((key, name)) or _FIELDS.get((key, name.removesuffix("code")))
    if found is None:
        return None
    table_code, field_code, source = found
    words = source if isinstance(source, dict) else codes.labels("aeries")[source]
    rows = [(code, description, "") for code, description in words.items()]
    if isinstance(source, str) and source in _RETIRED:
        rows.append((*_RETIRED[source], "I"))
    return [
        {
            "Table": table_code,
            "Field": field_code,
            "Code": code,
            "Description": description,
            "Category": "",
            "SortOrder": order,
            "Status": status,
            "AeriesCode": "",
            "NumericValue": 0,
            "CorrespondenceLanguageCode1": "",
            "DescriptionForLanguage1": "",
        }
        for order, (code, description, status) in enumerate(rows, 1)
    ]
