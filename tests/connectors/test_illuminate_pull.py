"""What is asked of Illuminate, how it is signed, and how its answers become pages and records."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import quote, unquote

import pytest

from rollcall.connectors.auth import OAuth1
from rollcall.connectors.base import Page, Part, records_of
from rollcall.connectors.illuminate.field_map import ENDPOINTS, PAGE_SIZE
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import NeedsAttention, SourceContract, SourceTransient
from tests.connectors.build import CREDENTIALS, Sis, connector, encoded, lookups

SITES = [
    {"site_id": 9999999, "site_name": "Alder Creek Unified", "site_type_name": "DISTRICT"},
    {"site_id": 410, "site_name": "Alder Creek Elementary", "site_type_name": "Elementary", "zip": 90009},
    {"site_id": "420", "site_name": "Reed", "site_type_name": None},
    {"site_id": 12, "site_name": "Mill Lane", "site_type_name": "Elementary"},
    {"site_id": 20000000, "site_name": "Inactive", "site_type_name": "Elementary"},
]
GRADES = [{"grade_level_id": 1, "short_name": "K"}, {"grade_level_id": "4", "short_name": 3}]


def paged(rows: list[Any], page: int = 1, pages: int = 1, total: int | None = None) -> dict[str, Any]:
    total = len(rows) if total is None else total
    return {"page": page, "num_pages": pages, "num_results": total, "results": rows}


class Tenant:
    """An Illuminate server with ``size`` rows in every list, ``most`` a page."""

    def __init__(self, size: int = 3, most: int = 200, **replies: Any) -> None:
        self.size = size
        self.most = most
        self.replies = replies

    def __call__(self, request: Request) -> Any:
        endpoint = request.path.strip("/")
        if endpoint in self.replies:
            reply = self.replies[endpoint]
            return reply(request) if callable(reply) else reply
        if endpoint in ("Sites", "GradeLevels"):
            return SITES if endpoint == "Sites" else GRADES
        page, most = int(request.params["page"]), min(int(request.params["limit"]), self.most)
        rows = [self.row(i) for i in range((page - 1) * most, min(page * most, self.size))]
        return paged(rows, page, -(-self.size // most), self.size)

    def row(self, i: int) -> dict[str, Any]:
        return {"student_id": i, "stu_sess_id": i, "contact_id": i, "user_id": i % 3, "site_id": 410}


def survey(tenant: Tenant, **settings: Any) -> Any:
    return connector("illuminate", Sis(tenant), **settings).survey()


def pull(tenant: Any, stream: str = "students", cursor: str | None = None) -> tuple[list[Page], Sis]:
    sis = Sis(tenant)
    part = Part(stream=stream, label=stream)
    return list(connector("illuminate", sis).pages(part, cursor)), sis


def ids(pages: list[Page], stream: str = "students") -> list[str]:
    found = connector("illuminate")
    return [record.id for page in pages for record in records_of(found, stream, page)]


# --------------------------------------------------------------------------------------------------- signatures


def oauth_fields(header: str) -> dict[str, str]:
    assert header.startswith("OAuth ")
    return {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}


def hmac_sha1(method: str, url: str, params: dict[str, str], fields: dict[str, str]) -> str:
    """RFC 5849 §3.4 by hand, for a URL in its normal form."""
    pairs = {**params, **{k: v for k, v in fields.items() if k not in ("oauth_signature", "realm")}}
    normal = "&".join(
        f"{k}={v}" for k, v in sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in pairs.items())
    )
    base = "&".join(quote(part, safe="~") for part in (method, url, normal))
    key = f"{quote('s3cret', safe='~')}&{quote('user&s3cret', safe='~')}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


@pytest.mark.parametrize("params", [{}, {"page": 2, "limit": 200}, {"q": "é x+y&z=1"}])
def test_a_signature_covers_the_address_and_the_parameters(params: dict[str, Any]) -> None:
    auth = OAuth1("id-1", "s3cret", "user-1", "user&s3cret")
    url = "https://x.illuminateed.com/live/rest_server.php/Api/Students/"
    request = Request(path="/Students/", template="/Students/", params=params)
    fields = oauth_fields(auth.sign(url.replace(".com/", ".com:443/"), request)["Authorization"])
    assert fields["oauth_signature_method"] == "HMAC-SHA1"
    assert (fields["oauth_consumer_key"], fields["oauth_token"]) == ("id-1", "user-1")
    texts = {name: str(value) for name, value in params.items()}
    assert fields["oauth_signature"] == hmac_sha1("GET", url, texts, fields)


def test_every_try_has_a_nonce_of_its_own() -> None:
    answers = iter([503, Answer(429, {"retry-after": "1"}, b""), encoded(SITES)])
    sis = Sis(Tenant(Sites=lambda request: next(answers)))
    connector("illuminate", sis).survey()
    fields = [oauth_fields(headers["Authorization"]) for headers in sis.headers]
    assert len(fields) > 5
    assert len({f["oauth_nonce"] for f in fields}) == len(fields)
    assert len({f["oauth_signature"] for f in fields}) == len(fields)


def test_secrets_are_not_in_what_is_sent() -> None:
    sis = Sis(Tenant())
    connector("illuminate", sis).survey()
    sent = f"{sis.headers}{[r.params for r in sis.requests]}"
    assert CREDENTIALS["consumer_secret"] not in sent
    assert CREDENTIALS["user_secret"] not in sent


def test_a_refused_signature_is_not_tried_again() -> None:
    sis = Sis(Tenant(Sites=401))
    with pytest.raises(NeedsAttention) as caught:
        connector("illuminate", sis).survey()
    assert (caught.value.code, len(sis.requests)) == ("credentials_rejected", 1)


@pytest.mark.parametrize(
    "end", ["", "/", "/rest_server.php", "/rest_server.php/Api", "/rest_server.php/Api/"]
)
def test_the_address_may_end_where_clients_end_it(end: str) -> None:
    class Urls(Sis):
        def exchange(self, url: str, *rest: Any) -> Answer:
            urls.add(url)
            return super().exchange(url, *rest)

    urls: set[str] = set()
    connector("illuminate", Urls(Tenant()), url=f"https://x.illuminateed.com/live{end}").survey()
    assert "https://x.illuminateed.com:443/live/rest_server.php/Api/Sites/" in urls


# ------------------------------------------------------------------------------------------------------- survey


def test_survey_lists_the_work() -> None:
    sis = Sis(Tenant())
    found = connector("illuminate", sis).survey()
    assert [p.stream for p in found.parts] == ["students", "enrollment", "contacts", "staff", "roster"]
    assert found.reference == {"year": 2027, "grades": {"1": "K", "4": "3"}, "roster": True}
    assert [(i.code, i.value) for i in found.issues] == [("school_not_mapped", "12")]
    assert [r.params for r in sis.requests] == [{}, {}, *[{"page": 1, "limit": 1}] * 5]


def test_reference_lists_come_in_pages_too() -> None:
    def sites(request: Request) -> Any:
        page = int(request.params.get("page", 1))
        return paged(SITES[:2] if page == 1 else SITES[2:], page, 2, 5)

    assert survey(Tenant(Sites=sites)) == survey(Tenant())


def test_a_pseudo_site_that_is_mapped_is_a_school() -> None:
    found = survey(Tenant(), codes=lookups(building={"20000000": "OUT"}))
    assert [i.value for i in found.issues] == ["410", "420", "12"]


@pytest.mark.parametrize("endpoint", ["Contacts", "Roster"])
def test_an_optional_list_may_be_missing(endpoint: str) -> None:
    found = survey(Tenant(**{endpoint: 404}))
    assert [(i.code, i.severity, i.value) for i in found.issues if i.code != "school_not_mapped"] == [
        ("endpoint_missing", "warning", endpoint)
    ]
    assert ENDPOINTS[found.parts[-1].stream] != endpoint
    assert len(found.parts) == 4
    assert found.reference["roster"] == (endpoint != "Roster")


HTML = b"<!DOCTYPE html><title>Log in</title>"


@pytest.mark.parametrize(
    ("endpoint", "reply", "code"),
    [
        ("Sites", HTML, "endpoint_not_json"),
        ("Contacts", HTML, "endpoint_not_json"),
        ("Sites", 404, "endpoint_wrong"),
        ("Users", 404, "endpoint_wrong"),
        ("Sites", [], "no_school_mapped"),
        ("Students", 401, "permission_missing"),
        ("Roster", 403, "permission_missing"),
        ("Enrollment", paged([{"student_id": 1, "academic_year": 2026}]), "academic_year_not_available"),
        (
            "Enrollment",
            paged([{"student_id": 1, "academic_year": "2025-2026"}]),
            "academic_year_not_available",
        ),
    ],
)
def test_survey_tells_what_needs_attention(endpoint: str, reply: Any, code: str) -> None:
    with pytest.raises(NeedsAttention) as caught:
        survey(Tenant(**{endpoint: reply}))
    assert caught.value.code == code


def test_the_year_asked_for_is_the_ending_one() -> None:
    assert survey(Tenant(Enrollment=paged([{"student_id": 1, "academic_year": "2027"}])))


@pytest.mark.parametrize(
    ("types", "family", "streams"),
    [
        (("student",), (), ["students", "enrollment"]),
        (("student",), ("hoh_last_name",), ["students", "enrollment", "contacts"]),
        (("staff",), (), ["staff", "roster"]),
        (("contact",), (), ["contacts"]),
    ],
)
def test_only_what_is_wanted_is_read(types: Any, family: Any, streams: list[str]) -> None:
    found = connector("illuminate", member_types=types, family_identifier=family)
    assert [s.name for s in found.streams] == streams


# ------------------------------------------------------------------------------------------------------- paging


@pytest.mark.parametrize("size", [0, 1, PAGE_SIZE, PAGE_SIZE + 1, 5 * PAGE_SIZE])
def test_all_pages_with_the_count(size: int) -> None:
    pages, sis = pull(Tenant(size))
    assert ids(pages) == [str(i) for i in range(size)]
    assert {p.announced for p in pages} == {size}
    assert [p.cursor is None for p in pages] == [False] * (len(pages) - 1) + [True]
    assert len(sis.requests) == max(1, -(-size // PAGE_SIZE))


def test_the_server_may_give_fewer_at_a_time() -> None:
    pages, _ = pull(Tenant(10, most=3))
    assert (len(pages), len(ids(pages))) == (4, 10)


def test_no_results_are_no_pages() -> None:
    pages, _ = pull(Tenant(Students=paged([], 1, 0, 0)))
    assert [(p.cursor, p.announced) for p in pages] == [(None, 0)]


@pytest.mark.parametrize("stream", ["students", "enrollment", "contacts", "staff"])
def test_a_pull_resumes_after_any_page(stream: str) -> None:
    tenant = Tenant(10, most=3)
    pages, _ = pull(tenant, stream)
    for at, page in enumerate(pages[:-1]):
        assert pull(tenant, stream, page.cursor)[0] == pages[at + 1 :]


def test_a_list_that_grows_meanwhile() -> None:
    class Growing(Tenant):
        def __call__(self, request: Request) -> Any:
            answer = super().__call__(request)
            self.size = 7
            return answer

    pages, _ = pull(Growing(4, most=2))
    assert len(ids(pages)) == 7
    assert pages[-1].announced == 7


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (paged([{"student_id": 1}], 1, 9, 9), SourceContract, "paging_loop"),
        (lambda r: paged([{"student_id": 1}], 3, 9, 9), SourceContract, "paging_loop"),
        ([{"student_id": 1}], SourceContract, "unexpected_shape"),
        ({"page": 1, "num_pages": None, "results": []}, SourceContract, "unexpected_shape"),
        ({"page": 1, "num_pages": 1, "results": {}}, SourceContract, "unexpected_shape"),
        ({"page": 1, "num_pages": 10**7, "results": []}, SourceContract, "too_many_pages"),
        (HTML, NeedsAttention, "endpoint_not_json"),
        (b'{"page":1,"num_pages":1', SourceTransient, "source_interrupted"),
    ],
)
def test_pages_that_prove_nothing(reply: Any, error: Any, code: str) -> None:
    with pytest.raises(error) as caught:
        ids(pull(Tenant(Students=reply))[0])
    assert caught.value.code == code


# ------------------------------------------------------------------------------------------------------- roster


def test_of_the_roster_only_who_teaches_where_is_kept() -> None:
    pages, _ = pull(Tenant(50, most=10), "roster")
    assert ids(pages, "roster") == ["0-410", "1-410", "2-410"]
    assert {p.announced for p in pages} == {None}
    assert b"student_id" not in b"".join(p.body for p in pages)


@pytest.mark.parametrize("after", range(4))
def test_a_roster_resumes_and_still_counts(after: int) -> None:
    tenant = Tenant(50, most=10)
    pages, _ = pull(tenant, "roster")
    assert set(ids(pull(tenant, "roster", pages[after].cursor)[0], "roster")) == {"0-410", "1-410", "2-410"}
    tenant.replies["Roster"] = lambda r: paged([{"user_id": 1, "site_id": 410}], int(r.params["page"]), 5, 50)
    with pytest.raises(SourceContract) as caught:
        pull(tenant, "roster", pages[after].cursor)
    assert caught.value.code in ("count_mismatch", "paging_loop")


# -------------------------------------------------------------------------------------------------------- split


@pytest.mark.parametrize(("number", "text"), [(40711, "40711"), ("40711", "40711"), (" 40711 ", "40711")])
def test_ids_are_numbers_or_text(number: Any, text: str) -> None:
    found = connector("illuminate")
    row = {
        "student_id": number,
        "stu_sess_id": number,
        "contact_id": number,
        "household_id": 7,
        "user_id": number,
    }
    page = Page(encoded(paged([row])), None)
    streams = ("students", "enrollment", "contacts", "staff")
    assert [(r.id, r.people) for stream in streams for r in records_of(found, stream, page)] == [
        (text, (f"student:{text}",)),
        (text, (f"student:{text}",)),
        (f"{text}-{text}-7", (f"student:{text}", f"contact:{text}")),
        (text, (f"staff:{text}",)),
    ]  # fmt: skip


def test_an_enrollment_without_an_id_is_told_by_its_facts() -> None:
    rows = [
        {"student_id": 1, "site_id": 12, "grade_level_id": 4},
        {"student_id": 1, "site_id": 13, "grade_level_id": 4},
    ]
    records = records_of(connector("illuminate"), "enrollment", Page(encoded(paged(rows)), None))
    assert len({r.id for r in records}) == 2


def test_a_contact_row_without_a_contact_speaks_of_the_student_only() -> None:
    (record,) = records_of(
        connector("illuminate"),
        "contacts",
        Page(encoded(paged([{"student_id": 1, "contact_id": None}])), None),
    )
    assert record.people == ("student:1",)
