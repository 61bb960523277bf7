"""The connections of one deployment, over the protocol and parser of aiohttp.

aiohttp's session and connector are left out. A request through them takes 76 to 80 microseconds of
the processor, without them 57 to 62: headers, cookies, traces and timeouts are decided here once.
And the connector would look a name up by itself: here only a vetted address is dialed. aiohttp may
change what this uses; a test in tests/grader/probes/test_connections.py holds it.
"""

import asyncio
import functools
import socket
import ssl
import time
from datetime import UTC, datetime
from typing import Final

from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage

from grader.probes.connecting import connect, literal, vetted
from grader.probes.faults import NotHttpError
from grader.probes.guard import Guard, Origin
from grader.probes.phases import Phases, elapsed_ms
from grader.probes.tls import handshaking, tls_context

# What http.client allows, and browsers more or less: a line of 64 KiB, a hundred headers.
_LONGEST_LINE: Final = 65536
_MOST_HEADERS: Final = 100
_INTERIM_REPLIES = 20
# A query and its redirects open at most four connections. If there are more, redirects lead to a
# new host each time: the oldest is closed.
_OTHER_ORIGINS = 3
_FIRST_LINE = 200
# Whoever asks has a deadline, which ends a handshake earlier.
_HANDSHAKE_SECONDS = 3600.0


class Connection(ResponseHandler):
    """A connection to `origin` that is asked one request at a time."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(asyncio.get_running_loop())
        self.origin = origin
        self._phases = Phases()
        self._beginning = b""
        self._is_asked = False

    def send(self, request: bytes, phases: Phases) -> None:
        """Send a request. What is measured goes into `phases`."""
        if self.transport is None:
            raise ConnectionResetError
        self._phases = phases
        self._beginning = b""
        self._payload = None
        self._is_asked = True
        self.set_response_params(
            read_until_eof=True,
            auto_decompress=False,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
            max_headers=_MOST_HEADERS,
        )
        self.transport.write(request)
        phases.sent_at = time.perf_counter()

    async def reply(self) -> tuple[RawResponseMessage, StreamReader]:
        """The reply's head, and its body to be read. Interim replies (1xx) before it are left out.

        Raises:
            NotHttpError: if what comes is no reply.
            aiohttp.ClientError, OSError: if the connection ends.
        """
        for _ in range(_INTERIM_REPLIES + 1):
            try:
                message, body = await self.read()
            except HttpProcessingError as error:
                raise NotHttpError.of(self._beginning, error) from None
            if message.code < 100:
                raise NotHttpError.of(self._beginning)
            if message.code > 199 or message.code == 101:
                return message, body
        raise NotHttpError(f"more than {_INTERIM_REPLIES} interim replies")

    def data_received(self, data: bytes) -> None:
        """Take the headers alone first: they count even if the body is framed wrongly."""
        if not self._is_asked:
            # A server could send replies that nobody asked for until the memory is full.
            self.drop()
            return
        if self._phases.first_byte_at is None and data:
            self._phases.first_byte_at = time.perf_counter()
        if self._payload is None or self._payload.is_eof():
            if len(self._beginning) < _FIRST_LINE:
                self._beginning += data[:_FIRST_LINE]
            head, end, body = data.partition(b"\r\n\r\n")
            super().data_received(head + end)
            if body and self.exception() is None:
                super().data_received(body)
        else:
            super().data_received(data)
        error = self.exception()
        if error is not None and self._payload is not None and not self._payload.is_eof():
            # aiohttp itself would let the reader of the body wait for ever.
            self._payload.set_exception(error)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Pass the error on to the reader of a body, whose end may look like a regular one."""
        if exc is not None and self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(exc)
        super().connection_lost(exc)

    @property
    def is_usable(self) -> bool:
        """Whether it can be asked again."""
        return self.is_connected() and not self.should_close

    def rest(self) -> None:
        """The reply was read to its end: nothing more may come before the next request."""
        self._is_asked = False

    def drop(self) -> None:
        """Close it at once. If a reply is still being read, that fails."""
        if self.transport is not None:
            self.transport.abort()


class Connections:
    """Keeps connections of the deployment at `home`; any number may be in use at once."""

    def __init__(self, guard: Guard, home: Origin) -> None:
        self._guard = guard
        self._home = home
        self._idle: dict[Origin, list[Connection]] = {}
        self._busy: set[Connection] = set()

    def kept(self, origin: Origin) -> Connection | None:
        """An idle connection to `origin`; None if there is none."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.is_usable:
                self._busy.add(connection)
                return connection
            connection.drop()
        return None

    async def dialed(self, origin: Origin, phases: Phases, deadline: asyncio.Timeout) -> Connection:
        """A fresh connection, TLS included. Only addresses that the guard has vetted are dialed.

        Raises:
            RequestError: if the name or the address does not allow a connection.
            OSError: if TLS fails, as ssl.SSLError.
        """
        started = phases.resolving_since = time.perf_counter()
        addresses = await vetted(self._guard, origin)
        phases.resolving_since = None
        phases.resolve = None if literal(origin.host) else elapsed_ms(started)
        started = time.perf_counter()
        connected = await connect(origin, addresses, deadline.when())
        phases.connect = elapsed_ms(started)
        try:
            if origin.scheme == "https":
                async with handshaking(deadline):
                    connection = await _secured(origin, connected, phases)
            else:
                _, connection = await asyncio.get_running_loop().create_connection(
                    functools.partial(Connection, origin), sock=connected
                )
        except BaseException:
            connected.close()
            raise
        self._busy.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose reply was read to its end, if it can be asked again."""
        self._busy.discard(connection)
        if not connection.is_usable:
            connection.drop()
            return
        connection.rest()
        self._idle.setdefault(connection.origin, []).append(connection)
        if len(self._idle) - (self._home in self._idle) > _OTHER_ORIGINS:
            oldest = next(origin for origin in self._idle if origin != self._home)
            for other in self._idle.pop(oldest):
                other.drop()

    def drop(self, connection: Connection) -> None:
        """Close a connection on which something may still come."""
        self._busy.discard(connection)
        connection.drop()

    async def aclose(self) -> None:
        """Close all of them, also those in use."""
        every = [*self._busy, *(each for idle in self._idle.values() for each in idle)]
        self._busy.clear()
        self._idle.clear()
        ends = [end for each in every if (end := each.closed) is not None]
        for each in every:
            each.drop()
        await asyncio.gather(*ends, return_exceptions=True)


async def _secured(origin: Origin, connected: socket.socket, phases: Phases) -> Connection:
    started = time.perf_counter()
    transport, connection = await asyncio.get_running_loop().create_connection(
        functools.partial(Connection, origin),
        sock=connected,
        ssl=tls_context(),
        # A certificate names its host without the dot that may end a full name.
        server_hostname=origin.host.rstrip("."),
        ssl_handshake_timeout=_HANDSHAKE_SECONDS,
    )
    phases.tls = elapsed_ms(started)
    ends = ssl.cert_time_to_seconds(transport.get_extra_info("peercert")["notAfter"])
    phases.certificate_expires_at = datetime.fromtimestamp(ends, UTC)
    return connection
