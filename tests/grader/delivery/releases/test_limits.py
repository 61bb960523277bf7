"""What a reply says of its rate limits."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from grader.delivery.releases.limits import in_words, is_used_up, seconds_to_wait

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC).timestamp()


def wait(told: Any = None, **headers: str) -> float | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return seconds_to_wait(CaseInsensitiveDict(named), told, NOW)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "12"}, 12),
        ({"retry_after": "Thu, 26 Nov 2026 12:01:30 GMT"}, 90),
        ({"retry_after": "Thu, 26 Nov 2026 12:01:30 -0000"}, 90),
        ({"Retry_After": "Thu, 26 Nov 2026 11:00:00 GMT"}, 0),
        ({"Ratelimit_Reset": "30"}, 30),
        ({"ratelimit_reset": "0.5"}, 0.5),
        ({"X_RateLimit_Reset": str(int(NOW) + 45)}, 45),
        ({"X_RateLimit_Reset": str((int(NOW) + 45) * 1000)}, 45),
        ({"X_RateLimit_Reset": str(int(NOW) - 45)}, 0),
        ({"Retry_After": "soon", "Ratelimit_Reset": "30"}, 30),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "1e9"}, None),
        ({"Retry_After": "nan"}, None),
        ({"Ratelimit_Remaining": "0"}, None),
        ({}, None),
    ],
)
def test_headers_say_how_long(headers: dict[str, str], seconds: float | None) -> None:
    assert wait(**headers) == seconds


def test_vercels_error_says_how_long() -> None:
    def limited(reset: Any) -> Any:
        return {"error": {"code": "rate_limited", "limit": {"remaining": 0, "reset": reset}}}

    assert wait(limited(int(NOW) + 20)) == 20
    assert wait(limited(20)) == 20
    assert wait(limited("x")) is None
    assert wait(limited(20), Retry_After="3") == 3


@pytest.mark.parametrize(
    ("headers", "used_up"),
    [
        ({"Ratelimit-Remaining": "0"}, True),
        ({"RateLimit-Remaining": "1"}, False),
        ({"x-ratelimit-remaining": "0"}, True),
        ({"Ratelimit-Remaining": "none"}, False),
        ({}, False),
    ],
)
def test_what_is_left_is_read(headers: dict[str, str], used_up: bool) -> None:
    assert is_used_up(CaseInsensitiveDict(headers)) is used_up


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["error", "limit", "reset"]), inner)
    ),
)


@given(after=st.text(), reset=st.text(), told=JSON)
def test_whatever_is_said_a_wait_is_none_or_not_negative(after: str, reset: str, told: Any) -> None:
    seconds = wait(told, Retry_After=after, Ratelimit_Reset=reset)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59.5, "60 s"), (100, "2 minutes"), (3600, "61 minutes"), (7200, "3 hours")],
)
def test_a_wait_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
