"""dlt over Arrow tables made by hand, a table a page, with an upsert into DuckDB.

With ``--parse arrow`` pages are parsed by Arrow itself, which takes rows that are flat or of a fixed shape; with
``--parse rows`` tables are made of decoded rows, as is usual. Names are kept as they come: to change them, dlt would
write every table anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from bench.peers.sis import DECIMALS, KEY, TRUTHS, WHOLE_NUMBERS, Sis, arguments

os.environ.update(
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="CRITICAL",
    EXTRACT__WORKERS="4",
    SCHEMA__NAMING="direct",
)

import dlt
import msgspec
import pyarrow as pa
from pyarrow import json as arrow_json

Table = Callable[[bytes], pa.Table]

_raws = msgspec.json.Decoder(list[msgspec.Raw])


@dlt.source(max_table_nesting=0)
def aeries(sis: Sis, parse: str) -> Any:
    """Schools, and the students of each, a table a page."""
    schema = pa.schema([(name, _type_of(name)) for name in sis.columns()])
    table = _parsed_by_arrow(schema) if parse == "arrow" else _made_of_rows(schema)

    @dlt.resource(selected=False)
    def schools() -> Iterator[str]:
        yield from sis.schools

    @dlt.transformer(
        data_from=schools,
        primary_key=KEY,
        write_disposition={"disposition": "merge", "strategy": "upsert"},
        parallelized=True,
    )
    def students(school: str) -> Iterator[pa.Table]:
        yield from sis.pages(school, table)

    return students


def _parsed_by_arrow(schema: pa.Schema) -> Table:
    parsing = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    reading = arrow_json.ReadOptions(use_threads=False, block_size=1 << 24)
    return lambda page: arrow_json.read_json(
        pa.BufferReader(b"\n".join(_raws.decode(page))), reading, parsing
    )


def _made_of_rows(schema: pa.Schema) -> Table:
    return lambda page: pa.Table.from_pylist(msgspec.json.decode(page), schema)


def _type_of(name: str) -> pa.DataType:
    if name in WHOLE_NUMBERS:
        return pa.int64()
    if name in DECIMALS:
        return pa.float64()
    return pa.bool_() if name in TRUTHS else pa.string()


def main() -> None:
    """One night."""
    chosen = arguments(__doc__ or "", parse=("arrow", "rows"))
    chosen.state.mkdir(parents=True, exist_ok=True)
    pipeline = dlt.pipeline(
        "aeries",
        destination=dlt.destinations.duckdb(str(chosen.state / "students.duckdb")),
        dataset_name="sis",
        pipelines_dir=str(chosen.state / "pipelines"),
    )
    pipeline.run(aeries(Sis(chosen.recording, chosen.url), chosen.parse), loader_file_format="parquet")


if __name__ == "__main__":
    main()
