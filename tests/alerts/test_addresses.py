"""Which addresses a webhook may have: the table of what attackers try."""

import ipaddress

import pytest

from app.alerts.addresses import acceptable, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1",
        "::1", "::", "fc00::1", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_near_is_not_public(address: str) -> None:
    """Loopback, private, link-local, shared, multicast, reserved, and forms that lead there."""
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111"])
def test_the_internet_is_public(address: str) -> None:
    """Ordinary addresses of both kinds."""
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "//example.com", "example.com", "https://",
        "https://user:secret@example.com/", "https://example.com@127.0.0.1/",
        "https://localhost/", "https://a.localhost/", "https://intranet/", "https://127.0.0.1/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://10.1.2.3:8443/x",
        "https://169.254.169.254/latest/meta-data", "https://example.com/#fragment",
        "https://example.com:99999/", "https://example.com:0/", "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/", "https://例子.example/", "https://example.com/\n",
    ],
)  # fmt: skip
def test_what_is_refused(url: str) -> None:
    """No plain http, no credentials, no names or numbers of the own network."""
    assert not acceptable(url, private=False)


def test_what_is_accepted() -> None:
    """An https address with a name, a port and a path; http and loopback only where allowed."""
    assert acceptable("https://hooks.example.com:8443/a/b?c=d", private=False)
    assert acceptable("http://127.0.0.1:8080/hook", private=True)
    assert not acceptable("ftp://127.0.0.1/", private=True)
