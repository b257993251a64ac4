"""An unmodified client from PyPI, generated from the official OpenAPI of 1.1, reads the simulator."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from simulators import oneroster, serve
from simulators.district import District
from simulators.inprocess import call
from tests.simulators.calls import basic
from tests.simulators.test_oneroster import FORM

oneroster_client = pytest.importorskip("oneroster_client")


@pytest.mark.parametrize("preset", [oneroster.Options, oneroster.schooltool])
def test_strongmind_reads_the_whole_roster(district: District, preset: Any):
    # Its models refuse a null where the standard has none.
    options = preset(scope_required=False, demographics="offered", null_references=False)
    app = oneroster.create_app(district, options)
    headers = {"Authorization": basic(app), "Content-Type": FORM}
    body = b"grant_type=client_credentials"
    token = msgspec.json.decode(call(app, "POST", f"{app.base_path}/token", "", headers, body)[2])
    with serve(app) as url:
        configuration = oneroster_client.Configuration()
        configuration.host = url
        configuration.access_token = token["access_token"]
        client = oneroster_client.ApiClient(configuration)
        students = oneroster_client.StudentsManagementApi(client)
        found = {row.identifier: row for row in students.get_students(limit=1000).users}
        active = {student.local_id for student in district.students if student.active}
        assert {key for key, row in found.items() if row.status == "active"} == active
        one = next(row for row in found.values() if row.agents and row.agents[0].sourced_id)
        same = students.get_student(one.sourced_id).user
        assert (same.given_name, same.family_name, same.enabled_user) == (
            one.given_name,
            one.family_name,
            one.enabled_user,
        )
        orgs = oneroster_client.OrgsManagementApi(client).get_orgs(limit=1000).orgs
        assert {ref.sourced_id for ref in one.orgs} <= {org.sourced_id for org in orgs}
        people = oneroster_client.UsersManagementApi(client).get_users(limit=1000).users
        assert one.agents[0].sourced_id in {user.sourced_id for user in people}
        rows = oneroster_client.DemographicsManagementApi(client).get_demographics(limit=1000).demographics
        assert {row.sourced_id for row in rows} == {row.sourced_id for row in found.values()}
        assert {row.white for row in rows} == {True, False}
        enrollments = (
            oneroster_client.EnrollmentsManagementApi(client).get_enrollments(limit=1000).enrollments
        )
        assert {row.role for row in enrollments} == {"student", "teacher"}
        terms = oneroster_client.TermsManagementApi(client).get_terms().academic_sessions
        assert len(terms) == 2
        client.rest_client.pool_manager.clear()
