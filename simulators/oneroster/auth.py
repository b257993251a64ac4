"""Who may ask: OAuth 2 tokens with scopes, and OAuth 1.0a signatures without a user token."""

from __future__ import annotations

import base64
import binascii
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from simulators.oneroster.options import SCOPES, V1P1, Options

TokenAnswer = tuple[int, dict[str, Any] | str]
_FORM = "application/x-www-form-urlencoded"


class TokenDesk:
    """Issues and checks bearer tokens; several are good at once. `clock` gives seconds."""

    def __init__(self, options: Options, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock
        self._tokens: dict[str, tuple[float, frozenset[str]]] = {}

    def issue(self, headers: dict[str, str], body: bytes) -> TokenAnswer:
        """Status and body of one token call. The client stands in HTTP Basic, or in the form."""
        options = self._options
        if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return 400, {"error": "invalid_request", "error_description": f"send {_FORM}"}
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        client = basic(headers.get("authorization", "")) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if client != (options.client_id, options.client_secret):
            if options.bad_client != 401:
                return options.bad_client, "Invalid client credentials"
            return 401, {"error": "invalid_client", "error_description": "Client authentication failed"}
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "Unsupported grant_type"}
        asked = frozenset(form.get("scope", "").split())
        granted = asked & options.scopes if asked or options.scope_required else options.scopes
        if not granted:
            return 400, {"error": "invalid_scope", "error_description": "No scope that can be granted"}
        token = uuid.uuid4().hex
        self._tokens[token] = (self._clock() + options.token_life, granted)
        answer: dict[str, Any] = {"access_token": token, "token_type": "bearer"}
        answer["expires_in"] = options.token_life
        return 200, answer | ({"scope": " ".join(sorted(granted))} if asked else {})

    def scopes(self, token: str) -> frozenset[str] | None:
        """What a token was granted; None for one that is unknown or too old."""
        expires, granted = self._tokens.get(token, (0.0, frozenset[str]()))
        return granted if self._clock() < expires else None

    def expire(self) -> bool:
        """No token works any more. False when there was none, as with a client that signs."""
        had = bool(self._tokens)
        self._tokens.clear()
        return had


class SignatureDesk:
    """Checks OAuth 1.0a: HMAC-SHA1 or HMAC-SHA256, a fresh timestamp, a nonce that was not used before."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._nonces: set[tuple[str, str]] = set()

    def accepts(self, method: str, url: str, authorization: str) -> bool:
        # Only a server that is asked with OAuth 1 needs the package.
        from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint

        options, nonces = self._options, self._nonces
        logging.getLogger("oauthlib").setLevel(logging.ERROR)

        class Validator(RequestValidator):  # type: ignore[misc]
            """One client, any letters in its key; nonces are kept for as long as the server runs."""

            enforce_ssl = False
            dummy_client = "nobody"
            timestamp_lifetime = 600

            def check_client_key(self, client_key: str) -> bool:
                return True

            def check_nonce(self, nonce: str) -> bool:
                return bool(nonce)

            def validate_client_key(self, client_key: str, request: Any) -> bool:
                return client_key == options.client_id

            def get_client_secret(self, client_key: str, request: Any) -> str:
                return options.client_secret

            def validate_timestamp_and_nonce(
                self, client_key: str, timestamp: str, nonce: str, request: Any, *_: Any
            ) -> bool:
                unused = (timestamp, nonce) not in nonces
                nonces.add((timestamp, nonce))
                return unused

        endpoint = SignatureOnlyEndpoint(Validator())
        try:
            valid, _ = endpoint.validate_request(url, method, "", {"Authorization": authorization})
        except ValueError:
            # A query that is not encoded as a form cannot be signed.
            return False
        return bool(valid)


def allowed(version: str, granted: frozenset[str], collection: str, *, nested: bool) -> bool:
    """Whether these scopes open a resource.

    Demographics have a scope of their own; in 1.1 `roster` covers them too. Nested resources are not in `roster-core`.
    """
    names = {scope.rpartition("/")[2] for scope in granted & SCOPES[version]}
    needed = {"roster.readonly"}
    if collection == "demographics":
        needed = {"roster-demographics.readonly"} | (needed if version == V1P1 else set())
    elif not nested:
        needed |= {"roster-core.readonly"}
    return bool(names & needed)


def basic(authorization: str) -> tuple[str, str] | None:
    """User name and password of the header; blank ones when it cannot be read, None when it is of another kind."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
