"""Bodies as they come: packed or not, whole or not, large."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.model import Limits, ProbeKind, Reply, Submission
from grader.outcomes import Outcome
from tests.grader.judging.asking import unhurried
from tests.grader.probes.loops import deployed
from tests.grader.probes.raw import always, raw_server, reply

LIMITS = Limits(timeout=10, allow_private=True)


def _asked(body: bytes, *headers: str, kind: ProbeKind = ProbeKind.API) -> Reply:
    answer = reply(body, "Content-Type: text/plain", *headers)
    with (
        raw_server(always(answer)) as server,
        deployed(Submission("abc", server.url), LIMITS) as deployment,
    ):
        return deployment.ask(kind, "")


def _raw_deflate(body: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


@pytest.mark.parametrize("name", ["utf-8", "UTF-8", "none", "text/plain", "identity", "", "8bit"])
def test_a_word_that_names_no_compression_is_none(name: str) -> None:
    got = _asked(b"83", f"Content-Encoding: {name}")
    assert (got.failure, got.text) == (None, "83")


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("utf-8, gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", _raw_deflate),
    ],
)
def test_gzip_and_deflate_are_unpacked(name: str, pack: object) -> None:
    assert callable(pack)
    body = b"83 is the answer. " * 1000
    assert _asked(pack(body), f"Content-Encoding: {name}").text == body.decode()


@unhurried
@given(body=st.binary(max_size=3000), cut=st.integers(0, 3000))
def test_a_part_of_a_packed_body_never_passes_for_the_whole(body: bytes, cut: int) -> None:
    packed = gzip.compress(body)
    part = packed[:cut]
    got = _asked(part, "Content-Encoding: gzip")
    if len(part) == len(packed):
        assert got.text == body.decode(errors="replace")
    elif part:
        assert got.failure is Outcome.TOO_LARGE
        assert "breaks off" in got.detail
    else:
        assert got.text == ""


@pytest.mark.parametrize("size", [60_000_000, 65537])
def test_the_cap_counts_what_is_unpacked(size: int) -> None:
    got = _asked(gzip.compress(bytes(size)), "Content-Encoding: gzip")
    assert got.failure is Outcome.TOO_LARGE
    assert "larger than 64 KiB" in got.detail


def test_just_the_cap_is_read_of_a_packed_body() -> None:
    got = _asked(gzip.compress(b"3" * 65536), "Content-Encoding: gzip")
    assert (got.failure, len(got.text)) == (None, 65536)


@pytest.mark.parametrize("name", ["br", "zstd", "compress", "gzip, gzip", "gzip, br"])
def test_other_compressions_are_refused_in_words(name: str) -> None:
    got = _asked(b"\x0b\x00\x80", f"Content-Encoding: {name}")
    assert got.failure is Outcome.TOO_LARGE
    assert f"compressed as {name}" in got.detail
    assert "send plain text" in got.detail


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_what_says_that_it_is_packed_and_is_not(name: str) -> None:
    got = _asked(b"\x07\x07", f"Content-Encoding: {name}")
    assert got.failure is Outcome.TOO_LARGE
    assert f"says that it is {name}" in got.detail


def test_pages_are_unpacked_too() -> None:
    got = _asked(gzip.compress(b"<input>"), "Content-Encoding: gzip", kind=ProbeKind.PAGE)
    assert got.text_box


def test_what_goes_on_after_its_packed_end_is_not_read_on() -> None:
    got = _asked(gzip.compress(b"83") + bytes(200_000), "Content-Encoding: gzip")
    assert got.failure is Outcome.TOO_LARGE
