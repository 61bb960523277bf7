"""Long replies are shown from where they begin to differ."""

from datetime import UTC, datetime

from grader.delivery.replay import words
from grader.delivery.replay.comparing import Replies, compared, seen
from grader.model import Reply


def pair(before: str, now: str, limit: int = 40) -> tuple[str, str]:
    replies = (
        Reply("http://localhost:1/api", datetime(2026, 11, 26, tzinfo=UTC), 200, text)
        for text in (before, now, before)
    )
    return words.pair(compared("x", 1, [Replies(*map(seen, replies))]), limit)


def test_a_difference_far_in_a_reply_is_seen() -> None:
    before, now = pair("a" * 500 + "left" + "z" * 90, "a" * 500 + "right" + "z" * 90)
    assert before.startswith("…aaaaaaaaaaleftz")
    assert now.startswith("…aaaaaaaaaarightz")


def test_short_replies_and_early_differences_are_shown_from_the_start() -> None:
    assert pair("The answer is 4", "The answer is 5") == ("The answer is 4", "The answer is 5")
    assert pair("4" * 500, "5" * 500) == ("4" * 500, "5" * 500)


def test_one_that_goes_on_where_the_other_ends_is_seen() -> None:
    before, now = pair("a" * 100, "a" * 100 + "more")
    assert (before, now) == ("…" + "a" * 10, "…" + "a" * 10 + "more")


def test_a_difference_after_all_that_is_kept_is_said() -> None:
    before, now = pair("a" * 2000 + "left", "a" * 2000 + "right")
    assert before == now == "…" + "a" * 9 + "… (they differ after that)"


def test_what_is_no_answer_is_said() -> None:
    assert pair("4", " ") == ("4", "(nothing)")
