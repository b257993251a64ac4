"""The plugin package that a PowerSchool administrator installs: its OAuth client, its queries, what they may read.

Built from the definitions that the connector asks with, so the two cannot differ. The same arguments give the same
bytes on every machine. Needs nothing but the standard library: the API builds it.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

from rollcall.connectors.powerschool_query.queries import QUERIES, Query

NAME = "Rollcall"
VERSIONS: tuple[tuple[str, str], ...] = (("1.0.0", "1784f119c4c0dcaa"),)
"""Every version with the digest of its definitions, oldest first: PowerSchool updates a plugin only to a higher one."""

_PUBLISHER, _EMAIL = "Rollcall", "support@rollcall.example.org"
_DESCRIPTION = "Lets Rollcall read schools, students, contacts and staff. It writes nothing."
_EPOCH = (1980, 1, 1, 0, 0, 0)


def version() -> str:
    """The version of the definitions as they are."""
    return VERSIONS[-1][0]


def digest() -> str:
    """Moves when the package of the same name and version would."""
    return hashlib.blake2b((_manifest("", "") + _queries()).encode(), digest_size=8).hexdigest()


def build_plugin(name: str, version: str) -> bytes:
    """The zip. Raises ``ValueError`` for a name or version that PowerSchool would refuse."""
    if not 1 <= len(name) <= 40 or not 1 <= len(version) <= 20:
        raise ValueError("a plugin's name has at most 40 characters, its version at most 20")
    files = {"plugin.xml": _manifest(name, version), "queries_root/rollcall.named_queries.xml": _queries()}
    package = io.BytesIO()
    # Stored, because what deflate makes differs from one zlib to another.
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text.encode())
    return package.getvalue()


def _manifest(name: str, version: str) -> str:
    fields = sorted({pair for query in QUERIES for pair in query.fields()})
    requests = "\n".join(
        f'    <field table="{table.upper()}" field="{field.upper()}" access="ViewOnly"/>'
        for table, field in fields
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<plugin xmlns="http://plugin.powerschool.pearson.com"
        xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
        xsi:schemaLocation="http://plugin.powerschool.pearson.com plugin.xsd"
        name={quoteattr(name)} version={quoteattr(version)} description={quoteattr(_DESCRIPTION)}>
  <oauth/>
  <access_request>
{requests}
  </access_request>
  <publisher name="{_PUBLISHER}"><contact email="{_EMAIL}"/></publisher>
</plugin>
"""


def _queries() -> str:
    return "<queries>\n" + "".join(map(_query, QUERIES)) + "</queries>\n"


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
