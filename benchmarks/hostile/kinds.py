"""Every hostile, sleeping and broken kind of deployment, and what has to come of each.

What misbehaves from its first request on, the wake-up, is met again as one that wakes up well and
misbehaves then.
"""

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import trustme

from benchmarks.hostile import behaviors as b
from grader.model import State
from tests.grader.probes import raw

Certificate = Callable[[trustme.CA], trustme.LeafCert]

_BOMB = raw.reply(gzip.compress(bytes(20_000_000)), "Content-Encoding: gzip")
_LARGE_PAGE = raw.reply(b.PAGE.ljust(5_000_000), b.HTML)
_PAST = datetime(2020, 1, 1, tzinfo=UTC)
_HERE = "127.0.0.1"
_LOGIN = "/cdn-cgi/access/login"  # where Cloudflare leads those whom it does not let in


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of deployment, and what has to come of it.

    Attributes:
        points: of 100.
        tries: the most requests that one query may lead to: redirects, retries, polls.
        certificate: makes its certificate, from the authority that the grader trusts; it speaks
            plain http without.
        url: what is handed in; empty for its own URL.
        handed_in: how its own URL is written there, "{}" or with something around it.
    """

    name: str
    state: State
    points: float
    behavior: b.Behavior = b.as_it_should
    tries: int = 1
    certificate: Certificate | None = None
    url: str = ""
    handed_in: str = "{}"


NORMAL = Kind("normal", State.GRADED, 100)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What some kinds depend on.

    Attributes:
        timeout: seconds that the grader gives a question.
        wake_timeout: seconds that it gives the wake-up.
        forbidden: where no redirect may lead.
        another: the URL of another student.
        nobody: a URL where nobody listens.
        resolver: whether this machine can tell that a name does not exist.
    """

    timeout: float
    wake_timeout: float
    forbidden: Sequence[str]
    another: str
    nobody: str
    resolver: bool


def hostile_kinds(around: Surroundings) -> list[Kind]:
    """All kinds but the normal one."""
    return [
        *_without_an_answer(around),
        *_too_much(),
        *_led_elsewhere(around),
        *_secured(),
        *_turned_away(around),
        *_late(around),
        *_odd_answers(),
    ]


def _from_the_start_and_later(name: str, behavior: b.Behavior, state: State) -> Iterator[Kind]:
    yield Kind(name, state, 0, behavior)
    yield Kind(f"{name}, once awake", State.GRADED, 0, b.once_awake(behavior))


def _without_an_answer(around: Surroundings) -> Iterator[Kind]:
    for name, behavior in (
        ("hangs", b.instead(raw.hang)),
        ("drips headers", b.instead(raw.drip_headers)),
        ("drips a body", b.instead(raw.drip_body)),
        ("garbage instead of HTTP", b.always(raw.GARBAGE, close=True)),
        ("resets the connection", b.instead(raw.reset)),
        ("half a reply", b.always(raw.HALF_A_REPLY, close=True)),
        ("200 headers of 8 KB", b.always(raw.LARGE_HEADERS)),
    ):
        yield from _from_the_start_and_later(name, behavior, State.UNREACHABLE)
    hang = b.instead(raw.hang)
    yield Kind("hangs after three answers", State.GRADED, 20, b.first(3, b.as_it_should, hang))
    yield Kind("hangs every other time", State.GRADED, 90, b.once_awake(b.every_other(hang)))
    yield Kind("closed port", State.UNREACHABLE, 0, url=around.nobody)
    # A resolver that is down is the grader's fault, not the student's.
    unknown = State.UNREACHABLE if around.resolver else State.NOT_GRADED
    yield Kind("name that does not exist", unknown, 0, url="http://no-such-name.invalid")


def _too_much() -> Iterator[Kind]:
    page = b.where(lambda target: target == "/", b.always(_LARGE_PAGE))
    yield Kind("never ends", State.GRADED, 0, b.instead(raw.endless))
    yield Kind("gzip bomb", State.GRADED, 0, b.always(_BOMB))
    yield Kind("page of 5 MB", State.GRADED, 90, page)


def _led_elsewhere(around: Surroundings) -> Iterator[Kind]:
    endless = b.redirect([f"/{number}" for number in range(99)])
    yield Kind("redirects for ever", State.GRADED, 0, endless, tries=4)
    for name, targets in (
        ("redirects into private networks", around.forbidden),
        ("redirects to another student", [around.another]),
    ):
        for words, behavior in (
            (name, b.redirect(targets)),
            (f"{name}, once awake", b.once_awake(b.redirect(targets))),
        ):
            yield Kind(words, State.REFUSED, 0, behavior)
    for name, url in (
        ("link to a file", "file:///etc/passwd"),
        ("link that is a script", "javascript:alert(1)"),
    ):
        yield Kind(name, State.INVALID, 0, url=url)


def _secured() -> Iterator[Kind]:
    def expired(authority: trustme.CA) -> trustme.LeafCert:
        end = _PAST + timedelta(days=90)
        return authority.issue_cert(_HERE, not_before=_PAST, not_after=end)

    def self_made(_: trustme.CA) -> trustme.LeafCert:
        return trustme.CA().issue_cert(_HERE)

    def of_another_name(authority: trustme.CA) -> trustme.LeafCert:
        return authority.issue_cert("other.example.org")

    def in_order(authority: trustme.CA) -> trustme.LeafCert:
        return authority.issue_cert(_HERE)

    bad = State.UNREACHABLE
    yield Kind("certificate expired", bad, 0, certificate=expired)
    yield Kind("certificate of nobody known", bad, 0, certificate=self_made)
    yield Kind("certificate for another name", bad, 0, certificate=of_another_name)
    yield Kind("certificate in order", State.GRADED, 100, certificate=in_order)


def _turned_away(around: Surroundings) -> Iterator[Kind]:
    graded = State.GRADED
    limited = "429 Too Many Requests"
    yield Kind("401", graded, 0, b.status("401 Unauthorized"))
    yield Kind("403", graded, 0, b.status("403 Forbidden"))
    to_login = b.where(lambda target: target != _LOGIN, b.redirect([_LOGIN]))
    yield Kind("login page", graded, 0, to_login, tries=2)
    in_a_second = b.status(limited, "Retry-After: 1")
    passing = b.once_awake(b.first(1, in_a_second, b.as_it_should))
    later = b.status(limited, f"Retry-After: {round(2 * around.timeout)}")
    yield Kind("429, once, for a second", graded, 100, passing, tries=2)
    yield Kind("429, always for a second", graded, 0, in_a_second, tries=2)
    yield Kind("429, for longer than a question", graded, 0, later)
    yield Kind("503 for ever", graded, 0, b.status("503 Service Unavailable"))


def _late(around: Surroundings) -> Iterator[Kind]:
    nap = around.wake_timeout / 5
    hang = b.once_awake(b.instead(raw.hang))
    yield Kind("503 while waking up", State.GRADED, 100, b.asleep(nap, b.as_it_should), tries=2)
    yield Kind("wakes up late, then hangs", State.GRADED, 0, b.asleep(nap, hang), tries=2)
    yield Kind("slow, but in time", State.GRADED, 100, b.late(around.timeout / 3))
    yield Kind("closes idle connections", State.GRADED, 100, b.closing, tries=2)


def _odd_answers() -> Iterator[Kind]:
    nothing = b.always(raw.reply(b""))
    yield Kind("replies that attack", State.GRADED, 30, b.attacking)
    yield Kind("an echo", State.GRADED, 30, b.echoing)
    yield Kind("UTF-16", State.GRADED, 100, b.in_utf16)
    yield Kind("nothing in any reply", State.GRADED, 20, nothing)
