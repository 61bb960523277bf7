"""What `batch --dry-run` says: how a roster is read, and what would be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.cli import options

if TYPE_CHECKING:
    from grader.model import Battery, ProbeKind
    from grader.roster import Roster


def say(
    read: Roster,
    battery: Battery,
    seed: int | None,
    probes: tuple[ProbeKind, ...],
    allow_private: bool,
) -> None:
    """Say what would become of a class; nobody is asked, and nothing is written."""
    from grader import batch as batches
    from grader.formats import preview
    from grader.model import State
    from grader.questions import draw

    found, notes = batches.submissions(read, allow_private=allow_private)
    for note in (*notes, *batches.shared(found)):
        options.say(f"Note: {note}")
    for line in preview.links(found):
        options.say(line)
    drawn = options.drawn(seed)
    asked = (each for each in found if each.state is State.GRADED)
    if student := next(asked, None) or next(iter(found), None):
        questions = draw(battery, student, drawn, probes)
        options.say(f"\n{preview.battery(battery, student, questions, drawn)}")
    options.say("\nNobody was asked, and nothing was written.")
