"""A class's jobs run many at once; what comes of each is committed."""

import logging
import queue
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.asking import OUR_CRASH
from grader.grading import run as grade_job
from grader.jobs import Run
from grader.model import Job, Judgement, Limits, Scorecard, State, Verdict
from grader.outcomes import Cause, Outcome
from grader.politeness import Polite
from grader.probes.deadline import all_stopped
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


def grade_class(
    run: Run,
    executor: Executor,
    limits: Limits,
    workers: Callable[[], int],
    per_site: int = 1,
) -> Generator[Graded]:
    """Grade what `run` still lacks, first pass and second pass, committing each scorecard.

    Only this generator touches the store. When it is closed or interrupted, requests under way
    are ended, and what was not committed is graded by the next call.

    Args:
        run: what is to be graded, and where scorecards are committed.
        executor: runs the jobs, in this process or elsewhere.
        limits: how long and how deployments are asked.
        workers: how many jobs may be under way now; asked whenever one could start.
        per_site: how many jobs may be under way at one site; each asks one query at a time.

    Raises:
        BrokenExecutor: if the executor gave its jobs up.
    """
    pending: set[Future[Scorecard]] = set()
    said: set[str] = set()
    try:
        for jobs in (run.first_pass, run.second_pass):
            polite = Polite(jobs(limits), per_site)
            for graded in _pass(run, executor, polite, workers, pending):
                _log_crashes(graded.scorecard, said)
                yield graded
    finally:
        for future in pending:
            future.cancel()
        with all_stopped():
            for future in pending:
                if not future.cancelled():
                    future.exception()


def _pass(
    run: Run,
    executor: Executor,
    jobs: Polite,
    workers: Callable[[], int],
    pending: set[Future[Scorecard]],
) -> Iterator[Graded]:
    """Keep a bounded window of jobs under way, and commit each as it comes."""
    done: queue.SimpleQueue[Future[Scorecard]] = queue.SimpleQueue()
    under_way: dict[Future[Scorecard], Job] = {}
    while True:
        while len(under_way) < workers() and (job := jobs.start()) is not None:
            future = executor.submit(grade_job, job)
            under_way[future] = job
            pending.add(future)
            future.add_done_callback(done.put)
        waiting = jobs.seconds_until_next()
        if not under_way and waiting is None:
            return
        try:
            # Windows lets nobody interrupt a wait that has no end.
            has_room = len(under_way) < workers()
            future = done.get(timeout=min(1.0, (waiting if has_room else None) or 1.0))
        except queue.Empty:
            continue
        pending.discard(future)
        job = under_way.pop(future)
        jobs.end(job)
        yield _committed(run, job, future)


def _committed(run: Run, job: Job, future: Future[Scorecard]) -> Graded:
    """Commit the job's scorecard; one whose grading crashed is not graded, and never a zero."""
    try:
        scorecard = future.result()
    except BrokenExecutor:
        raise
    except CancelledError:
        raise BrokenExecutor("its jobs were given up") from None
    except Exception as error:
        return _committed_crash(run, job, error)
    try:
        return Graded(scorecard, run.commit(job, scorecard))
    except ValueError as error:  # what cannot be written down concerns its own student alone
        return _committed_crash(run, job, error)


def _committed_crash(run: Run, job: Job, error: Exception) -> Graded:
    failed = _failed(job, error)
    return Graded(failed, run.commit(job, failed, crashed=True))


def _failed(job: Job, error: Exception) -> Scorecard:
    _log.debug("grading %s failed", job.submission.andrew_id, exc_info=error)
    now = datetime.now(UTC)
    return Scorecard(
        submission=job.submission,
        state=State.NOT_GRADED,
        verdicts=_unchecked(job, f"{OUR_CRASH}{type(error).__name__}"),
        started_at=now,
        finished_at=now,
        reason=f"{OUR_CRASH}{type(error).__name__}",
    )


def _unchecked(job: Job, reason: str) -> tuple[Verdict, ...]:
    """What was judged before a job crashed, or else its questions, none of them checked."""
    if job.previous is not None and job.previous.verdicts:
        return job.previous.verdicts
    try:
        limits = job.limits
        questions = draw(job.battery, job.submission, job.seed, limits.probes, limits.connections)
    except Exception:  # perhaps that is what crashed
        return ()
    judgement = Judgement(Outcome.NOT_CHECKED, reason, cause=Cause.CRASH)
    return tuple(Verdict(question, judgement) for question in questions)


def _log_crashes(scorecard: Scorecard, said: set[str]) -> None:
    """Log what crashed in us in one line, unless it was `said` of another student before."""
    judgements = (verdict.judgement.reason for verdict in scorecard.verdicts)
    for reason in (scorecard.reason, *judgements):
        if reason.startswith(OUR_CRASH) and reason not in said:
            said.add(reason)
            student = scorecard.submission.andrew_id
            _log.error("%s, first for %s; said once. It costs nobody a point.", reason, student)
