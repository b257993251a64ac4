"""The systems: what each is called, whose ids it speaks, and the forms of its integrations.

A system stands here once its connector exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rollcall.domain.forms import (
    AeriesForm,
    AeriesUpdate,
    AnyNew,
    AnyUpdate,
    IlluminateForm,
    IlluminateUpdate,
    OneRosterForm,
    OneRosterUpdate,
    PowerSchoolForm,
    PowerSchoolQueryForm,
    PowerSchoolQueryUpdate,
    PowerSchoolUpdate,
    SchoolToolForm,
    SchoolToolUpdate,
)

System = Literal["powerschool", "powerschool_query", "aeries", "illuminate", "schooltool", "oneroster"]


@dataclass(frozen=True)
class SystemSpec:
    """One system: what it is called, whose ids it speaks, and the models of its form.

    Systems of one ``family`` on one server number the same people.
    """

    title: str
    family: str
    form: type[AnyNew]
    update: type[AnyUpdate]
    credentials: tuple[str, ...]


SYSTEMS: Mapping[System, SystemSpec] = {
    "powerschool": SystemSpec(
        "PowerSchool",
        "powerschool",
        PowerSchoolForm,
        PowerSchoolUpdate,
        ("consumer_token", "consumer_secret"),
    ),
    "powerschool_query": SystemSpec(
        "PowerSchool Query",
        "powerschool",
        PowerSchoolQueryForm,
        PowerSchoolQueryUpdate,
        ("consumer_token", "consumer_secret"),
    ),
    "aeries": SystemSpec("Aeries", "aeries", AeriesForm, AeriesUpdate, ("token",)),
    "illuminate": SystemSpec(
        "Illuminate",
        "illuminate",
        IlluminateForm,
        IlluminateUpdate,
        ("consumer_token", "consumer_secret", "user_token", "user_secret"),
    ),
    # SchoolTool's people have the same ids whichever of the two reads them.
    "schooltool": SystemSpec(
        "SchoolTool",
        "oneroster",
        SchoolToolForm,
        SchoolToolUpdate,
        ("consumer_token", "consumer_secret"),
    ),
    "oneroster": SystemSpec(
        "OneRoster", "oneroster", OneRosterForm, OneRosterUpdate, ("consumer_token", "consumer_secret")
    ),
}
