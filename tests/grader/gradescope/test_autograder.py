"""The autograder zip, unpacked and run in a folder laid out as Gradescope's."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.gradescope import autograder
from grader.gradescope.building import GradescopeError, build
from grader.model import Limits, ProbeKind
from grader.questions import load_battery
from tests.grader.apps import SEED, app, finished_app
from tests.servers import free_port
from webapp.query_processor import process

pytestmark = pytest.mark.slow

LIMITS = Limits(timeout=5.0, wake_timeout=5.0, allow_private=True)
ACTIVITY = load_battery("activity")
ADA: dict[str, Any] = {"users": [{"email": "abc123@example.edu", "sid": "1001"}]}

Container = Callable[..., Path]

runs_bash = pytest.mark.skipif(sys.platform == "win32", reason="the container is Linux")


@pytest.fixture
def container(tmp_path: Path) -> Container:
    """Makes Gradescope's folders with the zip and a submission in them."""

    def make(*, metadata: object = ADA, limits: Limits = LIMITS, **handed_in: bytes) -> Path:
        root = tmp_path / "auto grader"
        for name in ("submission", "results"):
            (root / name).mkdir(parents=True)
        with zipfile.ZipFile(BytesIO(build(ACTIVITY, limits, SEED))) as archive:
            archive.extractall(root / "source")
        text = metadata if isinstance(metadata, str) else json.dumps(metadata)
        (root / "submission_metadata.json").write_text(text)
        for name, content in handed_in.items():
            (root / "submission" / name.replace("_", ".")).write_bytes(content)
        return root

    return make


def autograded(root: Path, python: str = sys.executable) -> dict[str, Any]:
    """What the zip's own script leaves, run as Gradescope runs it."""
    subprocess.run(
        ["bash", "run_autograder"],
        cwd=root / "source",
        env={**os.environ, "AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": python},
        timeout=60,
        capture_output=True,
        check=False,
    )
    assert [path.name for path in (root / "results").iterdir()] == ["results.json"]
    found: dict[str, Any] = json.loads((root / "results" / "results.json").read_text("utf-8"))
    assert (found["visibility"], found["output_format"]) == ("visible", "text")
    return found


@runs_bash
def test_a_finished_app_gets_all_points(container: Container) -> None:
    with finished_app("abc123") as url:
        found = autograded(container(url_txt=f"\ufeff{url}/\r\n".encode("utf-16")))
    assert found["score"] == 100
    assert sum(test["score"] for test in found["tests"]) == 100
    assert {test["status"] for test in found["tests"]} == {"passed"}
    assert found["extra_data"]["andrew_id"] == "abc123"
    assert found["extra_data"]["seed"] == SEED
    assert found["extra_data"]["battery"] == "activity"


@runs_bash
def test_a_group_is_checked_for_its_first_student_and_told_so(container: Container) -> None:
    users = {"users": [*ADA["users"], {"email": "bcd234@example.edu"}]}
    with app(process) as url:
        found = autograded(container(metadata=users, link_md=f"My app: {url}".encode()))
    assert found["score"] == 40
    assert "2 students, checked for the first of them: abc123" in found["output"]


@runs_bash
def test_the_copy_of_the_source_is_what_runs(container: Container) -> None:
    root = container(url_txt=f"http://127.0.0.1:{free_port()}".encode())
    words = root / "source" / "grader" / "formats" / "words.py"
    words.write_text(words.read_text("utf-8").replace('"unreachable"', '"not at home"'), "utf-8")
    found = autograded(root)
    assert found["score"] == 0
    assert "Not at home: " in found["output"]


@runs_bash
def test_where_no_python_runs_there_are_words_and_no_score(container: Container) -> None:
    found = autograded(container(url_txt=b"http://127.0.0.1:9"), python="/nowhere/python")
    assert "score" not in found
    assert "no zero" in found["output"]


@runs_bash
def test_a_grader_that_fails_gives_words_and_no_score(container: Container) -> None:
    root = container(url_txt=b"http://127.0.0.1:9")
    (root / "source" / "battery" / "activity.toml").write_text("nonsense")
    found = autograded(root)
    assert "score" not in found
    assert "no zero" in found["output"]


@pytest.mark.parametrize(
    ("handed_in", "words"),
    [
        ({}, "no file"),
        ({"a_txt": b"https://a.example.com", "b_txt": b"x"}, "2 files"),
        ({"url_txt": b"https://a.example.com https://b.example.com"}, "several links"),
        ({"url_txt": b""}, "Nothing was handed in"),
        ({"url_txt": b"\x00\x01\x02"}, "no plain text"),
        ({"url_txt": b"a" * 70_000}, "too large"),
        ({"url_txt": b"--help"}, "no link"),
        ({"url_txt": b"http://10.0.0.1"}, "private"),
        ({"url_txt": b"http://127.0.0.1:5000"}, ""),
        ({"url_txt": b"\x1b]0;pwned\x07 \xe2\x80\xae"}, "no link"),
        ({"_hidden": b"https://a.example.com"}, "no file"),
    ],
)
def test_what_cannot_be_checked_is_a_zero_with_words(
    container: Container, handed_in: dict[str, bytes], words: str
) -> None:
    found = json.loads(autograder.result(container(limits=Limits(), **handed_in)))
    assert found["score"] == 0
    assert words in found["output"]
    assert "tests" not in found
    assert found["output"].isprintable()


def test_a_link_to_another_file_is_not_followed(container: Container, tmp_path: Path) -> None:
    root = container()
    (tmp_path / "secret.txt").write_text("s3cret")
    (root / "submission" / "url.txt").symlink_to(tmp_path / "secret.txt")
    assert "s3cret" not in autograder.result(root)


@pytest.mark.parametrize(
    "metadata",
    [
        "", "[]", "null", "{}", "[" * 100_000, '{"users": []}', '{"users": {}}', '{"users": [7]}',
        '{"users": [{"email": 7}]}', '{"users": [{"email": "--help@x"}]}',
        '{"users": [{"email": "@example.edu", "sid": null}]}',
        '{"users": [{"email": "a b\\u202e@x"}]}',
    ],
)  # fmt: skip
def test_odd_metadata_is_no_zero(container: Container, metadata: str) -> None:
    root = container(metadata=metadata, url_txt=b"http://127.0.0.1:9")
    found = json.loads(autograder.result(root))
    assert "score" not in found
    assert "Tell your instructor" in found["output"]


def test_the_student_id_stands_in_for_a_missing_address(container: Container) -> None:
    users = {"users": [{"email": "", "sid": "abc123"}]}
    with finished_app("abc123") as url:
        found = json.loads(
            autograder.result(container(metadata=users, url_txt=url.encode(), notes_txt=b"hi"))
        )
    assert (found["score"], found["extra_data"]["andrew_id"]) == (100, "abc123")


@given(content=st.binary(max_size=200))
def test_whatever_is_handed_in_there_is_json(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("autograder")
    for name in ("source", "submission"):
        (root / name).mkdir()
    (root / "source" / autograder.OPTIONS).write_text("[]")
    (root / "submission_metadata.json").write_bytes(content)
    (root / "submission" / "url.txt").write_bytes(b"not a link")
    assert json.loads(autograder.result(root))["output"]
    (root / "submission_metadata.json").write_text(json.dumps(ADA))
    # No link that could be asked fits in here: nothing is sent.
    (root / "submission" / "url.txt").write_bytes(content.replace(b".", b""))
    assert json.loads(autograder.result(root))["score"] == 0


@runs_bash
def test_the_scripts_may_be_executed_and_the_same_input_gives_the_same_bytes() -> None:
    content = build(ACTIVITY, LIMITS, None)
    assert content == build(ACTIVITY, LIMITS, None)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        for script in ("setup.sh", "run_autograder"):
            assert modes[script] & 0o777 == 0o755
            source = archive.read(script)
            assert source.startswith(b"#!/usr/bin/env bash\n")
            assert b"\r" not in source
            subprocess.run(["bash", "-n"], input=source, check=True)
    assert not [name for name in modes if "__pycache__" in name or name.startswith("webapp")]


def test_what_needs_a_browser_is_refused() -> None:
    with pytest.raises(GradescopeError, match="no browser"):
        build(ACTIVITY, Limits(probes=(ProbeKind.BROWSER,)), None)
