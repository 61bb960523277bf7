"""From a name to a connected socket.

Every wait is cut into slices, so that a deadline, or Ctrl-C, ends it on every system; and a failure
says whose fault it is.
"""

import contextlib
import errno
import ipaddress
import math
import os
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

from urllib3.util.wait import wait_for_write

from grader.outcomes import Outcome
from grader.probes.deadline import Deadline
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


class DialError(Exception):
    """No connection: `outcome` says whose fault it is, the text says why.

    Attributes:
        lasting: whether waiting does not change it.
    """

    def __init__(self, outcome: Outcome, words: str, *, lasting: bool = False) -> None:
        super().__init__(words)
        self.outcome = outcome
        self.lasting = lasting


class _Socket(socket.socket):
    """A socket that urllib3 may tell twice for each request what it does already.

    To be told is a call of the system, and hundreds of threads wait their turn after each of them.
    """

    def settimeout(self, value: float | None) -> None:
        if value != self.gettimeout():
            super().settimeout(value)


def literal(host: str) -> Address | None:
    """The address that `host` is itself, without its zone; None where it is a name.

    An address with a zone is unequal to the same without: this machine would not know its own.
    """
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def resolving(host: str, port: int) -> Future[list[Address]]:
    """Every address of `host`; a thread of its own asks, since `getaddrinfo` knows no timeout.

    The future ends in DialError if the name leads nowhere, or this machine could not find out.
    """
    future: Future[list[Address]] = Future()
    future.set_running_or_notify_cancel()  # whoever stops waiting does not stop the thread
    if address := literal(host):
        future.set_result([address])
    else:
        asking = threading.Thread(target=_look_up, args=(host, port, future), name="resolver")
        asking.daemon = True
        asking.start()
    return future


def resolve(host: str, port: int, deadline: Deadline) -> list[Address]:
    """Every address of `host`, found before `deadline`.

    Raises:
        DialError: if the name leads nowhere, or this machine could not find out.
    """
    asked = resolving(host, port)
    started = time.monotonic()
    for seconds in deadline.slices():
        with contextlib.suppress(TimeoutError):
            return asked.result(seconds)
    # Whoever used up the greater part of the time: what came before, or the resolver.
    if time.monotonic() - started < deadline.seconds / 2:
        raise DialError(Outcome.TOO_SLOW, f"too little time was left to look {shown(host)} up")
    words = f"this machine's name resolver did not answer for {shown(host)}"
    raise DialError(Outcome.NOT_CHECKED, words)


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


def connect(origin: Origin, addresses: list[Address], deadline: Deadline) -> socket.socket:
    """A blocking socket, connected to the first of `addresses` that accepts.

    Raises:
        DialError: if none does before `deadline`.
    """
    errors = []
    for others, address in zip(reversed(range(len(addresses))), addresses, strict=True):
        share = deadline.remaining() / (others + 1)
        try:
            return _connected(
                address, origin.port, deadline, min(share, PATIENCE if others else math.inf)
            )
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


def _look_up(host: str, port: int, future: Future[list[Address]]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        future.set_exception(_not_found(host, error))
    else:
        # A link-local address carries its zone as "%eth0"; the guard wants the address.
        addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
        future.set_result([ipaddress.ip_address(address) for address in dict.fromkeys(addresses)])


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


def _connected(address: Address, port: int, deadline: Deadline, seconds: float) -> socket.socket:
    connecting = _Socket(family_of(address), socket.SOCK_STREAM)
    try:
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connecting.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            connecting.connect((str(address), port))
        if not any(wait_for_write(connecting, wait) for wait in deadline.slices(seconds)):
            raise TimeoutError
        if number := connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(number, os.strerror(number))
        connecting.setblocking(True)  # from here on the deadline shuts it down
    except BaseException:
        connecting.close()
        raise
    return connecting
