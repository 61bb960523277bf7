"""The phases of one request, each measured where it happens."""

import time
from dataclasses import dataclass
from datetime import datetime

from grader.model import Timings


@dataclass(slots=True)
class Phases:
    """What was measured of one request so far; None if it has not happened.

    `resolve`, `connect` and `tls` are in milliseconds; `resolving_since` (None afterwards, too),
    `sent_at` and `first_byte_at` are seconds of `time.perf_counter`.
    """

    resolving_since: float | None = None
    resolve: float | None = None
    connect: float | None = None
    tls: float | None = None
    sent_at: float | None = None
    first_byte_at: float | None = None
    certificate_expires_at: datetime | None = None

    def timings(self, read_at: float | None) -> Timings | None:
        """What is kept; None without a connection. `read_at` is the time of the last byte."""
        if self.connect is None and self.sent_at is None:
            return None
        return Timings(
            self.resolve,
            self.connect,
            self.tls,
            _between(self.sent_at, self.first_byte_at),
            _between(self.first_byte_at, read_at),
        )


def elapsed_ms(since: float) -> float:
    """Milliseconds since a moment of `time.perf_counter`."""
    return round(1000 * (time.perf_counter() - since), 1)


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(1000 * (end - start), 1)
