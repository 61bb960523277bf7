"""A link's host and port: the address in it, and whether it is the machine that asks."""

import ipaddress
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
"""By scheme, the port of a link that names none."""


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address in a host, as IPv4 if possible; None if the host is a name."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_own_machine(host: str) -> bool:
    """Whether a host, in small letters, is the machine that asks."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = address_of(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def leads_to_own_machine(url: str) -> bool:
    """Whether a link leads to the machine that asks. Then nobody else is on the way."""
    return is_own_machine(urlsplit(url).hostname or "")
