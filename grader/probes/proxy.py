"""A vetting HTTP proxy on loopback, through which every byte of a browser goes.

A browser follows redirects, loads images, opens WebSockets and starts workers on its own; only a
proxy sees all of that. Each target is vetted by the same guard as the other probes' requests, and
the address that passed is the address that is dialed.

Each visit has a port of its own rather than a password: to tell passwords, Playwright would have
the browser stop at every request and recite it, with all that a page wants to upload.
"""

import asyncio
import contextlib
import dataclasses
import functools
from collections.abc import AsyncIterator, Coroutine
from typing import Any
from urllib.parse import urlsplit

from grader.outcomes import Outcome
from grader.probes.connecting import PATIENCE, DialError, not_connected, resolving, vet
from grader.probes.guard import ForbiddenAddressError, Guard, Origin, shown

BYTE_CAP = 20 * 1024 * 1024
CONNECTIONS_AT_ONCE = 64
CONNECTIONS_IN_ALL = 1000
_HEAD_CAP = 64 * 1024
_HEAD_SECONDS = 30.0
# Headers that concern one connection, not what is asked or answered (RFC 9110, section 7.6.1).
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "upgrade"}
)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Headers = list[tuple[str, str]]


class _RefusedError(Exception):
    """A request that is not served; the text is the status line's end."""


class Ticket:
    """What one visit of the browser may do, and what became of it.

    Attributes:
        url: the proxy that serves this visit alone.
        exhausted: whether the visit wanted more bytes than it may have.
        failures: why the last connection to an origin failed.
    """

    def __init__(self, guard: Guard, url: str) -> None:
        self.guard = guard
        self.url = url
        self.exhausted = False
        self.failures: dict[Origin, DialError] = {}
        self._over = False
        self._bytes = 0
        self._connections = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    def enter(self, task: asyncio.Task[Any]) -> None:
        """Count a connection, which `task` serves.

        Raises:
            _RefusedError: if it is one too many, or the visit is over.
        """
        if self._over:
            raise _RefusedError("403 Forbidden")
        self._connections += 1
        if len(self._tasks) >= CONNECTIONS_AT_ONCE or self._connections > CONNECTIONS_IN_ALL:
            raise _RefusedError("429 Too Many Requests")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def spend(self, size: int) -> None:
        """Count bytes, whichever way they pass.

        Raises:
            ConnectionAbortedError: if these are too many: every connection of the visit ends.
        """
        self._bytes += size
        if self._bytes > BYTE_CAP:
            self.exhausted = True
            self.end()
            raise ConnectionAbortedError("the visit's bytes are used up")

    def end(self) -> None:
        """End every connection, and have no more."""
        self._over = True
        for task in self._tasks:
            task.cancel()


@dataclasses.dataclass(eq=False, slots=True)
class _Gate:
    """A port of the proxy's, and the visit that it serves at the moment."""

    url: str = ""
    server: asyncio.Server | None = None
    ticket: Ticket | None = None


class VettingProxy:
    """Serves each visit that was admitted, at the URL of its ticket.

    Attributes:
        url: where nobody is served: for what the browser asks on its own account.
    """

    def __init__(self) -> None:
        self.url = ""
        self._gates: list[_Gate] = []
        # A listener that is closed may lose what it is just accepting: it serves another visit.
        self._idle: list[_Gate] = []

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        self.url = (await self._open()).url

    def close(self) -> None:
        """Listen no more, and end what is under way."""
        for gate in self._gates:
            if gate.ticket is not None:
                gate.ticket.end()
            if gate.server is not None:
                gate.server.close()

    async def admit(self, guard: Guard) -> Ticket:
        """Give a new ticket."""
        gate = self._idle.pop() if self._idle else await self._open()
        gate.ticket = Ticket(guard, gate.url)
        return gate.ticket

    def revoke(self, ticket: Ticket) -> None:
        """Serve `ticket` no more, and end what is under way."""
        ticket.end()
        for gate in self._gates:
            if gate.ticket is ticket:
                gate.ticket = None
                self._idle.append(gate)

    async def _open(self) -> _Gate:
        gate = _Gate()
        serve = functools.partial(self._serve, gate)
        gate.server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_HEAD_CAP)
        gate.url = f"http://127.0.0.1:{gate.server.sockets[0].getsockname()[1]}"
        self._gates.append(gate)
        return gate

    async def _serve(
        self, gate: _Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await self._serve_one(gate.ticket, (reader, writer))
            writer.close()
        except (OSError, EOFError, asyncio.CancelledError):
            # Either side may hang up at any moment, and the end of a ticket cancels this task.
            writer.transport.abort()

    async def _serve_one(self, ticket: Ticket | None, client: Streams) -> None:
        reader, writer = client
        try:
            async with asyncio.timeout(_HEAD_SECONDS):
                start, headers = await _read_head(reader)
            if ticket is None:
                raise _RefusedError("403 Forbidden")
            ticket.enter(_this_task())
            method, target, _ = start.split(" ")
            if method == "CONNECT":
                await _tunnel(ticket, target, client)
            else:
                await _forward(ticket, method, target, headers, client)
        except _RefusedError as refused:
            await _refuse(writer, str(refused))
        except (ValueError, asyncio.LimitOverrunError):
            await _refuse(writer, "400 Bad Request")


async def _tunnel(ticket: Ticket, authority: str, client: Streams) -> None:
    """Let bytes through both ways: https, and WebSockets of either kind."""
    origin = _origin(f"https://{authority}")
    private = ticket.guard.private_origin
    # The scheme inside the tunnel is unknown; it is the same server either way.
    if private is not None and (origin.host, origin.port) == (private.host, private.port):
        origin = private
    async with _dialed(ticket, origin) as server:
        client[1].write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        await _first(_pump(client[0], server[1], ticket), _pump(server[0], client[1], ticket))


async def _forward(
    ticket: Ticket, method: str, target: str, headers: Headers, client: Streams
) -> None:
    """Pass one plain http request on, and the reply back; then both connections are closed."""
    reader, writer = client
    named = dict(headers)
    if "transfer-encoding" in named:
        raise _RefusedError("501 Not Implemented")  # browsers do not send such requests over http/1
    size = int(named.get("content-length", "0"))
    if not 0 <= size <= BYTE_CAP:
        raise _RefusedError("413 Content Too Large")
    origin = _origin(target)
    path = target.partition("://")[2][len(urlsplit(target).netloc) :]
    # Before it is read: what the visit may not send is not kept here either.
    ticket.spend(size)
    async with _dialed(ticket, origin) as server:
        start = f"{method} {path if path.startswith('/') else f'/{path}'} HTTP/1.1"
        await _send(server[1], _head(start, headers), ticket)
        server[1].write(await reader.readexactly(size))
        await server[1].drain()
        await _send(writer, await _reply_head(ticket, origin, server[0]), ticket)
        # The client says no more on this connection: when it ends, it has hung up.
        await _first(_pump(server[0], writer, ticket), reader.read(1))


async def _reply_head(ticket: Ticket, origin: Origin, reader: asyncio.StreamReader) -> bytes:
    try:
        start, headers = await _read_head(reader)
        while start.split(" ")[1].startswith("1"):  # interim replies are for the connection alone
            start, headers = await _read_head(reader)
    except (ValueError, IndexError, EOFError, OSError, asyncio.LimitOverrunError):
        words = f"{shown(origin.host)} closed the connection without a reply, or sent no HTTP"
        ticket.failures[origin] = DialError(Outcome.UNREACHABLE, words)
        raise _RefusedError("502 Bad Gateway") from None
    return _head(start, headers)


@contextlib.asynccontextmanager
async def _dialed(ticket: Ticket, origin: Origin) -> AsyncIterator[Streams]:
    """A connection to a vetted address of `origin`."""
    try:
        server = await _dial(ticket.guard, origin)
    except DialError as error:
        ticket.failures[origin] = error
        raise _RefusedError("502 Bad Gateway") from None
    ticket.failures.pop(origin, None)
    try:
        yield server
    finally:
        server[1].transport.abort()


async def _dial(guard: Guard, origin: Origin) -> Streams:
    addresses = await asyncio.wrap_future(resolving(origin.host, origin.port))
    vet(guard, origin, addresses)
    errors = []
    for others, address in zip(reversed(range(len(addresses))), addresses, strict=True):
        try:
            async with asyncio.timeout(PATIENCE if others else None):
                return await asyncio.open_connection(str(address), origin.port, limit=_HEAD_CAP)
        except OSError as error:
            errors.append(error)
    raise not_connected(origin, errors)


def _origin(url: str) -> Origin:
    try:
        return Origin.of(url)
    except ForbiddenAddressError:
        raise _RefusedError("400 Bad Request") from None


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, Headers]:
    """The first line, and the headers with their names in small letters.

    Raises:
        ValueError: if it is not HTTP.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or any(character in line for character in "\r\n\0"):
            raise ValueError(f"not a header: {line[:80]!r}")
        headers.append((name.lower(), value.strip()))
    return start, headers


def _head(start: str, headers: Headers) -> bytes:
    """The bytes of a head that says that the connection ends after this."""
    kept = [f"{name}: {value}" for name, value in headers if name not in _HOP_BY_HOP]
    return "\r\n".join([start, *kept, "Connection: close", "", ""]).encode("latin-1")


async def _send(writer: asyncio.StreamWriter, piece: bytes, ticket: Ticket) -> None:
    ticket.spend(len(piece))
    writer.write(piece)
    await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ticket: Ticket) -> None:
    while piece := await reader.read(_HEAD_CAP):
        await _send(writer, piece, ticket)


async def _first(*coroutines: Coroutine[Any, Any, Any]) -> None:
    """Run all until one is over, then end the others.

    Raises:
        OSError: what that one raised.
    """
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _refuse(writer: asyncio.StreamWriter, status: str) -> None:
    lines = [f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close", "", ""]
    writer.write("\r\n".join(lines).encode())
    await writer.drain()


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a coroutine runs in a task")
    return task
