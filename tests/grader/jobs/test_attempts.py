"""Which of a student's attempts counts, in a real store, against a model of it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.jobs import ByHand, Result, Run
from grader.judging import judge
from grader.model import (
    Acceptance,
    Battery,
    Job,
    Judgement,
    Keep,
    Limits,
    Override,
    Reply,
    Scorecard,
    ScorecardKind,
    State,
    Submission,
    Verdict,
)
from grader.outcomes import Outcome
from grader.questions import draw, parse_battery

START = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
LIMITS = Limits()
RULES = ("last", "best", *(f"before=2026-09-0{day}" for day in (1, 2, 4)))


def battery(*keys: int, second: str = "Which is second?", points: int = 10) -> Battery:
    """Two questions, of which the first is worth twice the points."""
    queries = zip(("Which is first?", second), keys, (2 * points, points), strict=True)
    entries = "".join(
        f'[[entry]]\nquery = "{query}"\npoints = {worth}\n'
        f'key = {{ kind = "number", value = {key} }}\n'
        for query, key, worth in queries
    )
    return parse_battery(f'title = "Two"\n{entries}', "two", "two.toml")


BATTERIES = (battery(1, 2), battery(2, 1), battery(1, 1, points=5))


def graded(job: Job, answers: tuple[int, ...] | None, at: datetime) -> Scorecard:
    """What grading makes of an app that gives these answers; of none, where our side fails."""
    verdicts = []
    for index, question in enumerate(draw(job.battery, job.submission, job.seed)):
        if answers is None:
            verdicts.append(Verdict(question, Judgement(Outcome.NOT_CHECKED, "no network")))
        else:
            reply = Reply("https://x/api?q=", at, 200, str(answers[index]), elapsed_ms=10.0)
            verdicts.append(Verdict(question, judge(question, reply), (reply,)))
    state = State.NOT_GRADED if answers is None else State.GRADED
    return Scorecard(job.submission, state, tuple(verdicts), at, at)


def worth(answers: tuple[int, ...] | None, corrected: Battery) -> float | None:
    if answers is None:
        return None
    right = draw(corrected, Submission("ada", ""), seed=7)
    return sum(
        question.points
        for question, answer in zip(right, answers, strict=True)
        if str(answer) == str(question.key)
    )


@dataclass
class Model:
    """What is to be true of one student: each attempt's time and answers, in order."""

    battery: Battery = BATTERIES[0]
    keep: Keep = field(default_factory=Keep)
    attempts: list[tuple[datetime, tuple[int, ...] | None]] = field(default_factory=list)

    def counting(self) -> int | None:
        """The index of the attempt that counts, found by elimination."""
        left = list(range(len(self.attempts)))
        if not left or self.keep.rule == "last":
            return left[-1] if left else None
        left = [index for index in left if self.attempts[index][1] is not None] or left
        if self.keep.before:
            early = [index for index in left if self.attempts[index][0] < self.keep.before]
            return early[-1] if early else left[0]
        scores = {index: worth(self.attempts[index][1], self.battery) or 0 for index in left}
        return max(index for index in left if scores[index] == max(scores.values()))


@contextmanager
def begun() -> Iterator[Run]:
    with TemporaryDirectory() as folder:
        run = Run.begin(Path(folder) / "run.sqlite", BATTERIES[0], seed=7)
        with closing(run):
            run.enroll([Submission("ada", "https://a.example.org")], ())
            yield run


def asked(run: Run, answers: tuple[int, ...] | None, at: datetime) -> None:
    (job,) = run.first_pass(LIMITS)
    run.commit([Result.of(job, graded(job, answers, at))])


ANSWERS = st.none() | st.tuples(st.integers(1, 2), st.integers(1, 2))
STEPS = st.lists(
    st.tuples(st.just("again"), ANSWERS)
    | st.tuples(st.just("link"), ANSWERS)
    | st.tuples(st.just("appeal"), ANSWERS)
    | st.tuples(st.just("second pass"), ANSWERS)
    | st.tuples(st.just("keep"), st.sampled_from(RULES))
    | st.tuples(st.just("rejudge"), st.sampled_from(BATTERIES)),
    max_size=7,
)


def take(run: Run, model: Model, number: int, step: tuple[str, object]) -> None:
    """One thing that happens on a day of its own, in the store and in the model."""
    at = START + timedelta(days=number)
    match step:
        case ("keep", str(rule)):
            model.keep = Keep.read(rule)
            run.keep(model.keep)
        case ("rejudge", Battery() as corrected):
            model.battery = corrected
            run.rejudge(corrected, at)
        case ("second pass", tuple() | None as answers):
            run.reopen()
            for job in run.second_pass(LIMITS):
                run.commit([Result.of(job, graded(job, answers, at))])
                model.attempts[-1] = (model.attempts[-1][0], answers)
        case ("appeal", tuple() | None as answers):
            _, job = run.appeal("ada", LIMITS)
            accepted = Acceptance("Dean", at, f"Appeal {number}")
            counts = run.adopt("ada", graded(job, answers, at), accepted)
            model.attempts.append((at, answers))
            assert counts == (model.counting() == len(model.attempts) - 1)
        case (kind, tuple() | None as answers):
            if kind == "link":
                run.enroll([Submission("ada", f"https://a{number}.example.org")], ())
            else:
                run.ask_again(["ada"], [])
            asked(run, answers, at)
            model.attempts.append((at, answers))


@settings(max_examples=25, deadline=None)
@given(first=ANSWERS, steps=STEPS)
def test_what_counts_is_what_the_rule_says_whatever_happened(
    first: tuple[int, ...] | None, steps: list[tuple[str, object]]
) -> None:
    with begun() as run:
        model = Model(attempts=[(START, first)])
        asked(run, first, START)
        for number, step in enumerate(steps, 1):
            take(run, model, number, step)
            expected = model.counting()
            assert expected is not None
            transcript = run.transcript("ada")
            assert [each.number for each in transcript.scorecards if each.current] == [expected + 1]
            standing = [each for each in transcript.scorecards if not each.superseded]
            scores = [worth(answers, model.battery) for _, answers in model.attempts]
            assert [each.scorecard.earned for each in standing] == scores
            assert [each.asked_at for each in standing] == [at for at, _ in model.attempts]
            (card,) = run.scorecards()
            assert card.score == scores[expected]
            assert card.submission.url == standing[expected].scorecard.submission.url
            assert list(run.first_pass(LIMITS)) == []


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("before=2026-11-25", datetime(2026, 11, 26, tzinfo=UTC)),
        ("before=2026-11-25T18:00", datetime(2026, 11, 25, 18, tzinfo=UTC)),
        ("before=2026-11-25 18:00-05:00", datetime(2026, 11, 25, 23, tzinfo=UTC)),
        ("before=2026-11-25T18:00:01.5Z", datetime(2026, 11, 25, 18, 0, 1, 500000, tzinfo=UTC)),
        ("best", None),
        (" last ", None),
    ],
)
def test_a_rule_is_read_and_written(text: str, moment: datetime | None) -> None:
    keep = Keep.read(text)
    assert keep.before == moment
    assert Keep.read(str(keep)) == keep


@pytest.mark.parametrize(
    "text",
    ["", "first", "best=1", "before", "before=", "before=soon", "before=2026-02-30",
     "before=9999-12-31", "before=0001-01-01T00:00+14:00"],
)  # fmt: skip
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is none of last|is no date"):
        Keep.read(text)


def test_points_of_a_wrong_key_come_back_by_no_rule() -> None:
    with begun() as run:
        run.keep(Keep.read("best"))
        asked(run, (1, 2), START)
        run.ask_again(["ada"], [])
        asked(run, (2, 2), START + timedelta(days=1))
        assert [card.score for card in run.scorecards()] == [30]
        rejudged = run.rejudge(battery(2, 2), START + timedelta(days=2))
        assert [card.score for card in run.scorecards()] == [30]
        assert [each.now for each in rejudged.changed] == []
        # The first attempt, at 30 points by the wrong key, is worth 10 now.
        standing = [each for each in run.transcript("ada").scorecards if not each.superseded]
        assert [(each.number, each.scorecard.earned) for each in standing] == [(1, 10), (2, 30)]


def test_an_attempt_that_cannot_be_judged_anew_is_best_only_where_none_can() -> None:
    with begun() as run:
        run.keep(Keep.read("best"))
        asked(run, (1, 2), START)
        other = battery(1, 2, second="Which is third?")
        assert run.rejudge(other, START, partial=True).not_judged == ("ada",)
        assert [card.score for card in run.scorecards()] == [30]
        run.ask_again(["ada"], [])
        asked(run, (1, 1), START + timedelta(days=1))
        assert [card.score for card in run.scorecards()] == [20]
        # Back with the earlier battery, its attempt can be compared again, and the other cannot.
        assert run.rejudge(BATTERIES[0], START).judged == 1
        assert [card.score for card in run.scorecards()] == [30]


def test_what_was_set_by_hand_counts_above_all_and_is_never_cut() -> None:
    with begun() as run:
        asked(run, (1, 2), START)
        assert not run.override({"ada": Override("Dean", START, "shown in class", 25)})
        run.keep(Keep.read("best"))
        assert [card.score for card in run.scorecards()] == [25]
        rejudged = run.rejudge(BATTERIES[2], START)
        assert rejudged.by_hand == (ByHand("ada", 25, 30, 15),)
        assert rejudged.changed == ()
        (card,) = run.scorecards()
        assert (card.score, card.percent) == (25, 100)
        assert run.rejudge(BATTERIES[0], START).by_hand == (ByHand("ada", 25, 15, 30),)
        assert run.rejudge(BATTERIES[0], START).by_hand == ()


def test_an_earlier_link_counts_with_what_the_roster_says_of_the_person_now() -> None:
    with begun() as run:
        run.keep(Keep.read("best"))
        asked(run, (1, 2), START)
        corrected = Submission("ada", "https://new.example.org", name="Ada Ash")
        run.enroll([Submission("ben", "https://b.example.org"), corrected], ())
        # Until the new link is asked, the earlier one counts by any rule.
        assert [card.score for card in run.scorecards()] == [30]
        for job in run.first_pass(LIMITS):
            run.commit([Result.of(job, graded(job, (2, 1), START))])
        ben, ada = run.scorecards()
        assert (ben.score, ada.score) == (0, 30)
        assert (ada.submission.url, ada.submission.name) == ("https://a.example.org", "Ada Ash")
        run.keep(Keep())
        assert [card.submission.url for card in run.scorecards()][1] == "https://new.example.org"


def test_who_was_asked_too_late_keeps_the_first_attempt_and_is_named() -> None:
    with begun() as run:
        run.keep(Keep.read("before=2026-09-02"))
        ada_and_ben = [
            Submission(name, f"https://{name[0]}.example.org") for name in ("ada", "ben")
        ]
        run.enroll(ada_and_ben, ())
        ada, ben = run.first_pass(LIMITS)
        run.commit([Result.of(ada, graded(ada, (1, 1), START))])
        run.commit([Result.of(ben, graded(ben, (1, 1), START + timedelta(days=3)))])
        assert run.late() == ["ben"]
        run.ask_again(["ada", "ben"], [])
        for job in run.first_pass(LIMITS):
            run.commit([Result.of(job, graded(job, (1, 2), START + timedelta(days=4)))])
        assert [card.score for card in run.scorecards()] == [20, 20]
        # Asked at the very moment is not before it.
        run.keep(Keep("before", START + timedelta(days=4)))
        assert [card.score for card in run.scorecards()] == [20, 20]
        assert run.late() == []
        kinds = [each.kind for each in run.transcript("ben").scorecards]
        assert kinds == [ScorecardKind.GRADED] * 2


def test_deployments_known_to_be_slow_are_asked_first() -> None:
    seconds = {"a": 10, "b": 3000, "c": 200}
    with TemporaryDirectory() as folder, closing(
        Run.begin(Path(folder) / "run.sqlite", BATTERIES[0], seed=7)
    ) as run:  # fmt: skip
        run.enroll([Submission(name, f"https://{name}.example.org") for name in "abc"], ())
        for job in run.first_pass(LIMITS):
            name = job.submission.andrew_id
            card = graded(job, None, START)
            waited = Reply("https://x", START, elapsed_ms=seconds[name])
            run.commit([Result.of(job, replace(card, wake_up=(waited,)))])
        assert [job.submission.andrew_id for job in run.second_pass(LIMITS)] == ["b", "c", "a"]
        run.ask_again(["a", "b"], [])
        run.enroll([Submission(name, f"https://{name}.example.org") for name in "abcd"], ())
        assert [job.submission.andrew_id for job in run.first_pass(LIMITS)] == ["b", "a", "d"]
        # The files keep the roster's order.
        assert [card.submission.andrew_id for card in run.scorecards()] == ["a", "b", "c"]


def test_an_entry_left_out_by_mistake_comes_back_with_its_replies() -> None:
    one = parse_battery(BATTERIES[0].source.rpartition("[[entry]]")[0], "two", "two.toml")
    with begun() as run:
        asked(run, (1, 2), START)
        assert run.rejudge(one, START).judged == 1
        assert [card.score for card in run.scorecards()] == [20]
        assert run.rejudge(BATTERIES[0], START).not_judged == ()
        assert [card.score for card in run.scorecards()] == [30]


def test_an_appeal_of_an_earlier_battery_is_of_that_battery() -> None:
    with begun() as run:
        run.keep(Keep.read("best"))
        asked(run, (1, 2), START)
        other = battery(1, 2, second="Which is third?")
        run.rejudge(other, START, partial=True)
        appealed = replace(run.transcript("ada").scorecards[0].scorecard, finished_at=START)
        assert run.adopt("ada", appealed, Acceptance("Dean", START + timedelta(days=1), "Appeal 7"))
        run.ask_again(["ada"], [])
        asked(run, (1, 1), START + timedelta(days=2))
        # Fewer points, but of the battery that counts.
        assert [card.score for card in run.scorecards()] == [20]
