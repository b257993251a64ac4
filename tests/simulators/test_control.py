"""The control API and the command line."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from simulators import aeries
from simulators.__main__ import switched
from simulators.control import path_template
from simulators.district import District, truth
from simulators.inprocess import call
from tests.simulators.calls import aeries_caller, power_caller

ROOT = Path(__file__).parents[2]


def control(app: object, method: str, path: str, document: object = None) -> tuple[int, object]:
    path, _, query = path.partition("?")
    body = b"" if document is None else msgspec.json.encode(document)
    status, _, answer = call(app, method, f"/_sim/{path}", query, body=body)
    return status, msgspec.json.decode(answer)


def test_truth_over_http_is_the_truth(district: District):
    app = power_caller(district).app
    assert control(app, "GET", "truth")[1] == truth(district)
    assert set(control(app, "GET", "truth?only=staff")[1]) == {"district", "staff"}
    assert control(app, "GET", "truth?only=weather")[0] == 404
    assert control(app, "GET", "health")[1]["status"] == "ok"
    assert dict(control(app, "GET", "codes")[1]["gender"])["F"] == "female"


def test_changes_over_http(district: District):
    app = power_caller(district).app
    student = next(s for s in district.students if s.active)
    status, change = control(
        app, "POST", "change", {"kind": "rename", "student_id": student.id, "last": "Wren"}
    )
    assert (status, change["student_ids"], student.last) == (200, [student.id], "Wren")
    assert len(control(app, "POST", "change", {"kind": "some", "n": 5, "seed": 1})[1]["student_ids"]) == 5
    assert control(app, "POST", "change", {"kind": "enroll", "school_code": 101})[0] == 200
    assert control(app, "POST", "change", {"kind": "touch", "student_id": student.id})[0] == 200


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "explode"},
        {"kind": "rename"},
        {"kind": "rename", "student_id": 5},
        {"kind": "withdraw", "age": 4},
        [],
    ],
)
def test_bad_changes_are_400_with_a_message(district: District, document: object):
    status, body = control(power_caller(district).app, "POST", "change", document)
    assert status == 400
    assert body["message"]


def test_faults_over_http(district: District):
    caller = aeries_caller(district)
    rule = {"kind": "http_503", "path": "/students", "times": 1, "params": {"retry_after": "seconds"}}
    status, body = control(caller.app, "POST", "faults", [rule])
    assert (status, body["rules"][0]["kind"]) == (200, "http_503")
    assert caller.raw("/schools/101/students")[0] == 503
    assert control(caller.app, "GET", "faults")[1]["rules"][0]["fired"] == 1
    assert control(caller.app, "POST", "faults", [{"kind": "earthquake"}])[0] == 400
    assert control(caller.app, "POST", "faults", [{"kind": "http_500", "path": "("}])[0] == 400
    assert control(caller.app, "DELETE", "faults")[1] == {"rules": []}


def test_requests_are_counted_by_template(district: District):
    caller = aeries_caller(district)
    for code in (101, 102):
        caller.raw(f"/schools/{code}/students")
    log = control(caller.app, "GET", "requests")[1]
    assert log["counts"] == {"GET /aeries/api/v5/schools/{id}/students": 2}
    assert (log["total"], log["max_parallel"]) == (2, 1)
    assert path_template("/ws/v1/student/5011") == "/ws/v1/student/{id}"
    assert control(caller.app, "DELETE", "requests")[1]["total"] == 0


def test_reset_brings_back_the_first_state(district: District):
    caller = power_caller(district)
    before = truth(district)
    control(caller.app, "POST", "change", {"kind": "some", "n": 9, "seed": 2})
    control(caller.app, "POST", "faults", [{"kind": "http_500"}])
    assert control(caller.app, "POST", "reset")[0] == 200
    assert control(caller.app, "GET", "truth")[1] == before
    key = before["students"][0]["id"]
    assert (
        caller.get(f"/ws/v1/student/{key}")["student"]["name"]["first_name"]
        == before["students"][0]["first_name"]
    )


def test_switches_on_the_command_line():
    def options(*arguments: str) -> object:
        return switched(aeries.Options(), list(arguments))

    assert options("single_school=object").single_school == "object"
    assert options("misspelt_language=true").misspelt_language is True
    assert options("areas=Student Data,Contacts").areas == {"Student Data", "Contacts"}
    assert options("areas=").areas == frozenset()
    with pytest.raises(SystemExit):
        options("weather=fine")


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["powerschool", "--people", "60", "--name", "Otter Creek"], "/ws/v1/metadata"),
        (
            ["aeries", "--people", "60", "--base-path", "Aeries.Net", "--certificate", "abc"],
            "/api/v5/systeminfo",
        ),
    ],
)
def test_the_command_prints_one_line_and_stops_on_sigterm(arguments: list[str], path: str):
    command = [sys.executable, "-m", "simulators", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        ready = json.loads(process.stdout.readline())
        parts = urlsplit(ready["url"])
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=5)
        headers = {"AERIES-CERT": ready["credentials"].get("token", ""), "Accept": "application/json"}
        connection.request("GET", parts.path + path, headers=headers)
        assert connection.getresponse().status == 200
        connection.close()
        connection.request("GET", urlsplit(ready["control_url"]).path + "/health")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
    assert ready["system"] == arguments[0]
    assert parts.hostname == "127.0.0.1"
