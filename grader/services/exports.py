"""The grades of a run, written in a format that another system reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.formats import (
    blackboard_csv,
    canvas_csv,
    grades_csv,
    junit_xml,
    moodle_csv,
    results_json,
)
from grader.formats.blackboard_csv import BlackboardUpload
from grader.formats.canvas_csv import CanvasFill, CanvasGrade
from grader.formats.moodle_csv import IdColumn, MoodleGrades
from grader.jobs import Run
from grader.model import InputError, Limits, Scorecard, State, Submission
from grader.services.folders import STORE_NAME, opened
from grader.store import write_private
from grader.store.locking import LOCK_NAME

FILE_NAMES = {
    "blackboard": "blackboard.csv",
    "canvas": "canvas.csv",
    "csv": "grades.csv",
    "json": "results.json",
    "junit": "junit.xml",
    "moodle": "moodle.csv",
}
"""What each format's file is called in the run's folder."""

Filled = CanvasFill | BlackboardUpload | MoodleGrades


class TargetError(InputError):
    """The file exists already, and writing it could destroy something."""


@dataclass(frozen=True, slots=True)
class Export:
    """What to write.

    Attributes:
        form: the format, one of `FILE_NAMES`.
        target: the file to write; None for the one in the run's folder.
        gradebook: as the other system exported it; None where the format needs none.
        assignment: the gradebook's column to fill.
        id_column: the column by which Moodle finds users.
        replace_excused: whether grades are written over Canvas's EX.
    """

    form: str
    target: Path | None = None
    gradebook: Path | None = None
    assignment: str = ""
    id_column: IdColumn = IdColumn.USERNAME
    replace_excused: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        filled: what was filled in; None if the format needs no gradebook.
        unlisted: students whom the roster no longer has.
        ungraded: students of the roster who have no grade yet.
        total: how many students the run has.
        in_doubt: whether so many are unreachable that the grading machine may be to blame.
    """

    target: Path
    filled: Filled | None
    unlisted: list[str]
    ungraded: list[str]
    total: int
    in_doubt: bool


def export(folder: Path, wanted: Export) -> Exported:
    """Write the grades of the run in `folder`.

    Raises:
        TargetError: if the file exists already, and no earlier export wrote it.
        StoreError: if there is no run.
        InputError: if the gradebook cannot be filled.
    """
    target = _target(folder, wanted)
    with opened(folder) as run:
        content, filled = _rendered(run, wanted)
        write_private(target, content)
        return Exported(target, filled, run.unlisted(), _ungraded(run), run.total(), run.in_doubt())


def _target(folder: Path, wanted: Export) -> Path:
    """The file to write. Only a file that the same export wrote before is replaced."""
    own = folder / FILE_NAMES[wanted.form]
    target = wanted.target or own
    inside = target.parent.resolve() == folder.resolve()
    gradebook = wanted.gradebook
    if gradebook is not None and target.exists() and target.samefile(gradebook):
        raise TargetError(f"{target} is the gradebook itself: choose another name with --out.")
    # SQLite makes files beside the store, with longer names.
    if inside and target.name.casefold().startswith((STORE_NAME, LOCK_NAME)):
        raise TargetError(f"{target} belongs to the run: choose another name with --out.")
    if target.exists() and not (inside and target.name == own.name):
        raise TargetError(f"{target} is there already: remove it or choose another name.")
    return target


def _rendered(run: Run, wanted: Export) -> tuple[Iterable[str | bytes], Filled | None]:
    """The content of the file, and what was filled in."""
    exported = wanted.gradebook.read_bytes() if wanted.gradebook else b""
    match wanted.form:
        case "canvas":
            canvas = canvas_csv.fill(
                exported,
                wanted.assignment,
                _canvas_grades(run),
                replace_excused=wanted.replace_excused,
            )
            return [canvas.content], canvas
        case "blackboard":
            blackboard = blackboard_csv.fill(exported, wanted.assignment, _everybody(run))
            return [blackboard.content], blackboard
        case "moodle":
            cards = run.scorecards(listed_only=True)
            moodle = moodle_csv.render(cards, wanted.assignment, wanted.id_column)
            return [moodle.content], moodle
        case "junit":
            return junit_xml.render_class(run.scorecards()), None
        case "json":
            return results_json.render(run.info, run.scorecards()), None
        case _:
            return grades_csv.render(run.scorecards()), None


def _waiting(run: Run) -> list[Submission]:
    """Those whom the next `batch` would ask."""
    return [job.submission for jobs in (run.first_pass, run.second_pass) for job in jobs(Limits())]


def _ungraded(run: Run) -> list[str]:
    """Who has no grade: not asked yet, or not graded by us and not by hand."""
    open_ones = dict.fromkeys(submission.andrew_id for submission in _waiting(run))
    for card in run.scorecards(listed_only=True):
        if card.score is None and card.override is None:
            open_ones[card.submission.andrew_id] = None
    return list(open_ones)


def _everybody(run: Run) -> Iterator[Scorecard]:
    """A scorecard for each student of the roster; one without a score if there is none yet."""
    graded = set()
    for card in run.scorecards(listed_only=True):
        graded.add(card.submission.andrew_id.casefold())
        yield card
    at = run.info.started_at
    for submission in _waiting(run):
        if submission.andrew_id.casefold() not in graded:
            yield Scorecard(submission, State.NOT_GRADED, (), at, at, reason="not asked yet")


def _canvas_grades(run: Run) -> list[CanvasGrade]:
    """What each student's cell in a gradebook should say."""
    return [
        CanvasGrade(
            card.submission.andrew_id,
            card.submission.email,
            card.percent,
            excused=card.override is not None and card.override.excused,
        )
        for card in _everybody(run)
    ]
