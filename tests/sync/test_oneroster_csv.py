"""OneRoster by CSV files: the store must hold the people that REST tells of, and a bad export must change nobody."""

from __future__ import annotations

from typing import Any

import pytest

from local.inprocess import DISTRICT, INTEGRATION
from rollcall.connectors.oneroster_core import export
from simulators.oneroster.package import FAULTS
from tests.sync.test_oneroster import Town, compare, people, town

VERSIONS = ("1.1", "1.2")
versions = pytest.mark.parametrize("version", VERSIONS)


def drop(**switches: Any) -> Town:
    """A district that drops its export on a web server, where it is fetched."""
    found = town(settings={"delivery": "csv"}, **switches)
    stored = found.inside.config.integration(DISTRICT, INTEGRATION)
    address = {"url": f"http://127.0.0.1{found.switches.csv_path}", "version": stored.version + 1}
    found.inside.config.put_integration(stored.model_copy(update=address), {})
    return found


@versions
@pytest.mark.parametrize("form", ["plain", "loose"])
def test_files_tell_of_the_same_people_as_rest(version: str, form: str) -> None:
    by_rest, by_csv = town(advertised=version), drop(advertised=version, csv_form=form)
    assert by_rest.sync().state == "completed"
    run = by_csv.sync()
    assert run.state == "completed", run.error
    assert people(by_csv) == people(by_rest)
    assert by_csv.asked == ["export"], "one slice fetches it once"
    assert sum(c["reject"] for c in run.counts.values()) == 0


def test_in_1_2_an_employee_may_be_a_parent_too() -> None:
    by_rest, by_csv = (make(advertised="1.2", merged_people=True) for make in (town, drop))
    by_rest.sync()
    by_csv.sync()
    assert people(by_csv) == people(by_rest)
    assert by_csv.inside.persons("staff").keys() & by_csv.inside.persons("contact").keys()


@pytest.mark.parametrize("form", ["plain", "loose"])
def test_going_over_to_files_writes_nobody(form: str) -> None:
    """The records look otherwise, but the people are the same."""
    found = town(csv_form=form)
    found.sync()
    stored = found.inside.config.integration(DISTRICT, INTEGRATION)
    change = {"delivery": "csv", "url": f"http://127.0.0.1{found.switches.csv_path}", "version": 3}
    found.inside.config.put_integration(stored.model_copy(update=change), {})
    found.inside.people.written.clear()
    assert found.sync().state == "completed"
    assert found.inside.people.written == []


@versions
def test_who_changed_is_written_and_who_is_gone_leaves(version: str) -> None:
    by_rest, by_csv = town(advertised=version), drop(advertised=version)
    by_rest.sync()
    by_csv.sync()
    by_csv.inside.people.written.clear()
    assert by_csv.sync().state == "completed"
    assert by_csv.inside.people.written == []
    for found in (by_rest, by_csv):
        found.inside.generated.change_some(10, seed=3)
        found.inside.generated.withdraw_student(found.inside.generated.students[0].id)
        run = found.sync()
        assert (run.state, run.counts["student"]["inactivate"]) == ("completed", 1)
    assert people(by_csv) == people(by_rest)


def test_a_server_that_wants_no_password() -> None:
    found = drop(csv_open=True)
    found.inside.simulator.credentials.update(consumer_token="nobody", consumer_secret="nothing")
    assert found.sync().state == "completed"


def test_without_demographics() -> None:
    found = drop(demographics="404")
    run = found.sync()
    assert run.state == "completed", run.error
    assert run.issue_codes["demographics_not_offered"] == 1


def test_demographics_that_are_gone_do_not_take_what_is_known() -> None:
    found = drop()
    found.sync()
    found.turn(demographics="404")
    assert found.fails() == "empty_pull"


def test_a_school_that_is_missing_from_the_export_fails_the_run() -> None:
    """The export of one school may fail without a word, and would end everybody there."""
    found = drop()
    found.sync()
    for student in found.inside.generated.students:
        for enrollment in student.enrollments:
            if enrollment.school_code == 101:
                enrollment.school_code = 102
    found.inside.generated.change_some(1, seed=3)
    assert found.fails() == "empty_building"


def test_the_next_school_year_is_not_loaded_as_this_one() -> None:
    found = drop()
    found.sync()
    found.turn(next_year=True)
    assert found.fails() == "academic_year_not_available"


# ----------------------------------------------------------------------------------------------------- slices


@versions
def test_an_export_read_in_slices_is_the_same(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, sliced = drop(advertised=version), drop(advertised=version)
    whole.sync()
    monkeypatch.setattr(export, "PAGE_ROWS", 20)
    run = sliced.inside.sync(slice_seconds=0)
    assert run.state == "completed", run.error
    assert people(sliced) == people(whole)
    assert len(sliced.asked) > 5, "every slice of the pull fetches it again"


def test_an_export_that_is_replaced_between_slices_changes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of each would be neither."""
    monkeypatch.setattr(export, "PAGE_ROWS", 20)
    found = drop()
    found.sync()
    before = dict(found.inside.people.items)
    found.inside.generated.change_some(10, seed=3)
    app = found.inside.simulator

    async def replaced(*call: Any) -> None:
        await app(*call)
        found.inside.generated.change_some(1, seed=len(found.asked))

    found.inside.sender.app = replaced
    run = found.inside.sync(slice_seconds=0)
    assert (run.state, run.error and run.error.code) == ("failed", "export_changed")
    assert found.inside.people.items == before
    found.inside.sender.app = app
    assert found.sync().state == "completed", "the next run reads the new one"
    assert compare(found) == []


# ----------------------------------------------------------------------------------------------------- faults

BROKEN = {
    "no_manifest": "export_no_manifest",
    "other_version": "export_wrong_version",
    "delta": "export_is_delta",
    "missing_file": "export_file_missing",
    "missing_column": "export_column_missing",
    "short_row": "export_row_malformed",
    "open_quote": "export_row_malformed",
    "blank_id": "export_row_malformed",
    "latin_1": "export_not_utf8",
    "bomb": "export_too_large",
    "damaged": "export_damaged",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_export_changes_nobody(fault: str) -> None:
    found = drop()
    found.sync()
    found.inside.generated.change_some(10, seed=3)
    found.turn(csv_fault=fault)
    assert found.fails() == BROKEN[fault]
    found.turn(csv_fault="")
    run = found.sync()
    assert (run.state, run.counts["student"]["update"]) == ("completed", 10), "and the next night mends it"


@pytest.mark.parametrize(
    ("kind", "params", "code"),
    [
        ("html_login", {}, "export_not_zip"),
        ("truncated", {}, "source_interrupted"),
        ("truncated", {"content_length": "wrong"}, "source_interrupted"),
        ("reset", {}, "source_interrupted"),
        ("http_401", {}, "credentials_rejected"),
        ("http_403", {}, "permission_missing"),
        ("http_404", {}, "endpoint_wrong"),
        ("http_204", {}, "request_refused"),
        ("http_503", {}, "source_unavailable"),
        ("redirect", {"location": "https://elsewhere.example.org/export.zip"}, "endpoint_redirects"),
    ],
)
def test_a_fault_of_the_server_changes_nobody(kind: str, params: dict[str, Any], code: str) -> None:
    found = drop()
    found.sync()
    found.inside.generated.change_some(10, seed=3)
    found.inside.simulator.faults.add(kind, found.switches.csv_path, **params)
    assert found.fails() == code


def test_wrong_credentials_say_so() -> None:
    found = drop()
    found.inside.simulator.credentials.update(consumer_secret="wrong")
    assert found.fails() == "credentials_rejected"
