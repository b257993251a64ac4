"""Every issue code stands in one table, and on one page.

The page ``docs/issues.md`` is made here, and checked here: ``make docs`` writes it.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from rollcall.connectors.mapping import ISSUES, IssueKind
from rollcall.domain.mapping import Entity
from rollcall.domain.media import REASONS
from rollcall.engine.issues import ALL, ENGINE, issue
from tests.engine.world import World

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "connectors" / "rollcall"
DOCUMENT = ROOT / "docs" / "issues.md"
MAKERS = {("connectors/mapping.py", "issue"), ("domain/media.py", "blocked"), ("engine/issues.py", "issue")}
"""The functions that look a code up before they make an issue of it."""

_WORD = re.compile(r"{\w+}")


def made_in(source: str) -> set[str]:
    """Names of the functions of a module in which an ``Issue`` is made; ``<module>`` for outside of any."""
    found = set()

    def look(node: ast.AST, function: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                called = child.func.attr if isinstance(child.func, ast.Attribute) else None
                name = child.func.id if isinstance(child.func, ast.Name) else called
                if name == "Issue":
                    found.add(function)
            inner = child.name if isinstance(child, ast.FunctionDef) else function
            look(child, inner)

    look(ast.parse(source), "<module>")
    return found


def test_only_three_functions_make_issues() -> None:
    """Guards: a code that is raised but on no page, so that nobody can look up what to do about it."""
    found = {
        (str(path.relative_to(PACKAGE)), function)
        for folder in (PACKAGE, ROOT / "functions")
        for path in sorted(folder.rglob("*.py"))
        if folder == PACKAGE or "Issue(" in path.read_text()
        for function in made_in(path.read_text())
    }
    assert found == MAKERS


@pytest.mark.parametrize("written", ["def f():\n    return Issue(code='x')", "person.Issue(code='x')"])
def test_an_issue_that_is_made_elsewhere_is_seen(written: str) -> None:
    assert made_in(written)


def test_an_unknown_code_cannot_be_raised() -> None:
    with pytest.raises(KeyError):
        issue("no_such_code")


def test_a_code_stands_in_one_table_only() -> None:
    assert len(ALL) == len(ISSUES) + len(REASONS) + len(ENGINE)


def test_whatever_a_mapping_can_miss_has_a_code() -> None:
    """Only the academic year is looked up for the whole integration, which cannot be read without."""
    assert {e for e in get_args(Entity) if f"{e}_unmapped" not in ALL} == {"academic_year"}


def test_what_a_run_tells_is_filled_in(world: World) -> None:
    """Guards: a message that still has its braces."""
    for number in range(14):
        world.sis.students[f"k{number}"] = {
            "school": "north", "first": "Kit", "last": "Crowd", "phone": "555-555-0150"
        }  # fmt: skip
    found = {i.code: i for i in world.issues(world.sync())}
    assert (
        found["family_implausibly_large"].message == "14 students share one family; more than 12 is unusual."
    )
    assert all("{" not in i.message for i in found.values())


def document() -> str:
    """The page, as Markdown."""
    media = {code: ALL[code] for code in REASONS}
    return "\n".join(
        [
            "# Issues",
            "",
            "What a run may find wrong, by code. An error keeps the whole record out; a warning drops only the value,",
            "or keeps somebody out of the media application. Somebody who has left is never kept from leaving: then an",
            "error counts as a warning. The tests write this page (`make docs`) and fail when it is not true any more.",
            *_section("Records and their values", ISSUES),
            *_section("The media application", media),
            *_section("People and records together", ENGINE),
            "",
        ]
    )


def _section(title: str, kinds: Mapping[str, IssueKind]) -> list[str]:
    rows = [
        f"| `{code}` | {kind.severity} | {_WORD.sub('…', kind.message)} | {kind.fix} |"
        for code, kind in sorted(kinds.items())
    ]
    return [
        "",
        f"## {title}",
        "",
        "| Code | Severity | What it means | What to do |",
        "|---|---|---|---|",
        *rows,
    ]


def test_the_page_is_true() -> None:
    made = document()
    if os.environ.get("WRITE_DOCS"):
        DOCUMENT.write_text(made)
    assert DOCUMENT.read_text() == made, "run make docs"
