"""What a server does with a plugin's registration element and with a new version of a plugin."""

from __future__ import annotations

from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import msgspec
import pytest

from rollcall.connectors.powerschool_query.plugin import Registration, build_plugin
from simulators.powerschool import Options
from simulators.powerschool.plugin import PluginRefused, load, update
from simulators.powerschool.registration import pressed

GIVEN = Registration("https://api.example.org/v1/registrations/onb_1", 's&"<3')
PLUGIN = load(build_plugin('Rollcall "A" & B', "1.0.0.9", registration=GIVEN))


def test_each_form_tells_the_same() -> None:
    options = Options()
    told = []
    for form in ("json", "form", "xml"):
        options.registration = form
        post = pressed(PLUGIN, options)
        assert post is not None
        assert post.url == GIVEN.url
        if form == "json":
            document = msgspec.json.decode(post.body)
            told.append((*document["credentials"].values(), document["callbackData"]))
        elif form == "form":
            pairs = parse_qs(post.body.decode())
            told.append(tuple(pairs[name][0] for name in ("client_id", "client_secret", "callback_data")))
        else:
            told.append(tuple(child.text for child in ET.fromstring(post.body)))
        assert (form in post.content_type) == (form != "form") or "urlencoded" in post.content_type
    assert told == [(options.client_id, options.client_secret, GIVEN.secret)] * 3


def test_a_plugin_without_an_address_posts_nothing() -> None:
    assert pressed(load(build_plugin("A", "1")), Options()) is None


def test_a_registration_needs_an_address() -> None:
    with pytest.raises(PluginRefused, match="registration url"):
        load(build_plugin("A", "1", registration=Registration("", "s")))


@pytest.mark.parametrize(
    ("name", "version", "reason"),
    [("B", "2.0", "same name"), ("A", "1.0.0.9", "must rise"), ("A", "1.0.0.8", "must rise")],
)
def test_an_update_keeps_the_name_and_raises_the_version(name: str, version: str, reason: str) -> None:
    installed = load(build_plugin("A", "1.0.0.9"))
    with pytest.raises(PluginRefused, match=reason):
        update(installed, build_plugin(name, version))
    assert update(installed, build_plugin("A", "1.0.0.10")).version == "1.0.0.10"
