"""What an unmapped value may stand for: guesses from a mapping's own entries and from what the words usually mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec
from rapidfuzz import fuzz, process, utils

from rollcall.domain.inspection import Code
from rollcall.domain.mapping import CodeMapping
from rollcall.domain.standard import usual_value

AT_MOST = 5
CONFIDENT = 60
"""Below this confidence, of 100, nothing is suggested."""

_NEGATIVE = re.compile(r"\s*-\d")
_SPELLED_ALIKE = 95
_USUAL = 90
_USUAL_BUT_NEW = 75
_PART = 80


class Proposal(msgspec.Struct, frozen=True):
    """One of our values, how likely it is meant (0 to 100), and why in a few words."""

    value: str
    confidence: int
    why: str


class Suggester:
    """A mapping, ready to be asked about many values."""

    def __init__(self, mapping: CodeMapping) -> None:
        self._entity = mapping.entity
        self._externals = {entry.external: entry.value for entry in mapping.entries}
        self._values = _readable(entry.value for entry in mapping.entries)
        self._written = _readable(self._externals)
        self._bare = {_bare(external): external for external in reversed(self._externals)}
        self._folded = {entry.value.casefold(): entry.value for entry in reversed(mapping.entries)}

    def proposals(self, value: str, label: str | None) -> list[Proposal]:
        """The likeliest of our values for one of the SIS's, which it may have a name for."""
        found: dict[str, Proposal] = {}
        for proposal in (*self._same(value), *self._usual(value, label), *self._alike(value, label)):
            known = found.get(proposal.value)
            if known is None or known.confidence < proposal.confidence:
                found[proposal.value] = proposal
        likely = (proposal for proposal in found.values() if proposal.confidence >= CONFIDENT)
        return sorted(likely, key=lambda proposal: (-proposal.confidence, proposal.value))[:AT_MOST]

    def _same(self, value: str) -> Iterable[Proposal]:
        """An entry that differs in case, blanks, punctuation or leading zeros alone."""
        external = self._bare.get(_bare(value))
        if external is not None and _bare(value):
            yield Proposal(self._externals[external], _SPELLED_ALIKE, f"The mapping has {external}.")

    def _usual(self, value: str, label: str | None) -> Iterable[Proposal]:
        usual = usual_value(self._entity, Code(value, label))
        if usual is not None:
            ours = self._folded.get(usual.casefold())
            sure = _USUAL_BUT_NEW if ours is None else _USUAL
            yield Proposal(ours or usual, sure, "This is what the word or code usually means.")

    def _alike(self, value: str, label: str | None) -> Iterable[Proposal]:
        for said, words in _readable(filter(None, (label, value))).items():
            it = "Its name" if said == label else "It"
            for ours, confidence in _closest(words, self._values):
                yield Proposal(ours, confidence, f"{it} reads like this.")
            for external, confidence in _closest(words, self._written):
                yield Proposal(self._externals[external], confidence, f"{it} reads like {external}.")


def _closest(words: str, choices: dict[str, str]) -> Iterator[tuple[str, int]]:
    """The keys of what is spelled nearly alike, or has all the words of the other and more, with how alike it is."""
    for scorer, most in ((fuzz.token_sort_ratio, _USUAL), (fuzz.token_set_ratio, _PART)):
        for _, score, key in process.extract(
            words, choices, scorer=scorer, score_cutoff=CONFIDENT, limit=AT_MOST
        ):
            yield key, round(score * most / 100)


def _readable(texts: Iterable[str]) -> dict[str, str]:
    """The words of those texts that hold any, by text: numbers that look alike mean different things."""
    found = {text: utils.default_process(text) for text in texts}
    return {text: words for text, words in found.items() if any(letter.isalpha() for letter in words)}


def _bare(text: str) -> str:
    # Before a digit it is a sign: to PowerSchool grade -2 is not grade 2.
    sign = "-" if _NEGATIVE.match(text) else ""
    words = "".join(letter for letter in text.casefold() if letter.isalnum())
    return sign + (words.lstrip("0") or words[:1])
