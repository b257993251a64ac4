"""Signing in to a PowerSchool server."""

from __future__ import annotations

from collections.abc import Mapping

from rollcall.connectors.auth import ClientCredentials
from rollcall.connectors.transport import Client, Transport

ACCEPT: Mapping[str, str] = {"Accept": "application/json"}
NOT_SCHOOLS = frozenset({"0", "999999"})
"""The district office and the school of the graduated."""


def client(url: str, credentials: Mapping[str, str], transport: Transport) -> Client:
    """The server at ``url``; ``credentials`` are the plugin's client id and secret."""
    auth = ClientCredentials(
        "/oauth/access_token/", credentials["consumer_token"], credentials["consumer_secret"], transport.clock
    )
    return transport.client(url, auth)
