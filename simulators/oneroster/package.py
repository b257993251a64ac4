"""The CSV package of a district: one zip, every file in bulk mode unless a fault says otherwise."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from simulators.district import District
from simulators.oneroster.catalog import Catalog
from simulators.oneroster.options import V1P1, Options
from simulators.oneroster.roster import Row

HEADERS = {
    "orgs": "name,type,identifier,parentSourcedId",
    "academicSessions": "title,type,startDate,endDate,parentSourcedId,schoolYear",
    "courses": "schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
    "classes": "title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,"
    "subjectCodes,periods",
    "enrollments": "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    "demographics": "birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
    "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,"
    "countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,publicSchoolResidenceStatus",
}
USERS = {
    "1.1": "enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,"
    "phone,agentSourcedIds,grades,password",
    "1.2": "enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,"
    "agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId,pronouns",
}
ROLES = "userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"

_OLD_FILES = ("academicSessions categories classes classResources courses courseResources demographics enrollments "
              "lineItems orgs resources results users")  # fmt: skip
_NEW_FILES = ("lineItemLearningObjectiveIds lineItemScoreScales resultLearningObjectiveIds resultScoreScales roles "
              "scoreScales userProfiles userResources")  # fmt: skip
FILES = {"1.1": _OLD_FILES.split(), "1.2": sorted([*_OLD_FILES.split(), *_NEW_FILES.split()])}
_METADATA = {
    "orgs": ["siteCode"],
    "users": ["familyKey", "homeLanguage", "homeroom", "residenceState", "title"],
}
_RENAMED = {"preferredGivenName": "preferredFirstName"}
_BOM = "\N{BYTE ORDER MARK}"

FAULTS = (
    "no_manifest", "other_version", "delta", "missing_file", "missing_column", "short_row", "open_quote", "latin_1",
    "blank_id", "bomb", "damaged",
)  # fmt: skip
"""What may be wrong with it; where one file is meant, it is `users.csv`."""


def csv_zip(district: District, options: Options | None = None, version: str = "") -> bytes:
    """The package in `version`, or in the one the service advertises.

    In bulk mode status and dateLastModified are blank and what is not in the file is gone, so nothing that the REST
    side calls `tobedeleted` is in it.
    """
    options = options or Options()
    version = version or options.advertised
    catalog = Catalog(district, options, version, "https://csv.invalid")
    tables = {name: _table(catalog, name, header) for name, header in _headers(version, options).items()}
    if version != V1P1:
        tables["roles"] = [_header(ROLES), *_roles(catalog)]
    tables = {"manifest": _manifest(district, options, version, tables), **tables}
    _break_tables(tables, options.csv_fault)
    # Not the present time, so that the same district gives the same bytes.
    made = made_at(district)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, rows in tables.items():
            entry = zipfile.ZipInfo(f"{name}.csv", made.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            text = _loose(rows) if options.csv_form == "loose" else _text(rows)
            package.writestr(entry, _broken(text, options.csv_fault) if name == "users" else text)
    return _damaged(out.getvalue()) if options.csv_fault == "damaged" else out.getvalue()


def made_at(district: District) -> datetime:
    """When what the package holds was last edited."""
    return max([district.generated_at, *(when for when, _, _ in district.journal)])


def _manifest(district: District, options: Options, version: str, tables: Iterable[str]) -> list[list[str]]:
    rows = [["propertyName", "value"], ["manifest.version", "1.0"], ["oneroster.version", version]]
    rows += [[f"file.{name}", "bulk" if name in tables else "absent"] for name in FILES[version]]
    return [*rows, ["source.systemName", options.system], ["source.systemCode", district.name]]


def _break_tables(tables: dict[str, list[list[str]]], fault: str) -> None:
    manifest, users = tables["manifest"], tables["users"]
    match fault:
        case "no_manifest":
            del tables["manifest"]
        case "missing_file":
            del tables["users"]
        case "other_version":
            manifest[2][1] = "1.0"
        case "delta":
            manifest[manifest.index(["file.users", "bulk"])][1] = "delta"
        case "missing_column":
            at = users[0].index("agentSourcedIds")
            tables["users"] = [[*row[:at], *row[at + 1 :]] for row in users]
        case "short_row":
            del users[3][-1]
        case "blank_id":
            users[3][0] = ""


def _broken(text: str, fault: str) -> bytes | str:
    match fault:
        case "open_quote":
            return text + '"'
        case "latin_1":
            return text.encode("latin-1", "replace").replace(b"a", b"\xe4", 1)
        case "bomb":
            return text + "\r\n" * 30_000_000
    return text


def _damaged(package: bytes) -> bytes:
    """With a checksum in the directory, that of `users.csv`, that its bytes do not have."""
    at = package.rindex(b"users.csv") - 46 + 16
    return package[:at] + bytes(byte ^ 0xFF for byte in package[at : at + 4]) + package[at + 4 :]


def _headers(version: str, options: Options) -> dict[str, str]:
    headers = {**HEADERS, "users": USERS[version]}
    if options.demographics != "offered":
        del headers["demographics"]
    return headers


def _header(names: str) -> list[str]:
    return ["sourcedId", "status", "dateLastModified", *names.split(",")]


def _table(catalog: Catalog, name: str, header: str) -> list[list[str]]:
    extras = _METADATA.get(name, []) if catalog.roster.options.metadata else []
    rows = [[*_header(header), *(f"metadata.{extra}" for extra in extras)]]
    for record in _present(catalog.collection(name)):
        cells = [_cell(record, column) for column in header.split(",")]
        found = record.get("metadata") or {}
        rows.append([record["sourcedId"], "", "", *cells, *(found.get(extra, "") for extra in extras)])
    return rows


def _present(records: Iterable[Row]) -> list[Row]:
    return [record for record in records if record["status"] == "active"]


def _roles(catalog: Catalog) -> list[list[str]]:
    return [
        [f"{user['sourcedId']}-{turn}", "", "", user["sourcedId"], role["roleType"], role["role"], "", "",
         role["org"]["sourcedId"], ""]
        for user in _present(catalog.collection("users"))
        for turn, role in enumerate(user["roles"], 1)
    ]  # fmt: skip


def _cell(record: Row, column: str) -> str:
    """One column of a record; `userSourcedId` and `agentSourcedIds` come from `user` and `agents`."""
    if column == "userIds":
        pairs = [f"{{{each['type']}:{each['identifier'] or ''}}}" for each in record.get("userIds") or []]
        return ",".join(pairs)
    if column.endswith("SourcedIds"):
        refs = record.get(column.removesuffix("SourcedIds") + "s") or []
        return ",".join(ref["sourcedId"] for ref in refs if ref["sourcedId"])
    if column.endswith("SourcedId"):
        ref = record.get(column.removesuffix("SourcedId")) or {}
        return str(ref.get("sourcedId") or "")
    value: Any = record.get(_RENAMED.get(column, column))
    if value is None and column == "birthDate":
        value = record.get("birthdate")
    if isinstance(value, list):
        return ",".join(value)
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text.partition("T")[0] if column.endswith("Date") else text


def _text(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def _loose(rows: list[list[str]]) -> str:
    """The same after a spreadsheet had it: BOM, bare line feeds, everything quoted, guarded and padded, blank rows."""
    header, *others = rows
    guarded = [[_guarded(cell) for cell in row] for row in others]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([header, *guarded])
    return f"{_BOM}{out.getvalue()}{',' * (len(header) - 1)}\n\n"


def _guarded(cell: str) -> str:
    """`="0123"`, as keeps zeros; `'+1`, as keeps a formula from running; padding otherwise."""
    if cell.isdigit():
        return f'="{cell}"'
    return f"'{cell}" if cell[:1] in ("+", "-", "=", "@") else f" {cell}\t" if cell else ""
