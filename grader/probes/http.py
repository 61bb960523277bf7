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
from grader.probes.bodies import decode, read
from grader.probes.connections import Connection, Connections
from grader.probes.faults import RequestError, fault_of, is_reset
from grader.probes.guard import Origin, shown
from grader.probes.lag import TOLERATED, lag_meter
from grader.probes.phases import Phases, elapsed_ms
from grader.probes.urls import redirect_target, request_target, request_target_of

REPLY_CAP = 64 * 1024
# As much of a URL or header is kept as evidence: a page may lead itself to one of megabytes.
LINE_CAP = 2048
USER_AGENT = "grader/0.1 (checks a course's deployed apps; see docs/student.md of the course)"
BYPASS_HEADER = "x-vercel-protection-bypass"
_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADER_CAP = 200
# With this header, a redirect is the platform's own and leads to its dashboard. It is not followed:
# what the platform says about the app is in the reply that redirects.
_PLATFORM_ERROR = "x-vercel-error"
# What would end a header and begin another one.
_LINE_ENDS = re.compile(r"[\r\n\0]")


class Line:
    """Asks one deployment over connections that are kept alive; many queries at once if need be.

    `base` has no slash at its end. The secret is sent to the origin of `base`, and to no other.
    """

    def __init__(self, base: str, connections: Connections, bypass_secret: str = "") -> None:
        self.connections = connections
        self.page = f"{base}/"
        self.healthz = f"{base}/healthz"
        self.metrics = f"{base}/metrics"
        self._home = Origin.of(base)
        self._home_path = urlsplit(self.page).path
        self._home_headers = b""
        self._bypass_secret = bypass_secret

    def api(self, query: str) -> str:
        """The URL at which the API is asked `query`."""
        return f"{self.page}api?q={quote(query, safe='')}"

    def uncached(self, query: str) -> str:
        """One that no cache has seen before."""
        return f"{self.api(query)}&fresh={secrets.token_hex(4)}"

    async def get(self, url: str, seconds: float, cap: int = REPLY_CAP) -> Reply:
        """Ask `url` within `seconds`, all redirects and reading included.

        If the deadline passed while this machine itself was too busy to notice, the URL is asked
        once more. Never raises for what the other side does: that is in the reply.
        """
        reply, lagged = await self._attempt(url, seconds, cap)
        if lagged:
            reply, lagged = await self._attempt(url, seconds, cap)
        if lagged:
            words = "this machine was too busy to keep the deadline"
            return dataclasses.replace(reply, failure=Outcome.NOT_CHECKED, detail=words)
        return reply

    async def _attempt(self, url: str, seconds: float, cap: int) -> tuple[Reply, bool]:
        """The reply, and whether this machine may be to blame that it did not come in time."""
        exchange = _Exchange(self, url, cap)
        due = asyncio.get_running_loop().time() + seconds
        fault: RequestError | None = None
        lag = lag_meter()
        late_before = lag.seconds()
        with lag:
            try:
                async with asyncio.timeout_at(due) as deadline:
                    await exchange.run(deadline)
            except RequestError as error:
                fault = error.with_traceback(None)  # which would hold all that was read
            except Exception as error:
                fault = fault_of(error)
            lagged = deadline.expired() and lag.seconds() - late_before > TOLERATED
        if deadline.expired() and (fault is None or fault.outcome is not Outcome.NOT_CHECKED):
            fault = exchange.late(seconds)
        return exchange.reply(fault, (deadline.when() or due) - due), lagged

    def request(self, url: str) -> tuple[Origin, bytes]:
        """Where to send what in order to ask `url`.

        Raises:
            ForbiddenAddressError: if it is no plain http or https URL.
            ValueError: if a header cannot be sent.
        """
        if url.startswith(self.page) and "#" not in url:
            origin = self._home
            target = request_target(self._home_path + url[len(self.page) :])
        else:
            origin, target = Origin.of(url), request_target_of(url)
        if origin != self._home:
            return origin, b"GET %b%b" % (target, _headers(origin))
        if not self._home_headers:
            secret = self._bypass_secret
            self._home_headers = _headers(origin, {BYPASS_HEADER: secret} if secret else {})
        return origin, b"GET %b%b" % (target, self._home_headers)


class _Exchange:
    """One query's requests, from the first to the last redirect, and what they brought."""

    def __init__(self, line: Line, url: str, cap: int) -> None:
        self._phases = Phases()
        self._asked_at = datetime.now(UTC)
        self._started = time.perf_counter()
        self._first_url = self._url = url
        self._head: RawResponseMessage | None = None
        self._text = ""
        self._detail = ""
        self._attempts = 0
        self._read_at: float | None = None
        self._certificate_expires_at: datetime | None = None
        self._retry_after: float | None = None
        self._line = line
        self._connections = line.connections
        self._cap = cap
        self._replied = False

    def reply(self, fault: RequestError | None, waited: float) -> Reply:
        """What came, but no text after a fault. `waited` are the seconds that were our own."""
        headers = {} if self._head is None else self._head.headers
        return Reply(
            url=self._first_url,
            asked_at=self._asked_at,
            status=None if self._head is None else self._head.code,
            text="" if fault else self._text,
            content_type=_text(headers.get("Content-Type", ""))[:LINE_CAP],
            final_url=self._url[:LINE_CAP],
            failure=fault.outcome if fault else None,
            detail=str(fault) if fault else self._detail,
            elapsed_ms=elapsed_ms(self._started + waited),
            attempts=self._attempts,
            timings=self._phases.timings(None if fault else self._read_at),
            certificate_expires_at=self._certificate_expires_at,
            headers=telling(headers),
            retry_after=self._retry_after,
            lasting=fault is not None and fault.lasting,
        )

    async def run(self, deadline: asyncio.Timeout) -> None:
        """Follow the URL to its end. If a 429 says when to come back, that is obeyed once."""
        limited = False
        redirects = 0
        while True:
            head, body = await self._ask(deadline)
            location = _text(head.headers.get("Location", ""))
            wait = self._retry_after if head.code == 429 else None
            left = (deadline.when() or 0.0) - asyncio.get_running_loop().time()
            if wait is not None and not limited and wait < left:
                limited = True
                await asyncio.sleep(wait)
            elif head.code not in _REDIRECTS or _PLATFORM_ERROR in head.headers:
                break
            elif not location or redirects == _MAX_REDIRECTS:
                self._detail = f"a redirect that leads nowhere, after {redirects} others"
                break
            elif (target := redirect_target(self._url, location)) is None:
                self._detail = f"a redirect to {location[:100]!r}, which is no address"
                break
            else:
                redirects += 1
                self._url = target
        self._text = decode(body, _text(head.headers.get("Content-Type", "")))

    def late(self, seconds: float) -> RequestError:
        """Who is to blame that the deadline passed, `seconds` after the beginning."""
        since = self._phases.resolving_since
        # The resolver, if it took the greater part of the time.
        if since is not None and time.perf_counter() - since > seconds / 2:
            host = shown(urlsplit(self._url).hostname or "")
            words = f"this machine's name resolver did not answer for {host}"
            return RequestError(words, Outcome.NOT_CHECKED)
        return RequestError(f"no complete reply within {seconds:.3g} s", Outcome.TOO_SLOW)

    async def _ask(self, deadline: asyncio.Timeout) -> tuple[RawResponseMessage, bytes]:
        """A reply and its body. If an idle connection was closed meanwhile, a fresh one is used."""
        origin, request = self._line.request(self._url)
        kept = self._connections.kept(origin)
        if kept is not None:
            self._begin()
            try:
                return await self._send(kept, request)
            except Exception as error:
                if self._replied or not is_reset(error):
                    raise
        self._begin()
        fresh = await self._connections.dialed(origin, self._phases, deadline)
        self._certificate_expires_at = (
            self._phases.certificate_expires_at or self._certificate_expires_at
        )
        return await self._send(fresh, request)

    def _begin(self) -> None:
        self._attempts += 1
        self._phases = Phases()
        self._replied = False

    async def _send(
        self, connection: Connection, request: bytes
    ) -> tuple[RawResponseMessage, bytes]:
        try:
            connection.send(request, self._phases)
            head, body = await connection.reply()
            self._head = head
            self._replied = True
            self._retry_after = retry_after(head.headers)
            whole = await read(body, _text(head.headers.get("Content-Encoding", "")), self._cap)
        except BaseException:
            self._connections.drop(connection)
            raise
        self._read_at = time.perf_counter()
        self._connections.give_back(connection)
        return head, whole


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
    """A header, which may hold bytes of any kind, as text that a file can hold."""
    if header.isascii():
        return header
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def telling(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that show whose reply it is, cut, by their names in small letters."""
    return {
        lower: _text(value)[:_HEADER_CAP]
        for name, value in headers.items()
        if (lower := name.lower()) in TELLING_HEADERS
    }


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
