"""The pipeline as a whole: its servers, proxy and users, and one delivery after the other."""

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from grader.delivery.pipeline import builds, drawing
from grader.delivery.pipeline.delivering import Delivery
from grader.delivery.pipeline.gating import Pace, Staging
from grader.delivery.pipeline.orders import Known, obey
from grader.delivery.pipeline.processes import processes
from grader.delivery.pipeline.production import Production
from grader.delivery.pipeline.proxy import proxy
from grader.delivery.pipeline.record import Result, Told
from grader.delivery.pipeline.stories import FIRST, Ending, Story
from grader.delivery.pipeline.users import Users, users
from grader.model import Battery, Question, Submission
from grader.questions import draw, load_battery
from grader.store import exclusive, write_private

_BATTERY = Path(__file__).parent / "sample" / "battery.toml"
_SEED = 2012  # of the questions that users and the watch ask; the gate draws its own


class Pipeline:
    """A running production, and what has been delivered to it."""

    def __init__(
        self,
        folder: Path,
        pace: Pace,
        places: tuple[Production, Staging, Users],
        asked: tuple[Battery, Sequence[Question]],
        began: float,
    ) -> None:
        self.folder = folder
        self.pace = pace
        self.production, self.staging, self.users = places
        self.page = folder / "pipeline.html"
        self.told: list[Told] = []
        self.results: list[Result] = []
        self._began = began
        first, now = self.production.serving[0].build, datetime.now(UTC)
        self._known = [Known(first, now, now, now, "the first release")]
        self._asked = asked

    def deliver(self, story: Story) -> Iterator[Told]:
        """Deliver the release of a story: the steps as they happen."""
        created_at = datetime.now(UTC)
        delivery = Delivery(
            story,
            (self.production, self.staging, self.users),
            self._asked,
            self.pace,
            self.folder / "releases",
            self._began,
        )
        for step in delivery.steps():
            if isinstance(step, Result):
                self.results.append(step)
                promoted = datetime.now(UTC) if step.ending is Ending.PROMOTED else None
                known = Known(delivery.build, created_at, created_at, promoted, step.ending)
                self._known.append(known)
            else:
                self.told.append(step)
                yield step
            self.draw(is_over=False)

    def obey(self) -> Iterator[str]:
        """Do what `grader releases` orders, until Ctrl-C: each order in words."""
        self.draw(is_over=True)
        return obey(self.folder, self.production, self._known)

    def draw(self, *, is_over: bool) -> None:
        """Write the page: it refreshes itself until all is over."""
        drawn = drawing.page_of(self.told, self.results, self.users.seconds(), is_over=is_over)
        write_private(self.page, [drawn])


@contextlib.contextmanager
def pipeline(folder: Path, pace: Pace) -> Iterator[Pipeline]:
    """Run a production in `folder`, with the first release and users, while the context lasts.

    Raises:
        FolderBusyError: if another pipeline runs there.
        PipelineError: if a server cannot be started.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "releases").mkdir(mode=0o700, exist_ok=True)
    # For grader watch and grader gate: just what the sample app can answer.
    shutil.copyfile(_BATTERY, folder / "battery.toml")
    began = time.monotonic()
    battery = load_battery(str(_BATTERY))
    questions = draw(battery, Submission("", url=""), _SEED)
    with exclusive(folder), processes(folder) as servers, proxy(servers) as front:
        asking = Users(front.addresses["production"].port, questions, began)
        production = Production(servers, front, asking)
        production.begin(builds.build(FIRST, None, folder / "releases"))
        with users(asking):
            places = (production, Staging(servers, front), asking)
            running = Pipeline(folder, pace, places, (battery, questions), began)
            try:
                yield running
            finally:
                running.draw(is_over=True)
