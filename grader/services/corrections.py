"""Grades explained and corrected: shown, judged again, appealed, set by hand.

Each function raises StoreError where the folder holds no run, FolderBusyError where somebody else
changes it, UnknownStudentError for a student whom the run does not have, and UngradedError for one
who has no scorecard yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from grader.jobs import Rejudged, undecided
from grader.model import (
    Acceptance,
    Battery,
    InputError,
    Keep,
    Limits,
    Override,
    RunInfo,
    Scorecard,
    Transcript,
)
from grader.services.decisions import read_decisions
from grader.services.deployments import ask_again
from grader.services.files import write_files
from grader.services.folders import changing, opened


class UnaskableError(InputError):
    """The student has no link that can be asked."""


@dataclass(frozen=True, slots=True)
class Appeal:
    """What came of asking one student's app again.

    Attributes:
        before: what counted when it was asked.
        now: what came.
        undecided: why that says nothing of the app, so that nothing changed; or empty.
        counts: whether it counts now; None where it was not accepted.
        keep: the run's rule, which decides that.
    """

    before: Scorecard
    now: Scorecard
    undecided: str
    counts: bool | None
    keep: Keep


def transcript(folder: Path, andrew_id: str) -> tuple[RunInfo, Transcript]:
    """The run in `folder`, and all that it knows of one student."""
    with opened(folder) as run:
        return run.info, run.transcript(andrew_id)


def rejudge(folder: Path, battery: Battery, *, partial: bool, dry_run: bool) -> Rejudged:
    """Judge the stored replies of a run by a corrected battery; nobody is asked.

    Args:
        folder: the run's.
        battery: the corrected one.
        partial: whether students who were never asked what it asks keep what they have.
        dry_run: whether nothing is changed.

    Raises:
        UnjudgedError: if there are such students, unless `partial` or a `dry_run`.
    """
    with changing(folder) as run:
        judged = run.rejudge(battery, datetime.now(UTC), partial=partial, dry_run=dry_run)
        if not dry_run:
            write_files(run, folder)
    return judged


def appeal(
    folder: Path, andrew_id: str, limits: Limits, accepted: tuple[str, str] | None = None
) -> Appeal:
    """Ask one student's app the same questions again.

    Args:
        folder: the run's.
        andrew_id: the student.
        limits: how the app is asked.
        accepted: who lets what comes be an attempt of the student's, and why; None for nobody.

    Raises:
        UnaskableError: if the student has no link that can be asked.
    """
    with changing(folder) as run:
        before, job = run.appeal(andrew_id, limits)
        if job.submission.fault:
            raise UnaskableError(
                f"{andrew_id} has no link that can be asked: {job.submission.fault} Put the right "
                "one into the roster, and run grader batch again."
            )
        now = ask_again(job)
        found = Appeal(before, now, undecided(before, now), None, run.info.keep)
        if accepted is None or found.undecided:
            return found
        by, reason = accepted
        counts = run.adopt(andrew_id, now, Acceptance(by, datetime.now(UTC), reason))
        write_files(run, folder)
        return replace(found, counts=counts)


def override(folder: Path, andrew_id: str, decided: Override) -> None:
    """Let what an instructor decided count for one student; what was graded is kept.

    Raises:
        OverrideError: if the score is out of range, or there is nothing to withdraw.
    """
    with changing(folder) as run:
        run.override(andrew_id, decided)
        write_files(run, folder)


def override_all(folder: Path, table: Path) -> Mapping[str, Override]:
    """Let what a file of decisions says count, all of it or nothing; by student.

    Raises:
        DecisionsError: with everything that is wrong in the file.
    """
    decisions = read_decisions(table, datetime.now(UTC))
    with changing(folder) as run:
        decided = decisions.apply(run)
        write_files(run, folder)
    return decided
