"""What a replay has shown, by all that happened so far."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from grader.delivery.replay.asking import Event, Name, Order, Stopped, Woke
from grader.delivery.replay.comparing import Compared, Kind
from grader.model import Target

if TYPE_CHECKING:
    from grader.model import Release


class Result(StrEnum):
    """What is known in the end. The values appear in JSON and are stable."""

    SAME = "same"
    DIFFERENT = "different"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Group:
    """The queries whose replies differ in one way, the most often asked first."""

    kind: Kind
    queries: tuple[Compared, ...]

    @property
    def times(self) -> int:
        """How often all of them were captured."""
        return sum(each.times for each in self.queries)


class Report:
    """Gathers the events of one replay; it can be read after each of them."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.stopped: Stopped | None = None
        """Why the rest was not asked; None if all was."""
        self.releases: dict[Name, Release | None] = {}
        self._compared: dict[str, Compared] = {}

    def add(self, event: Event) -> None:
        """Take in what happened. Only the last word on each query counts."""
        match event:
            case Woke():
                self.releases[event.name] = event.release
            case Stopped():
                self.stopped = event
            case Compared():
                # Nobody looks at replies that are the same, and there may be many.
                kept = replace(event, replies=()) if event.kind is Kind.SAME else event
                self._compared[event.query] = kept

    @property
    def sides(self) -> Mapping[Name, Target]:
        """Both deployments."""
        return {Name.BASELINE: self.order.baseline, Name.CANDIDATE: self.order.candidate}

    @property
    def asked(self) -> int:
        """How many different queries were asked so far."""
        return len(self._compared)

    @property
    def total(self) -> int:
        """How many different queries there are to ask."""
        return len(self.order.queries)

    @property
    def times(self) -> int:
        """How often those that were asked had been captured."""
        return sum(each.times for each in self._compared.values())

    @property
    def groups(self) -> tuple[Group, ...]:
        """The differences by their kind, the kind that people would meet most often first."""
        found = (self.of(kind) for kind in Kind if kind.differs)
        filled = (group for group in found if group.queries)
        return tuple(sorted(filled, key=lambda group: (-group.times, -len(group.queries))))

    @property
    def differing(self) -> int:
        """How many queries differ."""
        return sum(len(group.queries) for group in self.groups)

    def of(self, kind: Kind) -> Group:
        """The queries of one kind."""
        queries = (each for each in self._compared.values() if each.kind is kind)
        return Group(kind, tuple(sorted(queries, key=lambda each: -each.times)))

    @property
    def result(self) -> Result:
        """What is known. Nothing is called the same that was not asked."""
        stopped = self.stopped
        if stopped is not None and stopped.by is not Name.CANDIDATE:
            # Without a baseline, nothing can be held against the candidate.
            return Result.UNTOLD
        if stopped is not None or self.groups:
            return Result.DIFFERENT
        if self.asked < self.total or self.of(Kind.UNTOLD).queries:
            return Result.UNTOLD
        return Result.SAME
