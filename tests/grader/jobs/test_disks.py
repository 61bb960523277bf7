"""A disk that is full, and a folder that cannot be written: words, and nothing half-written."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from grader.jobs import Run
from grader.services.folders import STORE_NAME
from tests.grader.apps import SEED, finished_app

AS_ROOT = sys.platform == "linux" and os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can mount a small disk")
STUDENTS = 12


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Path]:
    """Twelve students with one app: what they are worth is not the point here."""
    path = tmp_path / "roster.csv"
    with finished_app("student0") as url:
        rows = "".join(f"student{number},{url}\n" for number in range(STUDENTS))
        path.write_text(f"andrew_id,url\n{rows}")
        yield path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 KiB: the store fits, its journal and the files do not."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def batch(roster: Path, out: Path, *before: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            *before, sys.executable, "-m", "grader", "batch", str(roster), "--out", str(out),
            "--seed", str(SEED), "--workers", "2", "--allow-private", "--quiet",
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", disk], check=True)


@needs_root
def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(
    roster: Path, disk: Path
) -> None:
    out = disk / "results"
    done = batch(roster, out)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("Error: ")
    assert "full" in done.stderr or "No space left" in done.stderr
    assert "Traceback" not in done.stderr
    whole = [path for path in out.rglob("*") if path.suffix in (".csv", ".json", ".html")]
    assert [path.name for path in out.rglob(".*")] == []
    assert all(path.stat().st_size for path in whole)
    remount(disk, "size=20m")
    done = batch(roster, out)
    assert done.returncode == 0, done.stderr
    results = json.loads((out / "results.json").read_text("utf-8"))
    assert len(results["students"]) == STUDENTS


@needs_root
def test_a_folder_that_cannot_be_written_is_said(roster: Path, disk: Path) -> None:
    remount(disk, "size=20m")
    assert batch(roster, disk / "results").returncode == 0
    before = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
    remount(disk, "ro")
    for out in (disk / "results", disk / "new"):
        done = batch(roster, out)
        assert done.returncode == 2
        assert done.stderr.startswith("Error: ")
        assert "Read-only file system" in done.stderr
        assert str(out) in done.stderr
        assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()} == before
    remount(disk, "rw")
    with closing(Run.open(disk / "results" / STORE_NAME)) as run:
        assert run.finished() == STUDENTS


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
def test_a_file_that_may_not_grow_is_said_and_the_run_goes_on_when_it_may(
    roster: Path, tmp_path: Path
) -> None:
    out = tmp_path / "results"
    done = batch(roster, out, "sh", "-c", 'ulimit -f 200 && exec "$@"', "sh")
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("Error: ")
    assert str(out) in done.stderr
    assert "Traceback" not in done.stderr
    assert batch(roster, out).returncode == 0
    results = json.loads((out / "results.json").read_text("utf-8"))
    assert len(results["students"]) == STUDENTS
