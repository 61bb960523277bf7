"""What a real Prometheus makes of the app's indicators and of the alerts that we ship."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from tests.components import ROOT, require
from tests.platforms.gunicorns import Gunicorn, serving
from tests.servers import LOOPBACK, free_port, serve_command, wait_until
from webapp.app import create_app

RULES = ROOT / "docs" / "prometheus"

pytestmark = [pytest.mark.platform, pytest.mark.slow]
needs_gunicorn = pytest.mark.skipif(
    sys.platform == "win32", reason="gunicorn does not run on Windows"
)


def promtool(*arguments: str, sent: str = "") -> str:
    """What promtool says; it must be content."""
    done = subprocess.run(
        [require("promtool"), *arguments],
        input=sent,
        cwd=RULES,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_promtool_accepts_the_page() -> None:
    client = create_app().test_client()
    client.get("/api?q=x")
    page = client.get("/metrics").text
    assert promtool("check", "metrics", sent=page) == ""


@pytest.mark.parametrize("what", [("rules", "alerts.yml"), ("config", "prometheus.yml")])
def test_promtool_accepts_what_we_ship(what: tuple[str, str]) -> None:
    assert "SUCCESS" in promtool("check", *what)


def test_each_alert_fires_when_it_should_and_not_before() -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml")
    tests = yaml.safe_load((RULES / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    for name in alerts():
        assert {bool(case["exp_alerts"]) for case in cases if case["alertname"] == name} == {
            True,
            False,
        }, f"{name} is not tested both ways"


def alerts() -> list[str]:
    (group,) = yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule["alert"] for rule in group["rules"]]


def test_the_rules_read_nothing_that_the_page_does_not_show() -> None:
    page = create_app().test_client().get("/metrics").text
    rules = (RULES / "alerts.yml").read_text(encoding="utf-8")
    read = set(re.findall(r"\b(?:webapp|process|host)_\w+", rules))
    assert "webapp_queries_total" in read
    if sys.platform != "linux":
        read = {name for name in read if name.startswith("webapp_")}
    assert {name for name in read if not re.search(rf"^{name}\b", page, re.MULTILINE)} == set()


class Prometheus:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, path: str, **arguments: str) -> Any:
        """What its interface answers."""
        with urlopen(f"{self._url}/api/v1/{path}?{urlencode(arguments)}", timeout=30) as reply:  # noqa: S310
            return json.load(reply)["data"]

    def values(self, expression: str) -> list[float]:
        """The values of an expression now."""
        return [float(found["value"][1]) for found in self.ask("query", query=expression)["result"]]

    def look_again(self) -> None:
        """Wait until it has scraped anew, and then evaluated the rules."""
        asked = datetime.now(UTC)
        wait_until(lambda: self.values("timestamp(up)") >= [asked.timestamp()])
        scraped = datetime.now(UTC)
        wait_until(lambda: datetime.fromisoformat(self.rules()["lastEvaluation"]) > scraped)

    def rules(self) -> Any:
        """What it knows of our rules."""
        (group,) = self.ask("rules")["groups"]
        return group

    def state(self, alert: str) -> str:
        """inactive, pending or firing."""
        (state,) = {rule["state"] for rule in self.rules()["rules"] if rule["name"] == alert}
        return str(state)


@contextmanager
def watching(app: Gunicorn, folder: Path) -> Iterator[Prometheus]:
    """Run Prometheus as we ship it, but five looks a second, and alerts after a second."""
    config = (RULES / "prometheus.yml").read_text(encoding="utf-8")
    assert config.count("localhost:3000") == 1
    config = config.replace("localhost:3000", app.url.removeprefix("http://"))
    (folder / "prometheus.yml").write_text(config.replace(": 15s", ": 200ms"))
    rules = (RULES / "alerts.yml").read_text(encoding="utf-8")
    (folder / "alerts.yml").write_text(rules.replace("for: 1m", "for: 1s"))
    port = free_port()
    command = [
        str(require("prometheus")),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
    ]
    log = folder / "prometheus.txt"
    with serve_command(command, port, {}, log):
        prometheus = Prometheus(f"http://{LOOPBACK}:{port}")
        wait_until(lambda: "ready to receive" in log.read_text(), log.read_text)
        wait_until(lambda: prometheus.values("up") == [1], log.read_text)
        yield prometheus


@needs_gunicorn
def test_its_counts_are_those_of_a_known_load(tmp_path: Path) -> None:
    require("prometheus")
    with serving(tmp_path) as app, watching(app, tmp_path) as prometheus:
        answered = app.ask_until_answered_by(app.workers())
        for _ in range(7):
            app.ask("unknown")
        for _ in range(5):
            assert app.ask("fail") == "500"
        assert app.ask("x" * 501) == "414"
        prometheus.look_again()
        expected = {
            'webapp_queries_total{answered="yes"}': answered,
            'webapp_queries_total{answered="no"}': 13,
            "sum(webapp_query_duration_seconds_count)": answered + 13,
            'webapp_errors_total{kind="failed"}': 5,
            'webapp_errors_total{kind="too_long"}': 1,
            "sum(webapp_errors_total)": 6,
            "webapp_workers": 2,
            "webapp_threads_busy": 1,
            "count(webapp_release == 1)": 1,
            "count(process_cpu_seconds_total)": 3,
        }
        assert {words: prometheus.values(words) for words in expected} == {
            words: [value] for words, value in expected.items()
        }


@needs_gunicorn
def test_the_business_alert_fires_when_answers_fail_to_come_and_not_before(tmp_path: Path) -> None:
    require("prometheus")
    with serving(tmp_path) as app, watching(app, tmp_path) as prometheus:
        for _ in range(20):
            app.ask("who?")
        for _ in range(19):
            app.ask("unknown")
        prometheus.look_again()
        seen = prometheus.values("sum(increase(webapp_queries_total[5m]))")
        assert seen >= [12], "enough to tell"
        assert prometheus.state("QueriesNotAnswered") == "inactive"
        for _ in range(30):
            app.ask("unknown")
        wait_until(lambda: prometheus.state("QueriesNotAnswered") == "firing")
        (alert,) = prometheus.ask("alerts")["alerts"]
        assert alert["labels"] == {
            "alertname": "QueriesNotAnswered",
            "job": "webapp",
            "severity": "page",
        }
        assert "answered less than half of the queries" in alert["annotations"]["summary"]
