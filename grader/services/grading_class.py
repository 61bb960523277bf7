"""A class is graded: its jobs run many at once, and each result is committed."""

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
    """One submission went through a pass.

    Attributes:
        final: whether it is done; otherwise a second pass asks some of it once more.
    """

    scorecard: Scorecard
    final: bool


def grade_class(run: Run, graders: Graders, limits: Limits, per_site: int = 1) -> Iterator[Graded]:
    """Grade what `run` still lacks, first pass and second pass, committing each scorecard.

    Only this iterator touches the store. Where it is given up, whoever has `graders` ends what is
    under way; what was not committed is graded by the next call.

    Args:
        run: what is to be graded, and where scorecards are committed.
        graders: who grades the jobs.
        limits: how long and how deployments are asked.
        per_site: how many jobs may be under way at one site; each asks one query at a time.

    Raises:
        BrokenExecutor: if the graders gave their jobs up.
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
    """What came of a job; one that crashed, or cannot be written down, is not graded."""
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
    return Scorecard(
        submission=job.submission,
        state=State.NOT_GRADED,
        verdicts=_unchecked(job, judgement),
        started_at=now,
        finished_at=now,
        reason=judgement.reason,
        cause=judgement.cause,
    )


def _unchecked(job: Job, judgement: Judgement) -> tuple[Verdict, ...]:
    """What was judged before a job crashed, or else its questions, none of them checked."""
    if job.previous is not None and job.previous.verdicts:
        return job.previous.verdicts
    try:
        limits = job.limits
        questions = draw(job.battery, job.submission, job.seed, limits.probes, limits.connections)
    except Exception:  # perhaps that is what crashed
        return ()
    return tuple(Verdict(question, judgement) for question in questions)


def _log_crashes(scorecard: Scorecard, said: set[str]) -> None:
    """Log what crashed in us in one line, unless it was `said` of another student before."""
    judgements = ((each.judgement.cause, each.judgement.reason) for each in scorecard.verdicts)
    for cause, reason in ((scorecard.cause, scorecard.reason), *judgements):
        if cause is Cause.CRASH and reason not in said:
            said.add(reason)
            student = scorecard.submission.andrew_id
            _log.error("%s, first for %s; said once. It costs nobody a point.", reason, student)
