"""A PowerSchool server looked at piece by piece, and its code tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollcall.connectors.base import Part, Step
from rollcall.connectors.mapping import named
from rollcall.connectors.powerschool.connector import PowerSchool, School, Sizes
from rollcall.connectors.records import identifier, number, text
from rollcall.domain.errors import NeedsAttention
from rollcall.domain.inspection import Code, CodeTable
from rollcall.domain.standard import fixed_table, grade_range

_AREAS = {"students": "students", "staff": "staff", "contacts": "contacts"}
_GRANT = "In PowerSchool's plugin management, check that the plugin is enabled and its access request for {} approved."


class Inspector:
    """The pieces that a survey asks for, each by itself."""

    def __init__(self, connector: PowerSchool) -> None:
        self._powerschool = connector
        self._sizes = Sizes()
        self._schools: list[School] = []

    def steps(self) -> Sequence[Step]:
        """The client, the schools, and the permission for each kind of record."""
        return [
            Step("credentials", self._sign_in, _GRANT.format("schools"), vital=True),
            Step("schools", self._list_schools, _GRANT.format("schools"), vital=True),
            *(self._permission(stream.name) for stream in self._powerschool.streams),
        ]

    def codes(self) -> Iterator[CodeTable]:
        """Schools, the grades that they have, the words for ethnicity, and what the plugin may read else."""
        yield CodeTable(
            "building", tuple(Code(identifier(s.school_number), text(s.name)) for s in self._schools)
        )
        ends = [grade for s in self._schools for grade in (number(s.low_grade), number(s.high_grade))]
        grades = [grade for grade in ends if grade is not None]
        if grades:
            yield grade_range(min(grades), max(grades))
        yield fixed_table("ethnicity", ("YES", "NO"))
        yield from self._powerschool.code_tables(self._sizes)

    def _sign_in(self) -> str:
        self._sizes = self._powerschool.sizes()
        return "PowerSchool accepts the client id and secret of the plugin."

    def _list_schools(self) -> str:
        self._schools = self._powerschool.schools(self._sizes)
        if not self._schools:
            raise NeedsAttention("no_schools", "PowerSchool shows no school.")
        return named([(identifier(s.school_number), text(s.name)) for s in self._schools])

    def _permission(self, stream: str) -> Step:
        def ask() -> str:
            # Contacts are asked for by student, and the first school may have none.
            asked = "students" if stream == "contacts" else stream
            self._powerschool.probe(
                stream,
                [
                    Part(
                        stream=asked,
                        label=asked,
                        params={"school": identifier(s.id), "page_size": self._sizes.of(asked)},
                    )
                    for s in self._schools
                ],
            )
            return f"The plugin may read {_AREAS[stream]}."

        return Step(f"permission.{stream}", ask, _GRANT.format(_AREAS[stream]))
