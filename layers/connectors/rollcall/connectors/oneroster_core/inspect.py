"""A OneRoster server looked at piece by piece. Its codes are its organisations, and the words that the standard has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollcall.connectors.base import Step
from rollcall.connectors.mapping import ISSUES, named
from rollcall.connectors.oneroster_core.connector import OneRoster, is_school
from rollcall.connectors.oneroster_core.people import RACES, SEVERAL_RACES
from rollcall.connectors.oneroster_core.rows import Org
from rollcall.connectors.records import text
from rollcall.domain.errors import NeedsAttention
from rollcall.domain.inspection import Code, CodeTable
from rollcall.domain.standard import fixed_table

_GRADES = {"PK": "Pre-Kindergarten", "TK": "Transitional Kindergarten", "KG": "Kindergarten"} | {
    f"{grade:02d}": None for grade in range(1, 13)
}
_GRANT = "Ask whoever runs the SIS to grant the client id the scope {}."
_SCOPES = {
    "students": "roster-core.readonly",
    "users": "roster-core.readonly",
    "demographics": "roster-demographics.readonly",
}


class Inspector:
    """The pieces that a survey asks for, each by itself."""

    def __init__(self, connector: OneRoster) -> None:
        self._oneroster = connector
        self._orgs: list[Org] = []

    def steps(self) -> Sequence[Step]:
        """The client, the schools, the year, and each list."""
        scope = _GRANT.format("roster-core.readonly")
        return [
            Step("credentials", self._sign_in, scope, vital=True),
            Step("schools", self._name_schools, vital=True),
            Step("academic_year", self._find_year, scope),
            *(self._permission(stream.name) for stream in self._oneroster.streams),
        ]

    def codes(self) -> Iterator[CodeTable]:
        """Schools as the building mapping may name them; grades are CEDS's, the rest what OneRoster lays down."""
        yield CodeTable("building", tuple(Code(number, name) for number, name in self._schools()))
        yield CodeTable(
            "grade_level", tuple(Code(grade, label) for grade, label in _GRADES.items()), open=True
        )
        yield fixed_table("gender", ("female", "male", "other"))
        yield fixed_table("ethnicity", ("true", "false"))
        races = fixed_table("race", RACES).codes
        yield CodeTable("race", (*races, Code(SEVERAL_RACES, "Two Or More Races")))
        yield fixed_table("relationship", ("parent", "guardian", "relative"))

    def _sign_in(self) -> str:
        self._orgs = self._oneroster.orgs()
        return "The server accepts the client id and secret."

    def _schools(self) -> list[tuple[str, str | None]]:
        return [(self._oneroster.external(org), text(org.name)) for org in self._orgs if is_school(org)]

    def _name_schools(self) -> str:
        schools = self._schools()
        if not schools:
            raise NeedsAttention("no_schools", "The server shows no organisation that is a school.")
        return named(schools)

    def _find_year(self) -> str:
        issues = self._oneroster.year_issues()
        return (
            issues[0].message if issues else "The server has academic sessions of the district's school year."
        )

    def _permission(self, stream: str) -> Step:
        def ask() -> str:
            if self._oneroster.offers(stream):
                return f"The client may read {stream}."
            return ISSUES["demographics_not_offered"].message

        return Step(f"permission.{stream}", ask, _GRANT.format(_SCOPES[stream]))
