"""Every fault as a client on a socket meets it."""

from __future__ import annotations

import gzip
import http.client
import threading
import time
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from oauthlib.oauth1 import Client

from simulators import oneroster
from simulators.control import Simulator
from simulators.district import District
from simulators.fault_kinds import KINDS
from simulators.faults import FaultBook, Rule
from simulators.inprocess import call
from tests.simulators.calls import Caller, aeries_caller, power_caller
from tests.simulators.test_illuminate import signed
from tests.simulators.test_oneroster import roster

Served = tuple[Simulator, str]
STUDENTS = "/schools/101/students"


def fetch(
    served: Served, path: str = STUDENTS, query: str = "", timeout: float = 5
) -> tuple[int, dict[str, str], bytes]:
    app, url = served
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=timeout)
    try:
        target = f"{parts.path}/api/v5{path}{'?' + query if query else ''}"
        connection.request("GET", target, headers={"AERIES-CERT": app.credentials["token"]})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def rows(served: Served, first: int, last: int) -> list[dict[str, object]]:
    return msgspec.json.decode(fetch(served, STUDENTS, f"StartingRecord={first}&EndingRecord={last}")[2])


# Rules ------------------------------------------------------------------------------------------------------------


def test_a_rule_fires_after_n_requests_and_so_many_times(served: Served):
    served[0].faults.add("http_500", "/students", after=2, times=2)
    assert [fetch(served)[0] for _ in range(6)] == [200, 200, 500, 500, 200, 200]
    assert fetch(served, "/schools")[0] == 200


def test_a_rule_may_look_at_the_query_and_the_method():
    rule = Rule("http_500", r"page=2\b", method="POST")
    assert not rule.take("GET", "/x?page=2")
    assert not rule.take("POST", "/x?page=20")
    assert rule.take("POST", "/x?page=2")


def test_bad_rules_are_refused():
    with pytest.raises(ValueError, match="unknown fault kind"):
        FaultBook().set([{"kind": "earthquake"}])


def test_the_list_of_kinds_is_the_whole_list(served: Served):
    """Each kind changes something that a client can see, or at least leaves the server up."""
    for kind in KINDS:
        if kind in ("slow_drip", "gzip_bomb", "reset", "truncated"):
            continue
        served[0].faults.set([{"kind": kind, "params": {"seconds": 0}}])
        assert fetch(served)[0] > 0
    served[0].faults.clear()
    assert fetch(served)[0] == 200


# Answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 429, 500, 502, 503])
def test_statuses(served: Served, status: int):
    served[0].faults.add(f"http_{status}")
    assert fetch(served)[0] == status


def test_every_form_of_retry_after(served: Served):
    def after(form: str) -> str | None:
        served[0].faults.set([{"kind": "http_429", "params": {"retry_after": form, "seconds": 7}}])
        return fetch(served)[1].get("retry-after")

    assert after("absent") is None
    assert after("seconds") == "7"
    assert after("negative") == "-5"
    assert int(after("absurd")) > 10**9
    assert after("text") == "soon"
    assert 5 < parsedate_to_datetime(after("date")).timestamp() - time.time() <= 7
    assert parsedate_to_datetime(after("past_date")).timestamp() < time.time()


def test_html_login_page_and_redirect_to_another_host(served: Served):
    served[0].faults.add("html_login")
    status, headers, body = fetch(served)
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/html")
    assert b"<html" in body
    served[0].faults.set([{"kind": "redirect"}])
    status, headers, _ = fetch(served)
    assert status == 302
    assert urlsplit(headers["location"]).hostname.endswith(".invalid")


def test_gzip_bomb_and_deep_json(served: Served):
    served[0].faults.add("gzip_bomb", megabytes=20)
    _, headers, body = fetch(served)
    assert headers["content-encoding"] == "gzip"
    assert len(body) < 100_000
    assert len(gzip.decompress(body)) > 20_000_000
    served[0].faults.set([{"kind": "deep_json", "params": {"depth": 5000}}])
    assert fetch(served)[2] == b"[" * 5000 + b"]" * 5000


def test_a_token_that_dies_mid_run_stays_dead_until_a_new_one_is_fetched(district: District):
    caller = power_caller(district)
    caller.app.faults.add("token_expired", "/ws/v1/district/student", after=1, times=1)
    assert [caller.raw("/ws/v1/district/student")[0] for _ in range(3)] == [200, 401, 401]
    again = power_caller(district)
    assert again.raw("/ws/v1/district/student")[0] == 200


def test_a_certificate_cannot_expire_so_it_is_refused(served: Served):
    served[0].faults.add("token_expired", times=1)
    assert [fetch(served)[0], fetch(served)[0]] == [401, 200]


# Delivery ---------------------------------------------------------------------------------------------------------


def test_reset_in_the_middle_of_the_body(served: Served):
    served[0].faults.add("reset", times=1)
    with pytest.raises(ConnectionResetError):
        fetch(served)
    assert fetch(served)[0] == 200


def test_truncated_with_a_wrong_and_with_a_correct_length(served: Served):
    whole = len(fetch(served)[2])
    served[0].faults.add("truncated", content_length="wrong", times=1)
    with pytest.raises(http.client.IncompleteRead) as caught:
        fetch(served)
    assert len(caught.value.partial) + caught.value.expected == whole
    served[0].faults.set([{"kind": "truncated", "params": {"fraction": 0.25}}])
    _, headers, body = fetch(served)
    assert len(body) == int(headers["content-length"]) == whole // 4
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body)


def test_slow_first_byte_latency_and_drip(served: Served):
    for kind in ("slow_first_byte", "latency"):
        served[0].faults.set([{"kind": kind, "params": {"seconds": 0.15}}])
        start = time.monotonic()
        fetch(served)
        assert time.monotonic() - start >= 0.15
    served[0].faults.set([{"kind": "slow_drip", "params": {"bytes_per_second": 2000, "chunk": 100}}])
    start = time.monotonic()
    status, _, body = fetch(served, "/systeminfo")
    assert status == 200
    assert time.monotonic() - start >= len(body) / 2000 * 0.8


def test_a_drip_outlasts_a_read_timeout(served: Served):
    served[0].faults.add("slow_drip", bytes_per_second=1, chunk=1)
    with pytest.raises(TimeoutError):
        fetch(served, timeout=0.3)


def test_a_limit_on_parallel_requests(served: Served):
    served[0].faults.add("latency", seconds=0.2)
    served[0].faults.add("max_concurrency", n=2)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(fetch(served, "/systeminfo")[0])) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 429 in found
    assert served[0].log.max_parallel > 2
    assert fetch(served, "/systeminfo")[0] == 200


# Data -------------------------------------------------------------------------------------------------------------


def test_pages_that_never_end(served: Served):
    first = rows(served, 1, 5)
    served[0].faults.add("looping_pages")
    assert rows(served, 6, 10) == first
    assert rows(served, 100_001, 100_005) == first


def test_a_row_comes_twice(served: Served):
    first, second = rows(served, 1, 5), rows(served, 6, 10)
    served[0].faults.add("duplicate_row")
    assert rows(served, 1, 5) == first
    assert rows(served, 6, 10) == [first[-1], *second]


def test_a_row_moves_between_pages(served: Served):
    first, second = rows(served, 1, 5), rows(served, 6, 10)
    served[0].faults.add("moving_row")
    assert rows(served, 1, 5) == first
    assert rows(served, 6, 10) == [first[-1], *second[1:]], "the total is right, one row is missing"


def test_empty_lists_dropped_rows_wrong_types_and_wrappers(served: Served):
    whole = rows(served, 1, 5)
    served[0].faults.set([{"kind": "empty_list"}])
    assert rows(served, 1, 5) == []
    served[0].faults.set([{"kind": "drop_rows", "params": {"rows": 2}}])
    assert rows(served, 1, 5) == whole[:3]
    served[0].faults.set([{"kind": "wrong_types", "params": {"field": "Grade", "value": "fifth", "rows": 2}}])
    assert [row["Grade"] for row in rows(served, 1, 5)] == [
        "fifth",
        "fifth",
        *(row["Grade"] for row in whole[2:]),
    ]
    served[0].faults.set([{"kind": "missing_wrapper"}])
    assert rows(served, 1, 5) == {"data": whole}


def test_invalid_utf8(served: Served):
    served[0].faults.add("invalid_utf8")
    with pytest.raises(UnicodeDecodeError):
        fetch(served)[2].decode()


def test_counts_and_wrappers_of_the_other_system(district: District):
    caller = power_caller(district)
    total = caller.get("/ws/v1/district/student/count")["resource"]["count"]
    caller.app.faults.add("count_mismatch", "count", extra=5)
    assert caller.get("/ws/v1/district/student/count")["resource"]["count"] == total + 5
    caller.app.faults.set([{"kind": "missing_wrapper"}])
    assert "@expansions" in caller.get("/ws/v1/district/student")
    caller.app.faults.set([{"kind": "empty_list"}])
    assert caller.get("/ws/v1/district/student")["students"]["student"] == []
    caller.app.faults.set([{"kind": "looping_pages"}])
    assert caller.get("/ws/v1/district/student", "page=2") == caller.get("/ws/v1/district/student", "page=1")


def test_every_way_of_paging_can_come_round(district: District):
    """Guards: a fault that does not know how a system pages changes nothing, and a test of it proves nothing."""
    client = roster(district)
    first = client.get("/students", "limit=5&offset=0")
    client.app.faults.add("looping_pages")
    assert client.get("/students", "limit=5&offset=10") == first


def test_a_signature_is_over_the_page_that_was_asked_for(district: District):
    """Guards: a looping server that answers 401 to signed requests, which is another fault."""
    app = oneroster.create_app(district)
    client = Client(*app.credentials.values())
    app.faults.add("looping_pages")
    query = "limit=5&offset=10"
    path = f"{app.base_path}/students"
    _, headers, _ = client.sign(f"http://127.0.0.1{path}?{query}")
    assert call(app, "GET", path, query, headers)[0] == 200


def test_links_lead_astray(district: District):
    client = roster(district)
    query = "limit=5&offset=5"

    def following() -> str:
        links = client.raw("/students", query)[1]["link"]
        return links.partition('>; rel="next"')[0].rpartition("<")[2]

    right = urlsplit(following())
    assert parse_qs(right.query) == {"limit": ["5"], "offset": ["10"]}
    client.app.faults.set([{"kind": "looping_links"}])
    assert parse_qs(urlsplit(following()).query) == {"limit": ["5"], "offset": ["0"]}
    client.app.faults.set([{"kind": "looping_links", "params": {"to": "self"}}])
    assert urlsplit(following()).query == query
    client.app.faults.set([{"kind": "foreign_links"}])
    led = urlsplit(following())
    assert (led.hostname, led.path, led.query) == ("elsewhere.invalid", right.path, right.query)


def test_every_announced_count_can_lie(district: District):
    client, lamp = roster(district), signed(district)
    total = int(client.raw("/students")[1]["x-total-count"])
    announced = lamp.get("Students/")["num_results"]
    for app in (client.app, lamp.app):
        app.faults.add("count_mismatch", extra=4)
    assert int(client.raw("/students")[1]["x-total-count"]) == total + 4
    assert lamp.get("Students/")["num_results"] == announced + 4


# In-process -------------------------------------------------------------------------------------------------------


def test_in_process_calls_agree_with_the_socket(served: Served):
    app, _ = served
    headers = {"AERIES-CERT": app.credentials["token"]}
    status, names, body = call(app, "GET", "/aeries/api/v5/schools", headers=headers)
    assert (status, body) == (200, fetch(served, "/schools")[2])
    assert names["content-type"] == "application/json; charset=utf-8"


def test_in_process_faults_wait_and_tear(district: District):
    caller: Caller = aeries_caller(district)
    caller.app.faults.add("latency", seconds=0.05)
    start = time.monotonic()
    caller.get("/systeminfo")
    assert time.monotonic() - start >= 0.05
    caller.app.faults.set([{"kind": "reset"}])
    with pytest.raises(ConnectionResetError):
        caller.raw("/systeminfo")
