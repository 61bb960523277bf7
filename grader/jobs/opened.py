"""What all that is done with a run begins with: its store is open."""

from dataclasses import replace

from sqlalchemy import Connection, Engine, update

from grader.jobs.tables import RUNS, SUBMISSION
from grader.model import Job, Limits, RunInfo


class Opened:
    """A run whose store is open.

    Attributes:
        info: what all its scorecards have in common.
    """

    def __init__(self, engine: Engine, run_id: int, info: RunInfo) -> None:
        self.info = info
        self._engine = engine
        self._id = run_id

    def _set(self, connection: Connection, **values: str | bool) -> None:
        connection.execute(update(RUNS).where(RUNS.c.id == self._id).values(values))

    def _job(self, enrolled: str, limits: Limits) -> Job:
        """The job that asks a submission, which is given as it is written in the store."""
        private = limits.allow_private or self.info.allow_private
        asking = replace(limits, probes=self.info.probes, allow_private=private)
        return Job(SUBMISSION.validate_json(enrolled), self.info.battery, self.info.seed, asking)
