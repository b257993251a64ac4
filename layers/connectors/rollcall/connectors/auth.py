"""How a request proves who sends it. No secret ever leaves these objects but in a header of a request."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import urlencode

import msgspec
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1
from oauthlib.oauth1 import Client as Signer

from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import NeedsAttention, SourceContract

_LEEWAY_SECONDS = 60.0

Send = Callable[[Request, Mapping[str, str]], Answer]
"""Sends a request with extra headers and the transport's retries, but without this authentication."""


class Auth(Protocol):
    def headers(self, send: Send) -> dict[str, str]:
        """The headers to send; may fetch a token first."""

    def sign(self, url: str, request: Request) -> dict[str, str]:
        """Headers for one try of one request, made anew for the next; ``url`` is without the parameters."""

    def renew(self, used: Mapping[str, str]) -> bool:
        """After a 401 to a request that carried ``used``: is another try worthwhile?"""


class HeaderAuth:
    """A fixed secret in one header, such as ``AERIES-CERT``."""

    def __init__(self, name: str, secret: str) -> None:
        self._headers = {name: secret}

    def headers(self, send: Send) -> dict[str, str]:
        return self._headers

    def sign(self, url: str, request: Request) -> dict[str, str]:
        return {}

    def renew(self, used: Mapping[str, str]) -> bool:
        return False


def basic(user: str, password: str) -> HeaderAuth:
    """HTTP Basic, sent unasked: a server that wants none passes over it."""
    return HeaderAuth("Authorization", _basic(user, password))


class OAuth1:
    """OAuth 1.0a: every try is signed, its parameters included, by a consumer and, where there is one, a user.

    A server may refuse a nonce that it has seen, so a second try needs a signature of its own. ``method`` is HMAC-SHA1
    or HMAC-SHA256.
    """

    def __init__(
        self,
        consumer_token: str,
        consumer_secret: str,
        user_token: str | None = None,
        user_secret: str | None = None,
        *,
        method: str = SIGNATURE_HMAC_SHA1,
    ) -> None:
        # oauthlib writes tokens and signatures to its log.
        logging.getLogger("oauthlib").setLevel(logging.ERROR)
        self._signer = Signer(
            consumer_token,
            client_secret=consumer_secret,
            resource_owner_key=user_token,
            resource_owner_secret=user_secret,
            signature_method=method,
        )

    def headers(self, send: Send) -> dict[str, str]:
        return {}

    def sign(self, url: str, request: Request) -> dict[str, str]:
        signed = f"{url}?{urlencode(request.params)}" if request.params else url
        try:
            _, headers, _ = self._signer.sign(signed, request.method)
        except ValueError:
            raise NeedsAttention(
                "credentials_rejected", "The credentials hold characters that cannot be sent to a SIS."
            ) from None
        return {"Authorization": headers["Authorization"]}

    def renew(self, used: Mapping[str, str]) -> bool:
        return False


class _Token(msgspec.Struct):
    access_token: str | None = None
    expires_in: str | int | float | None = None


class ClientCredentials:
    """OAuth 2 client credentials, with the token kept until shortly before it ends.

    ``expires_in`` may be text, ``token_type`` may be missing (PowerSchool sheet §1). Threads share one token.
    ``scope`` is a list with spaces, where the server wants one. ``through`` leads to the server that gives tokens, when
    it is another than the one that they are for.
    """

    def __init__(
        self,
        path: str,
        client_id: str,
        client_secret: str,
        clock: Callable[[], float],
        *,
        scope: str = "",
        through: Send | None = None,
    ) -> None:
        self._path = path
        self._body = urlencode({"grant_type": "client_credentials", **({"scope": scope} if scope else {})})
        self._through = through
        self._basic = _basic(client_id, client_secret)
        self._clock = clock
        self._lock = threading.Lock()
        self._headers: dict[str, str] = {}
        self._expires_at = 0.0

    def headers(self, send: Send) -> dict[str, str]:
        with self._lock:
            if not self._headers or self._clock() >= self._expires_at:
                self._headers, seconds = self._fetch(self._through or send)
                # A server gives the same token until it ends, so a leeway beyond its life would ask for ever.
                self._expires_at = self._clock() + max(seconds - _LEEWAY_SECONDS, seconds / 2)
            return self._headers

    def sign(self, url: str, request: Request) -> dict[str, str]:
        return {}

    def renew(self, used: Mapping[str, str]) -> bool:
        with self._lock:
            # Another thread may have renewed it already.
            if used.get("Authorization") == self._headers.get("Authorization"):
                self._headers = {}
        return True

    def _fetch(self, send: Send) -> tuple[dict[str, str], float]:
        request = Request(
            method="POST",
            path=self._path,
            template=self._path,
            headers={
                "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
                "Accept": "application/json",
            },
            body=self._body.encode(),
            expect=(200, 400, 401, 403),
        )
        answer = send(request, {"Authorization": self._basic})
        if answer.status != 200:
            raise _rejected()
        try:
            token = msgspec.json.decode(answer.body, type=_Token)
            seconds = float(token.expires_in if token.expires_in is not None else 3600)
        except (msgspec.DecodeError, RecursionError, ValueError):
            raise SourceContract(
                "unexpected_shape", "The SIS answered the sign-in with something else than a token."
            ) from None
        if not token.access_token:
            raise _rejected()
        return {"Authorization": f"Bearer {token.access_token}"}, seconds


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _rejected() -> NeedsAttention:
    return NeedsAttention("credentials_rejected", "The SIS does not accept the credentials.")
