"""Replies whose beginning or end is in doubt: none passes for a longer one or for the next."""

import socket

import pytest

from grader.model import Limits, ProbeKind, Reply, Submission
from grader.outcomes import Outcome
from tests.grader.probes.loops import deployed
from tests.grader.probes.raw import Handler, always, raw_server, read_request, reply

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


def _ask(url: str, kind: ProbeKind = ProbeKind.API, count: int = 1) -> list[Reply]:
    limits = Limits(timeout=5, wake_timeout=5, allow_private=True)
    with deployed(Submission("abc", url), limits) as deployment:
        return [deployment.ask(kind, "") for _ in range(count)]


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
@pytest.mark.parametrize("size", [b"-1", b"+5", b"0x5", b"1_0", b" 5", b"five", b"5" * 70_000])
def test_a_chunk_size_that_is_no_number_escapes_no_cap(kind: ProbeKind, size: bytes) -> None:
    answer = CHUNKED + size + b"\r\n" + b"3" * 1_000_000
    with raw_server(always(answer, close=True)) as server:
        (got,) = _ask(server.url, kind)
    assert got.failure is Outcome.UNREACHABLE
    assert "not HTTP" in got.detail
    assert "a chunk of size" in got.detail


def test_a_release_is_framed_as_strictly() -> None:
    with raw_server(always(CHUNKED + b"-1\r\n" + b"3" * 1_000_000, close=True)) as server:
        limits = Limits(wake_timeout=5, allow_private=True)
        with deployed(Submission("abc", server.url), limits) as deployment:
            got = deployment.ask_release()
    assert "a chunk of size" in got.detail


def test_chunks_are_read_in_every_form_that_is_allowed() -> None:
    chunks = b"1\r\n3\r\n00b;a=b\r\n2 are right\r\n1  \r\n.\r\n0\r\nTrailer: x\r\n\r\n"
    with raw_server(always(CHUNKED + chunks)) as server:
        assert [got.text for got in _ask(server.url, count=2)] == ["32 are right."] * 2
        assert server.connections == 1


@pytest.mark.parametrize("part", [b"", b"5\r\nab", b"2\r\nab\r\n"])
def test_chunks_that_end_too_early_broke_off(part: bytes) -> None:
    with raw_server(always(CHUNKED + part, close=True)) as server:
        (got,) = _ask(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert "broke off" in got.detail


def _hinting(hints: int) -> Handler:
    def handle(connection: socket.socket) -> None:
        asked = 0
        while read_request(connection):
            asked += 1
            connection.sendall(HINT * hints)
            connection.sendall(reply(b"answer %d" % asked))

    return handle


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
def test_hints_before_a_reply_shift_no_answers(kind: ProbeKind) -> None:
    with raw_server(_hinting(2)) as server:
        replies = _ask(server.url, kind, count=3)
        assert server.connections == 1
    assert [got.status for got in replies] == [200] * 3
    assert [got.text for got in replies] == ["answer 1", "answer 2", "answer 3"]


def test_endless_hints_are_no_reply() -> None:
    with raw_server(_hinting(1000)) as server:
        (got,) = _ask(server.url)
    assert got.failure is Outcome.UNREACHABLE
    assert "interim" in got.detail
