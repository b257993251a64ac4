"""What all write models share: closed, strict, and never repeating what was typed in an error."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError


def written(pattern: str, message: str) -> tuple[AfterValidator, FieldInfo]:
    """For ``Annotated``: the text must match all of ``pattern``; ``message`` tells how to write it instead."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise PydanticCustomError("wrong_format", message)
        return text

    # json_schema_extra, because the pattern proper would be checked first, with a message of its own
    field: FieldInfo = Field(json_schema_extra={"pattern": f"^{pattern}$"})
    return AfterValidator(check), field


ONE_LINE = written(r"[^\x00-\x1f\x7f]*", "Write it on one line, without control characters.")
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500), *ONE_LINE]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100), *ONE_LINE]


class Form(BaseModel):
    """As written by a caller. A field that the model does not know is refused, not ignored."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )


class Record(BaseModel):
    """As stored. Read back as JSON, so datetimes arrive as text."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class FieldError(BaseModel):
    """One fault: ``field`` is a path such as ``entries.3.external``; ``message`` has the rule and fix."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str
    code: str
    message: str


class Invalid(Exception):
    """Input that has the right shape but cannot be accepted. Carries every fault found."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(", ".join(f"{error.field}: {error.code}" for error in self.errors))


def invalid(field: str, code: str, message: str) -> Invalid:
    """A single fault."""
    return Invalid([FieldError(field=field, code=code, message=message)])


def raise_if_any(errors: Iterable[FieldError]) -> None:
    """Raise :class:`Invalid` when there is at least one fault."""
    found = tuple(errors)
    if found:
        raise Invalid(found)


def repeated(field: str, values: Iterable[str]) -> list[FieldError]:
    """One fault per value that stands in a list for the second time."""
    seen: set[str] = set()
    errors = []
    for index, value in enumerate(values):
        if value in seen:
            message = "This value stands in the list already; remove one of the two."
            errors.append(FieldError(field=f"{field}.{index}", code="duplicate", message=message))
        seen.add(value)
    return errors
