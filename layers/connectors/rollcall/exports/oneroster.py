"""A OneRoster 1.1 package: a zip of CSV files in bulk mode (fact sheet §7), one for each application.

OneRoster enrolls in classes, so a homeroom is a class. It has one word for a guardian, no addresses and no households,
and ids of its own: a user's ``sourcedId`` is our id of the person, because a SIS may number students and staff alike.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from shutil import copyfileobj

from rollcall.domain.csv_text import CsvWriter, csv_lines
from rollcall.domain.destinations import is_user
from rollcall.domain.export import Export
from rollcall.domain.grades import grade_number
from rollcall.domain.ids import hashed_id
from rollcall.exports.demographics import FLAGS, flags, sex
from rollcall.exports.media import is_invited, stands_for
from rollcall.exports.reading import Batch, Facts, Known, Reader, buildings, is_active, links, stays, text
from rollcall.exports.ties import Ties

_BASE = ("sourcedId", "status", "dateLastModified")
_BULK = ("", "")
HEADERS = {
    "orgs": "name,type,identifier,parentSourcedId",
    "academicSessions": "title,type,startDate,endDate,parentSourcedId,schoolYear",
    "courses": "schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
    "classes": "title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,"
    "subjectCodes,periods",
    "enrollments": "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    "users": "enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,"
    "phone,agentSourcedIds,grades,password",
    "demographics": ",".join(("birthDate", "sex", *FLAGS)),
}
FILES = (
    "academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics",
    "enrollments", "lineItems", "orgs", "resources", "results", "users",
)  # fmt: skip
"""Every file that 1.1 knows; the manifest says of each whether it is there."""

_WORDS = ("parent", "guardian", "relative")
_EARLY = {-2: "PK", -1: "TK", 0: "KG"}
_PARENTS = ("mother", "father", "parent", "stepmother", "stepfather", "stepparent")
_GUARDIANS = ("guardian", "legalguardian", "foster", "fosterparent", "fostermother", "fosterfather")

Row = tuple[str, ...]


class Package:
    """Writes one package into a folder, which must be empty, and counts its rows."""

    def __init__(self, export: Export, reader: Reader, folder: Path) -> None:
        self._export = export
        self._reader = reader
        self._folder = folder
        self._media = export.destination == "media"
        self._schools: set[str] = set()
        self._homerooms: set[tuple[str, str]] = set()
        self.rows = 0

    def write(self) -> Path:
        """Make the files in one reading of the people, and put them into one zip; returns where it is."""
        with ExitStack() as open_files:
            sheets = {name: self._sheet(name, open_files) for name in HEADERS}
            # What a guardian is stands with their students, who come first.
            ties = open_files.enter_context(Ties(self._folder / "ties.sqlite"))
            self._write_people(sheets, ties)
            # These are known when everybody has been read.
            for name, rows in (
                ("classes", self._classes()),
                ("courses", self._courses()),
                ("orgs", self._orgs()),
                ("academicSessions", self._sessions()),
            ):
                self._add(sheets[name], rows)
        # Race and birth are nothing for the media application, and its projection does not have them.
        there = [name for name in sorted(HEADERS) if not (self._media and name == "demographics")]
        return self._zipped(there)

    def _sheet(self, name: str, open_files: ExitStack) -> CsvWriter:
        path = self._folder / f"{name}.csv"
        sheet = CsvWriter(open_files.enter_context(path.open("w", encoding="utf-8", newline="")))
        sheet.row((*_BASE, *HEADERS[name].split(",")))
        return sheet

    def _add(self, sheet: CsvWriter, rows: Iterable[Row]) -> None:
        for row in rows:
            sheet.row(row)
            self.rows += 1

    def _zipped(self, names: Sequence[str]) -> Path:
        path = self._folder / "package.zip"
        made = self._export.requested_at.timetuple()[:6]
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            package.writestr(_entry("manifest", made), self._manifest(names))
            for name in names:
                source = self._folder / f"{name}.csv"
                with (
                    source.open("rb") as file,
                    package.open(_entry(name, made), "w", force_zip64=True) as packed,
                ):
                    copyfileobj(file, packed, 1024 * 1024)
                source.unlink()
        return path

    def _manifest(self, names: Sequence[str]) -> str:
        rows = [
            ("manifest.version", "1.0"),
            ("oneroster.version", "1.1"),
            *((f"file.{name}", "bulk" if name in names else "absent") for name in FILES),
            ("source.systemName", "Rollcall"),
            ("source.systemCode", self._export.district_id),
        ]
        return "".join(csv_lines(("propertyName", "value"), rows))

    # ---------------------------------------------------------------------------------------------------- people

    def _write_people(self, sheets: Mapping[str, CsvWriter], ties: Ties) -> None:
        for batch in self._reader.batches("student"):
            for student in filter(self._belongs, batch.people):
                agents = self._agents(student, batch)
                ties.add(student.id, agents.items())
                self._add(sheets["users"], [self._user(student, "student", agents)])
                self._add(sheets["enrollments"], self._enrollments(student))
                if not self._media:
                    self._add(sheets["demographics"], [self._demographics(student)])
        for staff in filter(self._belongs, self._reader.people("staff")):
            students = dict(ties.of(staff.id))
            self._add(sheets["users"], [self._user(staff, "teacher", students)])
        for contact in filter(self._belongs, self._reader.people("contact")):
            students = dict(ties.of(contact.id))
            # 1.1 has one word for a user, whosever guardian they are: the strongest.
            word = min(students.values(), key=_WORDS.index, default=_WORDS[-1])
            self._add(sheets["users"], [self._user(contact, word, students)])

    def _user(self, known: Known, role: str, agents: Iterable[str]) -> Row:
        facts = known.facts
        here = buildings(facts)
        self._schools.update(here)
        # A user must have an organisation: that of parents is the district.
        orgs = [self._org(school) for school in here] or [self._org()]
        ids = f"{{stateId:{state_id}}}" if (state_id := _plain(text(facts, "state_id"))) else ""
        return (
            known.id, *_BULK,
            "true" if not self._media or is_invited(facts) else "false",
            ",".join(orgs),
            role,
            text(facts, "host_id") if self._media else known.id,
            ids,
            *(text(facts, name) for name in ("first_name", "last_name", "middle_name")),
            text(facts, "host_id" if self._media else "local_id"),
            text(facts, "email"),
            _phone(facts, mobile=True),
            _phone(facts, mobile=False),
            ",".join(agents),
            _grade(text(facts, "grade")),
            "",
        )  # fmt: skip

    def _belongs(self, known: Known) -> bool:
        """Absence means gone, so media lists who was un-invited, disabled; nutrition does not list who has left."""
        return is_user(known.facts) if self._media else is_active(known.facts)

    def _agents(self, student: Known, batch: Batch) -> dict[str, str]:
        """A student's contacts who are in the package, by id, with the word for what they are."""
        found: dict[str, str] = {}
        for link in links(student.facts):
            contact = batch.related.get(link["person_id"])
            agent = stands_for(contact, batch.related) if contact and self._media else contact
            if agent is not None and self._belongs(agent):
                found.setdefault(agent.id, _word(text(link, "relationship")))
        return found

    def _demographics(self, student: Known) -> Row:
        facts = student.facts
        return (student.id, *_BULK, text(facts, "birth_date"), sex(facts), *flags(facts))

    def _enrollments(self, student: Known) -> Iterator[Row]:
        told = set()
        for stay in stays(student.facts):
            school, homeroom = room = (stay["school"], text(stay, "homeroom"))
            if not homeroom or room in told:
                continue
            told.add(room)
            self._homerooms.add(room)
            yield (
                hashed_id("enr", student.id, *room), *_BULK, self._id("cls", *room), self._org(school), student.id,
                "student", "false", text(stay, "start_date"), "",
            )  # fmt: skip

    # ---------------------------------------------------------------------------------------------------- places

    def _classes(self) -> Iterator[Row]:
        for school, room in sorted(self._homerooms):
            yield (
                self._id("cls", school, room), *_BULK, room, "", self._id("crs"), room, "homeroom", "",
                self._org(school), self._id("term"), "", "", "",
            )  # fmt: skip

    def _courses(self) -> Iterator[Row]:
        if self._homerooms:
            yield (self._id("crs"), *_BULK, self._id("year"), "Homeroom", "", "", self._org(), "", "")

    def _orgs(self) -> Iterator[Row]:
        export = self._export
        yield (self._org(), *_BULK, export.district_name, "district", export.district_id, "")
        for school in sorted({*self._schools, *(school for school, _ in self._homerooms)}):
            yield (self._org(school), *_BULK, school, "school", school, self._org())

    def _sessions(self) -> Iterator[Row]:
        year = self._export.school_year
        first, last = int(year[:4]), str(int(year[:4]) + 1)
        days = (f"{first}-07-01", f"{last}-06-30")
        yield (self._id("year"), *_BULK, year, "schoolYear", *days, "", last)
        # A class lies in terms; the only one we know is the whole year.
        yield (self._id("term"), *_BULK, year, "term", *days, self._id("year"), last)

    def _org(self, school: str = "") -> str:
        return self._id("org", school)

    def _id(self, prefix: str, *facts: str) -> str:
        """An id that is the same in every package of the district, and holds no comma."""
        year = (self._export.school_year,) if prefix in ("year", "term", "crs") else ()
        return hashed_id(prefix, self._export.district_id, *facts, *year)


def _entry(name: str, made: tuple[int, ...]) -> zipfile.ZipInfo:
    year, month, day, hour, minute, second = made
    entry = zipfile.ZipInfo(f"{name}.csv", (year, month, day, hour, minute, second))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _word(relationship: str) -> str:
    word = "".join(character for character in relationship.casefold() if character.isalnum())
    return "parent" if word in _PARENTS else "guardian" if word in _GUARDIANS else "relative"


def _grade(grade: str) -> str:
    """By CEDS, as OneRoster has it."""
    number = grade_number(grade) if grade else None
    if number is None:
        return "Other" if grade else ""
    return _EARLY.get(number, f"{number:02d}")


def _phone(facts: Facts, *, mobile: bool) -> str:
    numbers = (p["number"] for p in facts.get("phones", ()) if (p.get("type") == "mobile") == mobile)
    return next(numbers, "")


def _plain(value: str) -> str:
    """A value that fits into the braces of ``userIds``; one that does not is left out."""
    return "" if set(value) & set("{}:,") else value
