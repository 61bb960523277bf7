"""A run whose store is open, and what must be the same to go on with it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from grader.jobs.tables import RUNS, SUBMISSION
from grader.model import Battery, InputError, Job, Limits, ProbeKind, RunInfo
from grader.questions import is_shipped


class OtherRunError(InputError):
    """The run was begun with another battery, seed or probes: scores could not be compared."""


class Opened:
    """A run whose store is open; `info` is what all its scorecards have in common."""

    def __init__(self, engine: sa.Engine, run_id: int, info: RunInfo) -> None:
        self.info = info
        self._engine = engine
        self._id = run_id

    def _set(self, connection: sa.Connection, **values: str | bool) -> None:
        connection.execute(sa.update(RUNS).where(RUNS.c.id == self._id).values(values))

    def _job(self, enrolled: str, limits: Limits) -> Job:
        """The job that asks a submission, which is given as it is stored."""
        private = limits.allow_private or self.info.allow_private
        asking = replace(limits, probes=self.info.probes, allow_private=private)
        return Job(SUBMISSION.validate_json(enrolled), self.info.battery, self.info.seed, asking)


def require_same(
    info: RunInfo,
    location: Path,
    battery: Battery,
    seed: int | None,
    probes: Sequence[ProbeKind] | None,
) -> None:
    """Raise an OtherRunError if the run at `location` has others than these; None fits any run."""
    begun = f"the run in {location} was begun with"
    error = ""
    if info.battery.name != battery.name:
        error = (
            f"the run in {location} goes by the battery {info.battery.name}, not {battery.name}: "
            "give that one with --battery, or grade into a new folder"
        )
    # A battery of the grader's own may have changed since: the run goes on with its earlier text.
    elif info.battery.source != battery.source and not is_shipped(battery):
        error = (
            f"the run in {location} goes by another text of the battery {info.battery.name}: grade "
            "into a new folder, or have grader rejudge judge the stored replies by this one"
        )
    elif seed not in (None, info.seed):
        error = f"{begun} the seed {info.seed}: grade into a new folder"
    elif probes is not None and set(probes) != set(info.probes):
        error = (
            f"{begun} --probe {','.join(info.probes)}: leave --probe out to go on with it, or "
            "grade into a new folder"
        )
    if error:
        raise OtherRunError(error)
