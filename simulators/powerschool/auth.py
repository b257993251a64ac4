"""Tokens: one per plugin, the same until it expires."""

from __future__ import annotations

import base64
import binascii
import time
import uuid
from collections.abc import Callable
from typing import Any

from simulators.powerschool.options import Options

CHALLENGE = (
    'Bearer error="invalid_token",realm="PowerSchool",error_description="The access token has expired"'
)


class TokenDesk:
    """Issues and checks the access token. `clock` gives seconds."""

    def __init__(self, options: Options, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock
        self._token = ""
        self._expires = 0.0
        self._calls: list[float] = []

    def issue(self, authorization: str, grant_type: str) -> tuple[int, dict[str, Any]]:
        """Status and body for one token call."""
        now = self._clock()
        limit = self._options.token_calls_per_minute
        self._calls = [call for call in self._calls if call > now - 60] + [now]
        if limit and len(self._calls) > limit:
            return 429, {"message": "Too many requests"}
        if _basic(authorization) != (self._options.client_id, self._options.client_secret):
            return 401, {"error": "invalid_client", "error_description": "Client authentication failed"}
        if grant_type != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type"}
        if not self._token or now >= self._expires:
            self._token, self._expires = str(uuid.uuid4()), now + self._options.token_life
        body = {
            "access_token": self._token,
            "token_type": "Bearer",
            "expires_in": str(int(self._expires - now)),
        }
        if not self._options.token_type:
            del body["token_type"]
        return 200, body

    def accepts(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return (
            scheme.lower() == "bearer"
            and bool(token)
            and token == self._token
            and self._clock() < self._expires
        )

    def expire(self) -> bool:
        """The token stops working now; the next token call gets a new one."""
        self._expires = 0.0
        return True


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, password) if scheme.lower() == "basic" else ("", "")
