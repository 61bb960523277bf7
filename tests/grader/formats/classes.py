"""Invented classes: a small one with every outcome and state, a hostile one, and large ones."""

import random
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from grader.formats import scorecard_text, terminal
from grader.formats.files import file_stem
from grader.model import (
    ApiKey,
    Battery,
    Entry,
    FactKey,
    IdKey,
    Judgement,
    Note,
    NumberKey,
    PageKey,
    ProbeKind,
    Question,
    Release,
    Reply,
    RunInfo,
    Scorecard,
    State,
    Submission,
    Timings,
    Verdict,
)
from grader.outcomes import Outcome

START = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)

STATUS = {
    Outcome.CLIENT_ERROR: 404,
    Outcome.SERVER_ERROR: 500,
    Outcome.PROTECTED: 401,
    Outcome.RATE_LIMITED: 429,
}
NO_REPLY = {
    Outcome.TOO_SLOW,
    Outcome.UNREACHABLE,
    Outcome.TOO_LARGE,
    Outcome.FORBIDDEN_ADDRESS,
    Outcome.NOT_CHECKED,
}

HINT = "Implement it in webapp/query_processor.py, at the marked place, with its test."

QUESTIONS = (
    Question("page", "", PageKey(), 10, "page", probe=ProbeKind.PAGE, section="Deployment"),
    Question("api", "Who was Shakespeare?", ApiKey(), 10, "api", section="Deployment"),
    Question(
        "shakespeare",
        "Who was Shakespeare?",
        FactKey(("playwright", "poet")),
        10,
        "shakespeare",
        requires=("api",),
        section="Queries",
    ),
    Question(
        "andrew id",
        "What is your Andrew ID?",
        IdKey("abc123"),
        60,
        "andrew id",
        requires=("api",),
        section="Queries",
        hint=HINT,
    ),
    Question("addition", "What is 76 plus 92?", NumberKey(168), 10, "sum", section="Queries"),
)

RUN = RunInfo(
    Battery(
        "activity",
        "The activity",
        tuple(Entry(each.points, each.name, query=each.query) for each in QUESTIONS),
        source="",
    ),
    seed=313,
    started_at=START,
    notes=(Note("Two students handed in https://fgh678.example.com."),),
)


def verdict(
    question: Question, outcome: Outcome, text: str = "", reason: str = "", url: str = ""
) -> Verdict:
    judgement = Judgement(outcome, reason or outcome.rule.words.capitalize() + ".")
    if outcome is Outcome.SKIPPED:
        return Verdict(question, judgement)
    reply = Reply(
        url=url or "https://app.example.com/api?q=Who+was+Shakespeare%3F",
        asked_at=START + timedelta(seconds=2),
        status=None if outcome in NO_REPLY else STATUS.get(outcome, 200),
        text=text,
        failure=outcome if outcome in NO_REPLY else None,
        elapsed_ms=41.5,
    )
    return Verdict(question, judgement, (reply,))


def scorecard(
    andrew_id: str,
    outcomes: Collection[Outcome],
    state: State = State.GRADED,
    questions: Collection[Question] = QUESTIONS,
    **of_submission: Any,
) -> Scorecard:
    """A scorecard with one verdict for each question."""
    submission = Submission(
        andrew_id,
        f"https://{file_stem(andrew_id)}.example.com",
        name="Ada Example",
        bypass_secret="s3cret-bypass",
        columns={"phone": "555-0100"},
    )
    verdicts = tuple(
        verdict(question, outcome, "168" if outcome is Outcome.RIGHT else "")
        for question, outcome in zip(questions, outcomes, strict=True)
    )
    submission = replace(submission, **of_submission)
    return Scorecard(submission, state, verdicts, START, START + timedelta(seconds=3))


def connected(value: Verdict) -> Verdict:
    """The verdict, its reply having come over a connection of its own."""
    reply = replace(
        value.replies[0],
        timings=Timings(resolve=12.3, connect=8.0, tls=10.2, first_byte=9.9, transfer=0.4),
        certificate_expires_at=START + timedelta(days=60),
    )
    return replace(value, replies=(reply,))


def late(card: Scorecard) -> Verdict:
    """The last verdict, its reply having taken its time over a connection that was kept alive."""
    value = card.verdicts[-1]
    slow = Timings(first_byte=2310.4, transfer=1.6)
    reply = replace(value.replies[0], elapsed_ms=2312.4, timings=slow)
    return replace(value, replies=(reply,), degraded=True)


def finished(card: Scorecard, *, width: int = 80) -> str:
    """What a terminal of `width` columns says of a scorecard in the end."""
    return terminal.fitted(scorecard_text.render(RUN, card), width)


def small_class() -> list[Scorecard]:
    """Every outcome and every state, once at least."""
    o = Outcome
    full = scorecard("abc123", [o.RIGHT] * 5, name="Müller, Ana", section="A", email="a@x.example")
    full = replace(full, release=Release("a83654c0ffee", "vercel", "production", "iad1"))
    full = replace(full, verdicts=(connected(full.verdicts[0]), *full.verdicts[1:-1], late(full)))
    partial = scorecard("bcd234", [o.RIGHT, o.RIGHT, o.WRONG, o.EMPTY, o.SERVER_ERROR])
    earlier = Reply("https://bcd234.example.com/api?q=x", START, 503, "try later", attempts=2)
    last = partial.verdicts[-1]
    partial = replace(
        partial,
        verdicts=(*partial.verdicts[:-1], replace(last, replies=(earlier, *last.replies))),
    )
    limited = scorecard(
        "cde345", [o.RIGHT, o.RIGHT, o.RATE_LIMITED, o.TOO_SLOW, o.TOO_LARGE], section="B"
    )
    protected = scorecard("def456", [o.PROTECTED, o.PROTECTED, o.SKIPPED, o.SKIPPED, o.RIGHT])
    redirected = scorecard(
        "efg567", [o.CLIENT_ERROR, o.RIGHT, o.FORBIDDEN_ADDRESS, o.UNREACHABLE, o.RIGHT]
    )
    asleep = replace(
        scorecard("fgh678", [o.UNREACHABLE] + [o.SKIPPED] * 4, State.UNREACHABLE),
        reason="The name fgh678.example.com was not found.",
    )
    private = replace(
        scorecard("ghi789", [o.FORBIDDEN_ADDRESS] + [o.SKIPPED] * 4, State.REFUSED),
        reason="The link leads into a private network (10.0.0.1).",
    )
    no_link = replace(
        scorecard("hij890", [o.SKIPPED] * 5, State.INVALID, url="", handed_in="see my repo"),
        reason='"see my repo" is no link.',
    )
    unknown = replace(
        scorecard("ijk901", [o.RIGHT, o.RIGHT] + [o.NOT_CHECKED] * 3, State.NOT_GRADED),
        reason="The grader's network was down.",
    )
    return [full, partial, limited, protected, redirected, asleep, private, no_link, unknown]


ATTACKS = (
    "<script>document.title='pwned'</script>",
    '"><img src=x onerror="document.title=\'pwned\'">',
    "</style></title><svg onload=document.title='pwned'>",
    "{{ 7 * 7 }} {% raw %}",
    "\x1b]0;pwned\x07\x1b[2J\x9b31m",
    "abc\u202egnp.exe \u2066x\u2069 \u200b",
    "]]></failure><evil/>\x00\ufffe",
    '=HYPERLINK("https://evil.example","x")',
    "| `x` **bold** [a](javascript:alert(1)) <b>x</b> @everyone",
    "\ud800 half of a pair",
    "line one\r\nline two\u2028line three",
    "a" * 5000,
)


def hostile(attack: str) -> Scorecard:
    """A scorecard that says one hostile thing wherever a stranger can put it."""
    card = scorecard(
        "abc123",
        [Outcome.RIGHT],
        questions=QUESTIONS[:1],
        url="javascript:document.title='pwned'",
        handed_in=attack,
        name=attack,
        section=attack,
        email=attack,
    )
    question = replace(QUESTIONS[3], query=attack, name="andrew id", hint=attack)
    wrong = verdict(question, Outcome.WRONG, attack, attack, "javascript:document.title='pwned'")
    blocked = verdict(QUESTIONS[4], Outcome.PROTECTED, attack, attack)
    earlier = replace(wrong.replies[0], detail=attack)
    return replace(
        card,
        verdicts=(replace(wrong, replies=(earlier, *wrong.replies)), blocked),
        release=Release(attack, attack, attack, attack),
        reason=attack,
        submission=replace(card.submission, notes=(attack,)),
    )


class LargeClass(Collection[Scorecard]):
    """Students made anew at each pass, as a database would give them."""

    def __init__(self, students: int, questions: int = 5) -> None:
        self.students = students
        self.questions = [
            replace(QUESTIONS[i % 5], name=f"{QUESTIONS[i % 5].name} {i // 5 + 1}", points=2.0)
            if questions > 5
            else QUESTIONS[i]
            for i in range(questions)
        ]
        self.passes = 0

    def __len__(self) -> int:
        return self.students

    def __contains__(self, _: object) -> bool:
        raise NotImplementedError

    def __iter__(self) -> Iterator[Scorecard]:
        self.passes += 1
        return (self._student(number) for number in range(self.students))

    def _student(self, number: int) -> Scorecard:
        rng = random.Random(number)
        names = ("Ada", "Bo", "Chen", "Dilek", "Emeka", "Farah", "Goran", "Hana")
        family = ("Example", "Sample", "Invented", "Placeholder", "Fiction")
        andrew_id = f"{rng.choice('abcdefgh')}{rng.choice('xyz')}student{number}"
        name = f"{rng.choice(names)} {rng.choice(family)}"
        skill = rng.choice((0.3, 0.6, 0.9, 1.0, 1.0))
        if rng.random() < 0.06:
            outcomes = [Outcome.UNREACHABLE] + [Outcome.SKIPPED] * (len(self.questions) - 1)
            card = scorecard(andrew_id, outcomes, State.UNREACHABLE, self.questions, name=name)
            return replace(card, reason=f"The name {andrew_id}.example.com was not found.")
        others = (Outcome.WRONG, Outcome.WRONG, Outcome.EMPTY, Outcome.SERVER_ERROR)
        outcomes = [
            Outcome.RIGHT if rng.random() < skill else rng.choice(others) for _ in self.questions
        ]
        if rng.random() < 0.03:
            outcomes[-1] = Outcome.PROTECTED
        card = scorecard(
            andrew_id, outcomes, State.GRADED, self.questions, name=name, section=rng.choice("AB")
        )
        texts = ("168", "", "William Shakespeare was an English playwright, poet and actor " * 2)
        pace = rng.lognormvariate(4.5, 0.8)
        verdicts = tuple(
            _replied(each, rng.choice(texts), pace * rng.lognormvariate(0, 0.5))
            for each in card.verdicts
        )
        # One in ten has deployed the starter as it is.
        commit = "a83654c0ffee" if rng.random() < 0.1 else f"{rng.getrandbits(160):040x}"
        return replace(card, verdicts=verdicts, release=Release(commit, "render", "production"))


def _replied(value: Verdict, text: str, elapsed_ms: float) -> Verdict:
    reply = replace(value.replies[0], text=text, elapsed_ms=elapsed_ms)
    return replace(value, replies=(reply,), degraded=elapsed_ms > 500)
