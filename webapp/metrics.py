"""The indicators that the app shows of itself at /metrics, for Prometheus and `grader watch`."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app
from prometheus_client import (
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # where several workers count: gunicorn.conf.py
WORKER = os.environ.get("WEBAPP_WORKER", "1")
values.ValueClass = values.MultiProcessValue(lambda: WORKER) if FOLDER else values.MutexValue
disable_created_metrics()

# Labels are words of ours and never what a stranger sent: each is one more series for ever.
KINDS = {
    "400": "bad_request",
    "404": "not_found",
    "405": "method",
    "414": "too_long",
    "500": "failed",
}
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.8, 1, 2, 5, 15)  # seconds


def init_app(app: Flask) -> None:
    """Count what an app does, and show it; around the app this costs half as much as inside."""
    indicators = Indicators(app.wsgi_app)
    app.wsgi_app = indicators  # type: ignore[method-assign] # as Flask's guide does
    app.add_url_rule("/metrics", "metrics", indicators.page)


class Indicators(Collector):
    """Hands each request on to the app inside, and counts what becomes of it."""

    def __init__(self, app: "WSGIApplication") -> None:
        """Begin with nothing counted."""
        self.app = app
        durations = Histogram(  # which also counts the queries: two counts would cost more than one
            "webapp_query_duration_seconds",
            "How long the app took for a query.",
            ["answered"],
            buckets=BUCKETS,
            registry=None,
        )
        self.answered, self.not_answered = durations.labels("yes"), durations.labels("no")
        self.errors = Counter("webapp_errors", "Errors that it replied.", ["kind"], registry=None)
        for kind in (*KINDS.values(), "client", "server"):
            self.errors.labels(kind)
        busy = Gauge(
            "webapp_threads_busy",
            "Requests that are being answered, each in a thread; this one counts.",
            multiprocess_mode="livesum",
            registry=None,
        )
        self.busy_by = busy._value.inc  # Gauge.inc() costs double
        pid = Gauge("webapp_pid", "A worker.", multiprocess_mode="liveall", registry=None)
        pid.set(os.getpid())
        self.counted = (durations, self.errors, busy, pid)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        status = "500"  # unless the app says another, such as "200 OK"

        def note_status(line: str, headers: Any, error: Any = None) -> Callable[[bytes], object]:
            nonlocal status
            status = line
            return start_response(line, headers, error)

        self.busy_by(1)
        environ["webapp.began"] = began = perf_counter()
        try:
            return self.app(environ, note_status)
        finally:
            self.count(status, perf_counter() - began, environ.get("webapp.answer"))
            self.busy_by(-1)

    def count(self, status: str, seconds: float, answer: str | None) -> None:
        """Count a request, which was a query if there is an answer, however empty."""
        failed = status >= "4"
        if failed:
            kind = KINDS.get(status[:3], "client" if status < "5" else "server")
            self.errors.labels(kind).inc()
        if answer is not None:
            answered = not failed and answer.strip()
            (self.answered if answered else self.not_answered).observe(seconds)

    def page(self) -> Response:
        """The page, in Prometheus' text format."""
        return Response(
            generate_latest(self), content_type="text/plain; version=0.0.4; charset=utf-8"
        )

    def collect(self) -> Iterator[Metric]:
        """Put the page together, with what matters most at its top."""
        alone = chain.from_iterable(indicator.collect() for indicator in self.counted)
        # What the folder does not tell (a cleaner emptied it), this worker knows of itself.
        families = chain(alone, all_workers(FOLDER) if FOLDER else ())
        found = {family.name: family for family in families}
        yield queries(found["webapp_query_duration_seconds"])
        for name in ("query_duration_seconds", "errors", "threads_busy"):
            yield found[f"webapp_{name}"]
        pids = {s.labels.get("pid", WORKER): int(s.value) for s in found["webapp_pid"].samples}
        yield GaugeMetricFamily("webapp_workers", "Processes that answer requests.", len(pids))
        yield from release()
        if FOLDER:
            pids["master"] = os.getppid()
        yield from processes(pids)
        yield from machine()


def queries(durations: Metric) -> Metric:
    """The indicator of the business: how many queries were answered, and how many were not."""
    family = CounterMetricFamily("webapp_queries", "Queries, answered or not.", labels=["answered"])
    for sample in durations.samples:
        if sample.name.endswith("_count"):
            family.add_metric([sample.labels["answered"]], sample.value)
    return family


def all_workers(folder: str) -> Iterable[Metric]:
    """What all workers have counted, added up."""
    files = filter(is_filled, Path(folder).glob("*.db"))
    merged: Iterable[Metric] = MultiProcessCollector.merge(map(str, files))
    return merged


def is_filled(file: Path) -> bool:
    """Whether there is anything in a worker's file; one that starts may have made it only now."""
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:  # the worker died, and its file of busy threads went with it
        return False


def release() -> Iterator[Metric]:
    """Which commit runs where, and whether counts mean anything there."""
    running = current_app.config["RELEASE"]
    labels = ("commit", "platform", "environment", "region")
    family = GaugeMetricFamily("webapp_release", "The release that runs; always 1.", labels=labels)
    family.add_metric([getattr(running, label) or "" for label in labels], 1)
    yield family
    yield GaugeMetricFamily(
        "webapp_serverless",
        "1 where processes do not last (serverless): counts begin at 0 again and again, and are "
        "those of one process of many. There, watch the app from outside.",
        running.platform == "vercel",
    )


def processes(pids: Mapping[str, int]) -> Iterator[Metric]:
    """CPU, memory and open files of each process of the app, if the system tells them (Linux)."""
    found: dict[str, Metric] = {}
    for worker, pid in sorted(pids.items()):
        for one in ProcessCollector(pid=partial(str, pid), registry=None).collect():
            every = found.setdefault(one.name, Metric(one.name, one.documentation, one.type))
            for sample in one.samples:
                every.add_sample(sample.name, {"worker": worker}, sample.value)
    yield from found.values()


def machine() -> Iterator[Metric]:
    """Load, memory and open files of the machine, which others may share (Linux)."""
    try:
        load, _, _ = os.getloadavg()
        memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        available = int(memory["MemAvailable"].split()[0]) * 1024
        files = Path("/proc/sys/fs/file-nr").read_text().split()
    except (AttributeError, LookupError, OSError, ValueError):  # another system
        return
    yield GaugeMetricFamily("host_load1", "Processes that run or wait to, over a minute.", load)
    yield GaugeMetricFamily("host_memory_available_bytes", "Memory that is free to use.", available)
    yield GaugeMetricFamily("host_open_files", "Files that are open.", int(files[0]))
