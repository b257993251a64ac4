"""Unmodified clients from PyPI read the simulators: evidence that does not come from our own reading of the sheets."""

from __future__ import annotations

import datetime as dt
import ipaddress
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from powerschool_client.client import PowerSchoolClient
from powerschool_client.errors import EntityNotFoundError, PowerSchoolClientError, PowerSchoolDownError
from powerschool_client.tokens import ITokenManager, TokenCredential, TokenManager
from pypowerschool import powerschool as pypowerschool

from simulators import powerschool, serve
from simulators.control import Simulator
from simulators.district import District

# Old habits of the clients themselves.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
]


@pytest.fixture
def live(district: District) -> Iterator[tuple[Simulator, str]]:
    app = powerschool.create_app(district)
    with serve(app) as url:
        yield app, url


@pytest.fixture
def pypower(live: tuple[Simulator, str]) -> Iterator[pypowerschool.Client]:
    app, url = live
    yield pypowerschool.Client(
        f"{url}", app.credentials["consumer_token"], app.credentials["consumer_secret"]
    )
    # The client keeps one instance per process, with its token.
    del pypowerschool.Client.instance


def test_pypowerschool_reads_students_schools_and_staff(district: District, pypower: pypowerschool.Client):
    students = pypower.students_in_district(with_expansions="demographics,school_enrollment")
    assert [row["id"] for row in students] == [student.id for student in district.students]
    active = pypower.students_in_district(query="school_enrollment.enroll_status==A")
    assert len(active) == sum(student.active for student in district.students)
    assert len(pypower.schools_in_district()) == len([s for s in district.schools if s.code not in (99, 999)])
    school = next(s for s in district.schools if not s.holding)
    assert pypower.school_for_id(school.id)["name"] == school.name
    staff = pypower.staff_for_school(school.id, with_expansions="emails")
    assert {row["users_dcid"] for row in staff} == {
        m.id for m in district.staff if m.active and school.code in m.school_codes
    }
    assert pypower.staff_for_dcid(staff[0]["id"])["users_dcid"] == staff[0]["users_dcid"]
    assert pypower.student_for_dcid(students[0]["id"])["name"] == students[0]["name"]
    assert pypower.fetch_metadata()["plugin_id"] == 41
    assert pypower.current_district()["name"] == district.name


def test_pypowerschool_runs_power_queries_over_several_pages(
    district: District, pypower: pypowerschool.Client
):
    rows = pypower.powerquery("/ws/schema/query/com.pearson.core.student.student_dcid_id_map")
    assert [int(row["dcid"]) for row in rows] == [student.id for student in district.students]


def test_pypowerschool_says_what_is_wrong(live: tuple[Simulator, str], caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.ERROR):
        pypowerschool.Client(live[1], "nobody", "nothing")
    del pypowerschool.Client.instance
    assert "invalid_client" in caplog.text


def certificate(folder: Path) -> tuple[str, str]:
    """A throw-away certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(folder / "cert.pem"), str(folder / "key.pem")


class WithPort(ITokenManager):
    """The client hands its token manager a host without the port; the manager itself is used as it is."""

    def __init__(self, inner: TokenManager, host: str) -> None:
        self.inner = inner
        self.host = host

    def get_token(self, domain: str) -> str:
        return self.inner.get_token(self.host)


@pytest.fixture
def strongmind(
    district: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[PowerSchoolClient, Simulator, str]]:
    # This client speaks HTTPS only and cannot take a token_type.
    app = powerschool.create_app(district, powerschool.Options(token_type=False))
    tls = certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", tls[0])
    with serve(app, tls=tls) as url:
        host = urlsplit(url).netloc
        key, secret = app.credentials["consumer_token"], app.credentials["consumer_secret"]
        tokens = TokenManager({host: TokenCredential(host, key, secret)})
        yield PowerSchoolClient(WithPort(tokens, host)), app, url


def test_strongmind_client_over_https(
    district: District, strongmind: tuple[PowerSchoolClient, Simulator, str]
):
    client, _, url = strongmind
    student = next(s for s in district.students if s.active and s.links)
    row = client.get(f"{url}/ws/v1/student/{student.id}", entity_type="STUDENTS")["student"]
    assert row["name"]["last_name"] == student.last
    assert {"demographics", "addresses", "phones", "school_enrollment", "fees", "lunch"} <= set(row)
    page = client.get(f"{url}/ws/v1/district/student")["students"]["student"]
    assert len(page) == 100
    contacts = client.get(f"{url}/ws/contacts/student/{student.id}")
    assert contacts[0]["contactId"] == student.links[0].guardian_id
    query = f"{url}/ws/schema/query/com.pearson.core.student.student_dcid_id_map"
    assert len(client.power_query(query, {})["record"]) == 100
    assert client.power_query(f"{query}?page=99", {})["record"] == []


def test_strongmind_client_meets_its_errors(strongmind: tuple[PowerSchoolClient, Simulator, str]):
    client, app, url = strongmind
    with pytest.raises(EntityNotFoundError):
        client.get(f"{url}/ws/v1/student/1")
    app.faults.add("http_429", times=1)
    with pytest.raises(PowerSchoolClientError):
        client.get(f"{url}/ws/v1/district")
    app.faults.add("redirect", "/ws/v1/district$", times=1, location=f"{url}/down")
    app.faults.add("maintenance_page", "/down")
    with pytest.raises(PowerSchoolDownError):
        client.get(f"{url}/ws/v1/district")
