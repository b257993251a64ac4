"""`/ws/schema`: PowerQueries and tables. Strings only, nulls left out, lower-case keys, lists even for one row."""

from __future__ import annotations

import re
import sqlite3
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from simulators.district import District
from simulators.powerschool import database, fiql
from simulators.powerschool.options import Options
from simulators.powerschool.plugin import BUILT_IN, Plugin, Query, load
from simulators.powerschool.wire import Block

Rows = list[tuple[Any, ...]]
_CACHED_RESULTS = 6


class SchemaApi:
    """Runs PowerQueries and table reads on a copy of the district in SQLite, made on first use after a change."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._close: Callable[[], object] = lambda: None
        self.plugin = load(options.plugin) if options.plugin else Plugin()
        self.queries: dict[str, Query] = {query.name: query for query in BUILT_IN} | self.plugin.queries
        self.routes: list[tuple[str, Callable[[Request], Awaitable[Response]], list[str]]] = [
            ("/ws/schema/query/api", self._list_queries, ["GET"]),
            ("/ws/schema/query/{name}", self._run, ["POST"]),
            ("/ws/schema/query/{name}/count", self._count, ["POST"]),
            ("/ws/schema/table", self._list_tables, ["GET"]),
            ("/ws/schema/table/{table}", self._rows, ["GET"]),
            ("/ws/schema/table/{table}/count", self._row_count, ["GET"]),
            ("/ws/schema/table/{table}/metadata", self._columns, ["GET"]),
            ("/ws/schema/table/{table}/{id:int}", self._row, ["GET"]),
        ]

    def use(self, district: District) -> None:
        self._district = district
        self._close()
        self._database: tuple[int, sqlite3.Connection] | None = None
        self._results: dict[tuple[str, bytes], Rows] = {}

    def _connection(self) -> sqlite3.Connection:
        if self._database is None or self._database[0] != self._district.version:
            self._results.clear()
            self._close()
            self._database = (self._district.version, database.build(self._district))
            # SQLite complains about a connection that is only dropped.
            self._close = weakref.finalize(self, self._database[1].close)
        return self._database[1]

    # PowerQueries -----------------------------------------------------------------------------------------------

    async def _list_queries(self, request: Request) -> Response:
        return _json([{"name": query.name, "coreTable": query.core_table} for query in self.queries.values()])

    async def _run(self, request: Request) -> Response:
        found = await self._result(request)
        if isinstance(found, Response):
            return found
        query, rows = found
        size = _number(request, "pagesize", self.options.max_page_size("schema_table_query"))
        page = _number(request, "page", 1)
        if size is None or page is None or page < 1 or size < 0:
            return _message(400, "page and pagesize must be numbers")
        # Page size 0 streams the whole result in one answer.
        shown = rows[(page - 1) * size : page * size] if size else rows
        flat = {"flat": True, "nested": False}.get(self.options.query_shape, query.flattened)
        body: Block = {"name": query.core_table.upper() if flat else query.core_table}
        if shown or self.options.empty_record_list:
            body["record"] = [_record(query, row, flat) for row in shown]
        else:
            body = {}
        if request.query_params.get("count") == "true":
            body["count"] = len(rows)
        return _json({**body, "@extensions": ""})

    async def _count(self, request: Request) -> Response:
        found = await self._result(request)
        return found if isinstance(found, Response) else _json({"count": len(found[1])})

    async def _result(self, request: Request) -> tuple[Query, Rows] | Response:
        query = self.queries.get(request.path_params["name"])
        if query is None:
            return _message(404, "Query not found")
        refused = [source.lower() for source, _ in query.columns if not self._granted(source.lower(), query)]
        if refused:
            errors = [
                {"resource": query.name, "field": name, "code": "No access to the field"} for name in refused
            ]
            return _json({"message": "Validation Failed", "errors": errors}, 400)
        body = await request.body()
        try:
            given = msgspec.json.decode(body, type=dict[str, Any]) if body.strip() else {}
            return query, self._execute(query, {k: v for k, v in given.items() if not k.startswith("$")})
        except (ValueError, sqlite3.Error) as error:
            return _message(400, str(error))

    def _granted(self, name: str, query: Query | None) -> bool:
        if name in self.options.ungranted:
            return False
        built_in = query is not None and query.name not in self.plugin.queries
        return built_in or not self.plugin.name or name in self.plugin.granted

    def _execute(self, query: Query, given: dict[str, Any]) -> Rows:
        connection = self._connection()
        key = (query.name, msgspec.json.encode(given))
        if key not in self._results:
            if len(self._results) >= _CACHED_RESULTS:
                self._results.clear()
            sql, bound = bind(query, given)
            cursor = connection.execute(sql, bound)
            if len(cursor.description) != len(query.columns):
                raise ValueError(f"{query.name}: the SELECT list and the columns differ in number")
            self._results[key] = cursor.fetchall()
        return self._results[key]

    # Tables -----------------------------------------------------------------------------------------------------

    async def _list_tables(self, request: Request) -> Response:
        return _json({"table": [{"name": name} for name in database.TABLES]})

    async def _columns(self, request: Request) -> Response:
        table = request.path_params["table"].lower()
        if table not in database.TABLES:
            return _message(404, "Table not found")
        columns = [
            {
                "name": name.upper(),
                "access": "ViewOnly" if self._granted(f"{table}.{name}", None) else "NoAccess",
            }
            for name in database.columns(table)
        ]
        return _json({"name": table, "columns": columns})

    async def _rows(self, request: Request) -> Response:
        found = self._table_rows(request)
        if isinstance(found, Response):
            return found
        size = _number(request, "pagesize", self.options.max_page_size("schema_table_query"))
        page = _number(request, "page", 1)
        if not size or not page or size < 1 or page < 1:
            return _message(400, "page and pagesize must be positive numbers")
        size = min(size, self.options.max_page_size("schema_table_query"))
        table, names, rows = found
        shown = rows[(page - 1) * size : page * size]
        records = [_table_record(table, names, self._projection(request, table), row) for row in shown]
        return _json({"name": table, "record": records} if records else {"name": table})

    async def _row_count(self, request: Request) -> Response:
        found = self._table_rows(request)
        return found if isinstance(found, Response) else _json({"count": len(found[2])})

    async def _row(self, request: Request) -> Response:
        found = self._table_rows(request)
        if isinstance(found, Response):
            return found
        table, names, rows = found
        for row in rows:
            if _key(names, row) == request.path_params["id"]:
                return _json(
                    {**_table_record(table, names, self._projection(request, table), row), "name": table}
                )
        return _message(404, "Record not found")

    def _projection(self, request: Request, table: str) -> set[str]:
        wanted = {name.strip().lower() for name in request.query_params.get("projection", "").split(",")}
        if "*" in wanted or f"{table}.*" in wanted:
            return set(database.columns(table))
        return {name.removeprefix(f"{table}.") for name in wanted}

    def _table_rows(self, request: Request) -> tuple[str, list[str], Rows] | Response:
        table = request.path_params["table"].lower()
        if table not in database.TABLES:
            return _message(404, "Table not found")
        names = database.columns(table)
        if any(
            name in names and not self._granted(f"{table}.{name}", None)
            for name in self._projection(request, table)
        ):
            return _message(403, "No access to the field")
        order = request.query_params.get("sort", names[0]).lower()
        if order not in names:
            return _message(400, f"unknown column {order}")
        try:
            test = fiql.parse(request.query_params.get("q", ""), _getters(names))
        except ValueError as error:
            return _message(400, str(error))
        way = "desc" if request.query_params.get("sortdescending") == "true" else "asc"
        rows = self._connection().execute(f"select * from {table} order by {order} {way}").fetchall()
        return table, names, [row for row in rows if test(row)]


def bind(query: Query, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The query's SQL for SQLite with its arguments; a list becomes as many bind variables as it has members."""
    unknown = set(given) - set(query.args)
    missing = query.required - set(given)
    if unknown or missing:
        raise ValueError(f"bad arguments: {', '.join(sorted(unknown | missing))}")
    sql, bound = database.oracle_to_sqlite(query.sql), {}
    for name, default in query.args.items():
        value = given.get(name, default)
        if name in query.multivalue:
            members = value if isinstance(value, list) else str(value if value is not None else "").split(",")
            marks = {f"{name}_{turn}": _argument(member) for turn, member in enumerate(members)}
            bound.update(marks)
            sql = re.sub(rf":{name}\b", ", ".join(f":{mark}" for mark in marks), sql)
        elif isinstance(value, list):
            raise ValueError(f"argument {name} takes one value")
        else:
            bound[name] = _argument(value)
    return sql, bound


def _argument(value: Any) -> Any:
    """Oracle compares a number column with a text argument; SQLite needs the number itself."""
    text = "" if value is None else str(value)
    return None if value is None else int(text) if re.fullmatch(r"-?\d{1,15}", text) else text


def _record(query: Query, row: tuple[Any, ...], flat: bool) -> Block:
    filled = [
        (key.lower(), str(value))
        for (_, key), value in zip(query.columns, row, strict=True)
        if value is not None
    ]
    if flat:
        return {"_name": query.core_table.lower(), **dict(filled)}
    tables: dict[str, dict[str, str]] = {}
    checked = {key.lower(): source.lower() for source, key in query.columns}
    for key, value in filled:
        table, _, column = key.rpartition(".")
        # A key without a table goes with the table whose field is checked.
        table = table or checked[key].partition(".")[0]
        tables.setdefault(table, {})[column] = value
    return {"name": query.core_table.lower(), "tables": tables}


def _table_record(table: str, names: list[str], projection: set[str], row: tuple[Any, ...]) -> Block:
    kept = {
        name: str(value)
        for name, value in zip(names, row, strict=True)
        if name in projection and value is not None
    }
    return {"id": _key(names, row), "tables": {table: kept}}


def _key(names: list[str], row: tuple[Any, ...]) -> int:
    return int(row[names.index("dcid")] if "dcid" in names else row[0])


def _getters(names: list[str]) -> dict[str, fiql.Getter]:
    def getter(place: int) -> fiql.Getter:
        return lambda row: "" if row[place] is None else str(row[place])

    return {name: getter(place) for place, name in enumerate(names)}


def _number(request: Request, name: str, default: int) -> int | None:
    try:
        return int(request.query_params.get(name, str(default)))
    except ValueError:
        return None


def _message(status: int, text: str) -> Response:
    return _json({"message": text}, status)


def _json(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, media_type="application/json;charset=UTF-8")
