"""Grades a class: many jobs run at once, and each result is committed."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.asking.ask import crash
from grader.asking.classes import Ended, Graders, graded
from grader.asking.politeness import Polite
from grader.jobs import Result, Run
from grader.model import Job, Judgement, Limits, Scorecard, State, Verdict
from grader.outcomes import Cause
from grader.questions import draw

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Graded:
    """The scorecard of a submission after a pass; if not `final`, a second pass asks once more."""

    scorecard: Scorecard
    final: bool


def grade_class(run: Run, graders: Graders, limits: Limits, per_site: int = 1) -> Iterator[Graded]:
    """Grade what is not graded yet in `run`, in two passes, and commit each scorecard.

    Only this iterator uses the store. If the caller stops early, the caller also ends the jobs in
    `graders`, and the next call grades the rest. At one site, `per_site` jobs run at once; each
    asks one query at a time.

    Raises:
        BrokenExecutor: if the graders gave up their jobs.
    """
    said: set[str] = set()
    for jobs in (run.first_pass, run.second_pass):
        for together in graded(Polite(jobs(limits), per_site), graders):
            results = [_written(ended) for ended in together]
            run.commit(results)
            for each in results:
                _log_crashes(each.scorecard, said)
                yield Graded(each.scorecard, each.final)


def _written(ended: Ended) -> Result:
    """The result of a job; one that crashed, or cannot be written down, is not graded."""
    job, result = ended.job, ended.result
    if isinstance(result, Scorecard):
        try:
            return Result.of(job, result)
        except ValueError as error:
            result = error
    return Result.of(job, _failed(job, result), crashed=True)


def _failed(job: Job, error: Exception) -> Scorecard:
    _log.debug("grading %s failed", job.submission.andrew_id, exc_info=error)
    now, judgement = datetime.now(UTC), crash(error)
    verdicts, reason = _unchecked(job, judgement), judgement.reason
    state, cause = State.NOT_GRADED, judgement.cause
    return Scorecard(job.submission, state, verdicts, now, now, reason, cause=cause)


def _unchecked(job: Job, judgement: Judgement) -> tuple[Verdict, ...]:
    """The verdicts of the job's first pass; if there are none, its questions as not checked."""
    if job.previous is not None and job.previous.verdicts:
        return job.previous.verdicts
    try:
        limits = job.limits
        questions = draw(job.battery, job.submission, job.seed, limits.probes, limits.connections)
    except Exception:  # perhaps the same error that made the job crash
        return ()
    return tuple(Verdict(question, judgement) for question in questions)


def _log_crashes(scorecard: Scorecard, said: set[str]) -> None:
    """Log each crash of the grader in one line, unless its reason is in `said` already."""
    judgements = ((each.judgement.cause, each.judgement.reason) for each in scorecard.verdicts)
    for cause, reason in ((scorecard.cause, scorecard.reason), *judgements):
        if cause is Cause.CRASH and reason not in said:
            said.add(reason)
            student = scorecard.submission.andrew_id
            _log.error("%s, first for %s; said once. It costs nobody a point.", reason, student)
