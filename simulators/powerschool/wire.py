"""The JSON of `/ws/v1` is made from XML; these are the marks that leaves, and the XML itself."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

Block = dict[str, Any]


def num(text: str) -> int | str:
    """All digits arrive as a number, so leading zeros are lost: `01234` → 1234."""
    return int(text) if text.isascii() and text.isdigit() else text


def block(**values: Any) -> Block | str:
    """Only the elements that have content; an element without any is `""`."""
    filled = {name: value for name, value in values.items() if value not in ("", None)}
    return filled or ""


def children(items: list[Any]) -> Any:
    """One child is an object, many are a list, none is None: the caller leaves the key out."""
    return None if not items else items[0] if len(items) == 1 else items


def phone(number: str) -> int | str:
    """`555-555-0148` for most; numbers that end in 7 were typed without dashes, and so become JSON numbers."""
    if len(number) != 10 or number.endswith("7"):
        return num(number)
    return f"{number[:3]}-{number[3:6]}-{number[6:]}"


def to_xml(document: Block) -> bytes:
    """The same answer for a client that does not ask for JSON."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>' + "".join(_element(*item) for item in document.items())
    ).encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if not isinstance(value, dict):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{name}>{escape(text)}</{name}>"
    marks = "".join(
        f" {key[1:]}={quoteattr(str(item))}" for key, item in value.items() if key.startswith("@")
    )
    inner = "".join(_element(key, item) for key, item in value.items() if not key.startswith("@"))
    return f"<{name}{marks}>{inner}</{name}>"
