"""Corrective action: what broke with a release is rolled back, once, by machine.

Each stage is in the store before the next one begins, and the platform is asked which release is
live before it is asked to change it. So a watcher that is killed in the middle and started again
neither forgets a rollback nor does it twice.
"""

import itertools
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from grader.delivery.releases.platform import (
    OutcomeUnknownError,
    Platform,
    PlatformError,
    PlatformRelease,
    live_release,
    named,
)
from grader.delivery.watch.acting_store import Actions, Stage
from grader.delivery.watch.moments import now
from grader.delivery.watch.rollback import Later, Plan, Policy, Refusal, decide
from grader.delivery.watch.values import IncidentEvent, Step
from grader.model import InputError, Job, Target
from grader.questions import load_battery
from grader.services.waiting import Standing, wait_for

_LOOKED_AT = 20  # releases


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds.

    Attributes:
        between: two looks at the platform.
        settle: until a platform that was perhaps asked shows that it was.
        work: until it has done what it shows to be at work on.
        verify: until the old release answers at the app's own address.
        again: before each further try to read the releases.
        away: until it decides again, if they cannot be read all the same.
    """

    between: float = 2.0
    settle: float = 20.0
    work: float = 900.0
    verify: float = 300.0
    again: tuple[float, ...] = (5.0, 15.0, 45.0)
    away: float = 60.0


class Rollbacks:
    """Decides on each incident of one target, and acts, in a thread of its own.

    `say` prints a line; any thread may call it.
    """

    def __init__(
        self,
        engine: sa.Engine,
        target: Target,
        platform: Platform,
        policy: Policy,
        say: Callable[[str], None],
        patience: Patience = Patience(),
    ) -> None:
        self._store = Actions(engine, target, say)
        self._target = target
        self._platform = platform
        self._policy = policy
        self._patience = patience
        self._to_do: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._later: tuple[int, Later] | None = None
        self._thread = threading.Thread(target=self._work, name="rollbacks", daemon=True)
        self._thread.start()

    def heard(self, event: IncidentEvent) -> None:
        """Act on an incident of the target, if that was not done before."""
        is_new = event.step in (Step.STARTED, Step.RESUMED)
        if is_new and event.incident.target == self._target.url:
            self._to_do.put(event.incident.id)

    def close(self, patience: float) -> None:
        """Wait until all is done, so many seconds at most; the next start does the rest."""
        self._to_do.put(None)
        self._thread.join(patience)

    def _work(self) -> None:
        try:
            for begun in self._store.unfinished():
                self._go_on(begun)
            while (incident_id := self._next()) is not None:
                if self._store.is_open(incident_id, act=self._policy.act):
                    self._begin(incident_id)
        except InputError as error:
            # The store cannot be written: without it, nothing is safe to do.
            self._store.say(f"No rollback from now on: {error}")

    def _next(self) -> int | None:
        """The incident to decide on next; None at the end."""
        if self._later is None:
            return self._to_do.get()
        incident_id, later = self._later
        try:
            return self._to_do.get(timeout=max(0.0, (later.until - now()).total_seconds()))
        except queue.Empty:
            return incident_id

    def _go_on(self, incident_id: int) -> None:
        """Go on with what an earlier watcher began. Without --act, nothing changes the platform."""
        stage, _ = self._store.stage_of(incident_id)
        if self._policy.act or stage is Stage.CALLED:
            self._carry_on(incident_id)
        else:
            self._store.say(
                f"A rollback for incident {incident_id} was begun, and is not finished: it waits "
                "for a start with --act."
            )

    def _begin(self, incident_id: int) -> None:
        self._later = None
        plan = self._decided(incident_id)
        if isinstance(plan, Later):
            self._later = incident_id, plan
            self._store.wait(incident_id, f"Nothing is rolled back yet. {plan.words}")
        elif isinstance(plan, Refusal):
            self._store.put(incident_id, Stage.NOTHING, f"Nothing is rolled back. {plan.words}")
        elif not self._policy.act:
            words = f"Dry run: with --act, {self._platform.name} would be rolled back {plan}."
            self._store.put(incident_id, Stage.DRY_RUN, words)
        else:
            words = f"To be rolled back on {self._platform.name} {plan}."
            self._store.put(incident_id, Stage.INTENDED, words, plan)
            self._carry_on(incident_id)

    def _decided(self, incident_id: int) -> Plan | Refusal | Later:
        incident = self._store.incident(incident_id)
        try:
            releases = self._releases()
        except PlatformError as error:
            if now() - incident.started_at > self._policy.watch_time:
                return Refusal(str(error))
            return Later(now() + timedelta(seconds=self._patience.away), str(error))
        last = self._store.last_rollback()
        return decide(incident, self._store.looks(), releases, last, self._policy, now())

    def _carry_on(self, incident_id: int) -> None:
        """Go on from the stage that is in the store."""
        stage, plan = self._store.stage_of(incident_id)
        try:
            if stage is not Stage.CALLED and not self._carried_out(incident_id, stage, plan):
                return
        except PlatformError as error:
            is_unknown = isinstance(error, OutcomeUnknownError)
            what = "Nobody knows whether it was rolled back" if is_unknown else "Not rolled back"
            self._store.put(incident_id, Stage.FAILED, f"{what}. {error}")
            return
        self._verify(incident_id, plan)

    def _carried_out(self, incident_id: int, stage: Stage, plan: Plan) -> bool:
        """Let the platform roll back, unless it has done so; False if nothing is to be done."""
        # If the watcher was killed while it asked, nobody knows whether it was heard.
        done = stage is Stage.CALLING and self._has_settled(plan)
        if not done and not self._call(incident_id, plan):
            return False
        words = f"{self._platform.name} has carried it out."
        self._store.put(incident_id, Stage.CALLED, words)
        return True

    def _call(self, incident_id: int, plan: Plan) -> bool:
        """Ask the platform to roll back; False if that is not to be done any more."""
        if why := self._outdated(incident_id, plan):
            self._store.put(incident_id, Stage.NOTHING, f"Not rolled back: {why}.")
            return False
        self._store.put(incident_id, Stage.CALLING, f"{self._platform.name} is asked.")
        try:
            self._platform.roll_back(plan.good)
        except OutcomeUnknownError:
            if not self._has_settled(plan):
                raise
        return True

    def _outdated(self, incident_id: int, plan: Plan) -> str:
        """Why a plan should not be carried out any more; empty if it should."""
        incident = self._store.incident(incident_id)
        if incident.ended_at is not None:
            return "the objectives are kept again"
        if now() - incident.started_at > 2 * self._policy.watch_time:
            return "that was intended too long ago, and the watcher did not run meanwhile"
        live = live_release(self._releases())
        if live is None or live.id != plan.bad.id:
            return f"{named(live) if live else 'no release'} is live now: somebody is at work"
        return ""

    def _has_settled(self, plan: Plan) -> bool:
        """Whether another release than the bad one is live, now or when the platform is done.

        Most platforms list a rollback while they are at work on it. If none is listed for a while,
        they were not asked.

        Raises:
            OutcomeUnknownError: if the releases cannot be read.
        """
        began = time.monotonic()
        while True:
            try:
                releases = self._releases()
            except PlatformError as error:
                raise OutcomeUnknownError(str(error)) from error
            live = live_release(releases)
            if live is not None and live.id != plan.bad.id:
                return True
            newer = itertools.takewhile(lambda each: each.id != plan.bad.id, releases)
            is_at_work = any(each.is_rollback for each in newer)
            wait = self._patience.work if is_at_work else self._patience.settle
            if time.monotonic() - began > wait:
                return False
            time.sleep(self._patience.between)

    def _verify(self, incident_id: int, plan: Plan) -> None:
        url = self._target.url
        if plan.good.commit is None or not plan.app_tells:
            who = "app does not tell which release answers"
            if plan.good.commit is None:
                who = f"platform tells no commit of {named(plan.good)}"
            words = f"Not verified: the {who}. Look at {url}"
            self._store.put(incident_id, Stage.FAILED, words)
            return
        job = Job(self._target.submission, load_battery("activity"), 0, self._target.limits)
        *_, last = wait_for(job, plan.good.commit, self._patience.verify)
        if last.standing is Standing.LIVE:
            self._store.put(incident_id, Stage.VERIFIED, f"Verified: {last.words} at {url}")
            return
        words = f"Not verified: {named(plan.good)} does not answer at {url} ({last.words})."
        self._store.put(incident_id, Stage.FAILED, words)

    def _releases(self) -> tuple[PlatformRelease, ...]:
        for pause in self._patience.again:
            try:
                return self._platform.releases(_LOOKED_AT)
            except PlatformError:
                time.sleep(pause)
        return self._platform.releases(_LOOKED_AT)
