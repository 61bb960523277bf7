import contextlib
import json
import logging
import os
import stat
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.app import create_app
from webapp.capture import Capture
from webapp.release import Release


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that captures what the next app is asked."""
    monkeypatch.setenv("WEBAPP_CAPTURE", str(tmp_path / "queries.jsonl"))
    return tmp_path / "queries.1.jsonl"


def make_client(process: Callable[[str], object] = str) -> FlaskClient:
    return create_app({"PROCESS": process, "RELEASE": Release("0123456")}).test_client()


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]


def test_nothing_is_kept_unless_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (None, ""):
        if name is None:
            monkeypatch.delenv("WEBAPP_CAPTURE", raising=False)
        else:
            monkeypatch.setenv("WEBAPP_CAPTURE", name)
        assert make_client().get("/api?q=x").status_code == 200
    assert list(tmp_path.iterdir()) == []


def test_a_line_tells_the_query_and_what_became_of_it(file: Path) -> None:
    before = datetime.now(UTC)
    reply = make_client(lambda query: f"{query}!").get("/api?q=a+b")
    (line,) = lines(file)
    assert list(line) == ["time", "query", "status", "sha256", "ms", "release"]
    assert (line["query"], line["status"], line["release"]) == ("a b", 200, "0123456")
    assert line["sha256"] == sha256(reply.data).hexdigest() == sha256(b"a b!").hexdigest()
    assert 0 < line["ms"] < 60_000
    time = datetime.fromisoformat(line["time"])
    assert time.utcoffset() == timedelta(0)
    assert before - timedelta(seconds=1) < time <= datetime.now(UTC)


def test_each_query_is_a_line_whatever_became_of_it_and_nothing_else_is(file: Path) -> None:
    client = make_client(lambda query: 1 / 0 if query == "bad" else "")
    for path in ("/", "/healthz", "/metrics", "/nope", "/api"):
        client.get(path)
    assert not file.exists()
    for path in ("/api?q=good", "/?q=good", "/api?q=bad", "/?q=bad", f"/api?q={'x' * 501}"):
        client.get(path)
    found = [(line["query"], line["status"]) for line in lines(file)]
    assert found == [("good", 200)] * 2 + [("bad", 500)] * 2 + [("x" * 501, 414)]


def test_nothing_of_who_asked_is_kept(file: Path) -> None:
    client = make_client()
    client.set_cookie("session", "stranger")
    headers = ("User-Agent", "Referer", "Authorization", "X-Forwarded-For", "Forwarded", "From")
    client.get(
        "/api?q=x&name=stranger",
        headers=dict.fromkeys(headers, "stranger"),
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    text = file.read_text()
    assert "stranger" not in text
    assert "192.0.2.7" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_nobody_else_on_the_machine_may_read_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0)
    try:
        make_client().get("/api?q=x")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.chmod(0o644)  # as one that was there before
        make_client().get("/api?q=x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(lines(file)) == 2


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="the system follows links")
def test_a_link_leads_nowhere(file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    elsewhere.write_text("mine")
    file.symlink_to(elsewhere)
    assert make_client().get("/api?q=x").status_code == 200
    assert elsewhere.read_text() == "mine"


def test_the_file_is_rotated_and_there_are_never_more_than_two(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.capture.MAX_BYTES", 1_000)
    client = make_client()
    for number in range(50):
        client.get(f"/api?q={number}")
        assert all(path.stat().st_size < 1_500 for path in file.parent.iterdir())
    old = file.with_name("queries.1.old.jsonl")
    assert set(file.parent.iterdir()) <= {file, old}
    kept = [int(line["query"]) for path in (old, file) if path.exists() for line in lines(path)]
    assert kept == list(range(kept[0], 50))
    assert len(kept) >= 5


def test_threads_never_mix_their_lines(file: Path) -> None:
    app = create_app({"PROCESS": str})
    together = threading.Barrier(8)

    def ask(number: int) -> None:
        together.wait(30)
        for turn in range(20):
            app.test_client().get(f"/api?q={number}x{turn}")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = sorted(f"{number}x{turn}" for number in range(8) for turn in range(20))
    assert sorted(line["query"] for line in lines(file)) == expected


def test_one_thread_writes_at_a_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both_write = threading.Barrier(2)
    met = []

    def append(_self: Capture, _line: bytes) -> int:
        with contextlib.suppress(threading.BrokenBarrierError):
            met.append(both_write.wait(0.2))
        return 0

    monkeypatch.setattr(Capture, "_append", append)
    app = create_app({"PROCESS": str})
    threads = [threading.Thread(target=app.test_client().get, args=("/api?q=x",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert both_write.broken
    assert met == []


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=500))
@example("\x00\r\n\u2028\x85")
def test_every_query_comes_back_as_it_was_asked(
    tmp_path_factory: pytest.TempPathFactory, query: str
) -> None:
    path = tmp_path_factory.mktemp("capture") / "queries"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEBAPP_CAPTURE", str(path))
        make_client(lambda _query: "").get("/api", query_string={"q": query})
    (line,) = lines(path.with_name("queries.1"))
    assert line["query"] == query


def a_file_in_place_of_the_folder(file: Path) -> None:
    file.parent.rmdir()
    file.parent.write_text("")


def a_folder_in_place_of_the_file(file: Path) -> None:
    file.mkdir()


def no_folder(file: Path) -> None:
    file.parent.rmdir()


TROUBLES = [
    a_file_in_place_of_the_folder,
    a_folder_in_place_of_the_file,
    no_folder,
]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_with_the_file_is_told_once_and_breaks_no_answer(
    file: Path, trouble: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    trouble(file)
    client = make_client(lambda _query: "fine")
    for _ in range(3):
        reply = client.get("/api?q=secret")
        assert (reply.status_code, reply.text) == (200, "fine")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    words = record.getMessage()
    assert f"Queries are not captured in {file}: " in words
    assert "WEBAPP_CAPTURE" in words
    assert "secret" not in words


def test_it_goes_on_as_soon_as_there_is_a_place(file: Path) -> None:
    file.parent.rmdir()
    client = make_client()
    client.get("/api?q=lost")
    file.parent.mkdir()
    client.get("/api?q=kept")
    assert [line["query"] for line in lines(file)] == ["kept"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no files")
def test_half_a_line_is_taken_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import resource

    capture = Capture(str(tmp_path / "queries"))
    file = tmp_path / "queries.1"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with create_app().app_context():
        capture.keep(b"a line\n")
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
        try:
            capture.keep(b"a line\n")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert file.read_bytes() == b"a line\n"
        assert "Queries are not captured" in caplog.text
        capture.keep(b"another\n")
    assert file.read_bytes() == b"a line\nanother\n"
