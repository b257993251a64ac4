"""Which SIS addresses are accepted: as typed, on saving an integration, and as resolved, on connecting.

The text is checked and parsed here only, because URL parsers disagree about odd input and the host that was
checked must be the one that is called. A name may resolve to anything, so the transport also asks
:func:`address_allowed` about every address it is about to connect to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

Addresses = Literal["public", "loopback"]

MAX_LENGTH = 500
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SHAPE = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-f:.]*\]|[^/:\[\]]*)(?::(?P<port>[0-9]*))?(?P<path>/.*)?"
)
_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")
_PORTS = {"https": 443, "http": 80}

# `is_global` lets these through although they reach inside: NAT64, 6to4, Teredo, IPv4-compatible, site-local.
_NOT_OUTSIDE = tuple(
    ip_network(net)
    for net in (
        "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96", "fec0::/10",
        "192.88.99.0/24", "192.0.0.0/24",
    )
)  # fmt: skip


class UrlRefused(ValueError):
    """The URL breaks a rule; ``message`` says which and what to write instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class SisUrl:
    """An accepted URL in pieces. ``path`` has no slash at its end; ``host`` is lower case."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port, e.g. ``https://ps.example.org:443``."""
        return f"{self.scheme}://{self.host}:{self.port}"


def parse_url(url: str, addresses: Addresses) -> SisUrl:
    """Check and take apart the URL of a SIS. Raises :class:`UrlRefused`.

    ``public`` accepts https URLs of named hosts; ``loopback`` accepts http and https on this machine as well.
    """
    _check_characters(url)
    match = _SHAPE.fullmatch(url.lower())
    if match is None:
        raise UrlRefused("url_shape", "Write the whole address, such as https://sis.example.org.")
    scheme, host, port_text = match["scheme"], match["host"], match["port"]
    if scheme not in _PORTS:
        raise UrlRefused("url_scheme", "The address must begin with https://.")
    here = addresses == "loopback" and host in _LOOPBACK
    if scheme == "http" and not here:
        raise UrlRefused("url_scheme", "The address must begin with https://, so that nobody can listen in.")
    if not here:
        _check_host(host)
    port = _PORTS[scheme] if port_text is None else int(port_text or 0)
    if not 1 <= port <= 65535:
        raise UrlRefused(
            "url_port", "The port must be a number from 1 to 65535; leave it out for the usual one."
        )
    # The path keeps its case; everything before it does not matter.
    path = url[match.start("path") :] if match["path"] else ""
    return SisUrl(scheme=scheme, host=host, port=port, path=path.rstrip("/"))


def address_allowed(ip: str | IPv4Address | IPv6Address, addresses: Addresses = "public") -> bool:
    """Whether we may connect to a resolved address: the internet, and loopback where that is the rule."""
    address = ip_address(ip) if isinstance(ip, str) else ip
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if addresses == "loopback" and address.is_loopback:
        return True
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    return not any(address in net for net in _NOT_OUTSIDE if net.version == address.version)


def _check_characters(url: str) -> None:
    if not url:
        raise UrlRefused("url_shape", "Write the address of the SIS, such as https://sis.example.org.")
    if len(url) > MAX_LENGTH:
        raise UrlRefused("too_long", f"The address may have at most {MAX_LENGTH} characters.")
    if any(char.isspace() or not char.isprintable() for char in url):
        raise UrlRefused("url_characters", "Remove the spaces or control characters from the address.")
    if not url.isascii():
        raise UrlRefused(
            "url_characters", "Write the address in ASCII letters (an international name as xn--…)."
        )
    if "\\" in url:
        raise UrlRefused("url_characters", "The address may not hold a backslash; use / instead.")
    if "#" in url or "?" in url:
        raise UrlRefused("url_query", "The address may not hold ? or #; write only host and path.")
    if "@" in url.partition("//")[2].partition("/")[0]:
        raise UrlRefused(
            "url_userinfo", "Take user name and password out of the address; use the credential fields."
        )


def _check_host(host: str) -> None:
    # The last label of a name is never a number, so this refuses every spelling of an IPv4 address.
    if host.startswith("[") or re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)", host.rpartition(".")[2]):
        raise UrlRefused(
            "url_host", "Write the host as a name that the public internet knows, not as an IP address."
        )
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise UrlRefused("url_host", "The host must be a full name with a domain, such as sis.example.org.")
    if host.endswith((".localhost", ".local", ".internal", ".home.arpa")):
        raise UrlRefused(
            "url_host", "Write a host name that the public internet knows; this one is internal."
        )
