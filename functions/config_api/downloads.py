"""Tables as CSV files: written line by line, packed when the caller can unpack, within what a Lambda may answer."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from config_api.api import Api
from config_api.problems import Problem
from rollcall.domain.csv_text import csv_lines

MAX_BYTES = 4_000_000
"""What a Lambda may answer, with room for its wrapping."""

MAX_TEXT = 40_000_000
"""What it can write while somebody waits, however small it packs."""

_GZIP = zlib.MAX_WBITS + 16


def csv_answer(
    api: Api, name: str, header: Sequence[str], rows: Iterable[Sequence[str | None]], instead: str
) -> Response[str]:
    """A CSV file of this name; 413 when it would be too long, with what to do ``instead``."""
    lines = _up_to(MAX_TEXT, (line.encode() for line in csv_lines(header, rows)), instead)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Vary": "Accept-Encoding"}
    packs = "gzip" in api.resolver.current_event.headers.get("accept-encoding", "").lower()
    data = b"".join(_up_to(MAX_BYTES, _packed(lines) if packs else lines, instead))
    answer = Response(
        status_code=HTTPStatus.OK,
        content_type="text/csv; charset=utf-8",
        headers={**headers, "Content-Encoding": "gzip"} if packs else headers,
        body=b64encode(data).decode() if packs else data.decode(),
    )
    answer.base64_encoded = packs
    return answer


def _packed(lines: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP)
    for line in lines:
        yield packer.compress(line)
    yield packer.flush()


def _up_to(limit: int, pieces: Iterable[bytes], instead: str) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            detail = f"The list is too long to download at once; {instead}."
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_many_rows", detail)
        yield piece
