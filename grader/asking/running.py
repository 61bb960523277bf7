"""Asking one deployment, for whoever is synchronous: a command, or a worker of a cluster."""

from collections.abc import Iterator

from grader.asking.grading import grade_job, grade_twice, last_of
from grader.asking.loops import Scope
from grader.model import Event, Job, Limits, ProbeKind, Reply, Scorecard, Submission
from grader.probes import Deployment


def run(job: Job) -> Scorecard:
    """Grade `job` to the end of its pass. Many threads may call this at once: they share a loop."""
    with Scope() as scope:
        return scope.result(grade_job(job))


def run_twice(job: Job) -> Scorecard:
    """Grade `job`, with its second pass if it needs one."""
    with Scope() as scope:
        return scope.result(last_of(grade_twice(job)))


def events(job: Job) -> Iterator[Event]:
    """What grading `job` tells, its second pass included."""
    with Scope() as scope:
        yield from scope.iterate(grade_twice(job))


def reply_to(query: str, probe: ProbeKind, submission: Submission, limits: Limits) -> Reply:
    """What a deployment replies to one query."""

    async def asked() -> Reply:
        async with Deployment(submission, limits) as deployment:
            return await deployment.ask(probe, query)

    with Scope() as scope:
        return scope.result(asked())
