"""A sample class on loopback: every kind of app that a real class hands in, really served."""

import contextlib
import hashlib
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server

from grader.model import Battery, FactKey, IdKey, Key, Note, NoteKind, NumberKey, Submission
from grader.questions import draw
from webapp.app import create_app
from webapp.release import Release

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SAMPLE = Note(
    "This is the sample class of grader demo: its students and their apps are invented.",
    NoteKind.SAMPLE,
)
"""The note on its run, which may be replaced."""

_FIRST_NAMES = (
    "Ada",
    "Ben",
    "Cleo",
    "Dev",
    "Elif",
    "Femi",
    "Gus",
    "Hana",
    "Ivo",
    "June",
    "Kofi",
    "Lena",
)
_LAST_NAMES = (
    "Ash",
    "Birch",
    "Cedar",
    "Elm",
    "Fir",
    "Hazel",
    "Larch",
    "Maple",
    "Oak",
    "Pine",
    "Yew",
)
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sample app: what it is like, and how it is made.

    Attributes:
        serve: gives the WSGI app of one student from the answers that would be right (by query)
            and the seconds that a question may take; None for an app that is down.
    """

    words: str
    serve: "Callable[[dict[str, Key], float], WSGIApplication] | None"


@contextlib.contextmanager
def sample_class(
    battery: Battery, seed: int, students: int, latency: float, timeout: float
) -> Iterator[list[Submission]]:
    """Serve `students` sample apps, each at a port of its own, while the context lasts.

    Args:
        battery: what they will be asked; each app knows its answers from the key drawn for it.
        seed: decides the questions and who has which kind of app.
        students: how many.
        latency: seconds that every reply takes.
        timeout: seconds after which a reply is too slow.
    """
    chosen = random.Random(seed)
    with contextlib.ExitStack() as servers:
        servers.enter_context(_silent_log())
        submissions = []
        for index in range(students):
            name, andrew_id = _person(index)
            kind = KINDS[index % len(KINDS)] if index < len(KINDS) else chosen.choice(_USUAL)
            asked = Submission(andrew_id, url="", name=name, section=kind.words)
            answers = {question.query: question.key for question in draw(battery, asked, seed)}
            if kind.serve is None:
                port = servers.enter_context(_closed_port())
            else:
                app = kind.serve(answers, timeout)
                port = servers.enter_context(_served(_delayed(app, latency)))
            url = f"http://{_LOOPBACK}:{port}"
            submissions.append(
                Submission(andrew_id, url, handed_in=url, name=name, section=kind.words)
            )
        yield submissions


def _person(index: int) -> tuple[str, str]:
    """An invented name, and an id made of it."""
    first = _FIRST_NAMES[index % len(_FIRST_NAMES)]
    last = _LAST_NAMES[index % len(_LAST_NAMES)]
    return f"{first} {last}", f"{first[0]}{last}{index + 1}".lower()


def _starter(_answers: dict[str, Key], _timeout: float) -> "WSGIApplication":
    return create_app()


def _answering(answers: dict[str, Key], process: Callable[[str], str]) -> "WSGIApplication":
    # Whoever has changed the starter runs a commit of their own.
    commit = hashlib.sha256(repr(answers).encode()).hexdigest()[:40]
    return create_app({"PROCESS": process, "RELEASE": asdict(Release(commit))})


def _finished(answers: dict[str, Key], _timeout: float) -> "WSGIApplication":
    return _answering(answers, lambda query: _bare(answers.get(query)))


def _in_sentences(answers: dict[str, Key], _timeout: float) -> "WSGIApplication":
    def process(query: str) -> str:
        match answers.get(query):
            case NumberKey() as key:
                return f"The answer is {key}."
            case IdKey() as key:
                return f"My Andrew ID is {key}."
            case FactKey() as key:
                return f"I believe that the word is {key.any_of[0]}."
            case key:
                return _bare(key)

    return _answering(answers, process)


def _wrong_id(answers: dict[str, Key], _timeout: float) -> "WSGIApplication":
    def process(query: str) -> str:
        key = answers.get(query)
        return "YOUR ANDREW ID SHOULD BE HERE" if isinstance(key, IdKey) else _bare(key)

    return _answering(answers, process)


def _slow(answers: dict[str, Key], timeout: float) -> "WSGIApplication":
    def process(query: str) -> str:
        key = answers.get(query)
        if isinstance(key, IdKey):
            time.sleep(timeout + 3)  # too late even where a busy machine notices late
        return _bare(key)

    return _answering(answers, process)


def _erroring(answers: dict[str, Key], _timeout: float) -> "WSGIApplication":
    def process(query: str) -> str:
        key = answers[query]
        if isinstance(key, IdKey):
            raise ValueError("this app has a bug")
        return _bare(key)

    return _answering(answers, process)


def _asleep(answers: dict[str, Key], timeout: float) -> "WSGIApplication":
    """An app whose host answers 503 for a while after the first request."""
    app = _finished(answers, timeout)
    awake_at: list[float] = []

    def wake(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        now = time.monotonic()
        if not awake_at:
            awake_at.append(now + 1.5)
        if now < awake_at[0]:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"Waking up ..."]
        return app(environ, start_response)

    return wake


def _bare(key: Key | None) -> str:
    match key:
        case None:
            return ""
        case FactKey():
            return key.any_of[0]
        case _:
            return str(key)


KINDS = (
    Kind("finished", _finished),
    Kind("answers in sentences", _in_sentences),
    Kind("the starter as it is", _starter),
    Kind("wrong id", _wrong_id),
    Kind("slow", _slow),
    Kind("raises an error", _erroring),
    Kind("asleep at first", _asleep),
    Kind("down", None),
)
# After one of each kind the class is like a real one: most are done.
_USUAL = (*KINDS[:2], *KINDS[:2], *KINDS[:4])


def _delayed(app: "WSGIApplication", latency: float) -> "WSGIApplication":
    def wait(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        time.sleep(latency)
        return app(environ, start_response)

    return wait


class _SilentHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Keep the demo's own output readable."""


@contextlib.contextmanager
def _silent_log() -> Iterator[None]:
    """Keep apps that fail on purpose from filling the terminal with their tracebacks."""
    logger = create_app().logger  # one for all of them
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = False


@contextlib.contextmanager
def _served(app: "WSGIApplication") -> Iterator[int]:
    server = make_server(_LOOPBACK, 0, app, threaded=True, request_handler=_SilentHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def _closed_port() -> Iterator[int]:
    """A port that refuses connections, kept from being given to anybody else."""
    with socket.socket() as held:
        held.bind((_LOOPBACK, 0))
        yield held.getsockname()[1]
