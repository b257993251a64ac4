"""What follows from what was measured: medians, rates and ratios."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

import msgspec

from bench.compare import Measured
from bench.recording import FIRST


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One tool's night, medians over repetitions.

    ``cpu`` is everything in seconds, ``start`` what of it a small district costs too. ``rate`` is records per CPU
    second beyond that, ``gross`` with it.
    """

    tool: str
    night: str
    cpu: float
    start: float
    wall: float
    largest: int
    together: int
    requests: int
    received: int
    rate: float
    gross: float
    last: Measured


def figures(measured: Sequence[Measured], records: dict[str, int], small: dict[str, int]) -> list[Figure]:
    """A figure for each tool and night. ``records`` and ``small`` count what the SIS sends by night."""
    found = []
    for tool, night in dict.fromkeys((m.tool, m.night) for m in measured if not m.small):
        runs = [m for m in measured if (m.tool, m.night, m.small) == (tool, night, False)]
        cpu, start = median(m.cost.cpu for m in runs), _start(measured, tool, night)
        more = records[night] - (small[night] if start else 0)
        found.append(
            Figure(
                tool=tool,
                night=night,
                cpu=cpu,
                start=start,
                wall=median(m.cost.wall for m in runs),
                largest=_median(m.cost.largest for m in runs),
                together=_median(m.cost.together for m in runs),
                requests=_median(m.sis.requests for m in runs),
                received=_median(m.sis.bytes for m in runs),
                rate=more / max(cpu - start, 1e-6),
                gross=records[night] / cpu,
                last=runs[-1],
            )
        )
    return found


def paired(measured: Sequence[Measured], night: str, one: str, other: str) -> list[float]:
    """How many times the CPU of ``one`` the tool ``other`` used, repetition by repetition, start-up left out."""

    def net(tool: str) -> list[float]:
        runs = [m.cost.cpu for m in measured if (m.tool, m.night, m.small) == (tool, night, False)]
        return [cpu - _start(measured, tool, night) for cpu in runs]

    return [b / max(a, 1e-6) for a, b in zip(net(one), net(other), strict=True)]


def _start(measured: Sequence[Measured], tool: str, night: str) -> float:
    """CPU seconds of a small district: one second night stands for all."""
    second = night != FIRST
    found = [m.cost.cpu for m in measured if m.tool == tool and m.small and (m.night != FIRST) == second]
    return median(found) if found else 0.0


def _median(values: Iterable[int]) -> int:
    return round(median(values))
