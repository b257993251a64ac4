"""Any OneRoster server: which version its address means, and how it wants to be asked; or its CSV files.

1.1 is read with OAuth 2 or with signed requests (OAuth 1.0a), 1.2 with OAuth 2 alone (fact sheet §4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256

from rollcall.connectors.auth import Auth, ClientCredentials, OAuth1, basic
from rollcall.connectors.mapping import Context
from rollcall.connectors.oneroster_core.connector import Conventions, OneRoster
from rollcall.connectors.oneroster_core.export import Export
from rollcall.connectors.oneroster_core.paging import Paging
from rollcall.connectors.transport import Transport, parsed

__all__ = ["Options", "connect"]

_SERVICE = "/ims/oneroster/v1p1"
_VERSION = re.compile(r"/(v1p[12])$")
_SCOPES = ("roster.readonly", "roster-core.readonly", "roster-demographics.readonly")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """``delivery`` is rest or csv. For rest, ``authentication`` is oauth2 or oauth1, and a blank ``token_url`` is
    ``/token`` under the service.
    """

    delivery: str = "rest"
    authentication: str = "oauth2"
    token_url: str = ""
    family_identifier: Iterable[str] = ()


def connect(
    url: str, credentials: Mapping[str, str], context: Context, options: Options, transport: Transport
) -> OneRoster:
    """The connector for one integration. An address without a version is that of a 1.1 server; that of CSV files is
    taken as it is.

    Raises ``KeyError`` naming a credential that is missing.
    """
    if options.delivery == "csv":
        signed = basic(credentials["consumer_token"], credentials["consumer_secret"])
        export = Export(transport.client(url, signed))
        return OneRoster(export, context, Conventions(), options.family_identifier)
    at = parsed(url)
    path = at.path if _VERSION.search(at.path) else at.path + _SERVICE
    auth = _auth(at.origin + path, credentials, options, transport)
    client = transport.client(at.origin + path, auth)
    return OneRoster(Paging(client, at.host), context, Conventions(), options.family_identifier)


def scope(version: str) -> str:
    """The OAuth 2 scopes that reading a roster needs, in ``v1p1`` or ``v1p2``."""
    return " ".join(f"https://purl.imsglobal.org/spec/or/{version}/scope/{name}" for name in _SCOPES)


def _auth(base: str, credentials: Mapping[str, str], options: Options, transport: Transport) -> Auth:
    key, secret = credentials["consumer_token"], credentials["consumer_secret"]
    if options.authentication == "oauth1":
        return OAuth1(key, secret, method=SIGNATURE_HMAC_SHA256)
    token = parsed(options.token_url or f"{base}/token")
    version = base.rpartition("/")[2]
    return ClientCredentials(
        token.path,
        key,
        secret,
        transport.clock,
        scope=scope(version),
        through=transport.unsigned(token.origin),
    )
