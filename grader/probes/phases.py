"""The phases of one request, each taken where it happens: on the way there, or in the reply."""

import time
from dataclasses import dataclass
from datetime import datetime

from grader.model import Timings


@dataclass(slots=True)
class Phases:
    """What was measured of one request so far.

    Moments are those of `time.perf_counter`, in seconds.

    Attributes:
        resolving_since: when it began to look the name up; None before and after.
        resolve: milliseconds that looking the name up took; None where there was none to look up.
        connect: milliseconds; None where the connection was kept alive.
        tls: milliseconds; None without a handshake of its own.
        sent_at: when the request had been sent; None before.
        first_byte_at: when the reply began to come; None before.
        certificate_expires_at: told by the handshake.
    """

    resolving_since: float | None = None
    resolve: float | None = None
    connect: float | None = None
    tls: float | None = None
    sent_at: float | None = None
    first_byte_at: float | None = None
    certificate_expires_at: datetime | None = None

    def timings(self, read_at: float | None) -> Timings | None:
        """What to tell of it; None where nothing was sent.

        Args:
            read_at: when the last byte of the reply was read; None where it never came.
        """
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
