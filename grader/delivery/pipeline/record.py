"""What a pipeline tells while it works, and what remains of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from grader.delivery.pipeline.stories import Ending, Story

SERVERS = 8
"""How many servers production has."""


class Stage(StrEnum):
    """Where a release is on its way."""

    BUILD = "build"
    TEST = "test"
    STAGE = "stage"
    GATE = "gate"
    DEPLOY = "deploy"
    RELEASE = "release"
    WATCH = "watch"
    ROLL_BACK = "roll back"
    END = "end"


_OF_TRAFFIC = frozenset({Stage.RELEASE, Stage.WATCH, Stage.ROLL_BACK, Stage.END})


class Tone(StrEnum):
    """How good the news is: the names of the colors on pages."""

    PLAIN = "mute"
    GOOD = "good"
    DOUBT = "look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Told:
    """One step, in a sentence.

    Attributes:
        at: seconds since the pipeline began.
        story: the name of the story.
        release: the commit that it is about.
        servers: the commit that each server of production gives to users.
    """

    at: float
    story: str
    stage: Stage
    words: str
    tone: Tone = Tone.PLAIN
    release: str = ""
    servers: tuple[str, ...] = ()

    @property
    def is_diff(self) -> bool:
        """Whether it is a line that the story changed, and no sentence."""
        return self.stage is Stage.BUILD and self.words.startswith(("+ ", "- "))

    @property
    def servers_shown(self) -> str:
        """Which release each server gives to users, as in [NNNNoooo]; "" before it may change."""
        if self.stage not in _OF_TRAFFIC:
            return ""
        return f"[{''.join('N' if each == self.release else 'o' for each in self.servers)}]"


@dataclass(frozen=True, slots=True)
class Second:
    """What users met within one second, which began `at` seconds after the pipeline.

    Attributes:
        lost: requests without a reply of the app: the fault of a change, not of a release.
        releases: how many requests each commit answered.
    """

    at: int
    asked: int
    right: int
    lost: int
    median_ms: float | None
    releases: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one story's release.

    Attributes:
        began: seconds since the pipeline began; likewise `ended`.
        most: how many of the servers gave it to users at most.
        restoring: seconds from the alert to the moment when the old release alone answered; None
            if there was no rollback.
        asked: how many requests users made meanwhile, of which so many were `lost` or not `right`.
    """

    story: Story
    commit: str
    baseline: str
    ending: Ending
    began: float
    ended: float
    most: int
    restoring: float | None
    asked: int
    right: int
    lost: int

    @property
    def wrong(self) -> int:
        """How many requests were answered, and not right."""
        return self.asked - self.right - self.lost

    @property
    def as_told(self) -> bool:
        """Whether the pipeline made of it what it should."""
        return self.ending is self.story.ending
