"""The README is the reference, so it must name everything that can be switched or called."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

import simulators
from simulators import aeries, powerschool
from simulators.control import Simulator
from simulators.district import District, truth

README = (Path(simulators.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize("options", [aeries.Options, powerschool.Options])
def test_every_switch_is_documented(options: type):
    credentials = {"certificate", "client_id", "client_secret"}
    named = {field.name for field in fields(options)} - credentials
    assert {name for name in named if f"`{name}`" not in README} == set()


def test_every_change_is_documented(district: District):
    app: Simulator = aeries.create_app(district)
    with pytest.raises(KeyError) as caught:
        app.change("nothing")
    kinds = str(caught.value).split("known: ")[1].rstrip("'").split(", ")
    assert [kind for kind in kinds if f"`{kind}`" not in README] == []


def test_every_field_of_the_truth_is_documented(district: District):
    facts = truth(district)
    text = README.replace("first/middle/last_name", "first_name middle_name last_name")
    text = text.replace("principal_first/last/email", "principal_first principal_last principal_email")
    for table in ("schools", "students", "staff", "guardians"):
        assert [name for name in facts[table][0] if name not in text] == [], table
    student = next(s for s in facts["students"] if s["guardians"])
    assert [name for name in (*student["enrollments"][0], *student["guardians"][0]) if name not in text] == []
