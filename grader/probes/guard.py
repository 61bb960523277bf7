"""Which addresses a stranger's URL may lead to.

`ipaddress.is_global` alone lets multicast, tunnels, documentation ranges and a cloud's metadata
service through. So the rule is written out here: an address is public if the registries say so and
it is in none of the ranges below. Sources: the IANA special-purpose address registries, and
the Fetch standard ("port blocking") for the ports.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from grader.outcomes import Outcome
from grader.probes.faults import EXHAUSTED, RequestError
from grader.text.cutting import cut
from grader.text.hosts import DEFAULT_PORTS

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
# fmt: off
_CLOSED_V4 = [ipaddress.IPv4Network(network) for network in (
    "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24",
    "168.63.129.16/32",
)]
_CLOSED_V6 = [ipaddress.IPv6Network(network) for network in (
    "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)]
_BLOCKED_PORTS = frozenset({
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
})
# fmt: on
_SHOWN = 80


class ForbiddenAddressError(RequestError):
    """A submitted URL may not lead to this address. Says which one, and why."""

    outcome = Outcome.FORBIDDEN_ADDRESS


def shown(text: str) -> str:
    """The part of a stranger's URL or host that a reason shows."""
    return cut(text, _SHOWN)


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URL."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """The origin of `url`.

        Raises:
            ForbiddenAddressError: if it is not a plain http or https URL with a host.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            words = f"{shown(url)} is not a URL: {shown(str(error))}"
            raise ForbiddenAddressError(words) from None
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ForbiddenAddressError(f"{shown(url)} is not an http or https URL")
        if parts.username is not None or parts.password is not None:
            raise ForbiddenAddressError("a URL with a user name or password in it is not followed")
        usual = DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, usual if port is None else port)

    @property
    def authority(self) -> str:
        """The value of the Host header: the host, and the port if it is not the usual one."""
        host = self.host.partition("%")[0]
        if ":" in host:
            host = f"[{host}]"
        elif not host.isascii():
            host = host.encode("idna").decode()
        usual = self.port == DEFAULT_PORTS[self.scheme]
        return host if usual else f"{host}:{self.port}"


def is_public(address: Address) -> bool:
    """Whether `address` lies in the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in _CLOSED_V4)
    )


def family_of(address: Address) -> socket.AddressFamily:
    """The family of sockets that reach `address`."""
    return socket.AF_INET6 if address.version == 6 else socket.AF_INET


def is_own(address: Address) -> bool:
    """Whether `address` belongs to one of this machine's own interfaces.

    The route to an own address starts at that very address; connecting a datagram socket asks
    the routing table and sends nothing.

    Raises:
        OSError: if this machine has run out of what it needs to find out.
    """
    try:
        with socket.socket(family_of(address), socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ipaddress.ip_address(probe.getsockname()[0]) == address
    except OSError as error:
        if error.errno in EXHAUSTED:
            raise
        return False


@dataclass(frozen=True, slots=True)
class Guard:
    """Vets where a request goes. Only `private_origin` may lie in a private network."""

    private_origin: Origin | None = None

    def vet(self, origin: Origin, addresses: list[Address]) -> None:
        """Check every address that `origin` resolves to.

        Raises:
            ForbiddenAddressError: if the port or any of the addresses is not allowed.
            OSError: if this machine has run out of what it needs to find out.
        """
        if origin.port in _BLOCKED_PORTS:
            raise ForbiddenAddressError(f"port {origin.port} is not a web server's")
        if origin == self.private_origin:
            return
        for address in addresses:
            if not is_public(address):
                raise ForbiddenAddressError(
                    f"{shown(origin.host)} leads to {address}, which is not a public address"
                )
            if is_own(address):
                raise ForbiddenAddressError(
                    f"{shown(origin.host)} leads to {address}, the grading machine itself"
                )
