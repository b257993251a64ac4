"""Exports of a small district, made in memory by the real maker."""

import csv
import io
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from rollcall.domain.export import RUN_KINDS, Export, ExportKind, ExportOptions, Template
from rollcall.domain.person import Address, ContactLink, Enrollment, MediaAccount, Person, Phone
from rollcall.domain.plan import StoredPerson
from rollcall.exports.maker import Maker
from rollcall.exports.records import Exports, file_key
from rollcall.store.memory import MemoryBlobs, MemoryClock, MemoryPeople

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
KINDS: tuple[ExportKind, ...] = tuple(kind for kind in get_args(ExportKind) if kind not in RUN_KINDS)
D = "lakeview"


@dataclass
class Office:
    """Somebody who asks for exports and reads them."""

    people: MemoryPeople = field(default_factory=MemoryPeople)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    clock: MemoryClock = field(default_factory=lambda: MemoryClock(NOW))
    integration_ids: tuple[str, ...] = ("int_1",)

    @property
    def maker(self) -> Maker:
        return Maker(self.people, self.blobs, self.clock)

    def ask(self, kind: ExportKind, template: Template | None = None, **options: Any) -> Export:
        export = Export(
            id="exp_" + "0" * 26,
            district_id=D,
            district_name="Lakeview",
            school_year="2026-27",
            integration_ids=self.integration_ids,
            kind=kind,
            options=ExportOptions(**options),
            template=template,
            requested_by="user@example.org",
            requested_at=self.clock.now(),
            updated_at=self.clock.now(),
        )
        Exports(self.blobs).put(export)
        return export

    def made(self, kind: ExportKind, template: Template | None = None, **options: Any) -> Export:
        export = self.ask(kind, template, **options)
        return self.maker.make(D, export.id, self.clock.now() + timedelta(minutes=15))

    def file(self, kind: ExportKind, template: Template | None = None, **options: Any) -> bytes:
        export = self.made(kind, template, **options)
        assert export.state == "completed", export.error
        data = self.blobs.get(file_key(export))
        assert export.size == len(data)
        return data

    def rows(
        self, kind: ExportKind, template: Template | None = None, **options: Any
    ) -> list[dict[str, str]]:
        return read(self.file(kind, template, **options))

    def tables(self, **options: Any) -> dict[str, list[dict[str, str]]]:
        return unpacked(self.file("oneroster", **options))


def read(data: bytes) -> list[dict[str, str]]:
    """A CSV file as any program reads it."""
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True))


def unpacked(data: bytes) -> dict[str, list[dict[str, str]]]:
    """The files of a zip, by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        return {name.removesuffix(".csv"): read(package.read(name)) for name in package.namelist()}


def stored(number: str, person: Person) -> StoredPerson:
    return StoredPerson(id=f"per_{number}", district_id=D, integration_id="int_1", person=person)


def small_district() -> list[StoredPerson]:
    """Two pupils and one who has left, a teacher who is a parent, a parent, and one who was kept out."""
    return [
        stored(
            "s1",
            Person(
                type="student",
                source_id="5011",
                local_id="1001",
                state_id="9000000001",
                pos_id="4711",
                host_id="S1001",
                first_name="Noor",
                last_name="Rivers",
                birth_date="2016-03-04",
                gender="female",
                ethnicity="not_hispanic",
                races=("asian", "white"),
                language="en",
                email="noor@example.org",
                phones=(Phone(number="2095550101", type="home"),),
                addresses=(
                    Address(street="1 Elm St", city="Lakeview", state="CA", postal_code="95001"),
                    Address(type="mailing", street="PO Box 7"),
                ),
                grade="5",
                enrollments=(
                    Enrollment(
                        school="ELM",
                        school_year="2026-27",
                        grade="5",
                        homeroom="R12",
                        start_date="2026-08-20",
                    ),
                    Enrollment(school="OAK", school_year="2026-27", grade="5", primary=False),
                    Enrollment(school="OLD", grade="4", homeroom="X1", drop_date="2026-06-01"),
                ),
                family_id="fam_1",
                contacts=(
                    ContactLink(priority=1, person_id="per_c1", relationship="mother", lives_with=True),
                    ContactLink(priority=2, person_id="per_c2", relationship="father"),
                    ContactLink(priority=3, person_id="per_c3", relationship="aunt"),
                ),
                allergies=("milk", "peanut"),
                photo="photos/1",
                grad_year=2034,
                media=MediaAccount(opt_out=True),
            ),
        ),
        stored(
            "s2",
            Person(
                type="student",
                source_id="5012",
                local_id="1002",
                host_id="S1002",
                first_name="Abel",
                last_name="Ash",
                grade="K",
                enrollments=(Enrollment(school="ELM", school_year="2026-27", grade="K", homeroom="R1"),),
                contacts=(ContactLink(priority=1, person_id="per_c2", relationship="guardian"),),
                grad_year=2039,
                media=MediaAccount(),
            ),
        ),
        stored(
            "s3",
            Person(
                type="student",
                source_id="5013",
                status="ended",
                local_id="1003",
                host_id="S1003",
                first_name="Lea",
                last_name="Left",
                enrollments=(Enrollment(school="ELM", grade="5", homeroom="R12", drop_date="2026-10-01"),),
                media=MediaAccount(status="uninvited"),
            ),
        ),
        stored(
            "t1",
            Person(
                type="staff",
                source_id="5011",
                host_id="T5011",
                first_name="Ines",
                last_name="Rivers",
                email="ines@example.org",
                schools=("ELM",),
                media=MediaAccount(),
            ),
        ),
        stored(
            "c1",
            Person(
                type="contact",
                source_id="7001",
                first_name="Ines",
                last_name="Rivers",
                email="ines@example.org",
                phones=(Phone(number="2095550102", type="mobile"), Phone(number="2095550103", type="work")),
                media=MediaAccount(same_as="per_t1"),
            ),
        ),
        stored(
            "c2",
            Person(
                type="contact",
                source_id="7002",
                host_id="P7002",
                first_name="Omar",
                last_name="Rivers",
                email="omar@example.org",
                media=MediaAccount(reasons=("host_id_mismatch",)),
            ),
        ),
        stored(
            "c3",
            Person(
                type="contact",
                source_id="7003",
                first_name="Kim",
                last_name="Kept",
                media=MediaAccount(status="blocked", reasons=("media_email_missing",)),
            ),
        ),
    ]
