"""What is asked of a OneRoster server, and how its answers become pages."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from rollcall.connectors.base import Page, Part, records_of
from rollcall.connectors.oneroster_core.paging import PAGE_SIZE
from rollcall.connectors.schooltool.connector import base_path
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import NeedsAttention, SourceContract
from tests.connectors.build import CREDENTIALS, Sis, connector, encoded

ORGS = [
    {"sourcedId": "d", "type": "district", "identifier": "26"},
    {"sourcedId": "o-1", "type": "school", "name": "Lakeview", "identifier": "101"},
    {"sourcedId": "410", "type": "school", "name": "Reed", "identifier": "unmapped"},
    {"sourcedId": "o-9", "type": "school", "name": "Closed", "identifier": "102", "status": "tobedeleted"},
    {"sourcedId": "o-8", "type": "school", "name": "Elsewhere", "identifier": "888"},
    {"sourcedId": "o-7", "type": "department", "name": "Office", "identifier": "420"},
]
YEAR = {
    "sourcedId": "y",
    "type": "schoolYear",
    "schoolYear": "2027",
    "startDate": "2026-08-16",
    "endDate": "2027-06-08",
}

LAST_YEAR = Answer(
    200, {"x-total-count": "1"}, encoded({"academicSessions": [{"sourcedId": "y", "schoolYear": "2026"}]})
)


class Server:
    """A server with ``size`` users, at most ``most`` a page; ``replies`` are by the last word of the path."""

    def __init__(self, size: int = 3, most: int = 10**9, total: bool = False, **replies: Any) -> None:
        self.size, self.most, self.total, self.replies = size, most, total, replies

    def __call__(self, request: Request) -> Any:
        name = request.path.rstrip("/").split("/")[-1]
        if name in self.replies:
            return self.replies[name]
        if name.lower() == "token":
            return {"access_token": "T1", "expires_in": 3600}
        if name == "orgs":
            return {"orgs": ORGS if request.params["offset"] == 0 else []}
        if name == "academicSessions":
            return {"academicSessions": [YEAR] if request.params["offset"] == 0 else []}
        first = int(request.params["offset"])
        last = min(self.size, first + min(int(request.params["limit"]), self.most))
        rows = [{"sourcedId": f"u-{i}", "role": "student"} for i in range(first, last)]
        headers = {"x-total-count": str(self.size)} if self.total else {}
        return Answer(200, headers, encoded({"demographics" if name == "demographics" else "users": rows}))


def pull(server: Any, cursor: str | None = None) -> tuple[list[Page], Sis]:
    sis = Sis(server)
    pages = list(connector("oneroster", sis).pages(Part(stream="students", label="x"), cursor))
    sis.requests = [r for r in sis.requests if r.method == "GET"]
    return pages, sis


def rows(pages: list[Page]) -> list[str]:
    return [r.id for page in pages for r in records_of(connector("oneroster"), "students", page)]


# ---------------------------------------------------------------------------------------------------- survey


def test_survey_of_a_server_that_lists_students_by_school() -> None:
    sis = Sis(Server())
    found = connector("oneroster", sis).survey()
    assert [(p.stream, p.label, p.building) for p in found.parts] == [
        ("students", "students of school 410", "LES"),
        ("students", "students of school 101", "LMS"),
        ("users", "users", None),
        ("demographics", "demographics", None),
    ]
    assert found.reference == {"schools": {"410": "410", "o-1": "101", "o-7": "420", "o-8": "888"}}
    assert [i.value for i in found.issues] == ["888"]


def test_survey_of_schooltool() -> None:
    sis = Sis(Server(demographics=404))
    found = connector("schooltool", sis, url="https://lake.schooltool.example.org").survey()
    assert [(p.stream, p.label) for p in found.parts] == [
        ("students", "students"),
        ("users", "users"),
        ("demographics", "demographics"),
    ]
    assert {i.code for i in found.issues} == {"school_not_mapped", "demographics_not_offered"}
    assert {r.path for r in sis.requests} == {
        "/Token", "/orgs/", "/academicSessions/", "/students/", "/users/", "/demographics/",
    }  # fmt: skip
    (token,) = (r for r in sis.requests if r.path == "/Token")
    assert (token.method, token.body) == ("POST", b"grant_type=client_credentials")


def test_demographics_that_are_not_offered_are_an_empty_list() -> None:
    sis = Sis(Server(demographics=403))
    found = connector("oneroster", sis)
    part = found.survey().parts[-1]
    (page,) = found.pages(part, None)
    assert (records_of(found, "demographics", page), page.cursor) == ([], None)


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ({"orgs": 401}, "credentials_rejected"),
        ({"token": 401}, "credentials_rejected"),
        ({"orgs": 404}, "endpoint_wrong"),
        ({"orgs": {"orgs": []}}, "no_school_mapped"),
        ({"users": 403}, "permission_missing"),
        ({"students": 403}, "permission_missing"),
        ({"academicSessions": {"academicSessions": []}}, ""),
        ({"academicSessions": LAST_YEAR},
         "academic_year_not_available"),
    ],
)  # fmt: skip
def test_survey_tells_what_needs_attention(replies: Any, code: str) -> None:
    found = connector("oneroster", Sis(Server(**replies)))
    if not code:
        assert "school_year_unconfirmed" in {i.code for i in found.survey().issues}
        return
    with pytest.raises(NeedsAttention) as caught:
        found.survey()
    assert caught.value.code == code


@pytest.mark.parametrize(
    "path", ["", "/STAPIService", "/stapiservice", "/SchoolToolWeb", "/SchoolToolWeb/Login"]
)
def test_every_address_of_schooltool_leads_to_its_service(path: str) -> None:
    assert base_path(path).lower() == "/stapiservice/ims/oneroster/v1p1"
    assert base_path("/STAPIService/ims/oneroster/v1p1") == "/STAPIService/ims/oneroster/v1p1"


# ------------------------------------------------------------------------------------------------- signing in


@pytest.mark.parametrize(
    ("url", "version"),
    [("https://h.example.org", "v1p1"), ("https://h.example.org/ims/oneroster/rostering/v1p2", "v1p2")],
)
def test_the_version_says_which_scopes_are_asked_for(url: str, version: str) -> None:
    sis = Sis(Server())
    connector("oneroster", sis, url=url).survey()
    body = (sis.requests[0].body or b"").decode()
    assert f"or%2F{version}%2Fscope%2Froster-demographics.readonly" in body
    assert sis.headers[0]["Authorization"].startswith("Basic ")
    assert {h["Authorization"] for h in sis.headers[1:]} == {"Bearer T1"}


def test_requests_are_signed_for_oauth_1() -> None:
    sis = Sis(Server())
    list(connector("oneroster", sis, authentication="oauth1").pages(Part(stream="users", label="x"), None))
    sent = sis.headers[0]["Authorization"]
    facts = dict(pair.split("=", 1) for pair in sent.removeprefix("OAuth ").split(", "))
    signer = Client(
        CREDENTIALS["consumer_token"],
        client_secret=CREDENTIALS["consumer_secret"],
        signature_method=SIGNATURE_HMAC_SHA256,
        nonce=facts["oauth_nonce"].strip('"'),
        timestamp=facts["oauth_timestamp"].strip('"'),
    )
    url = "https://sis.example.org/ims/oneroster/v1p1/users"
    _, want, _ = signer.sign(f"{url}?limit={PAGE_SIZE}&offset=0&sort=sourcedId&orderBy=asc")
    assert sent == want["Authorization"]
    assert CREDENTIALS["consumer_secret"] not in sent
    assert [r.method for r in sis.requests] == ["GET", "GET"]


# ----------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize(
    ("server", "offsets"),
    [
        (Server(3), [0, 3]),
        (Server(0), [0]),
        (Server(7, most=3), [0, 3, 6, 7]),
        (Server(7, most=3, total=True), [0, 3, 6]),
        (Server(3, total=True), [0]),
        (Server(0, total=True), [0]),
    ],
)
def test_a_list_ends_with_its_total_or_an_empty_page(server: Server, offsets: list[int]) -> None:
    pages, sis = pull(server)
    assert rows(pages) == [f"u-{i}" for i in range(server.size)]
    assert sorted(r.params["offset"] for r in sis.requests) == offsets
    assert {(r.params["sort"], r.params["orderBy"]) for r in sis.requests} == {("sourcedId", "asc")}
    assert {p.announced for p in pages} == {server.size if server.total else None}
    for at, page in enumerate(pages[:-1]):
        assert rows(pull(server, page.cursor)[0]) == rows(pages[at + 1 :])


def linked(size: int, most: int, requests: list[Any], total: bool = True) -> Any:
    """A server that leads from page to page by links, at most ``most`` rows a page, and tells how many there are."""
    plain = Server(size, most, total)

    def reply(request: Request) -> Any:
        if request.method == "POST":
            return plain(request)
        answer = plain(request)
        requests.append(request.params)
        following = int(request.params["offset"]) + most
        link = f"</x?limit={most}&offset={following}>; rel=next" if following < size else "</x>; rel=first"
        return Answer(200, {**answer.headers, "link": link}, answer.body)

    return reply


@pytest.mark.parametrize("links", [False, True])
def test_where_there_is_a_total_pages_are_asked_for_together(links: bool) -> None:
    together = threading.Barrier(3)
    plain = linked(350, 50, []) if links else Server(350, most=50, total=True)

    def reply(request: Request) -> Any:
        # The first page, asked for alone, tells how large they are.
        if request.method == "GET" and int(request.params["offset"]) in (150, 200, 250):
            together.wait(10)
        return plain(request)

    pages, sis = pull(reply)
    assert rows(pages) == [f"u-{i}" for i in range(350)]
    assert len(sis.requests) == 7
    assert [p.cursor for p in pages[-2:]][1] is None


def test_pages_that_lead_elsewhere_than_foreseen_are_read_one_by_one() -> None:
    """Guards: rows left out, or read twice, where a server cuts its later pages shorter."""
    asked: list[Any] = []
    cut = linked(40, 5, asked)

    def reply(request: Request) -> Any:
        if request.method == "GET" and request.params["offset"] == 0:
            return linked(40, 10, asked)(request)
        return cut(request)

    pages, _ = pull(reply)
    assert rows(pages) == [f"u-{i}" for i in range(40)]
    assert len(pages) == 1 + 30 // 5


LINKS = [
    '<https://sis.example.org/x?limit=2&offset=2>; rel="next", <https://sis.example.org/x?offset=0>; rel="first"',
    '<https://sis.example.org/x?offset=4>; rel="last",<http://SIS.example.org:8080/y?limit=2&offset=2>; rel=next',
    'https://sis.example.org/x?limit=2&offset=2; rel="next"',
    '</x?limit=2&offset=2>;rel="next"',
    '<https://sis.example.org/x?fields=a,b&limit=2&offset=2>; title="1, 2"; rel="next"',
]


def test_a_row_that_comes_twice_takes_no_other_row_with_it() -> None:
    """Guards: the next page beginning behind what was received, so that each repeated row left out another."""
    plain = Server(size=12, most=5)

    def repeating(request: Request) -> Any:
        answer = plain(request)
        first = int(request.params.get("offset", 0))
        if request.method != "GET" or not 0 < first < 12:
            return answer
        last = encoded({"sourcedId": f"u-{first - 1}", "role": "student"})
        return Answer(200, {}, answer.body.replace(b"[", b"[" + last + b",", 1))

    found, _ = pull(repeating)
    assert set(rows(found)) == {f"u-{i}" for i in range(12)}


def test_empty_pages_that_never_end_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: empty pages, which are alike without being a loop, being asked for as long as links lead on."""
    monkeypatch.setattr("rollcall.connectors.oneroster_core.paging.MAX_PAGES", 20)

    def endless(request: Request) -> Any:
        if request.method != "GET":
            return {"access_token": "T1", "expires_in": 3600}
        return Answer(200, {"link": '</users?offset=5>; rel="next"'}, b'{"users":[]}')

    with pytest.raises(SourceContract, match="too_many_pages"):
        pull(endless)


@pytest.mark.parametrize("link", LINKS)
def test_next_links_are_followed(link: str) -> None:
    def server(request: Request) -> Any:
        if request.method == "POST":
            return {"access_token": "T1"}
        first = int(request.params["offset"])
        body = encoded({"users": [{"sourcedId": first}, {"sourcedId": first + 1}]})
        return Answer(200, {"link": link if first == 0 else '<https://h/x?offset=0>; rel="first"'}, body)

    pages, sis = pull(server)
    assert rows(pages) == ["0", "1", "2", "3"]
    assert [r.path for r in sis.requests] == ["/students", "/students"]
    assert pages[0].cursor is not None
    assert rows(pull(server, pages[0].cursor)[0]) == ["2", "3"]


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("https://evil.example.org/x?offset=2", "paging_foreign_host"),
        ("//evil.example.org/x?offset=2", "paging_foreign_host"),
        ("https://sis.example.org@evil.example.org/x?offset=2", "paging_foreign_host"),
        ("https://sis.example.org.evil.example/x?offset=2", "paging_foreign_host"),
        ("https://[bad/x?offset=2", "unexpected_shape"),
        ("https://sis.example.org/x", "unexpected_shape"),
        ("https://sis.example.org/x?offset=0", "paging_loop"),
    ],
)
def test_links_that_are_not_followed(link: str, code: str) -> None:
    page = Answer(200, {"link": f'<{link}>; rel="next"'}, encoded({"users": [{"sourcedId": 1}]}))
    sis = Sis(lambda request: page if request.method == "GET" else {"access_token": "T1"})
    with pytest.raises(SourceContract) as caught:
        list(connector("oneroster", sis).pages(Part(stream="students", label="x"), None))
    assert caught.value.code == code
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"students":[]}',
        b'{"users":5}',
        b'{"users":[{"x":1}]}',
        b'{"imsx_codeMajor":"failure"}',
        b'{"users":[{"sourcedId":" "}]}',
    ],
)
def test_what_is_no_list_of_users(body: bytes) -> None:
    with pytest.raises(SourceContract) as caught:
        records_of(connector("oneroster"), "students", Page(body=body, cursor=None))
    assert caught.value.code == "unexpected_shape"
