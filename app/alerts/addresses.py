"""Where webhooks may be sent: to the internet, not to what stands around this machine."""

import ipaddress
from urllib.parse import urlsplit

from app.problems import Text

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

REFUSED = Text(
    "A webhook goes to an https address on the internet, without user and password.",
    "Webhook 地址须为互联网上的 https 地址，且不含用户名和密码。",
)
#: IPv4 behind a translator: the last 32 bits are the address that is reached.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Whether an address is on the internet, also where it stands inside another one.

    Not: loopback, private, link-local (the metadata services of clouds), shared, multicast,
    reserved, and IPv6 forms that lead to such an IPv4 address.
    """
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo
        inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def acceptable(url: str, *, private: bool) -> bool:
    """Whether a webhook's address may be kept; names are looked up when it is called.

    `private` allows http and addresses of the own network, for tests and closed installations.
    """
    if not url.isascii() or any(each <= " " or each in "\\\x7f" for each in url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        return False
    schemes = {"https", "http"} if private else {"https"}
    if parts.scheme not in schemes or not host or "@" in parts.netloc or parts.fragment:
        return False
    if port == 0:
        return False
    try:
        return private or is_public(ipaddress.ip_address(host))
    except ValueError:
        return private or ("." in host.strip(".") and not host.rstrip(".").endswith("localhost"))
