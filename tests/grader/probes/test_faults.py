"""Whose fault a failed request was, and that its reason gives nothing confidential away."""

import errno
import os
import socket
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from urllib3 import BaseHTTPResponse

from grader.model import Limits, ProbeKind, Submission
from grader.outcomes import Outcome
from grader.probes import Deployment
from grader.probes.dialing import Dialer
from grader.probes.guard import Guard
from grader.probes.http import Line, kept_alive
from tests.grader.probes.raw import always, raw_server, reply


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_what_this_machine_lacks_is_not_the_students_fault(number: int) -> None:
    # Only a machine at its limits sees this for real, and so would every other test on it.
    def send(_url: str, _headers: Mapping[str, str]) -> BaseHTTPResponse:
        raise OSError(number, os.strerror(number))

    got = Line("http://a.example", Dialer(Guard()), send).get("http://a.example/", 5)
    assert got.failure is Outcome.NOT_CHECKED
    assert got.detail == f"this machine could not ask: {os.strerror(number).lower()}"


def test_a_resolver_that_hangs_is_not_the_students_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "over")

    monkeypatch.setattr("grader.probes.dialing.socket.getaddrinfo", hang)
    dialer = Dialer(Guard())
    transport, close = kept_alive(dialer)

    def send(url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        try:
            return transport(url, headers)
        finally:
            # As late as a busy machine notices that the time is over.
            dialer.deadline.pause(30)

    got = Line("http://app.example.com", dialer, send).get("http://app.example.com/", 2)
    over.set()
    close()
    assert got.failure is Outcome.NOT_CHECKED
    assert "resolver" in got.detail


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
@pytest.mark.parametrize("secret", ["abc\ns3cret", "abc s3cret \N{SNOWMAN}"])
def test_a_header_that_cannot_be_sent_is_not_told(kind: ProbeKind, secret: str) -> None:
    with raw_server(always(reply(b"3"))) as server:
        submission = Submission("abc", server.url, bypass_secret=secret)
        with Deployment(submission, Limits(timeout=5, allow_private=True)) as deployment:
            got = deployment.ask(kind, "")
    assert got.failure is Outcome.UNREACHABLE
    assert "the request failed" in got.detail
    assert "s3cret" not in repr(got)
