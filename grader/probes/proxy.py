"""A vetting SOCKS proxy on loopback, through which every byte of a browser goes.

Only a proxy sees all that a browser asks for: redirects, images, WebSockets, workers. The guard of
the other probes vets each target, and the vetted address is the address that is dialed.

Through SOCKS (RFC 1928) the browser asks for a connection by name and port, and then speaks to the
server itself: the proxy has no HTTP to understand.

Each visit has a port of the proxy's for itself. With passwords instead, Playwright would stop the
browser at every request and recite it, with all that a page uploads.
"""

import asyncio
import contextlib
import dataclasses
import functools
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from grader.probes.connecting import connect, vetted
from grader.probes.faults import RequestError
from grader.probes.guard import Guard, Origin
from grader.probes.tickets import Ticket

_GREETING_SECONDS = 30.0
_PIECE = 64 * 1024
_VERSION, _CONNECT, _NAME = 5, 1, 3
_NO_PASSWORD, _GRANTED, _REFUSED = 0, 0, 2

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclasses.dataclass(eq=False, slots=True)
class _Gate:
    """A port of the proxy's, and the visit that it serves at the moment."""

    url: str = ""
    server: asyncio.Server | None = None
    ticket: Ticket | None = None


class VettingProxy:
    """Serves each visit that was admitted, at the URL of its ticket. Belongs to one event loop.

    At `url` nobody is served: it is for the browser's own requests, which belong to no visit.
    """

    def __init__(self) -> None:
        self.url = ""
        # A listener that closes may lose a connection that it just accepts: all stay open.
        self._gates: list[_Gate] = []

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
        """Give a ticket for a new visit."""
        idle = (gate for gate in self._gates if gate.ticket is None and gate.url != self.url)
        gate = next(idle, None) or await self._open()
        gate.ticket = Ticket(guard, gate.url)
        return gate.ticket

    def revoke(self, ticket: Ticket) -> None:
        """Serve `ticket` no more, and end what is under way."""
        ticket.end()
        for gate in self._gates:
            if gate.ticket is ticket:
                gate.ticket = None

    async def _open(self) -> _Gate:
        gate = _Gate()
        serve = functools.partial(_serve, gate)
        gate.server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=_PIECE)
        gate.url = f"socks5://127.0.0.1:{gate.server.sockets[0].getsockname()[1]}"
        self._gates.append(gate)
        return gate


async def _serve(gate: _Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    ticket = gate.ticket
    try:
        async with asyncio.timeout(_GREETING_SECONDS):
            host, port = await _asked_for(reader, writer)
        try:
            await _tunnel(ticket, host, port, (reader, writer))
        except RequestError:
            await _answer(writer, _REFUSED)
        writer.close()
    except (OSError, EOFError, ValueError, asyncio.CancelledError):
        # Either side may hang up, a ticket may end, and a client without SOCKS is no browser.
        writer.transport.abort()


async def _asked_for(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """The host and port that the browser wants to be connected to.

    Raises:
        ValueError: if this is not what a browser says in SOCKS.
    """
    version, methods = await reader.readexactly(2)
    if version != _VERSION or _NO_PASSWORD not in await reader.readexactly(methods):
        raise ValueError("no greeting of a browser")
    writer.write(bytes([_VERSION, _NO_PASSWORD]))
    version, command, _, kind, size = await reader.readexactly(5)
    if (version, command, kind) != (_VERSION, _CONNECT, _NAME):
        raise ValueError("no request of a browser: it asks for connections, and by name")
    host = (await reader.readexactly(size)).decode("ascii").lower()
    return host, int.from_bytes(await reader.readexactly(2), "big")


async def _answer(writer: asyncio.StreamWriter, status: int) -> None:
    # Then an address of our own, of IPv4 (1): SOCKS wants one, and nobody reads it.
    writer.write(bytes([_VERSION, status, 0, 1, *bytes(6)]))
    await writer.drain()


async def _tunnel(ticket: Ticket | None, host: str, port: int, client: Streams) -> None:
    """Let bytes through both ways, until one side hangs up.

    Raises:
        RequestError: if there is no connection to be had. The ticket keeps why.
    """
    if ticket is None or not ticket.enter():
        await _answer(client[1], _REFUSED)
        return
    async with _dialed(ticket, host, port) as server:
        await _answer(client[1], _GRANTED)
        await _first(_pump(client[0], server[1], ticket), _pump(server[0], client[1], ticket))


@contextlib.asynccontextmanager
async def _dialed(ticket: Ticket, host: str, port: int) -> AsyncIterator[Streams]:
    """A connection to a vetted address of `host`."""
    # The proxy does not know whether http or https will be spoken. If host and port are those of
    # the origin that may be private, either is allowed.
    origin = Origin("https", host, port)
    private = ticket.guard.private_origin
    if private is not None and (host, port) == (private.host, private.port):
        origin = private
    try:
        server = await _dial(ticket.guard, origin)
    except RequestError as error:
        ticket.failures[host, port] = error
        raise
    ticket.failures.pop((host, port), None)
    try:
        yield server
    finally:
        server[1].transport.abort()


async def _dial(guard: Guard, origin: Origin) -> Streams:
    connected = await connect(origin, await vetted(guard, origin))
    try:
        return await asyncio.open_connection(sock=connected, limit=_PIECE)
    except BaseException:
        connected.close()
        raise


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ticket: Ticket) -> None:
    while piece := await reader.read(_PIECE):
        ticket.spend(len(piece))
        writer.write(piece)
        await writer.drain()


async def _first(*coroutines: Coroutine[Any, Any, None]) -> None:
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
