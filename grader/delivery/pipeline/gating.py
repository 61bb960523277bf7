"""Staging and the gate, as the pipeline uses them."""

from dataclasses import dataclass

from grader.delivery.gate import Gated, Order, gate
from grader.delivery.pipeline import instances
from grader.delivery.pipeline.builds import Build
from grader.delivery.pipeline.processes import Processes
from grader.delivery.pipeline.proxy import Proxy
from grader.model import Battery, Limits, Submission, Target

_LIMITS = Limits(timeout=5.0, wake_timeout=20.0, allow_private=True)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a pipeline takes for what.

    Attributes:
        pairs: how many pairs the gate asks at most.
        per_second: how many of them in a second at most.
        minutes: for how long at most.
        interval: seconds of an interval of the watch.
        intervals: how many of them a phase lasts.
        looks: how often the watch asks the front door, and as often the new servers, in each.
    """

    pairs: int = 600
    per_second: float = 40.0
    minutes: float = 0.6
    interval: float = 1.0
    intervals: int = 5
    looks: int = 6


class Staging:
    """One server like production's, with other settings and without users."""

    def __init__(self, processes: Processes, proxy: Proxy) -> None:
        self._processes = processes
        self._proxy = proxy
        self._instance: instances.Instance | None = None
        self.address = proxy.addresses["staging"]

    def put(self, build: Build) -> str:
        """Start a release there: what is wrong with it, or "" if it answers."""
        self._instance = instances.start(self._processes, "staging", build, {})
        if fault := instances.fault_of(self._instance, build.commit):
            return fault
        self._proxy.share("staging", {self._instance.port: 1})
        return ""

    def clear(self) -> None:
        """End what runs there."""
        self._proxy.share("staging", {})
        if self._instance is not None:
            self._processes.end([self._instance.name])
            self._instance = None


def compared(staging: str, production: str, build: Build, battery: Battery, pace: Pace) -> Gated:
    """Ask the gate whether staging may replace production."""
    order = Order(
        Target(Submission("", staging, expect_commit=build.commit), _LIMITS),
        Target(Submission("", production), _LIMITS),
        battery,
        samples=pace.pairs,
        minutes=pace.minutes,
        per_second=pace.per_second,
        expect_commit=build.commit,
    )
    return next(event for event in gate(order) if isinstance(event, Gated))
