"""What came back from a deployment: replies, how long they took, and the headers that are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from grader.outcomes import Outcome

TELLING_HEADERS = frozenset(
    {
        *("age", "cf-cache-status", "cf-mitigated", "ngrok-error-code", "server"),
        *("x-amzn-waf-action", "x-cache", "x-datadome", "x-nextjs-cache", "x-railway-fallback"),
        *("x-render-routing", "x-sucuri-block", "x-vercel-cache", "x-vercel-error"),
        "x-vercel-mitigated",
    }
)
"""The headers, in small letters, that tell whose reply it is and how old: kept as evidence."""

_LONGEST_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Timings:
    """How long the phases of a request took, in milliseconds.

    A phase that did not happen is None: nothing is resolved or connected on a connection that was
    kept alive, and plain http has no TLS. After redirects, the last request is timed. `first_byte`
    begins when the request is sent; `transfer` follows it and ends with the last byte.
    """

    resolve: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    transfer: float | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one query. Moments are in UTC.

    Attributes:
        url: the full URL that was asked; a person can open it.
        status: the HTTP status; None if no HTTP reply came.
        text: the body, or the answer that the page shows (page and browser probes); cut to a cap.
        final_url: where redirects led; equal to `url` without them.
        failure: TOO_SLOW, UNREACHABLE, TOO_LARGE, FORBIDDEN_ADDRESS or NOT_CHECKED; None if there
            is a usable reply.
        detail: the failure in words, with what was measured.
        elapsed_ms: from the first byte sent to the last one read.
        attempts: how many requests it took.
        text_box: whether the page has one to ask in, other than a login's. Also False if a script
            failed and removed the box. None if no page was read.
        login_field: whether the page asks for a password or a user name.
        page_error: the first error of the page's own scripts, in the browser's words; empty if it
            did no harm, or may come from something that our proxy could not load.
        screenshot_png: what the browser showed in the end, in base64, at most 256 KiB; or empty.
        timings: None if nothing was sent, or a browser asked.
        certificate_expires_at: None without TLS, or if a connection was kept alive.
        headers: those of `TELLING_HEADERS` that came.
        retry_after: seconds until it wants to be asked again; None if it did not say.
        lasting: whether the failure stays, however long one waits or asks again.
    """

    url: str
    asked_at: datetime
    status: int | None = None
    text: str = ""
    content_type: str = ""
    final_url: str = ""
    failure: Outcome | None = None
    detail: str = ""
    elapsed_ms: float = 0.0
    attempts: int = 1
    text_box: bool | None = None
    login_field: bool = False
    page_error: str = ""
    screenshot_png: str = field(default="", repr=False)
    timings: Timings | None = None
    certificate_expires_at: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    retry_after: float | None = None
    lasting: bool = False

    @property
    def is_success(self) -> bool:
        """Whether its status is 2xx, even if the rest of it did not come."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_healthz(self) -> bool:
        """Whether `/healthz` was asked, which tells the release."""
        return self.url.endswith("/healthz")

    @property
    def ask_again_at(self) -> datetime | None:
        """When it wants to be asked again, in two minutes at most; None if it did not say."""
        if self.retry_after is None:
            return None
        wait = timedelta(seconds=min(self.retry_after, _LONGEST_WAIT.total_seconds()))
        return self.asked_at + timedelta(milliseconds=self.elapsed_ms) + wait
