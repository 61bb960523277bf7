"""An app's own indicators, as its `/metrics` tells them. That page is a stranger's."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as Line

from grader.delivery.watch.values import AppView
from grader.model import Reply
from grader.probes.beside import beside

_MOST_FAMILIES = 500
_LONGEST_LINE = 4096
_MOST = 1e15  # above that, one more cannot be told any more
# Kinds of errors that the app itself is to blame for; the others are a stranger's bad requests.
_OWN_ERRORS = ("failed", "server")


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    answered: float
    unanswered: float
    errors: float


class AppReader:
    """Reads the pages of one target, and tells what was counted between two of them."""

    def __init__(self) -> None:
        self._last: _Reading | None = None

    async def read(self, reply: Reply, at: float) -> tuple[bool, AppView | None]:
        """Whether this is our web app's page, and what the app counted since the last one.

        If it counts less than before, another process of it answers: it is compared with its own
        next page only.
        """
        reading = None
        if reply.failure is None and reply.is_success:
            # A long page takes milliseconds, in which nobody else could be asked.
            reading = await beside(_reading, reply.text, at)
        before, self._last = self._last, reading
        if reading is None or before is None:
            return reading is not None, None
        view = AppView(
            seconds=round(reading.at - before.at, 1),
            answered=round(reading.answered - before.answered),
            unanswered=round(reading.unanswered - before.unanswered),
            errors=round(reading.errors - before.errors),
        )
        is_same_process = min(view.answered, view.unanswered, view.errors) >= 0
        return True, view if is_same_process else None


def _reading(text: str, at: float) -> _Reading | None:
    """What a page has counted so far; None if it is not our web app's, or cannot be read."""
    if any(len(line) > _LONGEST_LINE for line in text.splitlines()):
        return None
    try:
        families = islice(text_string_to_metric_families(text), _MOST_FAMILIES)
        lines = {
            family.name: family.samples
            for family in families
            if family.name in ("webapp_queries", "webapp_errors", "webapp_serverless")
        }
        if any(line.value for line in lines.get("webapp_serverless", ())):
            return None  # each page may come from another process, which has just begun to count
        queries = _by_label(lines["webapp_queries"], "answered")
        errors = _by_label(lines.get("webapp_errors", []), "kind")
    except Exception:  # the parser has no error of its own: hostile text trips it in many ways
        return None
    return _Reading(
        at,
        queries.get("yes", 0.0),
        queries.get("no", 0.0),
        sum(errors.get(kind, 0.0) for kind in _OWN_ERRORS),
    )


def _by_label(lines: list[Line], label: str) -> Mapping[str, float]:
    """The counts by the value of a label.

    Raises:
        ValueError: if one is no count.
    """
    counts = {line.labels.get(label, ""): line.value for line in lines}
    if not all(0 <= value <= _MOST for value in counts.values()):
        raise ValueError("not a count")
    return counts
