"""One deployment asked over HTTP: deadline, byte cap, redirects by hand, one patient retry.

The transport (urllib3 for the API, requests for pages) is an argument: both give urllib3
responses, opened through the same vetted connections.
"""

import dataclasses
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from grader.model import TELLING_HEADERS, Reply
from grader.outcomes import Outcome
from grader.probes.bodies import UnreadableError, decode, read
from grader.probes.connecting import DialError
from grader.probes.deadline import Deadline
from grader.probes.dialing import Dialer, connection_to
from grader.probes.faults import fault_of, is_reset
from grader.probes.guard import ForbiddenAddressError, Origin
from grader.probes.phases import Phases, elapsed_ms

if TYPE_CHECKING:
    from urllib3.connection import HTTPConnection

REPLY_CAP = 64 * 1024
# What is kept as evidence of a URL or header: a page may lead itself to one of megabytes.
LINE_CAP = 2048
USER_AGENT = "grader/0.1 (checks a course's deployed apps; see docs/student.md of the course)"
BYPASS_HEADER = "x-vercel-protection-bypass"
_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADER_CAP = 200
WEB_SCHEMES = frozenset({"http", "https"})
# Schemes that name no place that could be asked.
_NO_PLACES = frozenset({"about", "blob", "data", "javascript", "mailto", "tel"})
# A platform's own redirect leads to its dashboard: what it says of the app stands before that.
_PLATFORM_ERROR = "x-vercel-error"
# What a URL may hold beside letters and digits (RFC 3986), the percent signs of quoting included.
_SYNTAX = "%:/?#[]@!$&'()*+,;="

Send = Callable[[str, Mapping[str, str]], BaseHTTPResponse]


class Line:
    """Asks one deployment, one request at a time, over connections that are kept alive.

    Args:
        base: the submission's URL; what `bypass_secret` opens, and nothing else.
        send: the transport; gives an unread response, follows no redirect, decodes nothing.
    """

    def __init__(self, base: str, dialer: Dialer, send: Send, bypass_secret: str = "") -> None:
        self._home = Origin.of(base)
        self._dialer = dialer
        self._send = send
        self._bypass_secret = bypass_secret

    def get(self, url: str, seconds: float, cap: int = REPLY_CAP) -> Reply:
        """Ask `url` within `seconds`, all redirects and reading included.

        A deadline that passed while this machine itself was too busy to notice is given again
        once. Never raises for what the other side does: that is in the reply.
        """
        reply, lagged = self._attempt(url, seconds, cap)
        if lagged:
            reply, lagged = self._attempt(url, seconds, cap)
        if lagged:
            words = "this machine was too busy to keep the deadline"
            return dataclasses.replace(reply, failure=Outcome.NOT_CHECKED, detail=words)
        return reply

    def _attempt(self, url: str, seconds: float, cap: int) -> tuple[Reply, bool]:
        asked_at = datetime.now(UTC)
        started = time.perf_counter()
        exchange = _Exchange(self._dialer, self._send, self._headers, cap)
        failure: Outcome | None = None
        detail = ""
        lasting = False
        with Deadline(seconds, self._dialer.abort) as deadline:
            self._dialer.deadline = deadline
            try:
                exchange.run(url, deadline)
            except DialError as error:
                failure, detail, lasting = error.outcome, str(error), error.lasting
            except ForbiddenAddressError as error:
                failure, detail = Outcome.FORBIDDEN_ADDRESS, str(error)
            except UnreadableError as error:
                failure, detail = Outcome.TOO_LARGE, str(error)
            except Exception as error:
                failure, detail, lasting = fault_of(error)
        if deadline.stopped:
            failure, detail = Outcome.NOT_CHECKED, "the grader was stopped"
        elif deadline.expired and failure is not Outcome.NOT_CHECKED:
            failure, detail = Outcome.TOO_SLOW, f"no complete reply within {seconds:.3g} s"
            lasting = False
        if failure is None:
            self._dialer.tidy()
        else:
            # What is left of a reply must not be read as the next one.
            self._dialer.close()
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
            # What an abort cut off may look like a complete reply.
            timings=self._dialer.phases.timings(None if failure else exchange.read_at),
            certificate_expires_at=exchange.certificate_expires_at,
            headers=exchange.headers,
            retry_after=exchange.retry_after,
            lasting=lasting,
        )
        return reply, deadline.lagged and not deadline.stopped

    def _headers(self, url: str) -> dict[str, str]:
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
        if self._bypass_secret and Origin.of(url) == self._home:
            headers[BYPASS_HEADER] = self._bypass_secret
        return headers


class _Exchange:
    """One query's requests, from the first to the last redirect, and what came of them."""

    def __init__(
        self, dialer: Dialer, send: Send, headers: Callable[[str], dict[str, str]], cap: int
    ) -> None:
        self.url = ""
        self.status: int | None = None
        self.content_type = ""
        self.text = ""
        self.detail = ""
        self.attempts = 0
        self.read_at: float | None = None
        self.certificate_expires_at: datetime | None = None
        self.headers: dict[str, str] = {}
        self.retry_after: float | None = None
        self._dialer = dialer
        self._send = send
        self._headers = headers
        self._cap = cap

    def run(self, url: str, deadline: Deadline) -> None:
        """Follow `url` to its end; a 429 that says when to come back is obeyed once."""
        limited = False
        redirects = 0
        self.url = url
        while True:
            response = self._open(deadline)
            body = read(response, self._cap)
            self.read_at = time.perf_counter()
            location = response.headers.get("Location")
            wait = self.retry_after if response.status == 429 else None
            if wait is not None and not limited and wait < deadline.remaining():
                limited = True
                deadline.pause(wait)
            elif response.status not in _REDIRECTS or _PLATFORM_ERROR in self.headers:
                break
            elif not location or redirects == _MAX_REDIRECTS:
                self.detail = f"a redirect that leads nowhere, after {redirects} others"
                break
            elif (target := _target(self.url, location)) is None:
                self.detail = f"a redirect to {location[:100]!r}, which is no address"
                break
            else:
                redirects += 1
                self.url = target
        self.text = decode(body, self.content_type)

    def _open(self, deadline: Deadline) -> BaseHTTPResponse:
        headers = self._headers(self.url)
        dialed = self._dialer.dialed
        try:
            response = self._request(headers)
        except Exception as error:
            # An idle connection that the server closed meanwhile is nobody's fault.
            reused = self._dialer.dialed == dialed
            if deadline.expired or not reused or not is_reset(error):
                raise
            response = self._request(headers)
        self.status = response.status
        self.content_type = response.headers.get("Content-Type", "")
        self.retry_after = retry_after(response.headers)
        self.headers = telling(response.headers)
        return response

    def _request(self, headers: Mapping[str, str]) -> BaseHTTPResponse:
        self.attempts += 1
        self.read_at = None
        self._dialer.phases = Phases()
        try:
            return self._send(self.url, headers)
        finally:
            told = self._dialer.phases.certificate_expires_at
            self.certificate_expires_at = told or self.certificate_expires_at


class ApiProbe:
    """Asks `GET <base>/api?q=...`."""

    def __init__(self, base: str, line: Line) -> None:
        self._base = base
        self._line = line

    def ask(self, query: str, seconds: float) -> Reply:
        """The reply to `query`, as plain text."""
        return self._line.get(self._url_of(query), seconds)

    def ask_past_caches(self, query: str, seconds: float) -> Reply:
        """The reply to `query` at an address that no cache has seen."""
        return self._line.get(f"{self._url_of(query)}&fresh={secrets.token_hex(4)}", seconds)

    def _url_of(self, query: str) -> str:
        return f"{self._base}/api?q={quote(query, safe='')}"


def kept_alive(dialer: Dialer) -> tuple[Send, Callable[[], None]]:
    """urllib3's connections as a transport, one for each origin, and what closes them.

    Its pools are for what does not happen here: several requests at once, retries, redirects, and
    a second look at every URL.
    """
    connections: dict[Origin, HTTPConnection] = {}

    def send(url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        origin = Origin.of(url)
        if origin not in connections:
            if len(connections) > _MAX_REDIRECTS:
                # More than one query leads to: they lead elsewhere each time.
                connections.pop(next(iter(connections))).close()
            connections[origin] = connection_to(origin, dialer)
        connection = connections[origin]
        if not connection.is_connected:
            # What came while it was idle, if only its end, is no reply to what is asked now.
            connection.close()
        try:
            connection.request(
                "GET", _target_of(url), headers=headers, preload_content=False, decode_content=False
            )
            return connection.getresponse()
        except BaseException:
            connection.close()
            raise

    def close() -> None:
        for connection in connections.values():
            connection.close()

    return send, close


def _target_of(url: str) -> str:
    """What stands in the request line: path and query, which a redirect may have left unquoted."""
    parts = urlsplit(url)
    return quote(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}", safe=_SYNTAX)


def _target(url: str, location: str) -> str | None:
    """Where a redirect leads; None where that is no address.

    Raises:
        ForbiddenAddressError: if it is one that is neither http nor https.
    """
    target = address_from(url, location)
    if target is None or urlsplit(target).scheme in _NO_PLACES:
        return None
    Origin.of(target)
    return target


def address_from(url: str, written: str) -> str | None:
    """The address that is written in what came from `url`; None where it cannot be read as one."""
    try:
        address = urljoin(url, written)
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return None if parts.scheme in WEB_SCHEMES and not parts.hostname else address


def telling(headers: Mapping[str, str]) -> dict[str, str]:
    """Those headers that tell whose reply it is, cut, under names in small letters."""
    told = ((name, name.lower()) for name in headers)
    return {low: headers[name][:_HEADER_CAP] for name, low in told if low in TELLING_HEADERS}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date; None without one."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, Retry().parse_retry_after(value))
    except (InvalidHeader, ValueError, OverflowError):
        return None
