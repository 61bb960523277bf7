"""A class of students: previewed, enrolled, graded, and written to files."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from grader.jobs import Enrollment, Run, require_same
from grader.model import (
    Battery,
    Keep,
    Limits,
    Note,
    ProbeKind,
    Question,
    RunInfo,
    State,
    Submission,
    asks_in_browser,
)
from grader.questions import draw, load_battery
from grader.roster import Roster
from grader.services.deployments import drawn
from grader.services.files import Written, write_files
from grader.services.folders import PAGES, STORE_NAME, alone_in, holds_run, opened
from grader.services.graders import cluster_at, graders_for, require_browser_of
from grader.services.grading_class import Graded, grade_class
from grader.services.handouts import StudentPages, with_pages
from grader.services.submissions import Submissions, check_columns, submissions

if TYPE_CHECKING:
    from grader.asking.classes import Graders
    from grader.asking.cluster import ClusterGraders


@dataclass(frozen=True, slots=True)
class Order:
    """A class that is to be graded, and how.

    Seed, probes and `keep` are those of the run if they are None. `students` (ids) in these
    `states` are asked anew. If one of the two is empty, it stands for all; if both are, nobody is.
    At most `workers` apps are asked at once (None: as many as the machine can), and one site gets
    `per_site` requests at once. `scheduler` is the address of the Dask cluster that asks; None for
    this machine. If `accept_unreachable`, unreachable apps have zero points even if they are many.
    """

    roster: Roster
    battery: Battery
    limits: Limits
    seed: int | None = None
    probes: tuple[ProbeKind, ...] | None = None
    workers: int | None = None
    per_site: int = 1
    scheduler: str | None = None
    students: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    keep: Keep | None = None
    accept_unreachable: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do. The example is the first student who would be asked, if any."""

    battery: Battery
    seed: int
    submissions: Submissions
    notes: tuple[str, ...]
    example: Submission | None
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What an order has changed in a run.

    The run `had` so many submissions before. `asked_anew` is None if the order asks nobody anew.
    `reopened` counts those that could not be graded, and are asked once more.
    """

    before: RunInfo
    had: int
    notes: tuple[str, ...]
    enrollment: Enrollment
    asked_anew: int | None
    reopened: int


@dataclass(slots=True)
class OpenClass:
    """A class that is ready to be graded. Its folder is locked, and everybody is enrolled."""

    run: Run
    folder: Path
    limits: Limits
    graders: "Graders"
    per_site: int = 1
    accept_unreachable: bool = False
    _pages: StudentPages = field(init=False)

    def __post_init__(self) -> None:
        self._pages = StudentPages(self.run.info, self.folder / PAGES)

    def grade(self) -> Iterator[Graded]:
        """Grade those who are not graded yet. If the caller stops, the next call grades the rest.

        Raises:
            BrokenExecutor: if asking cannot go on, for example because a cluster is lost.
        """
        steps = grade_class(self.run, self.graders, self.limits, self.per_site)
        return with_pages(self.run, steps, self._pages)

    def finish(self) -> Written:
        """Write the files of the class."""
        if self.accept_unreachable:
            self.run.accept_unreachable()
        return write_files(self.run, self.folder, self._pages)


def battery_for(name: str, folder: Path | None) -> Battery:
    """The battery of the run in `folder`; if there is no run, the battery called `name`."""
    if folder is None or not holds_run(folder):
        return load_battery(name)
    with opened(folder) as run:
        return run.info.battery


def preview(order: Order, folder: Path | None) -> Preview:
    """What an order would do in `folder`. Nobody is asked.

    Raises:
        RosterColumnsError: if the roster lacks what the battery asks for.
        OtherRunError: if the run in `folder` has another battery, seed or probes.
    """
    private = order.limits.allow_private
    check_columns(order.battery, Submissions(order.roster.rows, private))
    if folder is not None and holds_run(folder):
        with opened(folder) as run:
            info = run.info
        require_same(info, folder / STORE_NAME, order.battery, order.seed, order.probes)
        order = replace(order, battery=info.battery, seed=info.seed, probes=info.probes)
        private |= info.allow_private
    found, notes, shared = submissions(order.roster, allow_private=private)
    seed, probes = drawn(order.seed), order.probes or (ProbeKind.API,)
    asked = (each for each in found if each.state is State.GRADED)
    example = next(asked, None) or next(iter(found), None)
    questions = draw(order.battery, example, seed, probes) if example else ()
    return Preview(order.battery, seed, found, (*notes, *shared), example, questions)


@contextlib.contextmanager
def enrolled(order: Order, folder: Path) -> Iterator[tuple[OpenClass, Enrolled]]:
    """Enroll a class in the run in `folder`; if there is no run, begin one.

    Raises:
        InputError: if the roster lacks what the battery asks for, the folder holds another run or
            is in use, `order` names an unknown student, or a cluster or a browser is missing.
    """
    check_columns(order.battery, Submissions(order.roster.rows, order.limits.allow_private))
    with cluster_at(order.scheduler) as cluster, _run_for(order, folder, cluster) as run:
        found = _enroll(run, order)
        with graders_for(run, cluster, order.workers) as graders:
            accept = order.accept_unreachable
            yield OpenClass(run, folder, order.limits, graders, order.per_site, accept), found


@contextlib.contextmanager
def _run_for(order: Order, folder: Path, cluster: "ClusterGraders | None") -> Iterator[Run]:
    # A run never changes its probes. If it needs a browser and there is none, it is not begun.
    if not holds_run(folder) and asks_in_browser(order.battery, order.probes or ()):
        require_browser_of(cluster)
    with alone_in(folder):
        begun = Run.begin(folder / STORE_NAME, order.battery, order.seed, order.probes)
        with contextlib.closing(begun) as run:
            yield run


def _enroll(run: Run, order: Order) -> Enrolled:
    before, had = run.info, run.total()
    if order.limits.allow_private and not before.allow_private:
        run.allow_private()
    found, notes, shared = submissions(order.roster, allow_private=run.info.allow_private)
    enrollment = run.enroll(found, tuple(map(Note, notes)))
    if order.accept_unreachable:
        run.accept_unreachable()
    is_anew = order.students or order.states
    asked_anew = run.ask_again(order.students, order.states) if is_anew else None
    if order.keep is not None:
        run.keep(order.keep)
    return Enrolled(before, had, (*notes, *shared), enrollment, asked_anew, run.reopen())
