"""One deployment asked over HTTP: deadline, byte cap, redirects by hand, one patient retry."""

import asyncio
import dataclasses
import email.utils
import re
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from aiohttp.http import RawResponseMessage

from grader.model import TELLING_HEADERS, Reply
from grader.outcomes import Outcome
from grader.probes.bodies import UnreadableError, decode, read
from grader.probes.connecting import DialError
from grader.probes.connections import Connection, Connections
from grader.probes.faults import fault_of, is_reset
from grader.probes.guard import ForbiddenAddressError, Origin, shown
from grader.probes.lag import TOLERATED, lag_meter
from grader.probes.phases import Phases, elapsed_ms
from grader.probes.urls import redirect_target, request_target, request_target_of

REPLY_CAP = 64 * 1024
# What is kept as evidence of a URL or header: a page may lead itself to one of megabytes.
LINE_CAP = 2048
USER_AGENT = "grader/0.1 (checks a course's deployed apps; see docs/student.md of the course)"
BYPASS_HEADER = "x-vercel-protection-bypass"
_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADER_CAP = 200
# A platform's own redirect leads to its dashboard: what it says of the app stands before that.
_PLATFORM_ERROR = "x-vercel-error"
# What would end a header and begin another.
_LINE_ENDS = re.compile(r"[\r\n\0]")


class Line:
    """Asks one deployment over connections that are kept alive; many queries at once if need be.

    Args:
        base: the submission's URL; what `bypass_secret` opens, and nothing else.
        connections: those of this deployment.
        bypass_secret: sent to the origin of `base`, and to no other.
    """

    def __init__(self, base: str, connections: Connections, bypass_secret: str = "") -> None:
        self.connections = connections
        self._base = f"{base}/"
        self._base_path = urlsplit(self._base).path
        self._home = Origin.of(base)
        self._home_headers = b""
        self._bypass_secret = bypass_secret

    async def get(self, url: str, seconds: float, cap: int = REPLY_CAP) -> Reply:
        """Ask `url` within `seconds`, all redirects and reading included.

        A deadline that passed while this machine itself was too busy to notice is given again
        once. Never raises for what the other side does: that is in the reply.
        """
        reply, lagged = await self._attempt(url, seconds, cap)
        if lagged:
            reply, lagged = await self._attempt(url, seconds, cap)
        if lagged:
            words = "this machine was too busy to keep the deadline"
            return dataclasses.replace(reply, failure=Outcome.NOT_CHECKED, detail=words)
        return reply

    async def _attempt(self, url: str, seconds: float, cap: int) -> tuple[Reply, bool]:
        asked_at = datetime.now(UTC)
        started = time.perf_counter()
        due = asyncio.get_running_loop().time() + seconds
        exchange = _Exchange(self, url, cap)
        failure: Outcome | None = None
        detail = ""
        lasting = False
        lag = lag_meter()
        late_before = lag.seconds()
        with lag:
            try:
                async with asyncio.timeout_at(due) as deadline:
                    await exchange.run(due)
            except DialError as error:
                failure, detail, lasting = error.outcome, str(error), error.lasting
            except ForbiddenAddressError as error:
                failure, detail = Outcome.FORBIDDEN_ADDRESS, str(error)
            except UnreadableError as error:
                failure, detail = Outcome.TOO_LARGE, str(error)
            except Exception as error:
                failure, detail, lasting = fault_of(error)
            lagged = deadline.expired() and lag.seconds() - late_before > TOLERATED
        if deadline.expired() and failure is not Outcome.NOT_CHECKED:
            failure, detail = exchange.late(seconds)
            lasting = False
        reply = Reply(
            url=url,
            asked_at=asked_at,
            status=exchange.status,
            text="" if failure else exchange.text,
            content_type=exchange.content_type[:LINE_CAP],
            final_url=exchange.url[:LINE_CAP],
            failure=failure,
            detail=detail or exchange.detail,
            elapsed_ms=elapsed_ms(started),
            attempts=exchange.attempts,
            timings=exchange.phases.timings(None if failure else exchange.read_at),
            certificate_expires_at=exchange.certificate_expires_at,
            headers=exchange.headers,
            retry_after=exchange.retry_after,
            lasting=lasting,
        )
        return reply, lagged

    def request(self, url: str) -> tuple[Origin, bytes]:
        """Where to send what in order to ask `url`.

        Raises:
            ForbiddenAddressError: if it is no plain http or https URL.
            ValueError: if a header cannot be sent.
        """
        if url.startswith(self._base) and "#" not in url:
            origin, target = self._home, request_target(self._base_path + url[len(self._base) :])
        else:
            origin, target = Origin.of(url), request_target_of(url)
        if origin != self._home:
            return origin, b"GET %b%b" % (target, _headers(origin))
        if not self._home_headers:
            secret = self._bypass_secret
            self._home_headers = _headers(origin, {BYPASS_HEADER: secret} if secret else {})
        return origin, b"GET %b%b" % (target, self._home_headers)


class _Exchange:
    """One query's requests, from the first to the last redirect, and what came of them."""

    def __init__(self, line: Line, url: str, cap: int) -> None:
        self.url = url
        self.status: int | None = None
        self.content_type = ""
        self.text = ""
        self.detail = ""
        self.attempts = 0
        self.phases = Phases()
        self.read_at: float | None = None
        self.certificate_expires_at: datetime | None = None
        self.headers: dict[str, str] = {}
        self.retry_after: float | None = None
        self._line = line
        self._connections = line.connections
        self._cap = cap
        self._replied = False

    async def run(self, due: float) -> None:
        """Follow the URL to its end; a 429 that says when to come back is obeyed once.

        Args:
            due: the deadline, by the loop's clock.
        """
        limited = False
        redirects = 0
        while True:
            message, body = await self._ask(due)
            location = _text(message.headers.get("Location", ""))
            wait = self.retry_after if self.status == 429 else None
            if wait is not None and not limited and wait < due - asyncio.get_running_loop().time():
                limited = True
                await asyncio.sleep(wait)
            elif self.status not in _REDIRECTS or _PLATFORM_ERROR in self.headers:
                break
            elif not location or redirects == _MAX_REDIRECTS:
                self.detail = f"a redirect that leads nowhere, after {redirects} others"
                break
            elif (target := redirect_target(self.url, location)) is None:
                self.detail = f"a redirect to {location[:100]!r}, which is no address"
                break
            else:
                redirects += 1
                self.url = target
        self.text = decode(body, self.content_type)

    def late(self, seconds: float) -> tuple[Outcome, str]:
        """What to say where the deadline passed, `seconds` after the beginning."""
        since = self.phases.resolving_since
        # The resolver is to blame where it had the greater part of the time.
        if since is not None and time.perf_counter() - since > seconds / 2:
            host = shown(urlsplit(self.url).hostname or "")
            words = f"this machine's name resolver did not answer for {host}"
            return Outcome.NOT_CHECKED, words
        return Outcome.TOO_SLOW, f"no complete reply within {seconds:.3g} s"

    async def _ask(self, due: float) -> tuple[RawResponseMessage, bytes]:
        """One reply and its body.

        An idle connection that the server closed meanwhile is nobody's fault: it is asked for again
        on a fresh one.
        """
        origin, request = self._line.request(self.url)
        kept = self._connections.kept(origin)
        if kept is not None:
            self._begin()
            try:
                return await self._send(kept, request)
            except Exception as error:
                if self._replied or not is_reset(error):
                    raise
        self._begin()
        fresh = await self._connections.dialed(origin, self.phases, due)
        self.certificate_expires_at = (
            self.phases.certificate_expires_at or self.certificate_expires_at
        )
        return await self._send(fresh, request)

    def _begin(self) -> None:
        self.attempts += 1
        self.phases = Phases()
        self._replied = False

    async def _send(
        self, connection: Connection, request: bytes
    ) -> tuple[RawResponseMessage, bytes]:
        try:
            connection.send(request, self.phases)
            message, body = await connection.reply()
            self._replied = True
            headers = message.headers
            self.status = message.code
            self.content_type = _text(headers.get("Content-Type", ""))
            self.retry_after = retry_after(headers)
            self.headers = telling(headers)
            whole = await read(body, _text(headers.get("Content-Encoding", "")), self._cap)
        except BaseException:
            self._connections.drop(connection)
            raise
        self.read_at = time.perf_counter()
        self._connections.give_back(connection)
        return message, whole


class ApiProbe:
    """Asks `GET <base>/api?q=...`."""

    def __init__(self, base: str, line: Line) -> None:
        self._base = base
        self._line = line

    async def ask(self, query: str, seconds: float) -> Reply:
        """The reply to `query`, as plain text."""
        return await self._line.get(self._url_of(query), seconds)

    async def ask_past_caches(self, query: str, seconds: float) -> Reply:
        """The reply to `query` at an address that no cache has seen."""
        return await self._line.get(f"{self._url_of(query)}&fresh={secrets.token_hex(4)}", seconds)

    def _url_of(self, query: str) -> str:
        return f"{self._base}/api?q={quote(query, safe='')}"


def _headers(origin: Origin, more: Mapping[str, str] | None = None) -> bytes:
    """What follows the target in a request to `origin`."""
    headers = {
        "Host": origin.authority,
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        **(more or {}),
    }
    if any(map(_LINE_ENDS.search, headers.values())):
        raise ValueError("a header of more than one line")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f" HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


def _text(header: str) -> str:
    """A header that may hold bytes of any kind, as text that can be kept."""
    if header.isascii():
        return header
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def telling(headers: Mapping[str, str]) -> dict[str, str]:
    """Those headers that tell whose reply it is, cut, under names in small letters."""
    told = ((name.lower(), value) for name, value in headers.items())
    return {low: _text(value)[:_HEADER_CAP] for low, value in told if low in TELLING_HEADERS}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None without one."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        if value.strip().isdecimal():
            return float(int(value))
        date = email.utils.parsedate_to_datetime(value)
        return max(0.0, date.replace(tzinfo=date.tzinfo or UTC).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
