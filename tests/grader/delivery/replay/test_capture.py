"""Captured queries are read as the web app wrote them, and hostile files are refused in words."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.replay.capture import CaptureError, count_queries, most_asked
from tests.servers import serve
from webapp.app import create_app

LINE = {
    "time": "2026-11-26T10:00:00.000Z",
    "query": "What is 2 plus 2?",
    "status": 200,
    "sha256": "a" * 64,
    "ms": 1.5,
    "release": None,
}
queries = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def line(**changes: Any) -> bytes:
    return json.dumps({**LINE, **changes}).encode() + b"\n"


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return tmp_path / "capture.jsonl"


def test_the_files_of_all_workers_are_one_capture_in_the_order_of_time(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    first.write_bytes(
        line(query="b", time="2026-11-26T10:00:02Z")
        + line(query="d", time="2026-11-26T10:00:09Z")
        + line(query="b", time="2026-11-26T10:00:10Z")
    )
    # The same moment in another zone.
    second.write_bytes(
        line(query="a", time="2026-11-26T11:00:01+01:00")
        + line(query="c", time="2026-11-26T10:00:03Z")
        + line(query="d", time="2026-11-26T10:00:04Z")
    )
    counts = count_queries(second, first)
    assert list(counts) == ["a", "b", "c", "d"]
    assert counts == {"a": 1, "b": 2, "c": 1, "d": 2}
    assert most_asked(counts) == ("b", "d", "a", "c")


@given(asked=st.lists(queries, min_size=1))
def test_every_query_comes_back_as_it_was_asked(
    asked: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("capture") / "file"
    path.write_bytes(b"".join(line(query=query) for query in asked))
    counts = count_queries(path)
    assert list(counts) == list(dict.fromkeys(asked))
    assert {query: asked.count(query) for query in asked} == counts


def test_what_the_web_app_captures_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBAPP_CAPTURE", str(tmp_path / "queries.jsonl"))
    longest = "\N{LATIN SMALL LETTER E WITH ACUTE}" * 10_000
    asked = (
        "What is 2 plus 2?",
        "",
        "What is 2 plus 2?",
        "\0\x1b[2J\u2028\n",
        longest,
        "\N{PILE OF POO}",
    )
    with serve(create_app({"PROCESS": str})) as url:
        for query in asked:
            # One that is too long is captured like others.
            assert requests.get(f"{url}/api", params={"q": query}, timeout=30).status_code < 500
        # Bytes that are no text.
        assert requests.get(f"{url}/api?q=%ff%ed%a0%80", timeout=30).ok
    (file,) = tmp_path.iterdir()
    counts = count_queries(file)
    assert list(counts)[:5] == [*dict.fromkeys(asked)]
    assert counts["What is 2 plus 2?"] == 2
    assert len(counts) == 6


def test_what_an_editor_adds_does_no_harm(capture: Path) -> None:
    capture.write_bytes(b"\xef\xbb\xbf" + line().replace(b"\n", b"\r\n") + b"\r\n \n" + line())
    assert count_queries(capture) == {LINE["query"]: 2}


def test_a_last_line_that_is_still_being_written_is_left_out(capture: Path) -> None:
    capture.write_bytes(line() + line(query="whole").rstrip() + b"\n" + line(query="cut")[:-9])
    assert list(count_queries(capture)) == [LINE["query"], "whole"]
    # One that is only without its end is whole.
    capture.write_bytes(line() + line(query="whole").rstrip())
    assert list(count_queries(capture)) == [LINE["query"], "whole"]


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (b"{\n", "this is no JSON object on one line"),
        (b"\xff\xfe\n", "this is no JSON object on one line"),
        (b"[" * 60_000 + b"\n", "this is no JSON object on one line"),
        (b'"a query"\n', "object"),
        (b"{}\n", "time: Field required"),
        (line(query=3), "query: "),
        (line(query="\ud800"), "this is no JSON object on one line"),
        (line(time="yesterday"), "time: "),
        (line(time="2026-11-26T10:00:00"), "time: "),
        (line(status="200"), "status: "),
        (line(status=0), "status: "),
        (line(sha256="A" * 64), "sha256: "),
        (line(ms=float("nan")), "ms: "),
        (line(ms=-1), "ms: "),
        (line(release=7), "release: "),
        (b"x" * 262_145, "a line of more than 256 KiB"),
    ],
)
def test_what_is_no_captured_query_is_refused_with_file_and_line(
    capture: Path, second: bytes, words: str
) -> None:
    capture.write_bytes(line() + second + line(query="later"))
    with pytest.raises(CaptureError) as caught:
        count_queries(capture)
    said = str(caught.value)
    assert said.startswith(f"{capture}:2: ")
    assert words in said
    assert "WEBAPP_CAPTURE" in said
    assert len(said) < 400 + len(str(capture))


def test_words_of_a_stranger_are_not_repeated(capture: Path) -> None:
    capture.write_bytes(line() + line(status="secret", query="secret", release=["secret"]))
    with pytest.raises(CaptureError) as caught:
        count_queries(capture)
    assert "secret" not in str(caught.value)


def test_a_file_without_queries_is_refused(capture: Path) -> None:
    capture.write_bytes(b"\n")
    with pytest.raises(CaptureError, match="no query was captured"):
        count_queries(capture)


def test_reading_ends_where_a_file_is_too_large(
    capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.delivery.replay.capture._MAX_BYTES", 3 * len(line()))
    capture.write_bytes(3 * line())
    assert count_queries(capture) == {LINE["query"]: 3}
    capture.write_bytes(4 * line())
    with pytest.raises(CaptureError, match=r":4: more than 0 MiB\. Replay a part of it"):
        count_queries(capture)


def test_there_are_bounds_to_the_number_of_different_queries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.delivery.replay.capture._MAX_DISTINCT", 3)
    files = []
    for number in range(2):
        files.append(tmp_path / str(number))
        files[-1].write_bytes(line(query=f"{number}") + line(query=f"{number} again"))
    assert len(count_queries(files[0])) == 2
    with pytest.raises(CaptureError, match=r"1:2: more than 3 different queries"):
        count_queries(*files)
