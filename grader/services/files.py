"""The files of a run, made from its store."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grader.analysis.summary import ClassSummary, summarize
from grader.formats import grades_csv, keeping, report_html, results_json
from grader.jobs import Run
from grader.model import Note, NoteKind, Scorecard
from grader.services.folders import GRADES, PAGES, REPORT, RESULTS
from grader.services.handouts import StudentPages
from grader.store import write_private

DOUBT = (
    "More than half of the class was unreachable. That may be this machine's fault: look at its "
    "network and run again, or take it as it is with --accept-unreachable. Until then nobody gets "
    "a zero for it."
)


@dataclass(frozen=True, slots=True)
class Written:
    """What the files of a run show."""

    scorecards: Collection[Scorecard]
    summary: ClassSummary


def write_files(run: Run, folder: Path, pages: StudentPages | None = None) -> Written:
    """Make `folder`'s files anew from the store: grades.csv, results.json, report.html, students/.

    A page in `pages` that shows the same scorecard already is not written again.

    Raises:
        OSError: if the folder cannot be written.
    """
    cards = run.scorecards()
    doubt = (Note(DOUBT, NoteKind.DOUBT),) if run.in_doubt() else ()
    kept = (Note(said, NoteKind.KEEP) for said in keeping.notes(run.info.keep, run.late()))
    info = replace(run.info, notes=(*doubt, *kept, *run.info.notes))
    write_private(folder / GRADES, grades_csv.render(info, cards))
    write_private(folder / RESULTS, results_json.render(info, cards))
    summary = summarize(_handed_out(cards, pages or StudentPages(run.info, folder / PAGES)))
    write_private(folder / REPORT, report_html.render(info, cards, summary))
    return Written(cards, summary)


def _handed_out(cards: Collection[Scorecard], pages: StudentPages) -> Iterator[Scorecard]:
    """Write each page and pass its scorecard on: a large class is read anew by each iteration."""
    for card in cards:
        pages.write(card)
        yield card
