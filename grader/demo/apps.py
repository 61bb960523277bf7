"""The kinds of app that the sample class has."""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from grader.model import FactKey, IdKey, Key, NumberKey
from webapp.app import create_app
from webapp.release import Release

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The answer to a question, from its key and the seconds that it may take.
_Answering: TypeAlias = Callable[[Key | None, float], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of app: the starter if `answer` is None. The first request wakes it if `is_asleep`."""

    words: str
    answer: _Answering | None
    is_up: bool = True
    is_asleep: bool = False

    def app(self, keys: Mapping[str, Key], timeout: float) -> "WSGIApplication":
        """The app of a student with these keys by query; a question may take `timeout` seconds."""
        answer = self.answer
        if answer is None:
            return create_app()
        # A student who has changed the starter has a commit of their own.
        commit = hashlib.sha256(repr(keys).encode()).hexdigest()[:40]
        settings = {
            "PROCESS": lambda query: answer(keys.get(query), timeout),
            "RELEASE": Release(commit),
        }
        return _asleep(create_app(settings)) if self.is_asleep else create_app(settings)


def _bare(key: Key | None, _timeout: float) -> str:
    match key:
        case None:
            return ""
        case FactKey():
            return key.any_of[0]
        case _:
            return str(key)


def _in_sentences(key: Key | None, timeout: float) -> str:
    match key:
        case NumberKey():
            return f"The answer is {key}."
        case IdKey():
            return f"My Andrew ID is {key}."
        case FactKey():
            return f"I believe that the word is {key.any_of[0]}."
        case _:
            return _bare(key, timeout)


def _wrong_id(key: Key | None, timeout: float) -> str:
    return "YOUR ANDREW ID SHOULD BE HERE" if isinstance(key, IdKey) else _bare(key, timeout)


def _slow(key: Key | None, timeout: float) -> str:
    if isinstance(key, IdKey):
        time.sleep(timeout + 3)  # too late even if a busy machine notices it late
    return _bare(key, timeout)


def _erroring(key: Key | None, timeout: float) -> str:
    if isinstance(key, IdKey):
        raise ValueError("this app has a bug")
    return _bare(key, timeout)


def _asleep(app: "WSGIApplication") -> "WSGIApplication":
    """The same app at a host that answers 503 for a while after the first request."""
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


KINDS = (
    Kind("finished", _bare),
    Kind("answers in sentences", _in_sentences),
    Kind("the starter as it is", None),
    Kind("wrong id", _wrong_id),
    Kind("slow", _slow),
    Kind("raises an error", _erroring),
    Kind("asleep at first", _bare, is_asleep=True),
    Kind("down", None, is_up=False),
)
