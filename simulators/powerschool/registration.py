"""What is posted to a plugin's registration URL when an administrator presses Register after installing it.

No document shows it; each form here is one that a server might plausibly send.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

import msgspec

from simulators.powerschool.options import Options
from simulators.powerschool.plugin import Plugin


@dataclass(frozen=True, slots=True)
class Post:
    """One POST, as it goes out."""

    url: str
    content_type: str
    body: bytes


def pressed(plugin: Plugin, options: Options) -> Post | None:
    """The registration of an installed plugin with the server's credentials for it; None when it has no address."""
    if plugin.registration is None:
        return None
    url, secret = plugin.registration
    if options.registration == "form":
        form = {
            "plugin_name": plugin.name,
            "client_id": options.client_id,
            "client_secret": options.client_secret,
            "callback_data": secret,
        }
        return Post(url, "application/x-www-form-urlencoded;charset=UTF-8", urlencode(form).encode())
    if options.registration == "xml":
        lines = (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<plugin-registration xmlns="urn:example" plugin-name={quoteattr(plugin.name)}>',
            f"<client-id>{escape(options.client_id)}</client-id>",
            f"<client-secret>{escape(options.client_secret)}</client-secret>",
            f"<callback-data>{escape(secret)}</callback-data>",
            "</plugin-registration>",
        )
        return Post(url, "text/xml; charset=utf-8", "\n".join(lines).encode())
    document = {
        "plugin": {"name": plugin.name, "version": plugin.version},
        "credentials": {"clientId": options.client_id, "clientSecret": options.client_secret},
        "callbackData": secret,
    }
    return Post(url, "application/json", msgspec.json.encode(document))
