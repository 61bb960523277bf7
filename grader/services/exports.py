"""The grades of a run, written in a format that another system reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.formats import registry
from grader.formats.gradebook import Filled, Gradebook
from grader.jobs import Run
from grader.model import InputError, Limits, Scorecard, State, Submission
from grader.services.folders import STORE_NAME, opened
from grader.store import write_private
from grader.store.locking import LOCK_NAME
from grader.text.comparing import id_key


class TargetError(InputError):
    """There is such a file already, and it would be lost."""


@dataclass(frozen=True, slots=True)
class Export:
    """What to write: `form` is a format of `registry.EXPORTS`; see `Gradebook` for the rest.

    If `target` is None, it is the file in the run's folder. `gradebook` is None if none is needed.
    """

    form: str
    target: Path | None = None
    gradebook: Path | None = None
    assignment: str = ""
    id_column: str = ""
    replace_excused: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    `filled` is None if the format needs no gradebook. `unlisted` students are no longer in the
    roster; `ungraded` students are in it, and have no grade. The run is `in_doubt` if so many are
    unreachable that this machine may be to blame.
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
        InputError: if there is no run, the gradebook cannot be filled, or the file exists already
            and no earlier export wrote it.
    """
    target = _target(folder, wanted)
    with opened(folder) as run:
        content, filled = _rendered(run, wanted)
        write_private(target, content)
        return Exported(target, filled, run.unlisted(), _ungraded(run), run.total(), run.in_doubt())


def _target(folder: Path, wanted: Export) -> Path:
    """The file to write. Only a file that the same export wrote before is replaced."""
    own = folder / registry.EXPORTS[wanted.form].file
    target, gradebook = wanted.target or own, wanted.gradebook
    inside = target.parent.resolve() == folder.resolve()
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
    chosen = registry.EXPORTS[wanted.form]
    if not chosen.needs:
        return registry.of_run(wanted.form)(run.info, run.scorecards()), None
    downloaded = wanted.gradebook.read_bytes() if wanted.gradebook else b""
    gradebook = Gradebook(downloaded, wanted.assignment, wanted.id_column, wanted.replace_excused)
    # Only a gradebook that was downloaded has a row for a student who was not asked yet.
    fills = "downloaded" in chosen.needs
    cards = _everybody(run) if fills else run.scorecards(listed_only=True)
    filled = registry.of_gradebook(wanted.form)(run.info, cards, gradebook)
    return [filled.content], filled


def _waiting(run: Run) -> list[Submission]:
    """The submissions that the next `batch` would ask."""
    return [job.submission for jobs in (run.first_pass, run.second_pass) for job in jobs(Limits())]


def _ungraded(run: Run) -> list[str]:
    """The ids of students without a grade: not asked yet, or not graded and not set by hand."""
    open_ones = dict.fromkeys(submission.andrew_id for submission in _waiting(run))
    for card in run.scorecards(listed_only=True):
        if card.score is None and card.override is None:
            open_ones[card.submission.andrew_id] = None
    return list(open_ones)


def _everybody(run: Run) -> Iterator[Scorecard]:
    """A scorecard for each student of the roster; one without a score if there is none yet."""
    graded = set()
    for card in run.scorecards(listed_only=True):
        graded.add(id_key(card.submission.andrew_id))
        yield card
    at = run.info.started_at
    for submission in _waiting(run):
        if id_key(submission.andrew_id) not in graded:
            yield Scorecard(submission, State.NOT_GRADED, (), at, at, reason="not asked yet")
