"""The vocabulary of the district: every detail a record may hold, and the plain value of ours that it means."""

from __future__ import annotations

GRADES = ("PK", "TK", "K", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12")

GENDERS = {"female": "female", "male": "male", "nonbinary": "nonbinary"}

ETHNICITIES = {"hispanic": "hispanic", "not_hispanic": "not_hispanic"}

_ASIAN, _PACIFIC = "asian", "native_hawaiian_or_other_pacific_islander"
RACES = {
    "white": "white",
    "black": "black_or_african_american",
    "american_indian": "american_indian_or_alaska_native",
    "chinese": _ASIAN,
    "japanese": _ASIAN,
    "korean": _ASIAN,
    "vietnamese": _ASIAN,
    "asian_indian": _ASIAN,
    "filipino": _ASIAN,
    "hawaiian": _PACIFIC,
    "samoan": _PACIFIC,
}

LANGUAGES = {
    "english": "en",
    "spanish": "es",
    "vietnamese": "vi",
    "cantonese": "zh",
    "mandarin": "zh",
    "korean": "ko",
    "tagalog": "tl",
    "portuguese": "pt",
    "japanese": "ja",
    "arabic": "ar",
    "armenian": "hy",
    "farsi": "fa",
    "punjabi": "pa",
    "russian": "ru",
}

RELATIONSHIPS = {
    "mother": "mother",
    "father": "father",
    "stepmother": "stepmother",
    "stepfather": "stepfather",
    "grandmother": "grandparent",
    "grandfather": "grandparent",
    "guardian": "guardian",
    "aunt": "aunt",
    "uncle": "uncle",
    "sibling": "sibling",
    "foster_parent": "foster_parent",
    "other": "other",
}

STATES = ("CA", "AZ", "MA", "NV", "OR")

AREA_CODES = [
    "209",
    "213",
    "310",
    "323",
    "408",
    "415",
    "442",
    "510",
    "530",
    "559",
    "562",
    "619",
    "626",
    "628",
    "650",
    "657",
    "661",
    "669",
    "707",
    "714",
    "747",
    "760",
    "805",
    "818",
    "831",
    "858",
    "909",
    "916",
    "925",
    "949",
    "951",
    "480",
    "520",
    "602",
    "623",
    "928",
    "702",
    "725",
    "775",
    "503",
    "541",
    "458",
    "971",
    "413",
    "508",
    "617",
    "774",
    "781",
    "857",
    "978",
    "206",
    "253",
    "303",
    "312",
    "404",
    "512",
    "615",
    "704",
    "808",
    "907",
]


def grad_year(grade: str, start_year: int) -> int | None:
    """The spring in which a student of this grade leaves grade 12."""
    if grade not in GRADES:
        return None
    return start_year + 1 + (len(GRADES) - 1 - GRADES.index(grade))
