"""The rule on the release: one commit and one answer on fresh connections. Pure.

A balancer that chooses at random sends each fresh connection to one of its servers. If one server
of eight is stale, 52 connections all miss it with (7/8)^52, once in a thousand times.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from grader.delivery.gate.values import Decision, Finding, Rule
from grader.formats import words as words_of
from grader.judging import read_release
from grader.judging.failures import judge_failure
from grader.model import Reply
from grader.outcomes import Outcome
from grader.text.commits import is_same_commit
from grader.text.cutting import quoted, some_of
from grader.text.replies import normalize

CONNECTIONS = 52
"""How many fresh connections are compared."""

# What pairs leave of the time for the connections after them, beside what those before them took.
_SPARE = 1.25
_MOST_KEPT = 1 / 3
_SHOWN = 12
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Met:
    """What fresh connections met.

    Attributes:
        counts: how often each commit was told ("" for none), or how often each answer came, in the
            form in which answers are compared.
        lost: how many connections brought nothing that can be compared.
        cut_off: whether the time was over before all of them were opened.
    """

    counts: Counter[str]
    lost: int = 0
    cut_off: bool = False

    @property
    def is_mixed(self) -> bool:
        """Whether different servers answered."""
        return len(self.counts) > 1

    @property
    def tells(self) -> bool:
        """Whether any commit was told."""
        return any(self.counts)


def seconds_kept(seconds: float, per_second: float, took: float) -> float:
    """How many of all `seconds` pairs leave to the connections after them: a third at most.

    `took` is how many those before the pairs took: a slow app takes longer than the rate allows.
    """
    return min(_SPARE * max(CONNECTIONS / per_second, took), _MOST_KEPT * seconds)


def met_commits(replies: Iterable[Reply], *, cut_off: bool = False) -> Met:
    """Count the commits that `/healthz` told."""
    return _met(replies, _commit, cut_off=cut_off)


def met_answers(replies: Iterable[Reply], *, cut_off: bool = False) -> Met:
    """Count the answers to one query."""
    return _met(replies, _answer, cut_off=cut_off)


def is_lost(reply: Reply) -> bool:
    """Whether nothing came that can be compared. A 4xx may be an old server's, and is compared."""
    failure = judge_failure(reply)
    return failure is not None and failure.outcome is not Outcome.CLIENT_ERROR


def one_commit(candidate: Met, baseline: Met | None, expected: str) -> Finding:
    """Whether all connections were told one commit, the `expected` one if it is given.

    `baseline` is what it was told itself, if that was asked: if its servers differ as well, that is
    none of the candidate's faults. If they could not be compared, nobody knows.
    """
    decision, words = _commits_decided(candidate, baseline, expected)
    return _finding(decision, words, candidate, "commits")


def one_answer(candidate: Met, baseline: Met | None) -> Finding:
    """Whether one answer came on all connections; for `baseline` see `one_commit`."""
    count, words = candidate.counts.total(), ""
    if candidate.is_mixed:
        answers = [f"{quoted(each)} ({n})" for each, n in candidate.counts.most_common()]
        words = f"{count} fresh connections met different answers: {some_of(answers, _NAMED)}"
        decision, beside = _mixed_beside(baseline)
        words += beside
        if decision is not Decision.PROMOTE:
            return _finding(decision, words, candidate, "answers")
    if count < CONNECTIONS:
        return _finding(Decision.HOLD, _too_few(candidate), candidate, "answers")
    words = words or f"{count} fresh connections met one answer"
    return _finding(Decision.PROMOTE, words, candidate, "answers")


def remarks(candidate: Met, baseline: str, *, expected: str = "") -> Iterator[str]:
    """What does not decide, and should be known of the release.

    `baseline` is the commit that the baseline tells; empty if it tells none.
    """
    if candidate.tells:
        is_one = baseline and all(
            each and is_same_commit(each, baseline) for each in candidate.counts
        )
        if is_one and not expected:
            yield words_of.one_commit(baseline)
    elif baseline:
        yield "The baseline tells its release at /healthz, and the candidate does not."
    else:
        yield (
            "Neither side tells its release at /healthz: whether all servers run the same code is "
            "known by one question's answer alone."
        )


def _commits_decided(candidate: Met, baseline: Met | None, expected: str) -> tuple[Decision, str]:
    count = candidate.counts.total()
    others = Counter(
        {
            each: n
            for each, n in candidate.counts.items()
            if each and not is_same_commit(each, expected)
        }
    )
    if others:
        named = _named(others, counted=candidate.is_mixed)
        words = f"{count} fresh connections met {named}, not {expected[:_SHOWN]}"
        return Decision.REJECT, words + " alone" * candidate.is_mixed
    named = _named(candidate.counts, counted=candidate.is_mixed)
    words = f"{count} fresh connections met one release: {named}"
    if candidate.is_mixed:
        words = f"{count} fresh connections met different releases: {named}"
        decision, beside = _mixed_beside(baseline)
        words += beside
        if decision is not Decision.PROMOTE:
            return decision, words
    if candidate.cut_off:
        return Decision.HOLD, _too_few(candidate)
    if expected and not candidate.tells:
        words = f"/healthz tells no commit, so nobody knows whether {expected[:_SHOWN]} answers"
        return Decision.HOLD, words
    if 0 < count < CONNECTIONS:
        return Decision.HOLD, _too_few(candidate)
    return Decision.PROMOTE, words if candidate.tells else "no release is told"


def _mixed_beside(baseline: Met | None) -> tuple[Decision, str]:
    """What it means that the candidate's servers differ, and the words to add on the baseline."""
    if baseline is not None and baseline.is_mixed:
        return Decision.PROMOTE, ", as the baseline's do"
    if baseline is not None and baseline.counts.total() < CONNECTIONS:
        return Decision.HOLD, f"; the baseline could not be compared: {_too_few(baseline)}"
    return Decision.REJECT, ""


def _finding(decision: Decision, words: str, met: Met, what: str) -> Finding:
    numbers = {"connections": met.counts.total(), what: len(met.counts), "lost": met.lost}
    return Finding(Rule.RELEASE, decision, words, numbers)


def _too_few(met: Met) -> str:
    compared = f"{met.counts.total()} of {CONNECTIONS}"
    if met.cut_off:
        words = "the time was over before the connections were compared"
        return f"{words} ({compared}); give more --minutes"
    return f"only {compared} fresh connections could be compared"


def _met(replies: Iterable[Reply], read: Callable[[Reply], str], *, cut_off: bool) -> Met:
    counts: Counter[str] = Counter()
    lost = 0
    for reply in replies:
        if is_lost(reply):
            lost += 1
        else:
            counts[read(reply)] += 1
    return Met(counts, lost, cut_off and counts.total() < CONNECTIONS)


def _commit(reply: Reply) -> str:
    release = read_release(reply)
    return (release.commit if release else None) or ""


def _answer(reply: Reply) -> str:
    return f"status {reply.status}" if judge_failure(reply) else normalize(reply.text)


def _named(commits: Counter[str], *, counted: bool) -> str:
    """The commits, and how often each was met."""
    names = [
        f"{f'commit {each[:_SHOWN]}' if each else 'no commit'}{f' ({times})' * counted}"
        for each, times in commits.most_common()
    ]
    return some_of(names, _NAMED)
