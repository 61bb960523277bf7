"""The students' own pages: written while others are still asked, and only if they changed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from grader.formats import student_html
from grader.formats.files import student_file_name
from grader.jobs import Run
from grader.jobs.tables import public
from grader.model import RunInfo, Scorecard
from grader.services.grading_class import Graded
from grader.store import write_private
from grader.text.comparing import id_key


class StudentPages:
    """The pages in one folder; a page is written again only if its scorecard has changed."""

    def __init__(self, info: RunInfo, folder: Path) -> None:
        self._info = info
        self._folder = folder
        self._shown: dict[str, int] = {}
        folder.mkdir(mode=0o700, exist_ok=True)

    def write(self, scorecard: Scorecard) -> None:
        """Write a student's page, unless it shows this scorecard already; OSError if that fails."""
        card = replace(scorecard, submission=public(scorecard.submission))
        andrew_id, content = card.submission.andrew_id, hash(_told_apart(card))
        if self._shown.get(andrew_id) != content:
            page = student_html.render(self._info, card)
            write_private(self._folder / student_file_name(andrew_id), [page])
            self._shown[andrew_id] = content


def _told_apart(card: Scorecard) -> Scorecard:
    # Its times tell which attempt it is; the verdicts would take long to compare.
    return replace(card, verdicts=(), wake_up=())


def with_pages(run: Run, steps: Iterable[Graded], pages: StudentPages) -> Iterator[Graded]:
    """Pass `steps` on, and write the page of each student who is done.

    A student who was asked before keeps the old page until the end: perhaps an earlier attempt
    counts, or a score that was set by hand.
    """
    asked = run.asked()
    for step in steps:
        yield step
        if step.final and id_key(step.scorecard.submission.andrew_id) not in asked:
            pages.write(step.scorecard)
