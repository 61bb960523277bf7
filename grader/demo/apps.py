"""The kinds of app that the sample class has."""

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from grader.model import FactKey, IdKey, Key, NumberKey
from webapp.app import create_app
from webapp.release import Release

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sample app: what it is like, and how it is made.

    Attributes:
        serve: gives the WSGI app of one student from the answers that would be right (by query)
            and the seconds that a question may take; None for an app that is down.
    """

    words: str
    serve: "Callable[[dict[str, Key], float], WSGIApplication] | None"


def _starter(_answers: dict[str, Key], _timeout: float) -> "WSGIApplication":
    return create_app()


def _answering(answers: dict[str, Key], process: Callable[[str], str]) -> "WSGIApplication":
    # A student who has changed the starter has a commit of their own.
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
