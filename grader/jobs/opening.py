"""Opening the store of a run: found as it was begun, or begun now."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from grader.jobs.tables import NOTES, ROOM, RUNS, SUBMISSION, reading
from grader.model import Battery, InputError, Job, Keep, Limits, ProbeKind, RunInfo
from grader.questions import is_shipped, parse_battery
from grader.store import StoreError, open_store


class OtherRunError(InputError):
    """The run was begun with another battery, seed or probes: scores could not be compared."""


class Opened:
    """A run whose store is open.

    Attributes:
        info: what all its scorecards have in common.
    """

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


def find(location: Path) -> tuple[sa.Engine, int, RunInfo]:
    """The store at `location`, opened, the id of its run, and what the run was begun with.

    Raises:
        StoreError: if there is none.
    """
    if not location.is_file():
        raise StoreError(f"{location.parent} holds no run: it has no {location.name}")
    engine = open_store(location, ROOM)
    with reading(engine) as connection:
        row = connection.execute(sa.select(RUNS)).first()
    if row is None:
        engine.dispose()
        raise StoreError(f"the store {location} holds no run")
    where = f"{location} ({row.battery})"
    info = RunInfo(
        battery=parse_battery(row.battery_source, row.battery, where, stored=True),
        seed=row.seed,
        started_at=datetime.fromisoformat(row.started_at),
        notes=NOTES.validate_json(row.notes),
        probes=tuple(ProbeKind(probe) for probe in row.probes.split(",")),
        keep=Keep.read(row.keep),
        allow_private=row.allow_private,
    )
    return engine, row.id, info


def begin(
    location: Path, battery: Battery, seed: int | None, probes: Sequence[ProbeKind] | None
) -> tuple[sa.Engine, int, RunInfo]:
    """Like `find`, but begin a run if there is none; see `Run.begin`."""
    engine = open_store(location, ROOM, locked=True)
    with engine.begin() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(RUNS)) == 0:
            connection.execute(
                sa.insert(RUNS).values(
                    battery=battery.name,
                    battery_source=battery.source,
                    seed=secrets.randbelow(2**31) if seed is None else seed,
                    probes=",".join(dict.fromkeys(probes or (ProbeKind.API,))),
                    keep=str(Keep()),
                    allow_private=False,
                    started_at=datetime.now(UTC).isoformat(),
                    notes="[]",
                )
            )
    engine.dispose()
    engine, run_id, info = find(location)
    try:
        require_same(info, location, battery, seed, probes)
    except OtherRunError:
        engine.dispose()
        raise
    return engine, run_id, info


def require_same(
    info: RunInfo,
    location: Path,
    battery: Battery,
    seed: int | None,
    probes: Sequence[ProbeKind] | None,
) -> None:
    """Check that the run at `location` can go on with these; None is what the run has.

    Raises:
        OtherRunError: it cannot.
    """
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
