"""What PowerSchool posts when a plugin registers. Its exact form is not documented, so any plausible one is read:
JSON, a form or XML, flat or nested, with the usual spellings of the three names that matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from xml.parsers import expat

from pydantic import ValidationError

from config_api.body import body_bytes, json_object, media_type
from config_api.problems import Problem, field_errors
from rollcall.domain.form import FieldError, Invalid, raise_if_any
from rollcall.domain.forms import PowerSchoolCredentials

MEDIA_TYPES = ("application/json", "application/x-www-form-urlencoded", "application/xml", "text/xml")
MAX_BYTES = 16 * 1024
MAX_FIELDS = 100

_NAMES: Mapping[str, frozenset[str]] = {
    "client_id": frozenset({"clientid", "oauthclientid", "consumerkey", "consumerid", "oauthconsumerkey"}),
    "client_secret": frozenset(
        {"clientsecret", "oauthclientsecret", "consumersecret", "oauthconsumersecret"}
    ),
    "callback_data": frozenset({"callbackdata", "callback"}),
}
_NOT_LETTERS = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True)
class Registering:
    """The credentials of a plugin, and the one-time secret that proves which plugin it is."""

    credentials: PowerSchoolCredentials
    secret: str


def read_registration(event: Mapping[str, Any]) -> Registering:
    """What the body of a request says. Raises :class:`Problem` for a body that cannot be read, :class:`Invalid` for one
    without one of the three, or with two different ones.
    """
    data = body_bytes(event, MAX_BYTES)
    found: dict[str, set[str]] = {field: set() for field in _NAMES}
    for name, value in _pairs(media_type(event), data):
        plain = _NOT_LETTERS.sub("", name.lower())
        for field, names in _NAMES.items():
            if plain in names and value.strip():
                found[field].add(value.strip())
    raise_if_any(_faults(found))
    values = {field: next(iter(given)) for field, given in found.items()}
    try:
        credentials = PowerSchoolCredentials.model_validate(
            {"consumer_token": values["client_id"], "consumer_secret": values["client_secret"]}
        )
    except ValidationError as error:
        raise Invalid(field_errors(error.errors(include_url=False, include_input=False))) from None
    return Registering(credentials, values["callback_data"])


def _faults(found: Mapping[str, set[str]]) -> Iterator[FieldError]:
    for field, values in found.items():
        if not values:
            message = f"Send the plugin's {field.replace('_', ' ')}."
            yield FieldError(field=field, code="required", message=message)
        if len(values) > 1:
            message = "This is there several times, with different values; send it once."
            yield FieldError(field=field, code="duplicate", message=message)


def _pairs(kind: str, data: bytes) -> Iterable[tuple[str, str]]:
    if kind in ("application/json", ""):
        return _of_json(json_object(data))
    if kind == "application/x-www-form-urlencoded":
        return _of_form(data)
    if kind in ("application/xml", "text/xml"):
        return _of_xml(data)
    detail = f"Send one of {', '.join(MEDIA_TYPES)}."
    raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unknown_media_type", detail)


def _of_json(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, inner in value.items():
        for item in inner if isinstance(inner, list) else [inner]:
            if isinstance(item, dict):
                yield from _of_json(item)
            elif isinstance(item, str):
                yield name, item


def _of_form(data: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(data.decode(), errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        detail = f"The body is not a form of at most {MAX_FIELDS} fields in UTF-8."
        raise Problem(HTTPStatus.BAD_REQUEST, "not_a_form", detail) from None


def _of_xml(data: bytes) -> list[tuple[str, str]]:
    """Every element's text and every attribute. Nothing is expanded or fetched: a DTD is refused when it begins."""
    found: list[tuple[str, str]] = []
    texts: list[tuple[str, list[str]]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        found.extend(attributes.items())
        texts.append((name.rpartition(":")[2], []))

    def end(_: str) -> None:
        name, text = texts.pop()
        found.append((name, "".join(text)))

    def refuse(*_: object) -> None:
        raise _DtdRefused

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = lambda text: texts[-1][1].append(text)
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except _DtdRefused:
        raise Problem(HTTPStatus.BAD_REQUEST, "dtd_refused", "Send the XML without a DOCTYPE.") from None
    except (expat.ExpatError, LookupError, ValueError):
        raise Problem(HTTPStatus.BAD_REQUEST, "not_xml", "The body is not well-formed XML.") from None
    return found


class _DtdRefused(Exception):
    pass
