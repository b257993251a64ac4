"""Lists of ``/ws/v1`` in their wrappers: ``{"students": {"student": […]}}`` and what stands for few or none."""

from __future__ import annotations

import msgspec

from rollcall.connectors.records import raw_rows, unexpected_shape

_NONE = msgspec.Raw(b"null")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def listed(body: bytes, outer: str, child: str) -> list[msgspec.Raw]:
    """The raw rows under ``outer.child``.

    No child key is an empty list. The name of the staff wrapper is uncertain (fact sheet §2.5), so a body whose only
    block holds ``child``, or that is ``child`` itself, is read as well; anything else raises ``SourceContract``.
    """
    top = _blocks(body)
    inner = top.get(outer)
    if inner is None and child in top:
        # {"staff": {"staff": […]}} or {"staff": […]} or a single {"staff": {…}}
        found = top[child]
        nested = _blocks(found).get(child) if _starts(found) == b"{" else None
        return raw_rows(found if nested is None else nested)
    if inner is None and len(top) == 1:
        (only,) = top.values()
        if _starts(only) == b"{" and child in _blocks(only):
            inner = only
    if inner is None:
        raise unexpected_shape()
    if _starts(inner) == b"{":
        inner = _blocks(inner).get(child, _NONE)
    elif _starts(inner) == b"[":
        raise unexpected_shape()
    return raw_rows(inner)


def _blocks(value: bytes | msgspec.Raw) -> dict[str, msgspec.Raw]:
    try:
        fields = _fields.decode(value)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise unexpected_shape() from None
    return {name: raw for name, raw in fields.items() if not name.startswith("@")}


def _starts(value: bytes | msgspec.Raw) -> bytes:
    return bytes(memoryview(value)[:1])
