"""What `batch --dry-run` says: how a roster is read, and what would be asked."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from grader.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from grader.model import Battery, ProbeKind, RunInfo
    from grader.roster import Roster


def say(
    read: Roster,
    out: Path | None,
    battery: Battery,
    seed: int | None,
    probes: tuple[ProbeKind, ...] | None,
    allow_private: bool,
) -> None:
    """Say what would become of a class; nobody is asked, and nothing is written.

    Raises:
        OtherRunError: there is a run in `out`, and it cannot go on with what is given.
    """
    from grader import batch as batches
    from grader.formats import preview
    from grader.model import ProbeKind, State
    from grader.questions import draw

    if run := _begun(out, battery, seed, probes):
        battery, seed, probes = run.battery, run.seed, run.probes
        allow_private |= run.allow_private
    found, notes = batches.submissions(read, allow_private=allow_private)
    for note in (*notes, *batches.shared(found)):
        options.say(f"Note: {note}")
    for line in preview.links(found):
        options.say(line)
    drawn = options.drawn(seed)
    asked = (each for each in found if each.state is State.GRADED)
    if student := next(asked, None) or next(iter(found), None):
        questions = draw(battery, student, drawn, probes or (ProbeKind.API,))
        options.say(f"\n{preview.battery(battery, student, questions, drawn)}")
    options.say("\nNobody was asked, and nothing was written.")


def _begun(
    out: Path | None, battery: Battery, seed: int | None, probes: tuple[ProbeKind, ...] | None
) -> RunInfo | None:
    """What the run in `out` was begun with and goes on with; None where there is no run yet.

    Raises:
        OtherRunError: it cannot go on with what is given; None of that stands for what it has.
    """
    from grader.batch import STORE_NAME
    from grader.jobs import Run, require_same

    if out is None or not (out / STORE_NAME).exists():
        return None
    with contextlib.closing(Run.open(out / STORE_NAME)) as run:
        require_same(run.info, out / STORE_NAME, battery, seed, probes)
        return run.info
