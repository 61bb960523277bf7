"""Shows grades, judges them again, lets students appeal, and sets scores by hand.

Each function raises StoreError if the folder holds no run, FolderBusyError if another command
changes it, UnknownStudentError if the run does not have the student, and UngradedError if the
student has no scorecard yet.
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
from grader.services.decisions import apply_decisions
from grader.services.deployments import ask_again
from grader.services.files import write_files
from grader.services.folders import changing, opened


class UnaskableError(InputError):
    """The student has no link that can be asked."""


@dataclass(frozen=True, slots=True)
class Appeal:
    """The scorecard that counted before, and the one of the app that was asked again.

    `undecided` says why the new scorecard cannot be used; empty if it can. The rule `keep` decides
    whether it `counts`; None if nobody accepted it.
    """

    before: Scorecard
    now: Scorecard
    undecided: str
    counts: bool | None
    keep: Keep


def transcript(folder: Path, andrew_id: str) -> tuple[RunInfo, Transcript]:
    """The run in `folder`, and all that it knows about one student."""
    with opened(folder) as run:
        return run.info, run.transcript(andrew_id)


def rejudge(folder: Path, battery: Battery, *, partial: bool, dry_run: bool) -> Rejudged:
    """Judge the stored replies of a run by a corrected battery; a `dry_run` changes nothing.

    Raises:
        UnjudgedError: if students were not asked all of its questions, unless `partial` lets them
            keep their scorecard, or it is a `dry_run`.
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

    `accepted` says who accepts the result as a new attempt, and why; if None, nothing changes. If
    the student has no link that can be asked, it is an UnaskableError.
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
    """Set one student's score as an instructor decided; the graded one is kept beside it.

    Raises:
        OverrideError: if the score is out of range, or there is nothing to withdraw.
    """
    with changing(folder) as run:
        for error in run.override({andrew_id: decided}).values():
            raise error
        write_files(run, folder)


def override_all(folder: Path, table: Path) -> Mapping[str, Override]:
    """Set all scores of a file of decisions, or none, and return them by student.

    Raises:
        DecisionsError: with everything that is wrong in the file.
    """
    with changing(folder) as run:
        decided = apply_decisions(table, run, datetime.now(UTC))
        write_files(run, folder)
    return decided
