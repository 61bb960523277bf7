"""A class: a roster's rows become jobs, jobs run many at once, and the store becomes files."""

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.analysis.integrity import shared_links
from grader.asking.ask import crash
from grader.asking.classes import Ended, Graders, graded
from grader.asking.politeness import Polite
from grader.formats import grades_csv, keeping, report_html, results_json
from grader.handouts import StudentPages
from grader.jobs import Run
from grader.links import LinkError, read_link, without_password
from grader.model import (
    BYPASS_SECRET,
    Battery,
    InputError,
    Job,
    Judgement,
    Limits,
    Note,
    NoteKind,
    Scorecard,
    State,
    Submission,
    Verdict,
)
from grader.outcomes import Cause
from grader.questions import ColumnError, columns_needed, draw, lacking_columns
from grader.roster import Roster, Row
from grader.store import write_private
from grader.text.comparing import id_key
from grader.text.cutting import some_of
from grader.text.hosts import leads_to_own_machine

STORE_NAME = "run.sqlite"
GRADES, RESULTS, REPORT, PAGES = FILES = ("grades.csv", "results.json", "report.html", "students")
"""What a run's folder holds beside its store, which it can be made from."""
DOUBT = (
    "More than half of the class was unreachable. That may be this machine's fault: look at its "
    "network and run again, or take it as it is with --accept-unreachable. Until then nobody gets "
    "a zero for it."
)

_log = logging.getLogger(__name__)


class RosterColumnsError(InputError):
    """The battery asks for what the roster's columns do not hold."""


@dataclass(frozen=True, slots=True)
class Graded:
    """One submission went through a pass.

    Attributes:
        final: whether it is done; otherwise a second pass asks some of it once more.
    """

    scorecard: Scorecard
    final: bool


@dataclass(frozen=True, slots=True)
class Submissions(Iterable[Submission]):
    """The roster's rows with their links read, anew by each iteration: few are in memory."""

    rows: Iterable[Row]
    allow_private: bool

    def __iter__(self) -> Iterator[Submission]:
        return (_submission(row, allow_private=self.allow_private) for row in self.rows)


def submissions(roster: Roster, *, allow_private: bool) -> tuple[Submissions, tuple[str, ...]]:
    """The roster's rows with their links read, and what to keep as notes on the class."""
    found = Submissions(roster.rows, allow_private)
    lost = _lost_links(roster.rows, allow_private)
    notes = (*lost, *_unused_secrets(roster.rows), *_on_this_machine(found))
    return found, (*roster.notes, *notes)


def _submission(row: Row, *, allow_private: bool) -> Submission:
    try:
        link = read_link(row.handed_in, allow_private=allow_private)
    except LinkError as error:
        earlier = f" An earlier row has another link (line {_lines(row)})." * bool(row.earlier)
        fault = f"{error.advice}{earlier}"
        asked: dict[str, Any] = {"url": "", "state": error.state, "fault": fault}
    else:
        asked = {"url": link.url, "notes": link.notes}
    kept = without_password(row.handed_in)
    return Submission(
        andrew_id=row.andrew_id,
        handed_in=kept,
        name=row.name,
        section=row.section,
        email=row.email,
        expect_commit=row.expect_commit,
        bypass_secret="" if _is_unusable(row.bypass_secret) else row.bypass_secret,
        columns={
            name: kept if value == row.handed_in else value for name, value in row.columns.items()
        },
        **asked,
    )


def _lost_links(rows: Iterable[Row], allow_private: bool) -> list[str]:
    students = [
        f"{row.andrew_id} (line {_lines(row)})"
        for row in rows
        if row.earlier and _submission(row, allow_private=allow_private).state is State.INVALID
    ]
    if not students:
        return []
    words = "The row that counts has no usable link, an earlier one has another"
    return [f"{words}: {some_of(students)}."]


def _lines(row: Row) -> str:
    return ", ".join(map(str, row.earlier))


def _on_this_machine(found: Iterable[Submission]) -> list[str]:
    """Name those whose link leads to the grading machine, where that is not all of the class."""
    there, elsewhere = [], 0
    for submission in found:
        if leads_to_own_machine(submission.url):
            there.append(submission.andrew_id)
        else:
            elsewhere += bool(submission.url)
    if not (there and elsewhere):
        return []
    words = "This link leads to the grading machine itself, and whatever runs there is graded"
    return [f"{words}: {some_of(there)}."]


def _is_unusable(secret: str) -> bool:
    return secret != "" and not BYPASS_SECRET.fullmatch(secret)


def _unused_secrets(rows: Iterable[Row]) -> list[str]:
    students = [row.andrew_id for row in rows if _is_unusable(row.bypass_secret)]
    if not students:
        return []
    odd = "with a blank, a line break or an unusual character in it"
    return [f"A bypass secret {odd} opens nothing, and is not used: {some_of(students)}."]


def shared(found: Iterable[Submission]) -> list[str]:
    """Say which links are those of several students; the report finds them by itself."""
    return [f"{flag.detail}: {some_of(flag.students)}" for flag in shared_links(found)]


def check_columns(battery: Battery, submissions: Iterable[Submission]) -> None:
    """See to it that the battery's `{column}` references can be filled, before anybody is asked.

    Raises:
        RosterColumnsError: if they cannot be; all students concerned are in it.
    """
    if not columns_needed(battery):
        return
    faults: dict[tuple[str, str], list[str]] = {}
    for submission in submissions:
        if lacking := lacking_columns(battery, submission):
            has = ", ".join(f'"{header:.80}"' for header in submission.columns if header)
            raise RosterColumnsError(
                f"the battery needs {_columns(lacking)}, which the roster does not have. There are "
                f"{has}"
            )
        try:
            draw(battery, submission, seed=0)
        except ColumnError as error:
            faults.setdefault((error.column, error.problem), []).append(error.andrew_id)
    if faults:
        lines = [
            str(ColumnError(column, some_of(students), problem))
            for (column, problem), students in faults.items()
        ]
        raise RosterColumnsError("\n".join(lines))


def _columns(names: Sequence[str]) -> str:
    return f"the column{'s' * (len(names) > 1)} {', '.join(map(repr, names))}"


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
            for ended in together:
                step = _committed(run, ended)
                _log_crashes(step.scorecard, said)
                yield step


def _committed(run: Run, ended: Ended) -> Graded:
    """Commit the job's scorecard; one whose grading crashed is not graded, and never a zero."""
    job, result = ended.job, ended.result
    if isinstance(result, Scorecard):
        try:
            return Graded(result, run.commit(job, result))
        except ValueError as error:  # what cannot be written down concerns its own student alone
            result = error
    failed = _failed(job, result)
    return Graded(failed, run.commit(job, failed, crashed=True))


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


def notes(run: Run) -> tuple[Note, ...]:
    """What the instructor should know of a run, its roster's notes last."""
    doubt = (Note(DOUBT, NoteKind.DOUBT),) if run.in_doubt() else ()
    kept = keeping.notes(run.info.keep, run.late())
    return (*doubt, *(Note(said, NoteKind.KEEP) for said in kept), *run.info.notes)


def with_pages(run: Run, steps: Iterable[Graded], pages: StudentPages) -> Iterator[Graded]:
    """Pass `steps` on, and write the page of whoever is done while others are still asked.

    Whoever was asked before keeps the page until the end: an earlier attempt may count, or what was
    set by hand.
    """
    asked = run.asked()
    for step in steps:
        yield step
        if step.final and id_key(step.scorecard.submission.andrew_id) not in asked:
            pages.write(step.scorecard)


def write_files(run: Run, folder: Path, pages: StudentPages | None = None) -> Collection[Scorecard]:
    """Make `folder`'s files anew from the store: grades.csv, results.json, report.html, students/.

    Of `pages` only those are made that do not show the student's scorecard already.

    Returns:
        The scorecards that the files hold.

    Raises:
        OSError: if the folder cannot be written.
    """
    cards = run.scorecards()
    info = replace(run.info, notes=notes(run))
    write_private(folder / GRADES, grades_csv.render(info, cards))
    write_private(folder / RESULTS, results_json.render(info, cards))
    write_private(folder / REPORT, report_html.render(info, cards))
    pages = pages or StudentPages(run.info, folder / PAGES)
    for card in cards:
        pages.write(card)
    return cards
