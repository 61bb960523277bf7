"""The rule on the release: one commit and one answer on fresh connections. Pure.

A balancer that chooses at random sends each fresh connection to one of its servers. If one server
of eight is stale, 52 connections all miss it with (7/8)^52, once in a thousand times.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.delivery.gate.values import Decision, Finding, Rule
from grader.judging import read_release
from grader.judging.failures import judge_failure
from grader.model import Reply
from grader.outcomes import Outcome
from grader.text.cutting import quoted, some_of
from grader.text.replies import normalize

CONNECTIONS = 52
"""How many fresh connections are compared."""

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Met:
    """What fresh connections met.

    Attributes:
        commits: how often `/healthz` told each commit; "" if it told none.
        answers: how often each answer came, in the form in which answers are compared.
        failed: how many connections brought nothing that can be compared.
    """

    commits: Counter[str]
    answers: Counter[str]
    failed: int = 0

    @property
    def is_mixed(self) -> bool:
        """Whether different servers answered."""
        return len(self.commits) > 1 or len(self.answers) > 1

    @property
    def is_mute(self) -> bool:
        """Whether `/healthz` failed each time."""
        return not self.commits

    @property
    def compared(self) -> int:
        """How many connections can be compared."""
        answers = self.answers.total()
        return answers if self.is_mute else min(answers, self.commits.total())


def met(replies: Iterable[Reply]) -> Met:
    """Count what fresh connections met, whose replies are those of `/healthz` and of the API."""
    commits: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    failed = 0
    for reply in replies:
        if is_lost(reply):
            failed += 1
        elif reply.is_healthz:
            release = read_release(reply)
            commits[(release.commit if release else None) or ""] += 1
        else:
            failure = judge_failure(reply)
            answers[f"status {reply.status}" if failure else normalize(reply.text)] += 1
    return Met(commits, answers, failed)


def is_lost(reply: Reply) -> bool:
    """Whether nothing came that can be compared. A 4xx may be an old server's, and is compared."""
    failure = judge_failure(reply)
    return failure is not None and failure.outcome is not Outcome.CLIENT_ERROR


def release(candidate: Met, baseline: Met | None, expected: str) -> Finding:
    """One commit, the `expected` one if it is given, and one answer.

    `baseline` is what fresh connections to that met, if it was asked: if its answers or servers
    differ, too, that is none of the candidate's faults.
    """
    numbers = {
        "connections": candidate.compared, "commits": len(candidate.commits),
        "answers": len(candidate.answers), "failed": candidate.failed,
    }  # fmt: skip
    decision, words = _decided(candidate, baseline, expected)
    return Finding(Rule.RELEASE, decision, words, numbers)


def _decided(candidate: Met, baseline: Met | None, expected: str) -> tuple[Decision, str]:
    count = candidate.compared
    others = {each: times for each, times in candidate.commits.items() if not _is(each, expected)}
    if others and any(others):
        told = ", ".join(f"{_name(each)} ({times})" for each, times in others.items())
        words = f"on {count} fresh connections answered {told}, and not {expected[:_SHOWN]} alone"
        return Decision.REJECT, words
    if len(candidate.commits) > 1 and (baseline is None or len(baseline.commits) < 2):
        words = f"{count} fresh connections met different releases: {_counted(candidate.commits)}"
        return Decision.REJECT, words
    if len(candidate.answers) > 1 and (baseline is None or len(baseline.answers) < 2):
        told = some_of([f"{quoted(each)} ({n})" for each, n in candidate.answers.most_common()], 4)
        return Decision.REJECT, f"{count} fresh connections met different answers: {told}"
    if candidate.compared < CONNECTIONS:
        words = f"only {candidate.compared} of {CONNECTIONS} fresh connections could be compared"
        return Decision.HOLD, words
    if expected and not any(candidate.commits):
        words = f"/healthz tells no commit, so nobody knows whether {expected[:_SHOWN]} answers"
        return Decision.HOLD, words
    met_all = f"{count} fresh connections met one answer"
    if candidate.is_mixed:
        return Decision.PROMOTE, f"{count} fresh connections differ on both sides alike"
    if not any(candidate.commits):
        return Decision.PROMOTE, met_all
    return Decision.PROMOTE, f"{met_all} and one release, {_counted(candidate.commits)}"


def remarks(candidate: Met, *, told_by_baseline: bool) -> Iterator[str]:
    """What does not decide, and should be known of the release."""
    if candidate.is_mixed:
        yield "Servers or answers differ from connection to connection, on both sides alike."
    if any(candidate.commits):
        return
    if told_by_baseline:
        yield "The baseline tells its release at /healthz, and the candidate does not."
    else:
        yield (
            "Neither side tells its release at /healthz: whether all servers run the same code is "
            "known by one question's answer alone."
        )


def _is(commit: str, expected: str) -> bool:
    """Whether they are the same; either may be abbreviated, and any is if none is expected."""
    if not expected:
        return True
    return bool(commit) and (commit.startswith(expected) or expected.startswith(commit))


def _name(commit: str) -> str:
    return f"commit {commit[:_SHOWN]}" if commit else "no commit"


def _counted(commits: Counter[str]) -> str:
    return some_of([f"{_name(each)} ({times})" for each, times in commits.most_common()], 4)
