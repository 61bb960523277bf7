import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grader.cli import cli
from tests.grader.apps import ACTIVITY, app, right_answers

Grader = Callable[..., Result]
QUICK = ("--timeout", 5, "--wake-timeout", 1, "--allow-private")
SHAKESPEARE = 'family = "shakespeare"'
ALSO_ACTOR = (
    'name = "shakespeare"\nquery = "Who was Shakespeare?"\n'
    'key = { kind = "fact", any_of = ["playwright", "actor"] }'
)
ACCEPT = ("--accept", "--by", "Dean", "--reason", "Shown in class")


@pytest.fixture
def grader(monkeypatch: pytest.MonkeyPatch) -> Grader:
    """The command line, run in this process; an unexpected exception fails the test."""
    # What whoever runs the tests has set for their own app is not for these.
    for name in ("GRADER_ANDREW_ID", "GRADER_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object, code: int | None = 0) -> Result:
        # No line is wrapped, however wide the terminal of whoever runs the tests is.
        result = CliRunner(env={"COLUMNS": None}).invoke(
            cli, [str(argument) for argument in arguments], catch_exceptions=False
        )
        if code is not None:
            assert result.exit_code == code, result.output
        return result

    return run


class Class:
    """Two deployed apps, and a run that has graded them."""

    def __init__(self, folder: Path, grader: Grader, urls: dict[str, str]) -> None:
        self.out = folder / "results"
        self.roster = folder / "roster.csv"
        self.grader = grader
        self.requests: list[str] = []
        self.answers: dict[str, Callable[[str], str]] = {}
        rows = "".join(f"{student},{url}\n" for student, url in urls.items())
        self.roster.write_text(f"andrew_id,url\n{rows}")

    def batch(self, *options: object, code: int = 0) -> str:
        return self.grader(
            "batch", self.roster, "--out", self.out, *QUICK, "--seed", 7, *options, code=code
        ).output

    def grades(self) -> dict[str, dict[str, str]]:
        rows = csv.DictReader((self.out / "grades.csv").read_text("utf-8").splitlines())
        return {row["andrew_id"]: row for row in rows}

    def scores(self) -> dict[str, str]:
        return {student: row["score"] for student, row in self.grades().items()}

    def shown(self, student: str) -> dict[str, Any]:
        shown = self.grader("show", self.out, student, "--format", "json").output
        document: dict[str, Any] = json.loads(shown)
        return document


@pytest.fixture
def graded(tmp_path: Path, grader: Grader) -> Iterator[Class]:
    """Ada's app is right but for a hostile Shakespeare; ben's answers nothing at all."""
    right = right_answers("ada")

    def ada(query: str) -> str:
        made.requests.append(query)
        return made.answers.get("ada", hostile)(query)

    def hostile(query: str) -> str:
        return "\x1b[2Jan actor" if "Shakespeare" in query else right[query]

    with app(ada) as first, app(lambda _: "") as second:
        made = Class(tmp_path, grader, {"ada": first, "ben": second})
        made.batch()
        yield made


def corrected(folder: Path, before: str, now: str) -> Path:
    assert before in ACTIVITY.source
    path = folder / "corrected.toml"
    path.write_text(ACTIVITY.source.replace(before, now), encoding="utf-8")
    return path
