"""One deployment: checked as its student, asked one query, or asked again on appeal."""

import secrets
from collections.abc import Iterator
from dataclasses import replace

from grader.asking.running import events, reply_to, run_twice
from grader.model import (
    Battery,
    ConsistencyKey,
    Event,
    Job,
    Limits,
    ProbeKind,
    ReleaseKey,
    Reply,
    RunInfo,
    Scorecard,
    Submission,
    asks_in_browser,
)
from grader.outcomes import Outcome
from grader.probes.browser import require_browser

_CONNECTIONS = 8


def drawn(seed: int | None) -> int:
    """The seed, or a new one if it is None, so that nobody can look up the keys before."""
    return secrets.randbelow(2**31) if seed is None else seed


def job_of(
    submission: Submission,
    battery: Battery,
    seed: int | None,
    limits: Limits,
    connections: int | None = None,
) -> Job:
    """The job that checks one deployment.

    If `connections` (how many fresh ones are compared) is None, it is 8 if a commit is expected.

    Raises:
        InputError: if it is asked in a browser, and this machine has none that starts.
    """
    if connections is None:
        connections = _CONNECTIONS if submission.expect_commit else 0
    if asks_in_browser(battery, limits.probes):
        require_browser()
    return Job(submission, battery, drawn(seed), replace(limits, connections=connections))


def check(job: Job) -> Iterator[Event]:
    """Check a deployment; ColumnError if the battery needs a column that its submission lacks."""
    return events(job)


def run_of(job: Job, scorecard: Scorecard) -> RunInfo:
    """A run of this submission alone, for formats that print a run."""
    return RunInfo(job.battery, job.seed, scorecard.started_at, probes=job.limits.probes)


def ask(submission: Submission, kind: ProbeKind, query: str, limits: Limits) -> Reply:
    """Ask one query; for the errors see `job_of`."""
    if kind is ProbeKind.BROWSER:
        require_browser()
    return reply_to(query, kind, submission, limits)


def ask_again(job: Job) -> Scorecard:
    """Ask the questions of `job` once more, in two passes; for the errors see `job_of`."""
    if any(question.probe is ProbeKind.BROWSER for question in job.questions):
        require_browser()
    return run_twice(job)


def doubt_of(scorecard: Scorecard) -> str:
    """Why perhaps not all servers run the expected commit; empty if there is no sign of that.

    A deployment that names no commit is not doubted.
    """
    expect_commit = scorecard.submission.expect_commit
    for verdict in scorecard.verdicts if expect_commit else ():
        if not isinstance(verdict.question.key, ReleaseKey | ConsistencyKey):
            continue
        if verdict.outcome is Outcome.WRONG:
            return f"{expect_commit} is not what answers everywhere."
        if verdict.outcome not in (Outcome.RIGHT, Outcome.EMPTY, Outcome.CLIENT_ERROR):
            return f"nobody can tell whether {expect_commit} answers: {verdict.judgement.reason}."
    return ""
