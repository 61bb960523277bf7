"""Whose fault a failed request was, and that its reason gives nothing confidential away."""

import errno
import os

import pytest

from grader.model import Limits, ProbeKind, Submission
from grader.outcomes import Outcome
from grader.probes.faults import fault_of
from tests.grader.probes.loops import deployed
from tests.grader.probes.raw import always, raw_server, reply


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_what_this_machine_lacks_is_not_the_students_fault(number: int) -> None:
    # Only a machine at its limits sees this for real, and so would every other test on it.
    fault = fault_of(OSError(number, os.strerror(number)))
    assert fault.outcome is Outcome.NOT_CHECKED
    assert str(fault) == f"this machine could not ask: {os.strerror(number).lower()}"
    assert not fault.lasting


@pytest.mark.parametrize("kind", [ProbeKind.API, ProbeKind.PAGE])
@pytest.mark.parametrize("secret", ["abc\ns3cret", "abc s3cret \N{SNOWMAN}"])
def test_a_header_that_cannot_be_sent_is_not_told(kind: ProbeKind, secret: str) -> None:
    with raw_server(always(reply(b"3"))) as server:
        submission = Submission("abc", server.url, bypass_secret=secret)
        with deployed(submission, Limits(timeout=5, allow_private=True)) as deployment:
            got = deployment.ask(kind, "")
    assert got.failure is Outcome.UNREACHABLE
    assert "the request failed" in got.detail
    assert "s3cret" not in repr(got)
