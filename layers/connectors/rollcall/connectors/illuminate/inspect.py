"""An Illuminate server looked at piece by piece, and its code tables: sites, grade levels and code lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollcall.connectors.base import Step
from rollcall.connectors.illuminate import field_map as f
from rollcall.connectors.illuminate.connector import Illuminate
from rollcall.connectors.illuminate.rows import Row, code, value
from rollcall.connectors.mapping import named
from rollcall.connectors.records import text
from rollcall.domain.errors import NeedsAttention
from rollcall.domain.inspection import Code, CodeTable

_GRANT = (
    "In Illuminate, give the user of the token a role that may see {} for every site and the current session."
)


class Inspector:
    """The pieces that a survey asks for, each by itself."""

    def __init__(self, connector: Illuminate) -> None:
        self._illuminate = connector
        self._schools: list[tuple[str, str | None]] = []

    def steps(self) -> Sequence[Step]:
        """The four tokens, the schools, and each list; the one of enrollments tells the school year."""
        steps = [
            Step("credentials", self._sign_in, vital=True),
            Step("schools", self._name_schools, vital=True),
        ]
        for stream in self._illuminate.streams:
            steps.append(self._permission(stream.name))
            if stream.name == "enrollment":
                steps.append(Step("academic_year", self._find_year))
        return steps

    def codes(self) -> Iterator[CodeTable]:
        """Schools, grades by their short names, and the code lists where the server offers them."""
        yield CodeTable("building", tuple(Code(number, name) for number, name in self._schools))
        levels = self._illuminate.grade_levels()
        yield CodeTable("grade_level", tuple(Code(short, name) for _, short, name in levels if short))
        rows = list(self._illuminate.code_rows())
        for entity, name in f.CODE_LISTS.items():
            codes = tuple(
                _code(row) for row in rows if value(row, f.CODE_LIST) == name and code(row, f.CODE_KEY)
            )
            if codes:
                yield CodeTable(entity, codes)

    def _sign_in(self) -> str:
        sites = self._illuminate.sites()
        self._schools = [(site.number, site.name) for site in sites if site.number not in f.PSEUDO_SITES]
        return "Illuminate accepts the four tokens and secrets."

    def _name_schools(self) -> str:
        if not self._schools:
            raise NeedsAttention("no_schools", "The user of the token sees no school in Illuminate.")
        return named(self._schools)

    def _find_year(self) -> str:
        self._illuminate.probe("enrollment")
        return f"Illuminate answers for the school year that ends in {self._illuminate.year}."

    def _permission(self, stream: str) -> Step:
        endpoint = f.ENDPOINTS[stream]

        def ask() -> str:
            try:
                missing = self._illuminate.probe(stream)
            except NeedsAttention as error:
                # Another year is for the step after this one to say.
                if error.code != "academic_year_not_available":
                    raise
                missing = None
            return missing.message if missing else f"The user of the token may read {endpoint}."

        return Step(f"permission.{stream}", ask, _GRANT.format(endpoint))


def _code(row: Row) -> Code:
    return Code(code(row, f.CODE_KEY) or "", text(value(row, f.CODE_LABEL)))
