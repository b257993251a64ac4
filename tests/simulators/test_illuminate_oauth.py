"""Signatures: what a tenant accepts and refuses, and that unmodified clients sign what it accepts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import requests
from oauthlib.oauth1 import SIGNATURE_PLAINTEXT, SIGNATURE_TYPE_QUERY, Client
from requests_oauthlib import OAuth1

from simulators import illuminate, serve
from simulators.__main__ import make, parser
from simulators.control import Simulator
from simulators.district import District
from simulators.illuminate import Options
from simulators.illuminate.oauth import Verifier
from simulators.inprocess import call
from tests.simulators.test_illuminate import HOST, Reply, Signed, signed

SITES = "/live/rest_server.php/Api/Sites/"
KEYS = Options()
NAMES = ("consumer_token", "consumer_secret", "user_token", "user_secret")


@pytest.fixture
def app(district: District) -> Simulator:
    return illuminate.create_app(district)


def ask(app: Simulator, query: str = "", signed_query: str | None = None, **client: Any) -> Reply:
    """One request for Sites, signed with `client`'s departures from the right keys."""
    keys = {
        "client_key": KEYS.consumer_token,
        "client_secret": KEYS.consumer_secret,
        "resource_owner_key": KEYS.user_token,
        "resource_owner_secret": KEYS.user_secret,
    }
    query_to_sign = query if signed_query is None else signed_query
    address = f"{HOST}{SITES}?{query_to_sign}" if query_to_sign else f"{HOST}{SITES}"
    _, headers, _ = Client(**(keys | client)).sign(address)
    return call(app, "GET", SITES, query, headers)


def refused(reply: Reply) -> str:
    status, headers, body = reply
    assert (status, headers["www-authenticate"]) == (401, 'OAuth realm="Illuminate"')
    return msgspec.json.decode(body)["error"]


# What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"client_key": "000000000000"}, "unknown consumer"),
        ({"client_secret": "wrong"}, "invalid signature"),
        ({"resource_owner_key": "000000000000"}, "unknown token"),
        ({"resource_owner_secret": "wrong"}, "invalid signature"),
        ({"resource_owner_key": None, "resource_owner_secret": None}, "missing oauth_token"),
        ({"signature_method": SIGNATURE_PLAINTEXT}, "unsupported oauth_signature_method"),
        ({"timestamp": str(int(time.time()) - 3600)}, "timestamp refused"),
        ({"timestamp": str(int(time.time()) + 3600)}, "timestamp refused"),
        ({"timestamp": "yesterday"}, "timestamp refused"),
    ],
)
def test_each_part_of_the_signature_counts(app: Simulator, wrong: dict[str, Any], reason: str):
    assert refused(ask(app, **wrong)) == reason
    assert ask(app)[0] == 200


def test_an_unsigned_request_is_refused_but_a_wrong_path_is_not_even_asked(app: Simulator):
    assert refused(call(app, "GET", SITES)) == "no OAuth parameters"
    assert refused(call(app, "GET", SITES, headers={"Authorization": "Bearer abc"})) == "malformed request"
    assert refused(call(app, "GET", "/live/rest_server.php/Api/Nothing/")) == "no OAuth parameters"
    assert call(app, "GET", "/live/")[0] == 200


def test_the_query_the_method_and_the_host_are_signed(app: Simulator):
    assert ask(app, "page=1&limit=5")[0] == 200
    assert refused(ask(app, "page=2", signed_query="page=1")) == "invalid signature"
    _, headers, _ = Client(KEYS.consumer_token, KEYS.consumer_secret, KEYS.user_token, KEYS.user_secret).sign(
        f"http://other.example{SITES}"
    )
    assert refused(call(app, "GET", SITES, headers=headers)) == "invalid signature"
    assert call(app, "GET", SITES, headers={**headers, "Host": "other.example"})[0] == 200


def test_a_query_that_cannot_be_signed_is_refused(app: Simulator):
    _, headers, _ = Client(KEYS.consumer_token).sign(f"{HOST}{SITES}")
    assert refused(call(app, "GET", SITES, "name=a b{c}", headers)) == "malformed request"


def test_parameters_stand_once_and_the_version_is_one(app: Simulator):
    twice = ask(app, "oauth_nonce=1", signed_query="")
    assert refused(twice) == "repeated OAuth parameter"
    assert refused(by_hand(app, oauth_version="2.0")) == "unsupported oauth_version"


def test_a_signature_works_once(app: Simulator, district: District):
    fixed = {"nonce": "abc", "timestamp": str(int(time.time()))}
    assert ask(app, **fixed)[0] == 200
    assert refused(ask(app, **fixed)) == "nonce already used"
    assert ask(app, **{**fixed, "nonce": "abd"})[0] == 200
    lenient = illuminate.create_app(district, Options(reject_reused_nonces=False))
    assert [ask(lenient, **fixed)[0] for _ in range(2)] == [200, 200]


def test_a_wrong_signature_does_not_use_up_the_nonce(app: Simulator):
    fixed = {"nonce": "abc", "timestamp": str(int(time.time()))}
    assert ask(app, **fixed, client_secret="wrong")[0] == 401
    assert ask(app, **fixed)[0] == 200


def test_the_clock_window_can_be_wider(district: District):
    lenient = illuminate.create_app(district, Options(clock_window=7200))
    assert ask(lenient, timestamp=str(int(time.time()) - 3600))[0] == 200


def test_nonces_are_forgotten_after_the_window():
    verifier = Verifier(Options(clock_window=50))
    now = int(time.time())
    verifier._seen = {(str(now - age), "old"): now - age for age in (99, 60, 20)}
    assert verifier._stale({"oauth_timestamp": str(now), "oauth_nonce": "new"}) == ""
    assert list(verifier._seen) == [(str(now - 20), "old"), (str(now), "new")]


# What is accepted -------------------------------------------------------------------------------------------------


def escaped(text: str) -> str:
    return quote(text, safe="~")


def by_hand(app: Simulator, **changes: str) -> Reply:
    """RFC 5849 in ten lines of the standard library: evidence that does not come from oauthlib."""
    oauth = {
        "oauth_consumer_key": KEYS.consumer_token, "oauth_token": KEYS.user_token, "oauth_nonce": "4572616e48",
        "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": str(int(time.time())), **changes,
    }  # fmt: skip
    pairs = sorted(
        (escaped(name), escaped(value)) for name, value in {**oauth, "q": "Peña & co", "page": "1"}.items()
    )
    parameters = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join(escaped(part) for part in ("GET", f"{HOST}{SITES}", parameters))
    key = f"{escaped(KEYS.consumer_secret)}&{escaped(KEYS.user_secret)}"
    oauth["oauth_signature"] = base64.b64encode(
        hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    ).decode()
    header = "OAuth " + ", ".join(f'{name}="{escaped(value)}"' for name, value in oauth.items())
    return call(app, "GET", SITES, "q=Pe%C3%B1a%20%26%20co&page=1", {"Authorization": header})


def test_a_signature_made_by_hand_with_and_without_a_version(app: Simulator):
    assert by_hand(app)[0] == 200
    assert by_hand(app, oauth_version="1.0", oauth_nonce="other")[0] == 200
    assert refused(by_hand(app, oauth_consumer_key="x")) == "unknown consumer"


def test_a_signature_may_stand_in_the_query(app: Simulator):
    client = Client(
        KEYS.consumer_token, KEYS.consumer_secret, KEYS.user_token, KEYS.user_secret,
        signature_type=SIGNATURE_TYPE_QUERY,
    )  # fmt: skip
    address, _, _ = client.sign(f"{HOST}{SITES}?page=1")
    assert call(app, "GET", SITES, address.partition("?")[2])[0] == 200


# Over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture
def live(app: Simulator) -> Iterator[tuple[Simulator, str, requests.Session]]:
    with serve(app) as url, requests.Session() as session:
        session.auth = OAuth1(*(app.credentials[name] for name in NAMES))
        yield app, f"{url}/rest_server.php/Api", session


def test_requests_oauthlib_reads_the_students(
    district: District, live: tuple[Simulator, str, requests.Session]
):
    _, base, session = live
    found, page, pages = [], 1, 1
    while page <= pages:
        answer = session.get(
            f"{base}/Students/", params={"page": page, "limit": 60, "name": "Peña & co"}
        ).json()
        found += answer["results"]
        page, pages = page + 1, answer["num_pages"]
    assert pages > 2
    assert [row["student_id"] for row in found] == [
        s.id for s in district.students if s.status in ("active", "inactive", "transferred")
    ]
    session.auth = OAuth1(KEYS.consumer_token, KEYS.consumer_secret, KEYS.user_token, "wrong")
    assert session.get(f"{base}/Students/").status_code == 401


def test_pages_may_be_read_in_parallel(live: tuple[Simulator, str, requests.Session]):
    app, base, _ = live
    auth = OAuth1(*(app.credentials[name] for name in NAMES))
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(
                lambda n: requests.get(f"{base}/Students?limit=10&page={n}", auth=auth).json(), range(1, 11)
            )
        )
    assert len({row["student_id"] for answer in answers for row in answer["results"]}) == 100


def test_a_torn_answer_has_used_up_its_signature(live: tuple[Simulator, str, requests.Session]):
    """A transport that repeats the same bytes gets 401: each try is signed anew."""
    app, base, session = live
    prepared = session.prepare_request(requests.Request("GET", f"{base}/Sites/"))
    app.faults.add("reset", times=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        session.send(prepared)
    assert session.send(prepared).status_code == 401
    assert session.get(f"{base}/Sites/").status_code == 200


# Faults -----------------------------------------------------------------------------------------------------------


def test_a_changed_page_parameter_is_a_fault_and_not_a_forgery(district: District):
    lamp = signed(district)
    first = lamp.get("Students/", "limit=10&page=1")
    lamp.app.faults.add("looping_pages")
    assert lamp.get("Students/", "limit=10&page=2") == first


def test_rows_are_found_in_both_shapes_by_the_data_faults(district: District):
    lamp = signed(district)
    lamp.app.faults.add("drop_rows", rows=2)
    assert len(lamp.get("Students/", "limit=10")["results"]) == 8
    assert len(lamp.get("Sites/")) == 3
    lamp.app.faults.set([{"kind": "token_expired"}])
    assert lamp.raw("Sites/")[0] == 401


# Command line -----------------------------------------------------------------------------------------------------


def test_switches_and_keys_on_the_command_line():
    given = ["illuminate", "--people", "60", "--user-secret", "s3cret", "--switch", "scalars=text"]
    app = make(parser().parse_args([*given, "--switch", "missing=Contacts,Roles", "--switch", "max_limit=5"]))
    assert app.credentials["user_secret"] == "s3cret"
    lamp = Signed(app)
    assert len(lamp.get("Students/", "limit=50")["results"]) == 5
    assert type(lamp.get("Students/")["results"][0]["student_id"]) is str
    assert lamp.raw("Contacts/")[0] == lamp.raw("Roles/")[0] == 404


def test_the_command_line_says_where_and_with_which_keys():
    command = [sys.executable, "-m", "simulators", "illuminate", "--people", "60"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert set(ready) == {"system", "url", "control_url", "credentials"}
        assert (ready["system"], set(ready["credentials"])) == ("illuminate", set(NAMES))
        auth = OAuth1(*(ready["credentials"][name] for name in NAMES))
        answer = requests.get(f"{ready['url']}/rest_server.php/Api/Students/", auth=auth, timeout=10)
        assert answer.json()["num_results"] > 0
        assert requests.get(f"{ready['control_url']}/health", timeout=10).json()["system"] == "illuminate"
    finally:
        process.terminate()
        process.communicate()
