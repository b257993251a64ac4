"""The answers of ``/ws/contacts``, one for each student, as records."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from rollcall.connectors.powerschool_common.contacts import Asked
from rollcall.connectors.powerschool_common.rows import Contact
from rollcall.connectors.records import as_list

_encoder = msgspec.json.Encoder()


class Answer(msgspec.Struct):
    """The contacts answer for one student; a single contact may stand without its list."""

    student: str
    contacts: list[Contact] | Contact


_decoder = msgspec.json.Decoder(Answer)


def record(student_id: str, body: bytes) -> bytes:
    """What PowerSchool answered, with the student it was asked for: the answer itself may name all children."""
    return b'{"student":' + _encoder.encode(student_id) + b',"contacts":' + body + b"}"


def read(records: Iterable[bytes]) -> list[Asked]:
    """All contacts of these records."""
    answers = [_decoder.decode(raw) for raw in records]
    return [(answer.student, contact) for answer in answers for contact in as_list(answer.contacts)]
