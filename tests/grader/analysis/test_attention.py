"""Who needs a look, in which order, and what many share."""

from dataclasses import replace

from grader.analysis.attention import Attention, Rank, look
from grader.analysis.summary import summarize
from grader.formats.attention import WORDS, notice, reason
from grader.model import Judgement, Override, Scorecard, State
from grader.outcomes import Cause, Outcome
from tests.grader.formats.classes import START, scorecard, small_class


def ranks(cards: list[Scorecard]) -> list[Rank]:
    return [each.rank for each in summarize(cards).attention]


def test_what_the_instructor_must_decide_comes_first() -> None:
    mitigated = scorecard(
        "bot", [Outcome.RIGHT, Outcome.RIGHT] + [Outcome.NOT_CHECKED] * 3, State.NOT_GRADED
    )
    mitigated = replace(mitigated, reason="challenge")
    blocked = by_a_firewall(mitigated)
    crashed = scorecard("ours", [Outcome.NOT_CHECKED] * 5, State.NOT_GRADED)
    errors = replace(scorecard("err", [Outcome.CLIENT_ERROR] * 5), own=False)
    by_hand = replace(errors, override=Override("me", START, "because", 1000))
    unknown, *others = reversed(small_class())
    assert ranks([by_hand, crashed, *others, errors, mitigated, blocked]) == [
        Rank.BLOCKED,
        Rank.PARTLY_GRADED,
        Rank.ONLY_FAILURES,
        Rank.NOT_GRADED,
        Rank.SET_TOO_HIGH,
        Rank.PROTECTED,
        Rank.RATE_LIMITED,
        Rank.UNREACHABLE,
        Rank.REFUSED,
        Rank.INVALID,
    ]
    assert unknown.state is State.NOT_GRADED


def by_a_firewall(card: Scorecard) -> Scorecard:
    judgement = Judgement(
        Outcome.NOT_CHECKED, "a bot?", cause=Cause.BOT_PROTECTION, advice="Switch off the shield."
    )
    return replace(
        card, verdicts=(*card.verdicts[:-1], replace(card.verdicts[-1], judgement=judgement))
    )


def test_a_platforms_bot_protection_comes_with_its_setting_and_what_was_earned() -> None:
    half = scorecard(
        "bot", [Outcome.RIGHT, Outcome.RIGHT] + [Outcome.NOT_CHECKED] * 3, State.NOT_GRADED
    )
    found = look(by_a_firewall(replace(half, reason="Vercel took us for a bot.")))
    assert found is not None
    assert WORDS[found.rank] == "bot protection"
    for said in (
        "20 of 100 points earned so far",
        "Switch off the shield.",
        "--accept-unreachable",
    ):
        assert said in reason(found)
    nothing = by_a_firewall(scorecard("bot", [Outcome.NOT_CHECKED] * 5, State.NOT_GRADED))
    found = look(nothing)
    assert found is not None
    assert found.rank is Rank.BLOCKED


def test_what_was_earned_before_a_platform_stepped_in_is_said() -> None:
    half = scorecard(
        "bot", [Outcome.RIGHT, Outcome.RIGHT] + [Outcome.NOT_CHECKED] * 3, State.NOT_GRADED
    )
    found = look(replace(half, reason="Vercel's Attack Challenge Mode."))
    assert found is not None
    assert reason(found) == "Vercel's Attack Challenge Mode; 20 of 100 points earned so far"


def test_an_app_that_answers_errors_to_everything_needs_a_look() -> None:
    for outcomes in (
        [Outcome.CLIENT_ERROR] * 5,
        [Outcome.SERVER_ERROR, Outcome.CLIENT_ERROR] + [Outcome.SKIPPED] * 3,
    ):
        found = look(replace(scorecard("err", outcomes), own=False))
        assert found is not None
        assert (found.rank, WORDS[found.rank]) == (Rank.ONLY_FAILURES, "only failures")
        assert "4xx" in reason(found) or "5xx" in reason(found)


def test_an_app_that_answered_once_does_not() -> None:
    assert look(scorecard("some", [Outcome.CLIENT_ERROR] * 4 + [Outcome.WRONG])) is None
    assert look(scorecard("nothing", [Outcome.EMPTY] * 5)) is None
    assert look(replace(scorecard("nobody", [Outcome.SKIPPED] * 5), own=False)) is None
    locked = replace(scorecard("locked", [Outcome.PROTECTED] * 5), own=False)
    assert (found := look(locked)) is not None
    assert found.rank is Rank.PROTECTED


def test_who_set_it_by_hand_has_looked() -> None:
    errors = replace(scorecard("err", [Outcome.CLIENT_ERROR] * 5), own=False)
    assert look(replace(errors, override=Override("me", START, "seen", 50))) is None


def refused(number: int) -> Scorecard:
    card = scorecard(
        f"s{number}", [Outcome.FORBIDDEN_ADDRESS] * 5, State.REFUSED, url="",
        handed_in=f"http://10.0.0.{number}:3000",
    )  # fmt: skip
    return replace(card, reason=f"10.0.0.{number} lies in a private network.")


def test_a_class_in_which_every_link_is_refused_is_told_what_to_do() -> None:
    invalid = scorecard("none", [Outcome.SKIPPED] * 5, State.INVALID)
    [line, other] = summarize([invalid, *[refused(n) for n in range(1, 6)]]).attention
    assert other.rank is Rank.INVALID
    assert line.rank is Rank.ALL_REFUSED
    assert len(line.students) == 5
    assert "every usable link of the class leads into a private network" in reason(line)
    assert "--allow-private" in reason(line)


def test_some_refused_links_are_the_students_business() -> None:
    lines = summarize([refused(1), refused(2), scorecard("ok", [Outcome.RIGHT] * 5)]).attention
    assert [line.rank for line in lines] == [Rank.REFUSED] * 2
    assert reason(lines[0]) == "10.0.0.1 lies in a private network."


def offline(
    number: int, reason: str = "this machine could not look {} up: no network"
) -> Scorecard:
    card = scorecard(f"s{number}", [Outcome.NOT_CHECKED] * 5, State.NOT_GRADED)
    return replace(card, reason=reason.format(f"s{number}.example.com"))


def test_no_network_here_concerns_the_whole_class_and_nobody_alone() -> None:
    summary = summarize([offline(n) for n in range(30)])
    assert summary.attention == ()
    assert summary.nobody_graded is not None
    assert "could not look … up: no network. The fault is on the grader's side" in notice(
        summary.nobody_graded
    )


def test_a_notice_needs_everybody_and_one_reason() -> None:
    some = summarize([*(offline(n) for n in range(30)), scorecard("ok", [Outcome.RIGHT] * 5)])
    assert some.nobody_graded is None
    assert [len(line.students) for line in some.attention] == [30]
    differ = summarize([*(offline(n) for n in range(4)), offline(9, "our crash")])
    assert (differ.nobody_graded, differ.to_look_at) == (None, 5)


def test_three_with_one_reason_stand_each_alone() -> None:
    assert summarize([offline(n) for n in range(3)]).nobody_graded
    lines: tuple[Attention, ...] = summarize(
        [*(offline(n) for n in range(3)), scorecard("ok", [Outcome.RIGHT] * 5)]
    ).attention
    assert [line.andrew_ids for line in lines] == [("s0",), ("s1",), ("s2",)]
