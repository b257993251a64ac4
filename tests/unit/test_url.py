"""Which SIS addresses are accepted. Each refused one is a way to reach something that is not a SIS."""

import pytest

from rollcall.domain.url import UrlRefused, address_allowed, parse_url

REFUSED = [
    ("", "url_shape"),
    ("ps.example.org", "url_shape"),
    ("https:/ps.example.org", "url_shape"),
    ("https//ps.example.org", "url_shape"),
    ("http://ps.example.org", "url_scheme"),
    ("file:///proc/self/environ", "url_scheme"),
    ("ftp://ps.example.org", "url_scheme"),
    ("gopher://ps.example.org", "url_scheme"),
    ("https://user@ps.example.org", "url_userinfo"),
    ("https://user:pass@ps.example.org", "url_userinfo"),
    ("https://good.example\\@169.254.169.254/", "url_characters"),  # two parsers, two hosts
    ("https://ps.example.org\\evil", "url_characters"),
    ("https://ps.exam\tple.org", "url_characters"),  # urlsplit drops the tab silently
    ("https://ps.example.org\n", "url_characters"),
    (" https://ps.example.org", "url_characters"),
    ("https://ps.example.org/a b", "url_characters"),
    ("https://ps.example.org\x00", "url_characters"),
    ("https://ps.example.org/#a", "url_query"),
    ("https://ps.example.org?x=1", "url_query"),
    ("https://①②⑦.⓪.⓪.①", "url_characters"),  # resolves to 127.0.0.1
    ("https://münchen.example", "url_characters"),
    ("https://127.0.0.1", "url_host"),
    ("https://10.0.0.1", "url_host"),
    ("https://8.8.8.8", "url_host"),
    ("https://2130706433", "url_host"),
    ("https://0x7f.1", "url_host"),
    ("https://0177.0.0.1", "url_host"),
    ("https://127.1", "url_host"),
    ("https://0xa9fea9fe", "url_host"),
    ("https://0", "url_host"),
    ("https://1.2.3.0x4", "url_host"),
    ("https://[::1]", "url_host"),
    ("https://[::ffff:127.0.0.1]", "url_host"),
    ("https://[2606:4700::1]", "url_host"),
    ("https://localhost", "url_host"),
    ("https://sis", "url_host"),
    ("https://sis.localhost", "url_host"),
    ("https://sis.local", "url_host"),
    ("https://metadata.google.internal", "url_host"),
    ("https://-a.example.org", "url_host"),
    ("https://a-.example.org", "url_host"),
    ("https://a..example.org", "url_host"),
    ("https://ps.example.org.", "url_host"),
    ("https://ps%2eexample.org", "url_host"),
    ("https://ps_x.example.org", "url_host"),
    ("https://", "url_host"),
    ("https:///path", "url_host"),
    (f"https://{'a' * 64}.example.org", "url_host"),
    (f"https://{'a.' * 130}org", "url_host"),
    ("https://ps.example.org:0", "url_port"),
    ("https://ps.example.org:65536", "url_port"),
    ("https://ps.example.org:", "url_port"),
    ("https://ps.example.org:abc", "url_shape"),
    ("https://ps.example.org:8443:1", "url_shape"),
    (f"https://ps.example.org/{'a' * 500}", "too_long"),
]


@pytest.mark.parametrize(("url", "code"), REFUSED)
def test_refused(url: str, code: str) -> None:
    with pytest.raises(UrlRefused) as caught:
        parse_url(url, "public")
    assert caught.value.code == code
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://ps.example.org", "https://ps.example.org:443", ""),
        ("https://PS.Example.org/", "https://ps.example.org:443", ""),
        ("https://ps.example.org:443/Aeries", "https://ps.example.org:443", "/Aeries"),
        ("https://ps.example.org:8443/a/B/", "https://ps.example.org:8443", "/a/B"),
        ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example:443", ""),
        ("HTTPS://demo.aeries.net/aeries", "https://demo.aeries.net:443", "/aeries"),
    ],
)
def test_accepted(url: str, origin: str, path: str) -> None:
    parsed = parse_url(url, "public")
    assert (parsed.origin, parsed.path) == (origin, path)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001", "http://localhost:1", "https://[::1]:9", "http://127.0.0.1/x"]
)
def test_loopback_only_where_that_is_the_rule(url: str) -> None:
    assert parse_url(url, "loopback").port
    with pytest.raises(UrlRefused):
        parse_url(url, "public")


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1", "http://ps.example.org", "http://127.0.0.2", "https://169.254.169.254"]
)
def test_loopback_lets_nothing_else_through(url: str) -> None:
    with pytest.raises(UrlRefused):
        parse_url(url, "loopback")


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "192.0.0.8",
        "192.0.2.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1", "198.18.0.1", "::", "::1",
        "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
        "fec0::1", "ff02::1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_never_connected_to(ip: str) -> None:
    assert not address_allowed(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_outside_are(ip: str) -> None:
    assert address_allowed(ip)


def test_loopback_addresses_only_where_that_is_the_rule() -> None:
    assert address_allowed("127.0.0.1", "loopback")
    assert address_allowed("::1", "loopback")
    assert not address_allowed("169.254.169.254", "loopback")
    assert not address_allowed("10.0.0.1", "loopback")
