import contextlib
import errno
import ipaddress
import os
import socket

import pytest

from grader.probes.guard import ForbiddenAddressError, Guard, Origin, is_own, is_public

PUBLIC = ["8.8.8.8", "76.76.21.21", "216.24.57.1", "2606:4700::6810:84e5", "2a00:1450:4001::8a"]
CLOSED = {
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "this network": ["0.0.0.0", "0.1.2.3", "::"],  # noqa: S104
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd12::1"],
    "link-local": ["169.254.169.254", "fe80::1", "fec0::1"],
    "shared": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarking": ["198.18.0.1", "2001:2::1"],
    "relays and special services": [
        "192.88.99.1", "192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1",
        "192.0.0.8",
    ],
    "cloud metadata": ["168.63.129.16", "192.0.0.192"],
    "translation and tunnels": [
        "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1", "::127.0.0.1", "5f00::1",
    ],
    "mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"],
}  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", [address for addresses in CLOSED.values() for address in addresses]
)
def test_no_other_address_passes(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


def test_a_mapped_public_address_is_public() -> None:
    assert is_public(ipaddress.ip_address("::ffff:8.8.8.8"))


def test_the_machine_knows_its_own_addresses() -> None:
    assert is_own(ipaddress.ip_address("127.0.0.1"))
    assert not is_own(ipaddress.ip_address("8.8.8.8"))


@pytest.mark.parametrize(("number", "refused"), [(errno.EMFILE, True), (errno.EAFNOSUPPORT, False)])
def test_an_address_is_not_called_foreign_for_want_of_descriptors(
    number: int, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", fail)
    asked = pytest.raises(OSError, match="Too many") if refused else contextlib.nullcontext()
    with asked:
        assert not is_own(ipaddress.ip_address("2606:4700::1"))


def test_one_private_address_among_public_ones_refuses_all() -> None:
    addresses = [ipaddress.ip_address("8.8.8.8"), ipaddress.ip_address("10.0.0.1")]
    with pytest.raises(ForbiddenAddressError, match=r"10\.0\.0\.1"):
        Guard().vet(Origin("https", "example.org", 443), addresses)


@pytest.mark.parametrize("port", [0, 22, 25, 6000, 6667, 10080])
def test_ports_of_other_services_are_refused_even_at_the_private_origin(port: int) -> None:
    origin = Origin("http", "127.0.0.1", port)
    with pytest.raises(ForbiddenAddressError, match="port"):
        Guard(origin).vet(origin, [ipaddress.ip_address("127.0.0.1")])


@pytest.mark.parametrize(
    "other",
    [
        Origin("http", "127.0.0.1", 3001),
        Origin("https", "127.0.0.1", 3000),
        Origin("http", "localhost", 3000),
    ],
)
def test_private_access_opens_exactly_one_origin(other: Origin) -> None:
    guard = Guard(Origin("http", "127.0.0.1", 3000))
    loopback = [ipaddress.ip_address("127.0.0.1")]
    guard.vet(Origin("http", "127.0.0.1", 3000), loopback)
    with pytest.raises(ForbiddenAddressError):
        guard.vet(other, loopback)


@pytest.mark.parametrize(
    "url",
    ["ftp://x/", "file:///etc/passwd", "http://", "http://a:b@x/", "http://x:99999/", "//x", "x"],
)
def test_what_is_no_plain_web_url_has_no_origin(url: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        Origin.of(url)


@pytest.mark.parametrize("start", ["ftp://x/", "http://x:", "http://\u2100", "http://["])
def test_a_reason_shows_no_endless_url(start: str) -> None:
    with pytest.raises(ForbiddenAddressError, match="URL") as caught:
        Origin.of(start + "A" * 60_000)
    assert len(str(caught.value)) < 250


def test_origins_fill_in_the_default_port() -> None:
    assert Origin.of("https://Example.org/path?q=1") == Origin("https", "example.org", 443)
    assert Origin.of("http://[::1]:8080") == Origin("http", "::1", 8080)
