"""The plugin package that a PowerSchool administrator installs: its OAuth client, its queries, what they may read.

Built from the definitions that the connector asks with, so the two cannot differ. The same arguments give the same
bytes on every machine. Needs nothing but the standard library: the API builds it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from rollcall.connectors.powerschool_query.queries import QUERIES, Query

NAME = "Rollcall"
VERSIONS: tuple[tuple[str, str], ...] = (("1.0.0", "1784f119c4c0dcaa"),)
"""Every version with the digest of its definitions, oldest first: PowerSchool updates a plugin only to a higher one."""

_PUBLISHER, _EMAIL = "Rollcall", "support@rollcall.example.org"
_DESCRIPTION = "Lets Rollcall read schools, students, contacts and staff. It writes nothing."
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Registration(NamedTuple):
    """Where PowerSchool may send the plugin's credentials, and the one-time secret that it sends along."""

    url: str
    secret: str


def version() -> str:
    """The version of the definitions as they are."""
    return VERSIONS[-1][0]


def digest() -> str:
    """Moves when the package of the same name and version would."""
    package = _manifest("", "", _DESCRIPTION, QUERIES, None) + _queries(QUERIES)
    return hashlib.blake2b(package.encode(), digest_size=8).hexdigest()


def build_plugin(
    name: str,
    version: str,
    *,
    description: str = _DESCRIPTION,
    queries: Sequence[Query] = QUERIES,
    registration: Registration | None = None,
) -> bytes:
    """The zip. Without queries it brings an OAuth client and nothing else.

    Raises ``ValueError`` for what PowerSchool would refuse.
    """
    if not 1 <= len(name) <= 40 or not 1 <= len(version) <= 20:
        raise ValueError("a plugin's name has at most 40 characters, its version at most 20")
    if len(description) > 256 or (registration and len(registration.url) > 1000):
        raise ValueError(
            "a plugin's description has at most 256 characters, its registration url at most 1000"
        )
    files = {"plugin.xml": _manifest(name, version, description, queries, registration)}
    if queries:
        files["queries_root/rollcall.named_queries.xml"] = _queries(queries)
    package = io.BytesIO()
    # Stored, because what deflate makes differs from one zlib to another.
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text.encode())
    return package.getvalue()


def _manifest(
    name: str,
    version: str,
    description: str,
    queries: Sequence[Query],
    registration: Registration | None,
) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<plugin xmlns="http://plugin.powerschool.pearson.com"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xsi:schemaLocation="http://plugin.powerschool.pearson.com plugin.xsd"
        name={quoteattr(name)} version={quoteattr(version)} description={quoteattr(description)}>
  <oauth/>
{_access(queries)}{_registration(registration)}  <publisher name="{_PUBLISHER}"><contact email="{_EMAIL}"/></publisher>
</plugin>
"""


def _access(queries: Sequence[Query]) -> str:
    fields = sorted({pair for query in queries for pair in query.fields()})
    if not fields:
        return ""
    requests = "\n".join(
        f'    <field table="{table.upper()}" field="{field.upper()}" access="ViewOnly"/>'
        for table, field in fields
    )
    return f"  <access_request>\n{requests}\n  </access_request>\n"


def _registration(registration: Registration | None) -> str:
    if registration is None:
        return ""
    secret = f"<callback-data>{escape(registration.secret)}</callback-data>"
    return f"  <registration url={quoteattr(registration.url)}>{secret}</registration>\n"


def _queries(queries: Sequence[Query]) -> str:
    return "<queries>\n" + "".join(map(_query, queries)) + "</queries>\n"


def _query(query: Query) -> str:
    checked = {key: ".".join(query.checked(key)).upper() for key in query.columns}
    columns = "\n".join(f'      <column column="{field}">{key}</column>' for key, field in checked.items())
    args = (
        '      <arg name="school" required="true" description="School number" type="primitive" multivalue="false"/>\n'
        if query.by_school
        else ""
    )
    return f"""  <query name="{query.name}" coreTable="{query.core_table}" flattened="true" tags="rollcall">
    <summary>{escape(query.summary)}</summary>
    <description>{escape(query.summary)}</description>
    <args>
{args}    </args>
    <columns>
{columns}
    </columns>
    <sql><![CDATA[
{query.sql}
    ]]></sql>
  </query>
"""
