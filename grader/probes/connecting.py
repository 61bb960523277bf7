"""From a name to a connected socket; a failure says whose fault it is."""

import asyncio
import errno
import ipaddress
import math
import os
import socket
from collections.abc import Sequence

from grader.outcomes import Outcome
from grader.probes.beside import Threads
from grader.probes.faults import EXHAUSTED, RequestError
from grader.probes.guard import Address, Guard, Origin, family_of, shown

# Seconds that one address may take while there are others to try.
PATIENCE = 2.0
# The operating system's errors if this machine itself has no way out.
_NO_NETWORK = frozenset(
    {errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
)
# Not every system has both.
_NO_SUCH_NAME = {getattr(socket, name, None) for name in ("EAI_NONAME", "EAI_NODATA")} - {None}
# A name that nobody answers for keeps its thread for up to half a minute; asyncio has five or six.
_resolvers = Threads(128, "resolver")


def literal(host: str) -> Address | None:
    """The address in `host`, without its zone; None if `host` is a name.

    With its zone, an address would not equal the same address without one, such as this machine's.
    """
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


async def vetted(guard: Guard, origin: Origin) -> list[Address]:
    """The addresses of `origin`, all allowed. A thread calls `getaddrinfo`, which has no timeout.

    Raises:
        RequestError: if the name leads nowhere, or to an address that is forbidden, or this machine
            cannot find out.
    """
    if (address := literal(origin.host)) is not None:
        addresses = [address]
    else:
        looking_up = _resolvers.submit(_look_up, origin.host, origin.port)
        addresses = await asyncio.wrap_future(looking_up)
    try:
        guard.vet(origin, addresses)
    except OSError as error:
        raise not_connected(origin, [error]) from None
    return addresses


async def connect(
    origin: Origin, addresses: Sequence[Address], due: float | None = None
) -> socket.socket:
    """A socket that does not block, connected to the first of `addresses` that accepts.

    `due` is a deadline by the loop's clock. Each address leaves time for those after it.

    Raises:
        RequestError: if none accepts.
    """
    errors: list[OSError] = []
    due = math.inf if due is None else due
    for others, address in zip(reversed(range(len(addresses))), addresses, strict=True):
        share = (due - asyncio.get_running_loop().time()) / (others + 1)
        try:
            async with asyncio.timeout(min(share, PATIENCE) if others else None):
                return await _connected(address, origin.port)
        except OSError as error:
            errors.append(error)
    raise not_connected(origin, errors)


def not_connected(origin: Origin, errors: Sequence[OSError]) -> RequestError:
    """Whose fault it is that no address of `origin` accepted; `errors` are theirs."""
    error = max(errors, key=_telling, default=None)
    number = error.errno if error is not None else None
    why = os.strerror(number).lower() if number else "no connection"
    host = shown(origin.host)
    if number in _NO_NETWORK | EXHAUSTED:
        words = f"this machine could not connect to {host}: {why}"
        return RequestError(words, Outcome.NOT_CHECKED)
    if isinstance(error, TimeoutError):
        return RequestError(f"{host} did not accept a connection in time", Outcome.TOO_SLOW)
    return RequestError(f"{host} port {origin.port}: {why}")


def _telling(error: OSError) -> int:
    """How much an error counts beside those of other addresses.

    From high to low: this machine ran out of something (so an address was not tried), an address
    answered with an error, an address did not answer, there is no route.
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


def _not_found(host: str, error: OSError | UnicodeError) -> RequestError:
    try:
        # A resolver that could open no file or socket also says that there is no such name.
        socket.socket().close()
    except OSError as exhausted:
        error = exhausted
    if isinstance(error, UnicodeError) or error.errno in _NO_SUCH_NAME:
        words = f"the name {shown(host)} does not exist"
        return RequestError(words, lasting=True)
    words = f"this machine could not look {shown(host)} up: {error.strerror}"
    return RequestError(words, Outcome.NOT_CHECKED)


async def _connected(address: Address, port: int) -> socket.socket:
    connecting = socket.socket(family_of(address), socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, (str(address), port))
    except BaseException:
        connecting.close()
        raise
    return connecting
