"""Connections whose address was vetted: the address that passed is the address that is dialed.

urllib3 and requests both open their sockets through `_new_conn` of a connection class; the
classes here look the name up once, under the deadline, vet every address and dial one of those.
Host header, SNI and the certificate check still see the name.
"""

import contextlib
import functools
import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from grader.probes.connecting import connect, literal, not_connected, resolve, vet
from grader.probes.deadline import Deadline
from grader.probes.framing import FramedResponse
from grader.probes.guard import Guard, Origin
from grader.probes.phases import Phases, elapsed_ms


class Dialer:
    """Opens the sockets of one deployment and can shut all of them down at once.

    Attributes:
        deadline: the one that the request under way has to keep; set before each request.
        dialed: how many connections were opened so far.
        phases: those of the request under way; set anew before each request.
    """

    deadline: Deadline

    def __init__(self, guard: Guard) -> None:
        self.dialed = 0
        self.phases = Phases()
        self._guard = guard
        self._lock = threading.Lock()
        self._open: dict[HTTPConnection, socket.socket] = {}

    def dial(self, connection: HTTPConnection, origin: Origin) -> socket.socket:
        """A socket for `connection`, connected to a vetted address of `origin`.

        A duplicate of it is kept, which is what `abort` shuts down: TLS detaches the original.

        Raises:
            DialError: if the name or the address does not allow a connection.
        """
        started = time.perf_counter()
        addresses = resolve(origin.host, origin.port, self.deadline)
        resolved = None if literal(origin.host) else elapsed_ms(started)
        vet(self._guard, origin, addresses)
        self.dialed += 1
        started = time.perf_counter()
        connected = connect(origin, addresses, self.deadline)
        self.phases = Phases(resolved, elapsed_ms(started), connected_at=time.perf_counter())
        try:
            self._keep(connection, connected.dup())
        except OSError as error:
            connected.close()
            raise not_connected(origin, [error]) from None
        if self.deadline.expired:
            self.abort()
        return connected

    def _keep(self, connection: HTTPConnection, duplicate: socket.socket) -> None:
        with self._lock:
            if (earlier := self._open.pop(connection, None)) is not None:
                earlier.close()
            self._open[connection] = duplicate

    def abort(self) -> None:
        """Shut every open connection down, from any thread."""
        with self._lock:
            for duplicate in self._open.values():
                # The other side may have been faster.
                with contextlib.suppress(OSError):
                    duplicate.shutdown(socket.SHUT_RDWR)

    def tidy(self) -> None:
        """Forget connections that were closed.

        Only between requests: http.client closes a connection that will not be kept alive before
        its body is read, and that body must stay under the deadline.
        """
        with self._lock:
            for connection in [each for each in self._open if each.sock is None]:
                self._open.pop(connection).close()

    def close(self) -> None:
        """Close every connection, also one whose reply was left unread."""
        with self._lock:
            for connection, duplicate in self._open.items():
                connection.close()
                duplicate.close()
            self._open.clear()


@functools.cache
def tls_context() -> ssl.SSLContext:
    """The one TLS context of this process: each costs 19 ms and 0.7 MB.

    `SSL_CERT_FILE` names other authorities than the usual ones, as everywhere.
    """
    return ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE") or certifi.where())


class _HTTPConnection(HTTPConnection):
    scheme = "http"

    def __init__(self, *args: Any, dialer: Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer

    def response_class(  # type: ignore[override] # a maker of replies does as well
        self, connected: socket.socket, **options: Any
    ) -> http.client.HTTPResponse:
        """A reply whose first byte has come; http.client calls this when the request is sent."""
        phases = self._dialer.phases
        phases.sent_at = time.perf_counter()
        response = FramedResponse(connected, **options)
        try:
            came = response.fp.peek(1)
        except OSError:
            response.close()
            raise
        if came:
            phases.first_byte_at = time.perf_counter()
        return response

    def _new_conn(self) -> socket.socket:
        origin = Origin(self.scheme, self.host.strip("[]"), self.port)
        return self._dialer.dial(self, origin)


class _HTTPSConnection(_HTTPConnection, HTTPSConnection):
    scheme = "https"

    def connect(self) -> None:
        super().connect()
        phases = self._dialer.phases
        phases.tls = elapsed_ms(phases.connected_at)
        phases.certificate_expires_at = _expiry(self.sock)


def _expiry(connected: socket.socket) -> datetime | None:
    """Until when the other side's certificate is valid, as the handshake told."""
    match connected.getpeercert() if isinstance(connected, ssl.SSLSocket) else None:
        case {"notAfter": str(told)}:
            return datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC)
        case _:
            return None


def connection_to(origin: Origin, dialer: Dialer) -> HTTPConnection:
    """A connection to `origin`, opened when it is first used; its socket has no timeout.

    The deadline ends it; a socket with a timeout polls before each call.
    """
    if origin.scheme == "https":
        return _HTTPSConnection(
            origin.host, origin.port, timeout=None, dialer=dialer, ssl_context=tls_context()
        )
    return _HTTPConnection(origin.host, origin.port, timeout=None, dialer=dialer)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


def pool_classes(dialer: Dialer) -> dict[str, Callable[..., HTTPConnectionPool]]:
    """Makers of connection pools by scheme, for requests' adapter."""
    return {
        "http": functools.partial(_HTTPPool, dialer=dialer),
        "https": functools.partial(_HTTPSPool, dialer=dialer),
    }
