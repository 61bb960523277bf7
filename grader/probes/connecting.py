"""From a name to a connected socket; a failure says whose fault it is."""

import asyncio
import errno
import ipaddress
import os
import socket
from collections.abc import Sequence
from concurrent.futures import Future

from grader.outcomes import Outcome
from grader.probes.beside import Threads
from grader.probes.guard import (
    EXHAUSTED,
    Address,
    ForbiddenAddressError,
    Guard,
    Origin,
    family_of,
    shown,
)

# Seconds that one address may take while there are others to try.
PATIENCE = 2.0
# What the operating system says when this machine itself has no way out.
_NO_NETWORK = frozenset(
    {errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
)
_NO_SUCH_NAME = frozenset(
    code
    for code in (getattr(socket, name, None) for name in ("EAI_NONAME", "EAI_NODATA"))
    if code is not None
)
# A name that nobody answers for keeps its thread for up to half a minute; asyncio has five or six.
_resolvers = Threads(128, "resolver")


class DialError(Exception):
    """No connection: `outcome` says whose fault it is, the text says why.

    Attributes:
        lasting: whether waiting does not change it.
    """

    def __init__(self, outcome: Outcome, words: str, *, lasting: bool = False) -> None:
        super().__init__(words)
        self.outcome = outcome
        self.lasting = lasting


def literal(host: str) -> Address | None:
    """The address that `host` is itself, without its zone; None where it is a name.

    An address with a zone is unequal to the same without: this machine would not know its own.
    """
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def resolving(host: str, port: int) -> Future[list[Address]]:
    """Every address of `host`; a thread asks, since `getaddrinfo` knows no timeout.

    The future ends in DialError if the name leads nowhere, or this machine could not find out.
    """
    if address := literal(host):
        future: Future[list[Address]] = Future()
        future.set_result([address])
        return future
    return _resolvers.submit(_look_up, host, port)


def vet(guard: Guard, origin: Origin, addresses: list[Address]) -> None:
    """Check that `origin` may be asked at `addresses`.

    Raises:
        DialError: if it may not, or this machine could not find out.
    """
    try:
        guard.vet(origin, addresses)
    except ForbiddenAddressError as error:
        raise DialError(Outcome.FORBIDDEN_ADDRESS, str(error)) from None
    except OSError as error:
        raise not_connected(origin, [error]) from None


async def connect(origin: Origin, addresses: Sequence[Address], due: float) -> socket.socket:
    """A socket that does not block, connected to the first of `addresses` that accepts.

    Args:
        origin: where to.
        addresses: those that were vetted; what is dialed is one of them, and no name.
        due: when whoever waits will give up, by the loop's clock: earlier addresses leave time for
            later ones.

    Raises:
        DialError: if none accepts.
    """
    errors: list[OSError] = []
    for others, address in zip(reversed(range(len(addresses))), addresses, strict=True):
        share = (due - asyncio.get_running_loop().time()) / (others + 1)
        try:
            async with asyncio.timeout(min(share, PATIENCE) if others else None):
                return await _connected(address, origin.port)
        except OSError as error:
            errors.append(error)
    raise not_connected(origin, errors)


def not_connected(origin: Origin, errors: Sequence[OSError]) -> DialError:
    """Whose fault it is that no address of `origin` could be connected to.

    Args:
        origin: where to.
        errors: what became of each address; none where there was no address.
    """
    error = max(errors, key=_telling, default=None)
    number = error.errno if error is not None else None
    why = os.strerror(number).lower() if number else "no connection"
    host = shown(origin.host)
    if number in _NO_NETWORK | EXHAUSTED:
        words = f"this machine could not connect to {host}: {why}"
        return DialError(Outcome.NOT_CHECKED, words)
    if isinstance(error, TimeoutError):
        return DialError(Outcome.TOO_SLOW, f"{host} did not accept a connection in time")
    return DialError(Outcome.UNREACHABLE, f"{host} port {origin.port}: {why}")


def _telling(error: OSError) -> int:
    """How much an error counts beside those of other addresses.

    What one answered counts more than silence, silence more than that there is no way to another;
    but where this machine ran out of something, one of them was not tried at all.
    """
    if error.errno in EXHAUSTED:
        return 3
    if error.errno in _NO_NETWORK:
        return 0
    return 1 if isinstance(error, TimeoutError) else 2


def _look_up(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _not_found(host, error) from None
    # A link-local address carries its zone as "%eth0"; the guard wants the address.
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    return [ipaddress.ip_address(address) for address in dict.fromkeys(addresses)]


def _not_found(host: str, error: OSError | UnicodeError) -> DialError:
    try:
        # A resolver that could open no file and no socket says, too, that there is no such name.
        socket.socket().close()
    except OSError as exhausted:
        error = exhausted
    if isinstance(error, UnicodeError) or error.errno in _NO_SUCH_NAME:
        words = f"the name {shown(host)} does not exist"
        return DialError(Outcome.UNREACHABLE, words, lasting=True)
    words = f"this machine could not look {shown(host)} up: {error.strerror}"
    return DialError(Outcome.NOT_CHECKED, words)


async def _connected(address: Address, port: int) -> socket.socket:
    connecting = socket.socket(family_of(address), socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, (str(address), port))
    except BaseException:
        connecting.close()
        raise
    return connecting
