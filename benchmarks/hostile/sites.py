"""The class: every hostile kind some times among normal ones, all served on loopback."""

import random
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import trustme

from benchmarks.hostile.behaviors import Site
from benchmarks.hostile.kinds import NORMAL, Kind, Surroundings, hostile_kinds
from grader.model import State
from tests.grader.probes.raw import RawServer, hang, raw_server

_HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Student:
    """One student, and what was handed in.

    Attributes:
        site: what answers there; it is never asked where another URL was handed in.
    """

    andrew_id: str
    kind: Kind
    url: str
    site: Site


@dataclass(frozen=True, slots=True)
class Class:
    """Everybody who is graded.

    Attributes:
        students: handed in what may be asked on this machine.
        private: handed in private addresses, which nobody allowed.
        canary: a server to which nobody may ever connect.
    """

    students: list[Student]
    private: list[Student]
    canary: RawServer


@contextmanager
def hostile_class(
    count: int, timeout: float, wake_timeout: float, authority: trustme.CA
) -> Iterator[Class]:
    """Serve a class of `count` deployments, at most half of them hostile, while this lasts.

    Args:
        count: how many; every hostile kind is among them at least once all the same.
        timeout: seconds that the grader gives a question.
        wake_timeout: seconds that it gives the wake-up.
        authority: whose certificates the grader trusts.
    """
    with ExitStack() as servers:
        canary = servers.enter_context(raw_server(hang))
        closed = servers.enter_context(socket.socket())
        closed.bind((_HERE, 0))
        victim = deployed("victim", NORMAL, authority, servers)
        private = _private_urls(canary.port)
        surroundings = Surroundings(
            timeout=timeout,
            wake_timeout=wake_timeout,
            forbidden=private,
            another=victim.url,
            nobody=f"http://{_HERE}:{closed.getsockname()[1]}",
            resolver=_resolver_works(),
        )
        hostile = hostile_kinds(surroundings)
        kinds = hostile * max(1, count // (2 * len(hostile)))
        kinds += [NORMAL] * (count - len(kinds) - len(private) - 1)
        random.Random(0).shuffle(kinds)
        students = [
            deployed(f"student{number}", kind, authority, servers)
            for number, kind in enumerate(kinds)
        ]
        forbidden = [
            deployed(f"private{number}", Kind("private address", State.REFUSED, 0, url=url),
                      authority, servers)
            for number, url in enumerate(private)
        ]  # fmt: skip
        yield Class([victim, *students], forbidden, canary)


def deployed(andrew_id: str, kind: Kind, authority: trustme.CA, servers: ExitStack) -> Student:
    """A student whose deployment is served until `servers` is closed."""
    site = Site(kind.behavior, andrew_id)
    if kind.url:
        return Student(andrew_id, kind, kind.url, site)
    tls = None
    if kind.certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        kind.certificate(authority).configure_cert(tls)
    server = servers.enter_context(raw_server(site.handle, tls))
    return Student(andrew_id, kind, kind.handed_in.format(server.url), site)


def _private_urls(port: int) -> list[str]:
    """Addresses that nobody allowed; where `port` stands, somebody listens."""
    return [
        *(f"http://{host}:{port}" for host in (_HERE, "localhost", "[::1]", "[::ffff:7f00:1]")),
        "http://10.0.0.1",
        "http://192.168.0.1",
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00::1]",
    ]


def _resolver_works() -> bool:
    """Whether this machine is told that a name does not exist, and not just nothing."""
    try:
        socket.getaddrinfo("no-such-name.invalid", 80)
    except socket.gaierror as error:
        return error.errno == socket.EAI_NONAME
    return False
