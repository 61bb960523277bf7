"""What a run would do with a roster and a battery, before anybody is asked."""

from collections.abc import Iterable, Iterator

from grader.formats import questions_table
from grader.formats.escaping import one_line, visible
from grader.formats.words import STATE_WORDS
from grader.model import Battery, Question, State, Submission

_WIDTH = 76


def links(submissions: Iterable[Submission]) -> Iterator[str]:
    """List repaired links, and then the links that are not asked."""
    repaired: list[str] = []
    refused: list[str] = []
    asked = not_asked = private = 0
    for each in submissions:
        if each.state is State.GRADED:
            asked += 1
            if each.notes:
                repaired += _lines(f"{each.andrew_id}: {each.url}", each, each.notes)
        else:
            not_asked += 1
            private += each.state is State.REFUSED
            words = f"{each.andrew_id}: {STATE_WORDS[each.state]}"
            refused += _lines(words, each, (each.fault,))
    yield f"Links: {asked} would be asked, {not_asked} not"
    if repaired:
        yield from ("", "Repaired or odd:", *repaired)
    if refused:
        yield from ("", "Not asked:", *refused)
    if private:
        yield f"  With --allow-private, {private} of these would be asked."


def battery(chosen: Battery, student: Submission, asked: tuple[Question, ...], seed: int) -> str:
    """The battery, and what one student would be asked."""
    return "\n".join(
        (
            f'Battery {chosen.name}: "{one_line(chosen.title, _WIDTH)}"',
            f"{student.andrew_id}, for example, would be asked:",
            questions_table.render(asked, seed),
        )
    )


def _lines(head: str, submission: Submission, notes: Iterable[str]) -> Iterator[str]:
    yield f"  {head}"
    yield f"    handed in: {one_line(submission.handed_in, _WIDTH)}"
    yield from (f"    {visible(note)}" for note in notes)
