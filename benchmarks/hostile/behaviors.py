"""What makes up the ways in which deployed apps misbehave.

Underneath each is the web app that answers everything right; a behavior says what a request meets
instead.
"""

import itertools
import json
import socket
import time
from collections.abc import Callable, Sequence

from tests.grader.apps import right_answers
from tests.grader.formats.classes import ATTACKS
from tests.grader.probes.raw import Handler, read_request, reply
from webapp.app import create_app

App = Callable[[str], bytes]
"""From the target of a request to the bytes of its reply."""
Act = Callable[[socket.socket, str], None]
"""What is done about a request, given its connection and its target."""
Behavior = Callable[[App], Act]
"""A new deployment that behaves so, with the right app underneath."""

_WAKE_UP = "/healthz"
PAGE = b"<!doctype html><form><input name=q></form>"
HTML = "Content-Type: text/html"
TEXT = "Content-Type: text/plain; charset=utf-8"


class Site:
    """One deployed app: hands each request to what `behavior` makes of it, and counts them."""

    def __init__(self, behavior: Behavior, andrew_id: str) -> None:
        self.heard = 0
        self._act = behavior(finished(andrew_id))

    def handle(self, connection: socket.socket) -> None:
        while head := read_request(connection):
            self.heard += 1  # one request at a time is in flight
            self._act(connection, head.split(b" ")[1].decode())


def finished(andrew_id: str) -> App:
    """The web app of a student who has done everything."""
    answers = right_answers(andrew_id)
    return web_app(lambda query: answers.get(query, ""))


def web_app(process: Callable[[str], str]) -> App:
    app = create_app({"PROCESS": process})

    def answer(target: str) -> bytes:
        got = app.test_client().get(target)
        headers = [f"{name}: {value}" for name, value in got.headers if name != "Content-Length"]
        return reply(got.data, *headers, status=got.status)

    return answer


def as_it_should(app: App) -> Act:
    return lambda connection, target: connection.sendall(app(target))


def instead(handler: Handler) -> Behavior:
    return lambda _app: lambda connection, _target: handler(connection)


def always(answer: bytes, *, close: bool = False) -> Behavior:
    def send(connection: socket.socket) -> None:
        connection.sendall(answer)
        if close:
            connection.close()

    return instead(send)


def status(line: str, *headers: str) -> Behavior:
    return always(reply(b"", *headers, status=line))


def where(
    chosen: Callable[[str], bool], behavior: Behavior, elsewhere: Behavior = as_it_should
) -> Behavior:
    """Misbehaves for the targets that are chosen, and for no others."""

    def made(app: App) -> Act:
        well, badly = elsewhere(app), behavior(app)
        return lambda connection, target: (badly if chosen(target) else well)(connection, target)

    return made


def once_awake(behavior: Behavior) -> Behavior:
    return where(lambda target: target != _WAKE_UP, behavior)


def redirect(targets: Sequence[str]) -> Behavior:
    """Redirects to one target after the other; all deployments that behave so take turns."""
    places = itertools.cycle(targets)

    def send(connection: socket.socket) -> None:
        connection.sendall(reply(b"", f"Location: {next(places)}", status="302 Found"))

    return instead(send)


def first(count: int, before: Behavior, after: Behavior) -> Behavior:
    """Behaves in one way for `count` requests, and then in another."""

    def made(app: App) -> Act:
        acts = itertools.chain(itertools.repeat(before(app), count), itertools.repeat(after(app)))
        return lambda connection, target: next(acts)(connection, target)

    return made


def every_other(behavior: Behavior) -> Behavior:
    def made(app: App) -> Act:
        acts = itertools.cycle([behavior(app), as_it_should(app)])
        return lambda connection, target: next(acts)(connection, target)

    return made


def after(count: int, behavior: Behavior) -> Behavior:
    return first(count, as_it_should, behavior)


def until(seconds: float, before: Behavior, then: Behavior = as_it_should) -> Behavior:
    """Behaves in one way for some seconds after its first request, and then in another."""

    def made(app: App) -> Act:
        asleep, awake = before(app), then(app)
        since: list[float] = []

        def act(connection: socket.socket, target: str) -> None:
            since.append(time.monotonic())
            (asleep if since[-1] - since[0] < seconds else awake)(connection, target)

        return act

    return made


def asleep(seconds: float, then: Behavior) -> Behavior:
    """Answers 503 for some seconds after its first request."""
    return until(seconds, always(reply(b"Waking up", status="503 Service Unavailable")), then)


def encoded(name: str, pack: Callable[[bytes], bytes]) -> Behavior:
    """Packs the bodies, and calls that `name`."""

    def made(app: App) -> Act:
        def act(connection: socket.socket, target: str) -> None:
            head, _, body = app(target).partition(b"\r\n\r\n")
            kind = next(line for line in head.decode().splitlines() if line.startswith("Content-T"))
            connection.sendall(reply(pack(body), kind, f"Content-Encoding: {name}"))

        return act

    return made


def late(seconds: float) -> Behavior:
    def made(app: App) -> Act:
        def act(connection: socket.socket, target: str) -> None:
            time.sleep(seconds)
            connection.sendall(app(target))

        return act

    return made


def closing(app: App) -> Act:
    """Answers, and closes the connection without having said so."""

    def act(connection: socket.socket, target: str) -> None:
        connection.sendall(app(target))
        connection.close()

    return act


def echoing(_app: App) -> Act:
    return as_it_should(web_app(lambda query: query))


def in_utf16(app: App) -> Act:
    def act(connection: socket.socket, target: str) -> None:
        body = app(target).partition(b"\r\n\r\n")[2].decode()
        form = "plain" if target.startswith("/api") else "html"
        sent = f"Content-Type: text/{form}; charset=UTF-16"
        connection.sendall(reply(body.encode("utf-16"), sent))

    return act


def attacking(_app: App) -> Act:
    """Everything that it says of itself attacks whoever reads it."""
    attacks = itertools.cycle(ATTACKS)

    def act(connection: socket.socket, target: str) -> None:
        text = next(attacks)
        if target == _WAKE_UP:
            release = dict.fromkeys(("commit", "platform", "environment", "region"), text)
            answer = reply(json.dumps({"release": release}).encode(), TEXT)
        elif target.startswith("/api"):
            answer = reply(text.encode(errors="replace"), TEXT)
        else:
            answer = reply(PAGE + text.encode(errors="replace"), HTML)
        connection.sendall(answer)

    return act
