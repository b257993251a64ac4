"""Reads a plugin package: access requests and named queries, refused by the rules that a real server applies (§8)."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

NAMESPACE = "{http://plugin.powerschool.pearson.com}"


class PluginRefused(ValueError):
    """The package breaks a rule of the plugin format."""


@dataclass(slots=True)
class Query:
    """A PowerQuery. `columns` is `(TABLE.FIELD checked, key in the answer)` in SELECT order."""

    name: str
    core_table: str
    flattened: bool
    sql: str
    columns: list[tuple[str, str]]
    args: dict[str, str | None] = field(default_factory=dict)
    multivalue: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Plugin:
    """A package as installed. `registration`: where its credentials may be sent, and the callback data with them."""

    name: str = ""
    version: str = ""
    description: str = ""
    registration: tuple[str, str] | None = None
    granted: set[str] = field(default_factory=set)
    queries: dict[str, Query] = field(default_factory=dict)


def load(source: Path | bytes) -> Plugin:
    """Reads the package at a path, or the package itself. Raises PluginRefused."""
    with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as package:
        names = package.namelist()
        if "plugin.xml" not in names:
            raise PluginRefused("plugin.xml is not at the root of the package")
        plugin = _manifest(package.read("plugin.xml"))
        for name in names:
            if name.startswith("queries_root/") and name.endswith(".named_queries.xml"):
                for query in _queries(package.read(name)):
                    if query.name in plugin.queries:
                        raise PluginRefused(f"query {query.name} is there twice")
                    plugin.queries[query.name] = query
    return plugin


def update(installed: Plugin, source: Path | bytes) -> Plugin:
    """Reads a package that is to replace an installed one. Raises PluginRefused for another plugin or no newer one."""
    plugin = load(source)
    if plugin.name != installed.name:
        raise PluginRefused("a plugin is updated under the same name only")
    if _numbers(plugin.version) <= _numbers(installed.version):
        raise PluginRefused("the version must rise")
    return plugin


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _limit(element: ET.Element, attribute: str, most: int, *, least: int = 0) -> str:
    value = element.get(attribute, "")
    if not least <= len(value) <= most:
        raise PluginRefused(
            f"{element.tag.removeprefix(NAMESPACE)} {attribute} must have {least}–{most} characters"
        )
    return value


def _manifest(text: bytes) -> Plugin:
    root = _parse(text)
    if root.tag != f"{NAMESPACE}plugin":
        raise PluginRefused("the root of plugin.xml is not plugin in the PowerSchool namespace")
    children = [child.tag for child in root]
    twice = next((tag for tag in children if children.count(tag) > 1), None)
    if twice is not None:
        raise PluginRefused(f"{twice.removeprefix(NAMESPACE)} is there twice")
    plugin = Plugin(
        _limit(root, "name", 40, least=1), _limit(root, "version", 20), _limit(root, "description", 256)
    )
    publisher = root.find(f"{NAMESPACE}publisher")
    if publisher is None:
        raise PluginRefused("plugin.xml has no publisher")
    _limit(publisher, "name", 100, least=1)
    contact = publisher.find(f"{NAMESPACE}contact")
    if contact is None:
        raise PluginRefused("the publisher has no contact")
    _limit(contact, "email", 40, least=1)
    if root.find(f"{NAMESPACE}oauth") is None:
        raise PluginRefused("without oauth a plugin gets no credentials")
    for item in root.iterfind(f"{NAMESPACE}access_request/{NAMESPACE}field"):
        if item.get("access") not in ("ViewOnly", "FullAccess"):
            raise PluginRefused(f"access {item.get('access')!r} is neither ViewOnly nor FullAccess")
        plugin.granted.add(
            f"{_limit(item, 'table', 30, least=1)}.{_limit(item, 'field', 30, least=1)}".lower()
        )
    registration = root.find(f"{NAMESPACE}registration")
    if registration is not None:
        url = _limit(registration, "url", 1000, least=1)
        plugin.registration = (url, registration.findtext(f"{NAMESPACE}callback-data", ""))
    return plugin


def _queries(text: bytes) -> list[Query]:
    return [_query(item) for item in _parse(text).iterfind("query")]


def _parse(text: bytes) -> ET.Element:
    try:
        return ET.fromstring(text)
    except ET.ParseError as error:
        raise PluginRefused(f"not XML: {error}") from error


def _query(item: ET.Element) -> Query:
    name = _limit(item, "name", 200, least=1)
    if len(name.split(".")) < 5:
        raise PluginRefused(f"query name {name} needs five dotted parts")
    sql = item.findtext("sql", "").strip()
    columns = [
        (column.get("column", ""), (column.text or "").strip()) for column in item.iterfind("columns/column")
    ]
    if not sql or not columns:
        raise PluginRefused(f"query {name} has no sql or no columns")
    bad = next((source for source, _ in columns if source.count(".") != 1), None)
    if bad is not None:
        raise PluginRefused(f"query {name}: column {bad!r} is not TABLE.FIELD")
    keys = [key.lower() for _, key in columns]
    if not all(keys) or len(set(keys)) < len(keys):
        raise PluginRefused(f"query {name}: every column needs a key of its own")
    if "~(" in sql:
        raise PluginRefused(f"query {name}: PS-HTML in its sql is not simulated")
    flattened = item.get("flattened") == "true"
    query = Query(name, item.get("coreTable", ""), flattened, sql, columns)
    for arg in item.iterfind("args/arg"):
        key = arg.get("name", "")
        query.args[key] = arg.get("default")
        if not re.search(rf":{re.escape(key)}\b", sql):
            raise PluginRefused(f"query {name}: its sql does not use the argument {key!r}")
        if arg.get("multivalue") == "true":
            query.multivalue.add(key)
        if arg.get("required") == "true":
            query.required.add(key)
    return query


BUILT_IN = [
    Query(
        "com.pearson.core.student.student_dcid_id_map",
        "students",
        True,
        "select dcid, id from students order by dcid",
        [("STUDENTS.DCID", "dcid"), ("STUDENTS.ID", "id")],
    ),
    Query(
        "com.pearson.core.school.school_detail",
        "schools",
        False,
        "select dcid, school_number, name from schools order by dcid",
        [
            ("SCHOOLS.DCID", "schools.dcid"),
            ("SCHOOLS.SCHOOL_NUMBER", "schools.school_number"),
            ("SCHOOLS.NAME", "schools.name"),
        ],
    ),
]
"""Two of the queries that every server has; their columns are a guess."""
