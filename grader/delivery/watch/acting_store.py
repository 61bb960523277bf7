"""What was decided on incidents and how far that is, in the store."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa

from grader.delivery.watch.acting_tables import ACTIONS
from grader.delivery.watch.history import HOUR, samples
from grader.delivery.watch.incidents import incidents, note
from grader.delivery.watch.moments import now
from grader.delivery.watch.rollback import PLAN, Plan
from grader.delivery.watch.values import Incident, Sample
from grader.model import Target


class Stage(StrEnum):
    """How far the action on an incident is. The values are stored."""

    WAITING = "waiting"
    NOTHING = "nothing done"
    DRY_RUN = "dry run"
    INTENDED = "intended"
    CALLING = "calling"
    CALLED = "called"
    VERIFIED = "verified"
    FAILED = "failed"


_UNFINISHED = (Stage.INTENDED, Stage.CALLING, Stage.CALLED)
_ROLLBACKS = (Stage.CALLING, Stage.CALLED, Stage.VERIFIED, Stage.FAILED)


class Actions:
    """The actions in the store. Each stage is also a line in the incident's timeline."""

    def __init__(self, engine: sa.Engine, target: Target, say: Callable[[str], None]) -> None:
        self.say = say
        self._engine = engine
        self._target = target

    def put(self, incident_id: int, stage: Stage, words: str, plan: Plan | None = None) -> None:
        """Write a stage, the plan if there is one, and a line for the timeline."""
        at = now()
        row = {"target": self._target.url, "stage": stage, "changed_at": at.timestamp()}
        if plan is not None:
            row["document"] = PLAN.dump_json(plan).decode()
        mine = ACTIONS.c.incident_id == incident_id
        with self._engine.begin() as connection:
            changed = connection.execute(ACTIONS.update().where(mine).values(row))
            if not changed.rowcount:
                connection.execute(ACTIONS.insert().values(incident_id=incident_id, **row))
            note(connection, incident_id, at, words)
        self.say(words)

    def wait(self, incident_id: int, words: str) -> None:
        """Write once that nothing is decided yet."""
        if self._stage(incident_id) is not Stage.WAITING:
            self.put(incident_id, Stage.WAITING, words)

    def looks(self) -> list[Sample]:
        """The looks at the target that are kept one by one."""
        with self._reading() as connection:
            found = samples(connection, now() - HOUR)
            return [sample for url, sample in found if url == self._target.url]

    def unfinished(self) -> Iterable[int]:
        """The incidents with an action that was begun and has not ended."""
        chosen = sa.and_(ACTIONS.c.target == self._target.url, ACTIONS.c.stage.in_(_UNFINISHED))
        with self._reading() as connection:
            return connection.scalars(sa.select(ACTIONS.c.incident_id).where(chosen)).all()

    def is_open(self, incident_id: int, *, act: bool) -> bool:
        """Whether nothing was decided yet; a dry run decides nothing for one who acts."""
        stage = self._stage(incident_id)
        return stage in (None, Stage.WAITING) or (act and stage is Stage.DRY_RUN)

    def stage_of(self, incident_id: int) -> tuple[Stage, Plan]:
        """How far an action is, and its plan."""
        mine = ACTIONS.c.incident_id == incident_id
        with self._reading() as connection:
            row = connection.execute(sa.select(ACTIONS).where(mine)).one()
        return Stage(row.stage), PLAN.validate_json(row.document)

    def _stage(self, incident_id: int) -> Stage | None:
        mine = ACTIONS.c.incident_id == incident_id
        with self._reading() as connection:
            stage = connection.scalar(sa.select(ACTIONS.c.stage).where(mine))
        return None if stage is None else Stage(stage)

    def last_rollback(self) -> datetime | None:
        """When a platform was last asked to roll this target back."""
        mine = sa.and_(ACTIONS.c.target == self._target.url, ACTIONS.c.stage.in_(_ROLLBACKS))
        with self._reading() as connection:
            at = connection.scalar(sa.select(sa.func.max(ACTIONS.c.changed_at)).where(mine))
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def incident(self, incident_id: int) -> Incident:
        """The incident as it is in the store."""
        with self._reading() as connection:
            (found,) = [
                each for each in incidents(connection, ids=[incident_id]) if each.id == incident_id
            ]
        return found

    def _reading(self) -> sa.Connection:
        return self._engine.connect().execution_options(reading=True)
