"""Users: a steady flow of questions to production, all the time, and what they get."""

import contextlib
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.delivery.pipeline import local
from grader.delivery.pipeline.record import Second
from grader.judging import judge
from grader.model import Question, Reply
from grader.outcomes import Outcome

# So many users ask, each so often in a second: enough to see an eighth of the traffic.
_USERS = 4
_PER_SECOND = 6.0
# All stories together have a few thousand. A production that keeps running has any number.
_KEPT = 50_000


@dataclass(frozen=True, slots=True)
class _Asked:
    at: float
    answered: bool
    right: bool
    milliseconds: float
    commit: str


class Users:
    """What users asked and got, while they go on."""

    def __init__(self, port: int, questions: Sequence[Question], began: float) -> None:
        self.releases: Mapping[int, str] = {}
        """The commit of each server, by its port."""
        self._port = port
        self._questions = questions
        self._began = began
        self._asked: list[_Asked] = []
        self._stopped = threading.Event()

    def ask_on(self, seed: int) -> None:
        """Be one user, until all are stopped."""
        chosen = random.Random(seed)
        due = time.monotonic() + chosen.random() / _PER_SECOND
        while not self._stopped.wait(max(0.0, due - time.monotonic())):
            # Whoever waited long for a reply does not ask the faster for it.
            due = max(due + 1 / _PER_SECOND, time.monotonic())
            asked = self._ask(chosen.choice(self._questions))
            if len(self._asked) < _KEPT:
                self._asked.append(asked)

    def _ask(self, question: Question) -> _Asked:
        at = time.monotonic() - self._began
        got = local.get(self._port, local.query_path(question.query))
        answered = bool(got.served_by) and got.status is not None
        reply = Reply("", datetime.now(UTC), got.status, got.text, elapsed_ms=got.milliseconds)
        return _Asked(
            at,
            answered,
            right=answered and judge(question, reply).outcome is Outcome.RIGHT,
            milliseconds=got.milliseconds,
            commit=self.releases.get(got.served_by, ""),
        )

    def stop(self) -> None:
        """Stop all users."""
        self._stopped.set()

    def counts(self, since: float) -> tuple[int, int, int]:
        """How many requests were made since then, how many were right, and how many lost."""
        asked = [each for each in list(self._asked) if each.at >= since]
        return len(asked), sum(e.right for e in asked), sum(not e.answered for e in asked)

    def seconds(self) -> Iterator[Second]:
        """What users met, second by second."""
        by_second: dict[int, list[_Asked]] = {}
        for each in list(self._asked):
            by_second.setdefault(int(each.at), []).append(each)
        for at, asked in sorted(by_second.items()):
            took = [each.milliseconds for each in asked if each.answered]
            yield Second(
                at,
                len(asked),
                right=sum(each.right for each in asked),
                lost=sum(not each.answered for each in asked),
                median_ms=statistics.median(took) if took else None,
                releases=Counter(each.commit for each in asked if each.commit),
            )


@contextlib.contextmanager
def users(asking: Users) -> Iterator[None]:
    """Let users ask production while the context lasts."""
    threads = [
        threading.Thread(target=asking.ask_on, args=(seed,), daemon=True) for seed in range(_USERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        asking.stop()
        for thread in threads:
            thread.join()
