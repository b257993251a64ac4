"""Rights, as named by the groups in a caller's token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Right = Literal["viewer", "operator", "admin"]
_RANK: dict[str, int] = {"viewer": 1, "operator": 2, "admin": 3}
_PLATFORM = "*"


@dataclass(frozen=True)
class Access:
    """What a caller may do. ``operator`` includes ``viewer``, ``admin`` includes both."""

    ranks: dict[str, int]

    @classmethod
    def of(cls, groups: Iterable[str]) -> Access:
        """Rights from groups such as ``lakeview/operator``; groups of any other form give none.

        Of the platform groups only ``*/admin`` counts.
        """
        ranks: dict[str, int] = {}
        for group in groups:
            district_id, separator, right = group.rpartition("/")
            if not separator or not district_id or (district_id == _PLATFORM and right != "admin"):
                continue
            ranks[district_id] = max(ranks.get(district_id, 0), _RANK.get(right, 0))
        return cls(ranks)

    @property
    def platform(self) -> bool:
        """True for the platform operator, who may do everything and alone may create a district."""
        return _PLATFORM in self.ranks

    def may(self, district_id: str, right: Right) -> bool:
        """True when the caller has ``right`` in the district. A district cannot be called ``*``."""
        return self.platform or self.ranks.get(district_id, 0) >= _RANK[right]
