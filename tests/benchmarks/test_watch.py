"""The apps of the benchmark are what the watcher takes them for."""

from datetime import UTC, datetime

from benchmarks.watched import metrics
from grader.delivery.watch import AppView
from grader.delivery.watch.metrics import AppReader
from grader.model import Reply
from tests.grader.probes.loops import in_a_thread


def test_their_pages_are_read_and_not_refused() -> None:
    async def read() -> AppView | None:
        reader = AppReader()
        for asked in (10, 35):
            reply = Reply("", datetime(2026, 3, 1, tzinfo=UTC), 200, metrics(asked))
            _, view = await reader.read(reply, float(asked))
        return view

    assert in_a_thread(read()) == AppView(25.0, 25, 0, 0)
