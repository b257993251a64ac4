"""Our values for sex, race and ethnicity as OneRoster has them: two words and a row of flags.

A district names the values of its mappings itself, so what is not among the usual names is left blank rather than
guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollcall.exports.reading import Facts, text

_RACES = (
    "americanIndianOrAlaskaNative",
    "asian",
    "blackOrAfricanAmerican",
    "nativeHawaiianOrOtherPacificIslander",
    "white",
)
_SEVERAL = "demographicRaceTwoOrMoreRaces"
_NOT_KEPT = (
    "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus",
)  # fmt: skip
FLAGS = (*_RACES, _SEVERAL, "hispanicOrLatinoEthnicity", *_NOT_KEPT)
"""The columns that :func:`flags` fills, in their order; we know nothing of the last four."""

_SEXES = {"female": "female", "f": "female", "male": "male", "m": "male"}
_RACE_NAMES: Mapping[str, str] = {
    **{name.casefold(): name for name in (*_RACES, _SEVERAL)},
    "americanindian": _RACES[0],
    "alaskanative": _RACES[0],
    "nativeamerican": _RACES[0],
    "black": _RACES[2],
    "africanamerican": _RACES[2],
    "nativehawaiian": _RACES[3],
    "pacificislander": _RACES[3],
    "nativehawaiianorpacificislander": _RACES[3],
    "twoormoreraces": _SEVERAL,
    "multiracial": _SEVERAL,
}
_HISPANIC = dict.fromkeys(("hispanic", "hispanicorlatino", "latino", "yes", "y", "true"), "true")
_HISPANIC |= dict.fromkeys(("nothispanic", "nothispanicorlatino", "nonhispanic", "no", "n", "false"), "false")


def sex(facts: Facts) -> str:
    """``female`` or ``male``, the words of 1.1; blank for any other."""
    return _SEXES.get(_folded(text(facts, "gender")), "")


def flags(facts: Facts) -> tuple[str, ...]:
    """The race flags, all blank where no race is known, and the ethnicity."""
    races = _known(facts.get("races", ()))
    shown = [_flag(name in races) if races else "" for name in _RACES]
    several = _flag(_SEVERAL in races or len(races) > 1) if races else ""
    hispanic = _HISPANIC.get(_folded(text(facts, "ethnicity")), "")
    return (*shown, several, hispanic, *([""] * len(_NOT_KEPT)))


def _known(races: Iterable[str]) -> set[str]:
    return {_RACE_NAMES[race] for race in map(_folded, races) if race in _RACE_NAMES}


def _folded(value: str) -> str:
    return "".join(character for character in value.casefold() if character.isalnum())


def _flag(value: bool) -> str:
    return "true" if value else "false"
