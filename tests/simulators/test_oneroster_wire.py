"""Authorization, paging, queries and errors of the OneRoster simulator."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

import simulators
from simulators import oneroster
from simulators.codes import code_tables
from simulators.district import District
from simulators.inprocess import call
from simulators.oneroster.auth import SignatureDesk
from simulators.oneroster.options import PATHS, SCOPES, Options
from tests.simulators.calls import Caller, basic
from tests.simulators.test_oneroster import FORM, all_of, caller, roster

CORE, NESTED, DEMOGRAPHICS = (
    f"https://purl.imsglobal.org/spec/or/v1p2/scope/{name}.readonly"
    for name in ("roster-core", "roster", "roster-demographics")
)


def token(app: Any, body: str = "", **headers: str) -> tuple[int, Any]:
    sent = {"Authorization": basic(app), "Content-Type": FORM}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"{app.base_path}/token"
    status, _, answer = call(app, "POST", path, headers=sent, body=body.encode())
    return status, answer


def get(app: Any, path: str, query: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    return call(app, "GET", app.base_path + path, query, headers)


# Tokens -----------------------------------------------------------------------------------------------------------


def test_tokens(district: District):
    app = oneroster.create_app(district, Options(advertised="1.2"))
    good = f"grant_type=client_credentials&scope={CORE}"
    status, answer = token(app, good)
    document = msgspec.json.decode(answer)
    assert (status, document["token_type"], document["expires_in"]) == (200, "bearer", 3600)
    assert document["scope"] == CORE
    assert token(app, good, Authorization="Basic bm86Ym9keQ==")[0] == 401
    assert token(app, good, Authorization="Basic !")[0] == 401
    assert token(app, f"grant_type=password&scope={CORE}")[0] == 400
    assert token(app, "grant_type=client_credentials")[0] == 400, "without a scope"
    assert token(app, "grant_type=client_credentials&scope=https://example.org/other")[0] == 400
    assert token(app, good, Content_Type="application/json")[0] == 400
    form = f"&client_id={app.credentials['consumer_token']}&client_secret={quote(app.credentials['consumer_secret'])}"
    assert token(app, good + form, Authorization="")[0] == 200, "client in the body"
    assert call(app, "GET", f"{app.base_path}/token")[0] == 405


def test_wrong_credentials_may_be_a_text_with_400(district: District):
    app = oneroster.create_app(district, Options(bad_client=400))
    assert token(app, "", Authorization="Basic bm86Ym9keQ==") == (400, b"Invalid client credentials")


def test_the_token_endpoint_may_be_anywhere(district: District):
    app = oneroster.create_app(district, Options(token_path="/oauth2/access", scope_required=False))
    headers = {"Authorization": basic(app), "Content-Type": FORM}
    assert call(app, "POST", "/oauth2/access", "", headers, b"grant_type=client_credentials")[0] == 200
    assert token(app, "grant_type=client_credentials")[0] != 200


def test_tokens_grow_old(district: District):
    client = roster(district, token_life=0)
    assert client.raw("/orgs")[0] == 401
    client = roster(district)
    client.app.faults.add("token_expired", "/orgs", times=1)
    status, headers, body = client.raw("/orgs")
    assert (status, b"unauthorisedrequest" in body) == (401, True)
    assert headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("scope", "open_paths", "shut"),
    [
        (CORE, ["/students", "/users"], ["/demographics", "/terms/session-2027-term1/classes"]),
        (NESTED, ["/students", "/terms/session-2027-term1/classes"], ["/demographics"]),
        (DEMOGRAPHICS, ["/demographics"], ["/students"]),
    ],
)
def test_scopes_of_1_2(district: District, scope: str, open_paths: list[str], shut: list[str]):
    client = caller(oneroster.create_app(district, Options(advertised="1.2")), "1.2", scope)
    assert [client.raw(path)[0] for path in open_paths] == [200] * len(open_paths)
    assert [client.raw(path)[0] for path in shut] == [403] * len(shut)


def test_a_scope_of_one_version_does_not_open_the_other(district: District):
    app = oneroster.create_app(district)
    client = caller(app, "1.1", " ".join(SCOPES["1.1"]))
    assert client.raw("/demographics")[0] == 200
    assert call(app, "GET", f"{PATHS['1.2']}/orgs", "", client.headers)[0] == 403


def test_only_what_is_taken_opens(district: District):
    client = roster(district, auth=frozenset({"oauth1"}))
    assert client.raw("/orgs")[0] == 401, "no bearer tokens in 1.1"
    app = oneroster.create_app(district, Options(url_token="let-me-in"))
    assert get(app, "/orgs")[0] == 401
    assert get(app, "/orgs", "token=let-me-in")[0] == 200
    assert get(app, "/orgs", "token=other")[0] == 401
    assert get(oneroster.create_app(district, Options(versions=frozenset({"1.2"}))), "/orgs")[0] == 404


# OAuth 1 ----------------------------------------------------------------------------------------------------------


def signed(
    app: Any, path: str, query: str = "", *, method: str = "HMAC-SHA256", secret: str = "", **more: Any
) -> str:
    """The Authorization header that oauthlib's own client makes."""
    oauth1 = pytest.importorskip("oauthlib.oauth1")
    client = oauth1.Client(
        app.credentials["consumer_token"],
        client_secret=secret or app.credentials["consumer_secret"],
        signature_method=method,
        **more,
    )
    url = f"http://127.0.0.1{app.base_path}{path}"
    return str(client.sign(f"{url}?{query}" if query else url)[1]["Authorization"])


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
def test_signed_requests(district: District, method: str):
    app = oneroster.create_app(district)
    query = "limit=5&offset=0&filter=" + quote("role='student' AND status='active'")
    header = signed(app, "/users", query, method=method)
    status, _, body = get(app, "/users", query, Authorization=header)
    assert (status, len(msgspec.json.decode(body)["users"])) == (200, 5)
    assert get(app, "/users", query, Authorization=header)[0] == 401, "a nonce serves once"


def test_bad_signatures(district: District):
    app = oneroster.create_app(district)
    header = signed(app, "/users", "limit=5")
    assert get(app, "/users", "limit=6", Authorization=header)[0] == 401
    assert get(app, "/users", Authorization=signed(app, "/users", secret="other"))[0] == 401
    assert get(app, "/users", Authorization=signed(app, "/users", timestamp="1000000000"))[0] == 401
    assert get(app, "/users", Authorization='OAuth oauth_consumer_key="x"')[0] == 401
    header = signed(app, "/users")
    assert get(app, "/users", "a= b", Authorization=header)[0] == 401
    modern = oneroster.create_app(district, Options(advertised="1.2"))
    assert get(modern, "/users", Authorization=signed(modern, "/users"))[0] == 401, "1.2 has no OAuth 1"


def test_a_signature_without_its_version_is_good(district: District):
    """ClassLink's client leaves `oauth_version` out."""
    oauth1 = pytest.importorskip("oauthlib.oauth1")

    class Bare(oauth1.Client):  # type: ignore[misc,name-defined]
        def get_oauth_params(self, request: Any) -> list[tuple[str, str]]:
            return [pair for pair in super().get_oauth_params(request) if pair[0] != "oauth_version"]

    options = Options()
    client = Bare(options.client_id, client_secret=options.client_secret, signature_method="HMAC-SHA256")
    url = "http://127.0.0.1/ims/oneroster/v1p1/orgs?limit=1"
    header = client.sign(url)[1]["Authorization"]
    assert "oauth_version" not in header
    assert SignatureDesk(options).accepts("GET", url, header)


# Paging -----------------------------------------------------------------------------------------------------------


def links(header: str) -> dict[str, str]:
    parts = (part.split("; rel=") for part in header.split(", "))
    return {name.strip('"'): url for url, name in parts}


def test_links_lead_through_the_whole_list(district: District):
    client = roster(district)
    found, query = [], "limit=70&filter=" + quote("role='student'")
    while query:
        _, headers, body = client.raw("/users", query)
        page = msgspec.json.decode(body)["users"]
        found += [row["sourcedId"] for row in page]
        following = links(headers["link"]).get("next", "")
        assert not following or following.startswith("<http://127.0.0.1/ims/oneroster/v1p1/users?")
        query = following.strip("<>").partition("?")[2]
    assert len(found) == len(set(found)) == int(headers["x-total-count"])
    assert set(links(headers["link"])) == {"prev", "first", "last"}
    first = links(client.raw("/users", "limit=70")[1]["link"])
    assert set(first) == {"next", "first", "last"}


def test_pages_have_a_default_and_a_greatest_size(district: District):
    client = roster(district, max_limit=120)
    assert len(client.get("/users")["users"]) == 100
    assert len(client.get("/users", "limit=10000")["users"]) == 120
    assert "limit=120" in client.raw("/users", "limit=10000")[1]["link"]
    assert client.get("/users", "offset=99999")["users"] == []
    for query in ("limit=0", "limit=x", "offset=-1"):
        assert client.raw("/users", query)[0] == 400


def test_other_servers_page_otherwise(district: District):
    client = roster(district, paging_headers=frozenset())
    assert not {"link", "x-total-count"} & client.raw("/users")[1].keys()
    client = roster(district, link_form="bare", total_extra=3, link_origin="https://other.example.org")
    headers = client.raw("/orgs")[1]
    assert headers["link"].startswith("https://other.example.org/")
    assert int(headers["x-total-count"]) == len(all_of(client, "orgs")) + 3
    client = roster(district, paging="ignores_offset")
    assert client.get("/users", "limit=5&offset=5") == client.get("/users", "limit=5")
    client = roster(district, paging="all")
    assert len(client.get("/users", "limit=5")["users"]) > 200


# Queries ----------------------------------------------------------------------------------------------------------


def asked(client: Caller, expression: str, name: str = "users") -> list[dict[str, Any]]:
    return all_of(client, name, f"filter={quote(expression)}")


def test_filters(district: District):
    client = roster(district)
    everyone = all_of(client, "users")
    students = [row for row in everyone if row["role"] == "student"]
    assert asked(client, "role='student'") == students
    assert asked(client, "role!='student'") == [row for row in everyone if row["role"] != "student"]
    assert asked(client, "status='active' AND role='student'") == [
        r for r in students if r["status"] == "active"
    ]
    both = asked(client, "role='student' OR role='teacher'")
    assert {row["role"] for row in both} == {"student", "teacher"}
    assert all("GAR" in row["familyName"].upper() for row in asked(client, "familyName~'gar'"))
    assert asked(client, "familyName~'gar'")
    org = students[0]["orgs"][0]["sourcedId"]
    assert students[0] in asked(client, f"orgs.sourcedId='{org}'")
    assert asked(client, "metadata.title='Cook'")
    years = asked(client, "birthDate>='2015-01-01' AND birthDate<'2016-01-01'", "demographics")
    assert {row["birthDate"][:4] for row in years} == {"2015"}
    assert asked(client, "dateLastModified<'2026-11-22T07:00:00-08:00'") == everyone
    assert asked(client, "dateLastModified>'2026-11-22T07:00:00-08:00'") == []
    assert asked(client, "dateLastModified<='soon'")


@pytest.mark.parametrize(
    "expression",
    [
        "shoeSize='9'",
        "role=student",
        "",
        "a='1' AND b='2' AND c='3'",
        "role='a' XOR role='b'",
        "role='a' AND role='b' OR role='c'",
    ],
)
def test_bad_filters(district: District, expression: str):
    status, _, body = roster(district).raw("/users", f"filter={quote(expression)}")
    assert (status, b"invalid_filter_field" in body) == (400, True)


def test_filters_may_not_be_offered(district: District):
    query = "filter=" + quote("role='nothing'")
    assert roster(district, filtering="ignored").get("/users", query)["users"]
    assert roster(district, filtering="refused").raw("/users", query)[0] == 400


def test_sort_and_fields(district: District):
    client = roster(district)
    names = [row["familyName"] for row in client.get("/users", "sort=familyName&limit=1000")["users"]]
    assert names == sorted(names)
    down = client.get("/users", "sort=familyName&orderBy=desc&limit=1000")["users"]
    assert [row["familyName"] for row in down] == names[::-1]
    assert client.raw("/users", "sort=familyName&orderBy=sideways")[0] == 400
    assert set(client.get("/users", "fields=sourcedId,familyName")["users"][0]) == {"sourcedId", "familyName"}
    odd = client.get("/users", "sort=shoeSize&fields=shoeSize,role")
    assert odd["users"] == client.get("/users")["users"]
    minors = [each["imsx_CodeMinor"]["imsx_codeMinorField"][0] for each in odd["statusInfoSet"]]
    values = [minor["imsx_codeMinorFieldValue"] for minor in minors]
    assert values == ["invalid_sort_field", "invalid_selection_field"]
    assert client.raw("/users", "fields=role,")[0] == 400


# Errors -----------------------------------------------------------------------------------------------------------


def test_error_bodies(district: District):
    def body(form: str) -> Any:
        return msgspec.json.decode(roster(district, error_body=form).raw("/users/nobody")[2])

    assert body("top")["imsx_codeMajor"] == "failure"
    assert body("wrapped")["imsx_StatusInfo"] == body("top")
    assert body("array")[0]["CodeMinor"] == "unknown object"


@pytest.mark.parametrize("status", ["404", "403", "501"])
def test_demographics_may_not_be_offered(district: District, status: str):
    client = roster(district, demographics=status)
    assert client.raw("/demographics")[0] == int(status)
    assert client.raw("/students")[0] == 200


def test_the_service_can_only_be_read(district: District):
    assert roster(district).raw("/users", method="POST")[0] == 405
    assert call(oneroster.create_app(district), "GET", "/elsewhere")[0] == 404


# Codes and documents ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("system", "preset"), [("oneroster", Options), ("schooltool", oneroster.schooltool)])
def test_every_code_on_the_wire_is_in_its_table(shared: District, system: str, preset: Any):
    tables = {entity: dict(rows) for entity, rows in code_tables(system, shared).items()}
    assert set(tables) == {
        "building", "ethnicity", "gender", "grade_level", "language", "race", "relationship", "state",
    }  # fmt: skip
    for entity, rows in code_tables(system, shared).items():
        assert len({code for code, _ in rows}) == len(rows), entity
    for style in ("ceds", "sirs") if system == "schooltool" else ("ceds",):
        app = oneroster.create_app(shared, preset(grade_style=style, demographics="offered"))
        client = caller(app)
        orgs = {row["sourcedId"]: row for row in all_of(client, "orgs")}
        for row in all_of(client, "users"):
            if row["role"] == "student":
                assert row["grades"][0] in tables["grade_level"]
                assert row.get("metadata", {}).get("homeLanguage", "eng") in tables["language"]
                assert row.get("metadata", {}).get("residenceState", "CA") in tables["state"]
            elif row["role"] in ("parent", "guardian", "relative"):
                assert row["role"] in tables["relationship"]
            for ref in row["orgs"]:
                assert ref["sourcedId"] in tables["building"]
                assert orgs[ref["sourcedId"]]["identifier"] in tables["building"]
        for row in all_of(client, "demographics"):
            assert row.get("sex") in {None, "", *tables["gender"]}
            assert row.get("hispanicOrLatinoEthnicity") in {None, "", *tables["ethnicity"]}
            assert set(tables["race"]) <= row.keys()


def test_every_switch_is_documented():
    readme = (Path(simulators.__file__).parent / "README.md").read_text()
    names = {field.name for field in fields(Options)} - {"client_id", "client_secret"}
    assert {name for name in names if f"`{name}`" not in readme} == set()
