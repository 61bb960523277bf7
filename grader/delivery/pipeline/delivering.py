"""A release on its way: built, tested, staged, gated, deployed, rolled out, or rolled back."""

import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from grader.delivery.gate import Decision, Rule
from grader.delivery.pipeline import builds, gating, instances
from grader.delivery.pipeline.gating import Pace, Staging
from grader.delivery.pipeline.instances import Instance
from grader.delivery.pipeline.production import Production
from grader.delivery.pipeline.record import SERVERS, Result, Stage, Told, Tone
from grader.delivery.pipeline.stories import Ending, Story
from grader.delivery.pipeline.users import Users
from grader.delivery.pipeline.watching import watch
from grader.formats.words import seconds
from grader.model import Battery, Question

PHASES = (1, 4, SERVERS)
"""How many servers give the new release to users, phase by phase."""

_TONES = {Decision.PROMOTE: Tone.GOOD, Decision.HOLD: Tone.DOUBT, Decision.REJECT: Tone.BAD}
_UNTOLD = (Rule.HEALTH, Rule.DATA)  # if all is well, they say nothing more
_Steps = Generator[Told, None, Ending | None]
"""Steps that are told; at their end what became of the release, or None if it goes on."""


class Delivery:
    """One story's release, from its build to its end."""

    def __init__(
        self,
        story: Story,
        places: tuple[Production, Staging, Users],
        asked: tuple[Battery, Sequence[Question]],
        pace: Pace,
        folder: Path,
        began: float,
    ) -> None:
        self._story = story
        self._production, self._staging, self._users = places
        self._old = self._production.serving[0].build
        self._battery, self._questions = asked
        self._pace = pace
        self._folder = folder
        self._began = began
        self._started = self._now()
        self._most = 0
        self._alerted = 0.0
        self._restoring: float | None = None
        self.build = self._old

    def steps(self) -> Iterator[Told | Result]:
        """Take the release as far as it comes: each step, and at last what became of it."""
        ending = None
        for stage in (self._built, self._tested, self._staged, self._gated):
            ending = yield from stage()
            if ending is not None:
                break
        self._staging.clear()
        if ending is None:
            ending = yield from self._rolled_out()
        if ending is self._story.ending:
            yield self._told(Stage.END, f"{ending.upper()}. {self._story.moral}", Tone.GOOD)
        else:
            words = f"{ending.upper()}. It should have been: {self._story.ending}."
            yield self._told(Stage.END, words, Tone.BAD)
        asked, right, lost = self._users.counts(self._started)
        yield Result(
            self._story,
            self.build.short,
            self._old.short,
            ending,
            self._started,
            self._now(),
            self._most,
            self._restoring,
            asked,
            right,
            lost,
        )

    def _built(self) -> _Steps:
        self.build = builds.build(self._story, self._old, self._folder)
        for line in self.build.diff:
            yield self._told(Stage.BUILD, line)
        yield self._told(Stage.BUILD, f"Release {self.build.short} is in its folder.")
        return None

    def _tested(self) -> _Steps:
        passed, words = builds.test(self.build)
        tone = Tone.GOOD if passed else Tone.BAD
        yield self._told(Stage.TEST, f"The app's own tests: {words}", tone)
        return None if passed else Ending.NOT_BUILT

    def _staged(self) -> _Steps:
        if fault := self._staging.put(self.build):
            yield self._told(Stage.STAGE, f"Staging fails: {fault}.", Tone.BAD)
            return Ending.STOPPED_AT_GATE
        words = f"{self.build.short} runs at {self._staging.address.url}. No user knows."
        yield self._told(Stage.STAGE, words)
        return None

    def _gated(self) -> _Steps:
        words = f"Staging and production are asked in turn, {self._pace.pairs} times at most."
        yield self._told(Stage.GATE, words)
        staging, production = self._staging.address.url, self._production.address.url
        gated = gating.compared(staging, production, self.build, self._battery, self._pace)
        tone = _TONES[gated.decision]
        behind = [each for each in gated.reasons if each.decision is gated.decision]
        for reason in behind:
            if reason.rule not in _UNTOLD or reason.decision is not Decision.PROMOTE:
                yield self._told(Stage.GATE, f"{reason.rule}: {reason.words}", tone)
        yield self._told(Stage.GATE, f"Decision: {gated.decision.upper()}", tone)
        return None if gated.decision is Decision.PROMOTE else Ending.STOPPED_AT_GATE

    def _rolled_out(self) -> Generator[Told, None, Ending]:
        old = self._production.serving
        new = self._production.deploy(self.build, self._story.forgotten)
        words = f"{SERVERS} servers start {self.build.short} beside {self._old.short}: no traffic."
        yield self._told(Stage.DEPLOY, words)
        if faults := instances.faults_of(new, self.build.commit):
            yield self._told(Stage.DEPLOY, f"Asked directly: {'; '.join(faults)}!", Tone.BAD)
            self._production.retire(new)
            return Ending.STOPPED_BEFORE_TRAFFIC
        words = f"Asked directly, each of the {SERVERS} runs {self.build.short}."
        yield self._told(Stage.DEPLOY, words, Tone.GOOD)
        for count in PHASES:
            is_well = yield from self._phase(old, new, count)
            if not is_well:
                yield from self._rolled_back(old, new)
                return Ending.ROLLED_BACK
        self._production.retire(old)
        return Ending.PROMOTED

    def _phase(
        self, old: Sequence[Instance], new: Sequence[Instance], count: int
    ) -> Generator[Told, None, bool]:
        """Let `count` servers give the new release to users; whether no alert came."""
        self._production.share([*new[:count], *old[count:]])
        self._most = count
        give = "gives" if count == 1 else "give"
        words = f"{count} of {SERVERS} servers {give} {self.build.short} to users."
        yield self._told(Stage.RELEASE, words)
        asked = right = 0
        pace = self._pace
        watched = watch(
            self._production.address.url, new[:count], self._questions,
            pace.interval, pace.intervals, pace.looks,
        )  # fmt: skip
        for looks in watched:
            asked, right = asked + looks.asked, right + looks.right
            if looks.alert is not None:
                self._alerted = time.monotonic()
                words = f"ALERT within {looks.number * pace.interval:g} s: {looks.alert.cause}"
                yield self._told(Stage.WATCH, words, Tone.BAD)
                return False
        words = f"{right} of {asked} answers right in {pace.intervals * pace.interval:g} s."
        yield self._told(Stage.WATCH, words, Tone.GOOD)
        return True

    def _rolled_back(self, old: Sequence[Instance], new: Sequence[Instance]) -> Iterator[Told]:
        self._production.share(old)
        restored = self._production.answers_alone(self._old)
        self._restoring = time.monotonic() - self._alerted
        words = f"{self._old.short} does not answer everywhere yet: look at production yourself."
        if restored:
            took = seconds(1000 * self._restoring)
            words = f"{self._old.short} alone answers again, {took} after the alert."
        yield self._told(Stage.ROLL_BACK, words, Tone.GOOD if restored else Tone.BAD)
        self._production.retire(new)

    def _told(self, stage: Stage, words: str, tone: Tone = Tone.PLAIN) -> Told:
        servers = self._production.commits
        return Told(self._now(), self._story.name, stage, words, tone, self.build.short, servers)

    def _now(self) -> float:
        return time.monotonic() - self._began
