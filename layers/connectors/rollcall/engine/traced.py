"""Lookups that leave a trace: whatever they answer knows which entry of which mapping it is."""

from __future__ import annotations

from rollcall.domain.lineage import Matched, Translation
from rollcall.domain.mapping import CodeMapping, Entry, Lookup, Unmapped


class Found(str):
    """Our value for an external one; as text it is that value and nothing more."""

    __slots__ = ("translation",)
    translation: Translation


class Traced(Lookup):
    """The same answers as a :class:`Lookup`, with their trace.

    Once ``lenient``, an external value that was not asked for before and has no entry gets a value of its own: a
    record in which a code is altered must not be refused for that.
    """

    def __init__(self, mapping: CodeMapping) -> None:
        super().__init__(mapping)
        self.lenient = False
        self._mapping = mapping
        self._entries: dict[str, Entry] = {self._normal(entry.external): entry for entry in mapping.entries}
        self._refused: set[str] = set()

    def find(self, external: str | int | None) -> str | None:
        """As :meth:`Lookup.find`."""
        text = "" if external is None else str(external).strip()
        try:
            value = super().find(external)
        except Unmapped:
            if not self.lenient or text in self._refused:
                self._refused.add(text)
                raise
            return f"?{text}"
        return None if value is None else self._found(text, value)

    def means(self, external: object, value: str) -> bool:
        """Whether an external value has an entry of its own, and stands for ``value``."""
        entry = self._entries.get(self._normal(str(external)))
        return entry is not None and entry.value == value

    def _found(self, text: str, value: str) -> Found:
        entry = self._entries[self._normal(text)]
        found = Found(value)
        found.translation = Translation(
            entity=self._mapping.entity,
            mapping_id=self._mapping.id,
            mapping_name=self._mapping.name,
            version=self._mapping.version,
            external=text,
            entry=entry.external,
            value=value,
            matched=_matched(text, entry.external.strip()),
        )
        return found


def _matched(text: str, entry: str) -> Matched:
    """What had to be overlooked for the two to be the same."""
    if not text:
        return "blank"
    if text == entry:
        return "exact"
    if text.casefold() == entry.casefold():
        return "ignore_case"
    if text.lstrip("0") == entry.lstrip("0"):
        return "leading_zeros"
    return "ignore_case_and_leading_zeros"
