"""Two-legged OAuth 1.0a with a user token issued beforehand: who signed a request, and whether they may.

The arithmetic is oauthlib's, which is what RFC 5849 clients on PyPI sign with; the rules around it are here.
"""

from __future__ import annotations

import hmac
import time
from collections import Counter
from urllib.parse import quote

from oauthlib.common import Request
from oauthlib.oauth1.rfc5849.signature import (
    collect_parameters,
    verify_hmac_sha1,
)
from starlette.types import Scope

from simulators.faults import ASKED_QUERY
from simulators.illuminate.options import Options

_MANDATORY = ("consumer_key", "token", "signature_method", "signature", "timestamp", "nonce")


class Verifier:
    """Checks signatures and remembers the nonces inside the clock window."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._seen: dict[tuple[str, str], int] = {}

    def objection(self, scope: Scope) -> str:
        """Why the request is refused; empty when it is not."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope.get(ASKED_QUERY, scope["query_string"]).decode("latin-1")
        try:
            found = collect_parameters(query, headers=headers, exclude_oauth_signature=False)
        except ValueError:
            return "malformed request"
        counts = Counter(name for name, _ in found if name.startswith("oauth_"))
        if not counts:
            return "no OAuth parameters"
        if max(counts.values()) > 1:
            return "repeated OAuth parameter"
        oauth = {name: value for name, value in found if name.startswith("oauth_")}
        lacking = [name for name in _MANDATORY if not oauth.get(f"oauth_{name}")]
        if lacking:
            return f"missing oauth_{lacking[0]}"
        return (
            self._wrong_parties(oauth)
            or self._wrong_signature(scope, query, found, oauth)
            or self._stale(oauth)
        )

    def _wrong_parties(self, oauth: dict[str, str]) -> str:
        options = self._options
        if oauth.get("oauth_version", "1.0") != "1.0":
            return "unsupported oauth_version"
        if oauth["oauth_signature_method"] != "HMAC-SHA1":
            return "unsupported oauth_signature_method"
        if not _same(oauth["oauth_consumer_key"], options.consumer_token):
            return "unknown consumer"
        if not _same(oauth["oauth_token"], options.user_token):
            return "unknown token"
        return ""

    def _wrong_signature(
        self, scope: Scope, query: str, found: list[tuple[str, str]], oauth: dict[str, str]
    ) -> str:
        signed = Request(f"{_address(scope)}?{query}" if query else _address(scope), scope["method"])
        signed.params = [pair for pair in found if pair[0] != "oauth_signature"]
        signed.signature = oauth["oauth_signature"]
        options = self._options
        good = verify_hmac_sha1(signed, options.consumer_secret, options.user_secret)
        return "" if good else "invalid signature"

    def _stale(self, oauth: dict[str, str]) -> str:
        """Only a good signature uses up its nonce."""
        stamp, now, window = oauth["oauth_timestamp"], int(time.time()), self._options.clock_window
        if not (stamp.isascii() and stamp.isdigit()) or abs(now - int(stamp)) > window:
            return "timestamp refused"
        key = (stamp, oauth["oauth_nonce"])
        if self._options.reject_reused_nonces and key in self._seen:
            return "nonce already used"
        self._seen[key] = int(stamp)
        # Old ones are the first ones in, give or take a client's clock.
        while (oldest := next(iter(self._seen)))[0] != stamp and now - self._seen[oldest] > window:
            del self._seen[oldest]
        return ""


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _address(scope: Scope) -> str:
    """The address the client signed: scheme, host and path, without the query."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    if not host:
        name, port = scope["server"]
        host = f"{name}:{port}"
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    return f"{scope['scheme']}://{host}{path}"
