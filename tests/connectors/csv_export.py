"""A small export of CSV files, made by hand, and a connector that reads it."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import msgspec

from rollcall.connectors.base import Connector, records_of
from tests.connectors.build import Sis, connector

DEMOGRAPHICS = (
    "sourcedId,status,dateLastModified,birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
    "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity"
)
COMMON = "userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades"
USERS = {
    "1.1": f"sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,{COMMON},password",
    "1.2": f"sourcedId,status,dateLastModified,enabledUser,username,{COMMON},password,primaryOrgSourcedId",
}
FILES = {
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\r\n"
    "o-1,,,Lakeview,school,101,\r\no-2,,,Reed,school,410,\r\no-8,,,Elsewhere,school,888,\r\n",
    "academicSessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\r\n"
    "y,,,Year,schoolYear,2026-08-16,2027-06-08,,2027\r\n",
    "demographics": f"{DEMOGRAPHICS}\r\ns-1,,,2015-03-09,female,false,true,false,false,false,false,true\r\n",
}
PEOPLE = {
    "1.1": f"{USERS['1.1']}\r\n"
    's-1,,,true,"o-1,o-8",student,,"{stateId:77},{x:y}",Petra,Quill,,501,p@example.org,,,"g-1, g-2",3,secret\r\n'
    "s-2,,,true,o-2,student,,,Odo,Quill,,502,,,,g-1,K,\r\n"
    "t-1,,,true,o-2,teacher,,,Ines,Tull,,900,,,,,,\r\n"
    "g-1,,,true,o-1,parent,,,Ada,Quill,,,,555-201-4471,,s-1,,\r\n",
    "1.2": f"{USERS['1.2']}\r\n"
    's-1,,,true,,{stateId:77},Petra,Quill,,501,p@example.org,,,"g-1,g-2",3,secret,o-1\r\n'
    "s-2,,,true,,,Odo,Quill,,502,,,,g-1,K,,o-2\r\n"
    "t-1,,,true,,,Ines,Tull,,900,,,,s-1,,,o-2\r\n",
}
ROLES = (
    "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"
    "\r\nr1,,,s-1,primary,student,2026-08-16,,o-1,\r\nr2,,,t-1,primary,teacher,,,o-2,\r\nr3,,,t-1,secondary,parent,,,o-1,"
    "\r\nr4,,,s-2,primary,student,,,o-2,\r\nr5,tobedeleted,,s-2,secondary,student,,,o-1,\r\n"
)


def files(version: str = "1.1", **changed: str | None) -> dict[str, str]:
    """An export by file; a change of None leaves the file out of the zip, but not out of the manifest."""
    found = {**FILES, "users": PEOPLE[version], **({"roles": ROLES} if version == "1.2" else {})}
    listed = "".join(f"file.{name},bulk\r\n" for name in found)
    manifest = f"propertyName,value\r\nmanifest.version,1.0\r\noneroster.version,{version}\r\n{listed}"
    whole = {"manifest": manifest, **found, **changed}
    return {name: text for name, text in whole.items() if text is not None}


def zipped(version: str = "1.1", **changed: str | None) -> bytes:
    return packed({f"{name}.csv": text.encode() for name, text in files(version, **changed).items()})


def packed(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)
    return out.getvalue()


def reader(body: bytes, sis: Sis | None = None) -> Connector:
    sis = sis or Sis(lambda request: body)
    return connector("oneroster", sis, delivery="csv", url="https://drop.example.org/exports/lakeview.zip")


def read(body: bytes) -> dict[str, dict[str, Any]]:
    """Objects by the label of their part and their id."""
    found = reader(body)
    return {
        part.label: {
            r.id: msgspec.json.decode(r.raw)
            for page in found.pages(part, None)
            for r in records_of(found, part.stream, page)
        }
        for part in found.survey().parts
    }
