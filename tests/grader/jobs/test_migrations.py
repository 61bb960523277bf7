"""Folders that an earlier version of the grader has made.

The folder `stores` holds what the grader made of two small classes on loopback while its tables
had version 4: the SQL of each store, and `grades.csv`. %PORT% is the port of the students' apps.

- `class` keeps the best attempt. Ben was asked anew, cy changed the link, dan's score was set by
  hand, ivy is excused, eve appealed, fay was unreachable and accepted, gil has no usable link, and
  hal left the roster. The battery was corrected twice, the second time with --partial, and only ada
  and eve were asked again after that. Then a run was killed: kit and lea wait for their second
  pass, jo was to be asked anew, and mia never was asked.
- `doubt` accepted four unreachable apps; then a fifth of six was unreachable, too.
"""

import csv
import io
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Request, Response

from grader.jobs import Run
from grader.jobs.tables import METADATA, ROOM
from grader.model import Acceptance, Limits
from grader.store import FolderBusyError, StoreError, exclusive, open_store
from tests.grader.cli.conftest import ACCEPT, Grader, grader
from tests.servers import serve

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["grader"]

STORES = Path(__file__).parent / "stores"
# What each student has: number, kind, score and whether it counts, scorecard by scorecard.
ATTEMPTS = {
    "ada": [(1, "graded", 20, False), (1, "rejudged", 30, False), (2, "graded", 30, True)],
    "ben": [(1, "graded", 20, False), (1, "rejudged", 20, True), (2, "graded", 0, False)],
    "cy": [(1, "graded", 20, False), (1, "rejudged", 30, True), (2, "graded", 10, False)],
    "dan": [(1, "graded", 0, False), (1, "rejudged", 25, True)],
    "eve": [
        (1, "graded", 0, False),
        (1, "rejudged", 10, False),
        (2, "appealed", 30, False),
        (3, "graded", 30, True),
    ],
    "gil": [(1, "graded", 0, False), (1, "rejudged", 0, False), (1, "rejudged", 0, True)],
    "hal": [(1, "graded", 20, False), (1, "rejudged", 30, True)],
    "ivy": [(1, "graded", 20, False), (1, "rejudged", None, True)],
    "jo": [(1, "graded", 20, False), (1, "rejudged", 30, True)],
    "kit": [(1, "graded", 20, True)],
    "lea": [(1, "graded", 10, True)],
    "mia": [],
}


@dataclass
class Apps:
    """The students' apps, each below a path of one site: all but jo's know all answers now."""

    port: int = 0
    asked: Counter[str] = field(default_factory=Counter)

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        request = Request(environ)
        _, student, *rest = request.path.split("/")
        self.asked[student] += "api" in rest
        query = request.args.get("q", "")
        answers = {"Which is first?": "1", "Which is second?": "2", "Which is third?": "3"}
        if student == "jo":
            del answers["Which is third?"]
        return Response(answers.get(query, ""))(environ, start)


@pytest.fixture
def apps() -> Iterator[Apps]:
    served = Apps()
    with serve(served) as url:
        served.port = int(url.rpartition(":")[2])
        yield served


def made_by_version_4(folder: Path, name: str, port: int = 9) -> Path:
    """The store of a run in `folder`, as a grader of that time left it."""
    folder.mkdir()
    path = folder / "run.sqlite"
    script = (STORES / f"version4-{name}.sql").read_text("utf-8").replace("%PORT%", str(port))
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def old_grades(name: str, port: int) -> str:
    return (STORES / f"version4-{name}.csv").read_text("utf-8").replace("%PORT%", str(port))


def rows_of(grades: str) -> dict[str, dict[str, str]]:
    return {row["andrew_id"]: row for row in csv.DictReader(io.StringIO(grades, newline=""))}


@pytest.mark.parametrize("name", ["class", "doubt"])
def test_every_grade_of_an_earlier_version_is_the_same(
    grader: Grader, tmp_path: Path, name: str
) -> None:
    made_by_version_4(tmp_path / "run", name, 7777)
    exported = grader("export", tmp_path / "run", "--format", "csv", code=3).output
    assert (tmp_path / "run" / "grades.csv").read_text("utf-8") == old_grades(name, 7777)
    if name == "class":
        assert "4 of 12 are not graded yet: jo, mia, kit, lea." in exported


@pytest.mark.parametrize("student", ATTEMPTS)
def test_every_attempt_and_decision_is_still_shown(
    grader: Grader, tmp_path: Path, student: str
) -> None:
    made_by_version_4(tmp_path / "run", "class")
    shown = json.loads(grader("show", tmp_path / "run", student, "--format", "json").output)
    found = [
        (each["attempt"], each["kind"], each["score"], each["counts"]) for each in shown["attempts"]
    ]
    assert found == ATTEMPTS[student]
    if student == "dan":
        decided = [(each["score"], each["reason"]) for each in shown["overrides"]]
        assert decided == [(5, "shown in class"), (None, "by mistake"), (25, "shown in the lab")]
    if student == "eve":
        with closing(Run.open(tmp_path / "run" / "run.sqlite")) as run:
            accepted = [each.accepted for each in run.transcript("eve").scorecards]
        assert [each and each.reason for each in accepted] == [None, None, "the app was down", None]
        assert isinstance(accepted[2], Acceptance)


def test_an_interrupted_run_of_an_earlier_version_is_resumed(
    grader: Grader, tmp_path: Path, apps: Apps
) -> None:
    made_by_version_4(tmp_path / "run", "class", apps.port)
    before = rows_of(old_grades("class", apps.port))
    links = {student: row["url"] for student, row in before.items() if student != "hal"}
    app = f"http://127.0.0.1:{apps.port}"
    links |= {"cy": f"{app}/cynew", "gil": "https://github.com/gil/app", "mia": f"{app}/mia"}
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "andrew_id,name,url,remark\n"
        + "".join(f"{student},{student.title()} Example,{url},\n" for student, url in links.items())
    )
    patient = ("--allow-private", "--timeout", 30, "--wake-timeout", 30, "--per-site", 8)
    grader("batch", roster, "--out", tmp_path / "run", *patient)
    now = rows_of((tmp_path / "run" / "grades.csv").read_text("utf-8"))
    # Jo is asked anew and mia for the first time, kit and lea only what was a server error.
    assert {student for student in apps.asked if apps.asked[student]} == {"jo", "kit", "lea", "mia"}
    assert [now[student]["score"] for student in ("kit", "lea", "mia")] == ["30"] * 3
    # More points by an earlier battery are not the best attempt.
    assert (before["jo"]["score"], now["jo"]["score"]) == ("30", "20")
    settled = before.keys() - {"jo", "kit", "lea"}
    assert {student: now[student] for student in settled} == {
        student: before[student] for student in settled
    }


def test_a_run_of_an_earlier_version_is_judged_again(grader: Grader, tmp_path: Path) -> None:
    path = made_by_version_4(tmp_path / "run", "class")
    with closing(Run.open(path)) as run:
        source = run.info.battery.source
    corrected = tmp_path / "three.toml"
    corrected.write_text(re.sub(r"value = 3\b", "value = 4", source))
    said = grader("rejudge", tmp_path / "run", "--battery", corrected, "--partial").output
    # Ben, cy, dan, ivy and jo were never asked the third question.
    assert "Judged again: 6, with other points: 3" in said
    now = rows_of((tmp_path / "run" / "grades.csv").read_text("utf-8"))
    scores = {student: now[student]["score"] for student in ("ada", "ben", "eve", "lea")}
    assert scores == {"ada": "20", "ben": "20", "eve": "20", "lea": "0"}


def test_who_was_accepted_stays_accepted_and_who_was_not_is_open(tmp_path: Path) -> None:
    path = made_by_version_4(tmp_path / "run", "doubt")
    with closing(Run.open(path)) as run:
        assert (run.in_doubt(), run.unsettled(), run.reopen()) == (True, 1, 1)
        (job,) = run.second_pass(Limits())
        assert job.submission.andrew_id == "up1"
        run.accept_unreachable()
        assert (run.in_doubt(), run.unsettled()) == (False, 0)


def test_migrated_tables_are_those_of_a_new_store(tmp_path: Path) -> None:
    migrated = made_by_version_4(tmp_path / "run", "class")
    Run.open(migrated).close()
    new = tmp_path / "new.sqlite"
    open_store(new, ROOM).dispose()
    assert _columns(migrated) == _columns(new)


def _columns(path: Path) -> dict[str, Any]:
    """Each table's columns, keys and indexes. Types aside: SQLite keeps to them for no column."""
    found = {}
    with closing(sqlite3.connect(path)) as connection:
        for table in ("schema_version", *METADATA.tables):
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            keys = connection.execute(f"PRAGMA foreign_key_list({table})").fetchall()
            indexes = {
                name: connection.execute(f"PRAGMA index_info({name})").fetchall()
                for _, name, *_ in connection.execute(f"PRAGMA index_list({table})")
            }
            found[table] = (
                [(name, bool(required), key) for _, name, _, required, _, key in columns],
                sorted(key[2:5] for key in keys),
                indexes,
            )
    return found


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made_by_version_4(tmp_path / "run", "class")
    before = _dump(path)
    failing = {4: (*ROOM.migrations[4], "INSERT INTO nowhere VALUES (1)")}
    monkeypatch.setattr("grader.jobs.run.ROOM", replace(ROOM, migrations=failing))
    with pytest.raises(StoreError, match=r"cannot be opened: no such table: nowhere") as caught:
        Run.open(path)
    assert isinstance(caught.value.__cause__, OperationalError)
    assert _dump(path) == before


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_a_store_that_an_earlier_grader_is_using_is_left_alone(
    grader: Grader, tmp_path: Path
) -> None:
    path = made_by_version_4(tmp_path / "run", "class")
    before = _dump(path)
    with exclusive(tmp_path / "run"):
        with pytest.raises(FolderBusyError, match="another grader is at work"):
            Run.open(path)
        said = grader("show", tmp_path / "run", "ada", code=2).output
        assert "another grader is at work" in said
    assert _dump(path) == before
    grader("show", tmp_path / "run", "ada")


def test_a_grader_of_version_4_refuses_the_migrated_store(tmp_path: Path) -> None:
    path = made_by_version_4(tmp_path / "run", "class")
    Run.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        # It reads the first of these, and goes on only where that is 4.
        assert connection.execute("SELECT version FROM schema_version").fetchone() == (5,)


@pytest.mark.parametrize("version", [3, 6])
def test_a_version_that_cannot_be_migrated_is_refused_in_words(
    tmp_path: Path, version: int
) -> None:
    path = made_by_version_4(tmp_path / "run", "class")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE schema_version SET version = ?", (version,))
        connection.commit()
    before = _dump(path)
    with pytest.raises(StoreError, match=rf"version {version}, this grader's 5"):
        Run.open(path)
    assert _dump(path) == before


def test_a_run_of_before_acceptances_were_kept_goes_on(
    grader: Grader, tmp_path: Path, apps: Apps
) -> None:
    path = made_by_version_4(tmp_path / "run", "class", apps.port)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE acceptance")

    def accepted() -> list[dict[str, Any] | None]:
        shown = json.loads(grader("show", tmp_path / "run", "eve", "--format", "json").output)
        return [each["accepted"] for each in shown["attempts"]]

    assert accepted() == [None] * 4
    grader("appeal", tmp_path / "run", "eve", *ACCEPT, "--allow-private", "--timeout", 30)
    *before, last = accepted()
    assert before == [None] * 4
    assert last is not None
    assert last["by"] == "Dean"
