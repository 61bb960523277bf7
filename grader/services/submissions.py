"""Makes submissions: of the rows of a roster, or of a single link."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from grader.analysis.integrity import shared_links
from grader.links import LinkError, is_loopback, read_link, without_password
from grader.model import BYPASS_SECRET, Battery, InputError, Limits, State, Submission, Target
from grader.questions import ColumnError, columns_needed, draw, lacking_columns
from grader.roster import Roster, Row
from grader.text.cutting import some_of
from grader.text.hosts import leads_to_own_machine

_OWN_MACHINE = "This link leads to the grading machine itself, and whatever runs there is graded"
_LOST_LINK = "The row that counts has no usable link, an earlier one has another"
_UNUSED = (
    "A bypass secret with a blank, a line break or an unusual character in it opens nothing, and "
    "is not used"
)


class RosterColumnsError(InputError):
    """The roster lacks columns or values that the battery needs."""


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

    The further notes say which links several students share. The report finds these by itself.
    """
    there: list[str] = []
    lost: list[str] = []
    unused: list[str] = []
    elsewhere = False

    def watched() -> Iterator[Submission]:
        nonlocal elsewhere
        for row in roster.rows:
            submission = _submission(row, allow_private=allow_private)
            if leads_to_own_machine(submission.url):
                there.append(row.andrew_id)
            else:
                elsewhere |= bool(submission.url)
            if row.earlier and submission.state is State.INVALID:
                lost.append(f"{row.andrew_id} (line {_lines(row)})")
            if row.bypass_secret and not submission.bypass_secret:
                unused.append(row.andrew_id)
            yield submission

    flags = shared_links(watched())
    # If all links lead to this machine, that is meant.
    noticed = {_LOST_LINK: lost, _UNUSED: unused, _OWN_MACHINE: there if elsewhere else []}
    said = (f"{words}: {some_of(who)}." for words, who in noticed.items() if who)
    shared = tuple(f"{flag.detail}: {some_of(flag.students)}" for flag in flags)
    return Submissions(roster.rows, allow_private), (*roster.notes, *said), shared


def target_of(
    url: str,
    andrew_id: str,
    limits: Limits,
    *,
    bypass_secret: str = "",
    expect_commit: str = "",
    values: Mapping[str, str] = MappingProxyType({}),
) -> Target:
    """What is asked at a link without a roster, within `limits`.

    An app on this machine may always be private. `values` stand for the columns of a roster.

    Raises:
        LinkError: if the link cannot be asked.
    """
    private = limits.allow_private or is_loopback(url)
    link = read_link(url, allow_private=private)
    submission = replace(
        with_values(Submission(andrew_id, link.url, handed_in=url, notes=link.notes), values),
        bypass_secret=bypass_secret,
        expect_commit=expect_commit,
    )
    return Target(submission, replace(limits, allow_private=private))


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
    columns = {name: kept if it == row.handed_in else it for name, it in row.columns.items()}
    is_usable = BYPASS_SECRET.fullmatch(row.bypass_secret)
    return Submission(
        andrew_id=row.andrew_id,
        handed_in=kept,
        name=row.name,
        section=row.section,
        email=row.email,
        expect_commit=row.expect_commit,
        bypass_secret=row.bypass_secret if is_usable else "",
        columns=columns,
        **asked,
    )


def _lines(row: Row) -> str:
    return ", ".join(map(str, row.earlier))


def check_columns(battery: Battery, submissions: Iterable[Submission]) -> None:
    """Raise a RosterColumnsError that names each student whose row lacks what `battery` needs."""
    if not columns_needed(battery):
        return
    faults: dict[tuple[str, str], list[str]] = {}
    for submission in submissions:
        if lacking := lacking_columns(battery, submission):
            has = ", ".join(f'"{header:.80}"' for header in submission.columns if header)
            names = f"column{'s' * (len(lacking) > 1)} {', '.join(map(repr, lacking))}"
            raise RosterColumnsError(
                f"the battery needs the {names}, which the roster does not have. There are {has}"
            )
        try:
            draw(battery, submission, seed=0)
        except ColumnError as error:
            faults.setdefault((error.column, error.problem), []).append(error.andrew_id)
    if faults:
        lines = (
            str(ColumnError(column, some_of(students), problem))
            for (column, problem), students in faults.items()
        )
        raise RosterColumnsError("\n".join(lines))
