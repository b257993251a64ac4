"""Two schools with plugins of their own: each reads what it was made for, and PowerSchool refuses the rest."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from local.inprocess import InProcess
from rollcall.connectors.powerschool_query.plugin import Registration
from rollcall.connectors.powerschool_query.school_plugin import build_school_plugin, streams_needed
from rollcall.domain.onboarding import OnboardingForm, begin, hand_out, plugin_name
from simulators.inprocess import call
from simulators.powerschool import Options
from simulators.powerschool.plugin import load
from tests.simulators.calls import basic

NOW = datetime(2026, 11, 22, tzinfo=UTC)
QUERIES = "queries_root/rollcall.named_queries.xml"


def plugin_of(name: str, organization: str, member_types: tuple[str, ...]) -> bytes:
    form = OnboardingForm.model_validate(
        {
            "name": name,
            "portal_url": "https://ps.example.org/public",
            "organization_id": organization,
            "member_types": list(member_types),
        }
    )
    school = begin(f"onb_{organization}", f"int_{organization}", "lakeview", form, "public", NOW)
    reads = streams_needed(school, None)
    handed = hand_out(school, plugin_name(name, ()), "mark", reads, None, NOW)
    url = f"https://api.example.org/v1/registrations/{school.id}"
    return build_school_plugin(handed, Registration(url, f"secret-{organization}"))


ALDER = plugin_of("Alder Academy", "101", ("staff",))
BIRCH = plugin_of("Birch Prep", "202", ("student", "contact"))


def town(package: bytes, *member_types: str) -> InProcess:
    options = Options(plugin=package)
    return InProcess(
        "powerschool_query", people=150, options=options, member_types=member_types, family_identifier=()
    )


def test_the_plugins_of_two_schools_differ_in_name_organization_and_access() -> None:
    alder, birch = load(ALDER), load(BIRCH)
    assert (alder.name, birch.name) == ("Rollcall Alder Academy", "Rollcall Birch Prep")
    assert "(organization 101)" in alder.description
    assert "(organization 202)" in birch.description
    assert alder.registration != birch.registration
    tables = [{name.partition(".")[0] for name in plugin.granted} for plugin in (alder, birch)]
    assert tables[0] == {"schools", "schoolstaff", "users"}
    assert {"students", "person", "studentcontactassoc"} <= tables[1]
    assert not tables[1] & {"schoolstaff", "users"}
    assert set(alder.queries) & set(birch.queries) == {"org.rollcall.sync.schools.list"}


@pytest.mark.parametrize(
    ("package", "member_types"), [(ALDER, ("staff",)), (BIRCH, ("student", "contact")), (BIRCH, ("student",))]
)
def test_each_plugin_lets_its_school_sync(package: bytes, member_types: tuple[str, ...]) -> None:
    """Guards against an access request without a field that some query of it reads."""
    made = town(package, *member_types)
    run = made.sync()
    assert run.state == "completed", run.error
    assert {stored.person.type for stored in made.stored()} == set(member_types)


@pytest.mark.parametrize("package", [ALDER, BIRCH])
def test_who_was_not_chosen_cannot_be_read(package: bytes) -> None:
    made = town(package, "student", "staff")
    run = made.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "plugin_not_installed")
    assert made.stored() == []


def test_a_query_beyond_its_access_is_refused() -> None:
    """Birch's queries under Alder's access request: installed, but PowerSchool reads no field of a student."""
    forged = io.BytesIO()
    with zipfile.ZipFile(forged, "w") as package:
        for source, name in ((ALDER, "plugin.xml"), (BIRCH, QUERIES)):
            package.writestr(name, zipfile.ZipFile(io.BytesIO(source)).read(name))
    made = town(forged.getvalue(), "student")
    run = made.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "field_not_granted")
    assert made.stored() == []


@pytest.mark.parametrize(
    ("package", "table", "field", "status"),
    [
        (ALDER, "users", "email_addr", 200),
        (ALDER, "students", "last_name", 403),
        (BIRCH, "students", "last_name", 200),
        (BIRCH, "users", "email_addr", 403),
        (BIRCH, "students", "lunchstatus", 403),
    ],
)
def test_a_table_beyond_its_access_is_refused(package: bytes, table: str, field: str, status: int) -> None:
    server = town(package, "staff").simulator

    def ask(method: str, path: str, query: str, authorization: str, body: bytes) -> tuple[int, Any]:
        headers = {"Authorization": authorization, "Accept": "application/json"}
        answer = call(server, method, path, query, headers, body)
        return answer[0], msgspec.json.decode(answer[2])

    _, token = ask("POST", "/oauth/access_token", "", basic(server), b"grant_type=client_credentials")
    bearer = f"Bearer {token['access_token']}"
    found, _ = ask("GET", f"/ws/schema/table/{table}", f"projection={field}", bearer, b"")
    assert found == status
