"""A PowerSchool server with our plugin looked at piece by piece, and its code tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollcall.connectors.base import Step
from rollcall.connectors.mapping import named
from rollcall.connectors.powerschool_query.connector import PowerSchoolQuery
from rollcall.connectors.powerschool_query.queries import STREAMS
from rollcall.domain.errors import NeedsAttention
from rollcall.domain.inspection import Code, CodeTable
from rollcall.domain.standard import fixed_table

_GRANT = "In PowerSchool's plugin management, enable the Rollcall plugin and approve its access request."


class Inspector:
    """The pieces that a survey asks for, each by itself."""

    def __init__(self, connector: PowerSchoolQuery) -> None:
        self._powerschool = connector
        self._page_size = 0
        self._schools: list[tuple[str, str | None]] = []

    def steps(self) -> Sequence[Step]:
        """The client, the schools, and each query of the plugin."""
        return [
            Step("credentials", self._sign_in, _GRANT, vital=True),
            Step("schools", self._list_schools, _GRANT, vital=True),
            *(self._permission(stream.name) for stream in self._powerschool.streams),
        ]

    def codes(self) -> Iterator[CodeTable]:
        """Schools, the numbers that stand for an ethnicity, and what the plugin may read else."""
        yield CodeTable("building", tuple(Code(number, name) for number, name in self._schools))
        yield fixed_table("ethnicity", ("1", "0"))
        yield from self._powerschool.code_tables(self._page_size)

    def _sign_in(self) -> str:
        self._page_size = self._powerschool.page_size()
        return "PowerSchool accepts the client id and secret of the plugin."

    def _list_schools(self) -> str:
        self._schools = self._powerschool.schools(self._page_size)
        if not self._schools:
            raise NeedsAttention("no_schools", "PowerSchool shows no school.")
        return named(self._schools)

    def _permission(self, stream: str) -> Step:
        def ask() -> str:
            self._powerschool.probe(stream, self._schools[0][0])
            return f"The plugin's query {STREAMS[stream].area} answers."

        return Step(f"permission.{stream}", ask, _GRANT)
