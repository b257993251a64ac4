"""How many students a peer's database holds: ``python -m bench.peers.count FILE``."""

from __future__ import annotations

import sys

import duckdb

if __name__ == "__main__":
    with duckdb.connect(sys.argv[1], read_only=True) as database:
        print(database.sql("SELECT count(*) FROM sis.students").fetchall()[0][0])
