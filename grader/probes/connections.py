"""The connections of one deployment, over the protocol and parser of aiohttp.

aiohttp's session and connector are left out: every request would pay for headers, cookies, traces
and timeouts that are decided here once, and no question would be asked of who is dialed.
"""

import asyncio
import functools
import time
from typing import Final, Self

from aiohttp import StreamReader
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError, RawResponseMessage

from grader.probes.connecting import connect, literal, resolving, vet
from grader.probes.faults import NotHttpError
from grader.probes.guard import Guard, Origin
from grader.probes.phases import Phases, elapsed_ms
from grader.probes.tls import expiry, tls_context

# What http.client allows, and browsers more or less: a line of 64 KiB, a hundred headers.
_LONGEST_LINE: Final = 65536
_MOST_HEADERS: Final = 100
_INTERIM_REPLIES = 20
# Origins beside the deployment's own whose connections are kept: more than one query leads to.
_OTHER_ORIGINS = 3
_FIRST_LINE = 200
# Whoever asks has a deadline, which ends a handshake earlier.
_HANDSHAKE_SECONDS = 3600.0


class Connection(ResponseHandler):
    """A connection that is asked one request at a time.

    Attributes:
        origin: where it leads.
    """

    def __init__(self, origin: Origin) -> None:
        super().__init__(asyncio.get_running_loop())
        self.origin = origin
        self._phases = Phases()
        self._beginning = b""

    def send(self, request: bytes, phases: Phases) -> None:
        """Send a request; `phases` takes what is measured of it."""
        if self.transport is None:
            raise ConnectionResetError
        self._phases = phases
        self._beginning = b""
        self._payload = None
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
        """The reply's head, and its body to be read; "103 Early Hints" and the like come before it.

        Raises:
            NotHttpError: if what comes is none.
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
        """Take what came; the end of the headers divides it.

        What follows them cannot take them back then: a body that is framed wrongly, or goes on
        after its end.
        """
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
            # aiohttp would let the reader of a body wait on.
            self._payload.set_exception(error)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell who reads a body that it broke off: its end may look like a regular one."""
        if exc is not None and self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(exc)
        super().connection_lost(exc)

    @property
    def is_usable(self) -> bool:
        """Whether it can be asked; not where something came while it was idle."""
        return self.is_connected() and not self.should_close

    def drop(self) -> None:
        """Close it at once; whoever still reads from it is told."""
        if self.transport is not None:
            self.transport.abort()


class Connections:
    """Keeps connections between requests; any number may be in use at once.

    Args:
        guard: vets every address that is dialed.
        home: the deployment's own origin.
    """

    def __init__(self, guard: Guard, home: Origin) -> None:
        self._guard = guard
        self._home = home
        self._idle: dict[Origin, list[Connection]] = {}
        self._busy: set[Connection] = set()

    def kept(self, origin: Origin) -> Connection | None:
        """A connection to `origin` that is open already."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.is_usable:
                self._busy.add(connection)
                return connection
            connection.drop()
        return None

    async def dialed(self, origin: Origin, phases: Phases, due: float) -> Connection:
        """A fresh connection to a vetted address of `origin`, TLS included.

        Args:
            origin: where to. Its name is looked up once: what was vetted is what is dialed.
            phases: takes what is measured.
            due: when whoever waits will give up, by the loop's clock.

        Raises:
            DialError: if the name or the address does not allow a connection.
            OSError: if there is no TLS to be had; ssl.SSLError is one.
        """
        started = phases.resolving_since = time.perf_counter()
        addresses = await asyncio.wrap_future(resolving(origin.host, origin.port))
        phases.resolving_since = None
        phases.resolve = None if literal(origin.host) else elapsed_ms(started)
        vet(self._guard, origin, addresses)
        started = time.perf_counter()
        connected = await connect(origin, addresses, due)
        phases.connect = elapsed_ms(started)
        is_tls = origin.scheme == "https"
        started = time.perf_counter()
        try:
            transport, connection = await asyncio.get_running_loop().create_connection(
                functools.partial(Connection, origin),
                sock=connected,
                ssl=tls_context() if is_tls else None,
                # A certificate names its host without the dot that may end a full name.
                server_hostname=origin.host.rstrip(".") if is_tls else None,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS if is_tls else None,
            )
        except BaseException:
            connected.close()
            raise
        if is_tls:
            phases.tls = elapsed_ms(started)
            phases.certificate_expires_at = expiry(transport.get_extra_info("peercert"))
        self._busy.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose reply was read to its end, if it can be asked again."""
        self._busy.discard(connection)
        if not connection.is_usable:
            connection.drop()
            return
        self._idle.setdefault(connection.origin, []).append(connection)
        others = [origin for origin in self._idle if origin != self._home]
        if len(others) > _OTHER_ORIGINS:
            for other in self._idle.pop(others[0]):
                other.drop()

    def drop(self, connection: Connection) -> None:
        """Close a connection on which something may still come."""
        self._busy.discard(connection)
        connection.drop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all of them, also those in use."""
        every = [*self._busy, *(each for idle in self._idle.values() for each in idle)]
        self._busy.clear()
        self._idle.clear()
        ends = [end for each in every if (end := each.closed) is not None]
        for each in every:
            each.drop()
        await asyncio.gather(*ends, return_exceptions=True)
