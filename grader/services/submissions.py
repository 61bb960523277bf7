"""Makes submissions: of the rows of a roster, or of a single link."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from grader.analysis.integrity import shared_links
from grader.links import LinkError, is_loopback, read_link, without_password
from grader.model import BYPASS_SECRET, Battery, InputError, State, Submission
from grader.questions import ColumnError, columns_needed, draw, lacking_columns
from grader.roster import Roster, Row
from grader.text.cutting import some_of
from grader.text.hosts import leads_to_own_machine

_ON_THIS_MACHINE = (
    "This link leads to the grading machine itself, and whatever runs there is graded"
)


class RosterColumnsError(InputError):
    """The roster does not have what the battery needs of its columns."""


@dataclass(frozen=True, slots=True)
class Submissions(Iterable[Submission]):
    """The submissions of a roster. Each iteration makes them anew, so that few are in memory."""

    rows: Iterable[Row]
    allow_private: bool

    def __iter__(self) -> Iterator[Submission]:
        return (_submission(row, allow_private=self.allow_private) for row in self.rows)


def submissions(
    roster: Roster, *, allow_private: bool
) -> tuple[Submissions, tuple[str, ...], tuple[str, ...]]:
    """The submissions of a roster, the notes on it that a run keeps, and further notes.

    The further notes say which links several students share: a report says that by itself.
    """
    found = Submissions(roster.rows, allow_private)
    there: list[str] = []
    flags = shared_links(_watched(found, there))
    notes = (
        *roster.notes,
        *_lost_links(roster.rows, allow_private),
        *_unused_secrets(roster.rows),
        *_note(_ON_THIS_MACHINE, there),
    )
    return found, notes, tuple(f"{flag.detail}: {some_of(flag.students)}" for flag in flags)


def submission_of(
    url: str,
    andrew_id: str,
    *,
    allow_private: bool = False,
    bypass_secret: str = "",
    expect_commit: str = "",
    values: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Submission, bool]:
    """The submission of one student without a roster, and whether it may be on a private address.

    On this machine itself it always may. `values` stand for the columns of a roster.

    Raises:
        LinkError: if the link cannot be asked.
    """
    private = allow_private or is_loopback(url)
    link = read_link(url, allow_private=private)
    submission = Submission(
        andrew_id,
        link.url,
        handed_in=url,
        notes=link.notes,
        bypass_secret=bypass_secret,
        expect_commit=expect_commit,
    )
    return with_values(submission, values), private


def with_values(submission: Submission, values: Mapping[str, str]) -> Submission:
    """The submission as a roster with these columns would have it."""
    name, section, email = (values.get(word, "") for word in ("name", "section", "email"))
    return replace(submission, columns=values, name=name, section=section, email=email)


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
    return _note("The row that counts has no usable link, an earlier one has another", students)


def _lines(row: Row) -> str:
    return ", ".join(map(str, row.earlier))


def _watched(found: Iterable[Submission], there: list[str]) -> Iterator[Submission]:
    """Pass submissions on; `there` gets those on the grading machine, unless all of them are."""
    elsewhere = False
    for submission in found:
        if leads_to_own_machine(submission.url):
            there.append(submission.andrew_id)
        else:
            elsewhere |= bool(submission.url)
        yield submission
    if not elsewhere:
        there.clear()


def _is_unusable(secret: str) -> bool:
    return secret != "" and not BYPASS_SECRET.fullmatch(secret)


def _unused_secrets(rows: Iterable[Row]) -> list[str]:
    students = [row.andrew_id for row in rows if _is_unusable(row.bypass_secret)]
    odd = "with a blank, a line break or an unusual character in it"
    return _note(f"A bypass secret {odd} opens nothing, and is not used", students)


def _note(words: str, students: Sequence[str]) -> list[str]:
    return [f"{words}: {some_of(students)}."] if students else []


def check_columns(battery: Battery, submissions: Iterable[Submission]) -> None:
    """Check that every student's row has what the battery's `{column}` references need.

    Raises:
        RosterColumnsError: if a row lacks something; all students concerned are named.
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
