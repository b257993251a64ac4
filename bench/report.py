"""Figures as Markdown tables and a plot, for the terminal and for docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from xml.sax.saxutils import escape

from bench.compare import Measured
from bench.figures import Figure, paired
from bench.recording import FIRST, Recording
from bench.tools import ROLLCALL, Tool

_MB = 1e6


def night_name(night: str) -> str:
    """As it is called in tables."""
    return "first load" if night == FIRST else f"{night} % changed"


def rates(found: Sequence[Figure], tools: Sequence[Tool], nights: Sequence[str]) -> str:
    """Records per CPU second, memory and what the SIS was asked."""
    by = {(f.tool, f.night): f for f in found}
    rows = []
    for tool in tools:
        first, last = by[tool.name, FIRST], by[tool.name, nights[-1]]
        heaviest = max((by[tool.name, night] for night in nights if night != FIRST), key=lambda f: f.together)
        rows.append(
            [
                tool.title,
                *(_thousands(by[tool.name, night].rate) for night in nights),
                f"{first.start:.1f}",
                f"{first.together / _MB:.0f} → {heaviest.together / _MB:.0f}",
                f"{last.requests:,}",
                f"{last.received / _MB:.1f}",
            ]
        )
    head = [
        "",
        *map(night_name, nights),
        "start-up, CPU s",
        "peak MB, first → later",
        "requests",
        "MB received",
    ]
    return table(head, rows)


def ratios(measured: Sequence[Measured], tools: Sequence[Tool], nights: Sequence[str]) -> str:
    """How many times Rollcall's CPU each other tool uses: median of pairs, least and most."""
    rows = []
    for tool in tools:
        if tool is not ROLLCALL:
            pairs = [paired(measured, night, ROLLCALL.name, tool.name) for night in nights]
            rows.append([tool.title, *(f"{median(p):.2f} ({min(p):.2f}–{max(p):.2f})" for p in pairs)])
    return table(["CPU of Rollcall × …", *map(night_name, nights)], rows)


def kept(found: Sequence[Figure], tools: Sequence[Tool], recording: Recording) -> str:
    """Who notices what: what each tool says of the night in which students come and go."""
    rows = []
    for figure in found:
        tool = next((tool for tool in tools if tool.name == figure.tool), None)
        if tool is None or figure.night != "1":
            continue
        told = figure.last.told
        if told:
            said = f"{told.added} added, {told.changed} changed, {told.dropped} dropped"
        else:
            sent = sum(recording.about.records["1"].values())
            said = f"tells nothing; holds {figure.last.rows:,} rows where the SIS has {sent:,}"
        rows.append([tool.title, said])
    return table(["Night with 1 % changed", "says"], rows)


def stores(found: Sequence[Figure], nights: Sequence[str]) -> str:
    """What Rollcall asked of its stores, night by night."""
    by = {f.night: f.last.told for f in found if f.tool == ROLLCALL.name}
    counts = {night: told.stores for night in nights if (told := by[night]) and told.stores}
    rows = [
        ("people read", [f"{c.people_read:,}" for c in counts.values()]),
        ("people written", [f"{c.people_written:,}" for c in counts.values()]),
        ("files written: pages as received", [f"{c.page_puts:,}" for c in counts.values()]),
        ("files written: all others", [f"{c.blob_puts - c.page_puts:,}" for c in counts.values()]),
        ("files read", [f"{c.blob_gets:,}" for c in counts.values()]),
        ("MB written to files", [f"{c.bytes_put / _MB:.1f}" for c in counts.values()]),
    ]
    return table(["Rollcall's stores", *map(night_name, counts)], [[name, *cells] for name, cells in rows])


def extras(found: Sequence[Figure], tools: Sequence[Tool], nights: Sequence[str]) -> str:
    """What each extra costs: CPU microseconds a record."""
    by = {(f.tool, f.night): f for f in found}
    rows = [
        [tool.title, *(f"{1e6 / by[tool.name, night].rate:.1f}" for night in nights)]
        for tool in tools
        if (tool.name, FIRST) in by
    ]
    return table(["CPU µs a record", *map(night_name, nights)], rows)


def shapes(rows: Iterable[tuple[str, Recording, Mapping[str, Figure]]], nights: Sequence[str]) -> str:
    """Rollcall over every system: CPU microseconds a record and a kilobyte."""
    lines = []
    for title, recording, by in rows:
        records = recording.about.records[FIRST]
        first = by[FIRST]
        size = first.received / max(sum(records.values()), 1)
        lines.append(
            [
                title,
                str(len([name for name, count in records.items() if count])),
                f"{sum(records.values()):,}",
                f"{size / 1000:.2f}",
                f"{first.requests:,}",
                *(f"{1e6 / by[night].rate:.0f}" for night in nights),
                *(f"{1e9 * (by[night].cpu - by[night].start) / by[night].received:.1f}" for night in nights),
            ]
        )
    names = [*map(night_name, nights)]
    return table(
        ["", "streams", "records", "kB each", "requests", *(f"µs a record, {n}" for n in names)]
        + [f"µs a kB, {n}" for n in names],
        lines,
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table whose first column is text and whose others are numbers."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plot(found: Sequence[Figure], tools: Sequence[Tool], nights: Sequence[str], title: str) -> str:
    """Bars of records per CPU second, one group a night, as SVG. Readable on light and dark."""
    by = {(f.tool, f.night): f.rate for f in found}
    most = max(by.values())
    colours = ["#8a8f98", "#2563eb", "#d97706", "#b45309", "#9f1239", "#0f766e"]
    bar, gap, left, width = 16, 18, 190, 480
    parts: list[str] = []
    y = 44
    for night in nights:
        parts.append(f'<text x="12" y="{y + 12}" class="night">{escape(night_name(night))}</text>')
        for tool, colour in zip(tools, colours, strict=False):
            rate = by[tool.name, night]
            length = max(1.0, width * rate / most)
            label = escape(f"{tool.title}: {_thousands(rate)}")
            parts.append(
                f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 3}" fill="{colour}"/>'
            )
            parts.append(f'<text x="{left + length + 6:.1f}" y="{y + 11}">{label}</text>')
            y += bar
        y += gap
    style = (
        "text{font:12px system-ui,sans-serif;fill:#6b7280}"
        ".night{font-weight:600}.title{font-size:14px;font-weight:600}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 250}" height="{y}" role="img" '
        f'aria-label="{escape(title)}"><style>{style}</style>'
        f'<text x="12" y="24" class="title">{escape(title)}</text>{"".join(parts)}</svg>\n'
    )


def fill(document: Path, name: str, text: str) -> None:
    """Replace what stands in a document between ``<!-- name -->`` and ``<!-- /name -->``; raises ValueError."""
    before = document.read_text()
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(before):
        raise ValueError(f"{document.name} has no place for {name}")
    document.write_text(pattern.sub(lambda match: f"{match[1]}\n{text}\n{match[2]}", before))


def _thousands(rate: float) -> str:
    return f"{rate / 1000:.1f} k"
