"""What can be wrong with a battery, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.model import InputError

_MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a battery.

    `line` counts from 1, and is None if the file could not be read. `key` is the place in words,
    such as `entry 3 'points'`; it is empty for the whole file.
    """

    line: int | None
    key: str
    message: str


class BatteryError(InputError):
    """A battery that cannot be used, with everything that is wrong with it."""

    def __init__(self, where: str, faults: Sequence[Fault]) -> None:
        super().__init__(where, faults)
        self.where = where
        self.faults = tuple(faults)

    def __str__(self) -> str:
        shown = [self._sentence(fault) for fault in self.faults[:_MAX_SHOWN]]
        if more := len(self.faults) - len(shown):
            shown.append(f"{self.where}: and {more} more faults")
        return "\n".join(shown)

    def _sentence(self, fault: Fault) -> str:
        place = self.where if fault.line is None else f"{self.where}:{fault.line}"
        return ": ".join(filter(None, (place, fault.key, fault.message)))
