"""Values as words, the same in every format that people read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from grader.formats.escaping import ask_command, link, one_line
from grader.model import (
    ConsistencyKey,
    Override,
    ProbeKind,
    Question,
    Release,
    Reply,
    Scorecard,
    State,
    Submission,
    Verdict,
)
from grader.outcomes import Outcome

_REPLY_LIMIT = 2_000

STATE_WORDS: dict[State, str] = {
    State.GRADED: "graded",
    State.UNREACHABLE: "unreachable",
    State.REFUSED: "refused",
    State.INVALID: "no usable link",
    State.NOT_GRADED: "not graded",
}

STATE_ADVICE: dict[State, str] = {
    State.GRADED: "",
    State.UNREACHABLE: "Open the link in a private window: does it load there?",
    State.REFUSED: "Deploy the app and hand in its public URL.",
    State.INVALID: "Hand in the address of the deployed app, as the browser shows it.",
    State.NOT_GRADED: "The grader's own side failed; this is no zero. Run the grader again.",
}


def decimal(value: float, places: int = 2) -> str:
    """Write a number rounded half up, without needless zeros, separators or exponents."""
    return _rounded(Decimal(str(value)), places)


def scaled(percent: float, possible: Decimal) -> str:
    """Write a percentage as points of `possible`, rounded half up to two places as people do."""
    return _rounded(Decimal(str(abs(percent))) * possible / 100, 2)


def _rounded(exact: Decimal, places: int) -> str:
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    written = f"{rounded:f}"
    written = written.rstrip("0").rstrip(".") if places else written
    return "0" if written == "-0" else written


def points(verdict: Verdict) -> str:
    """Write the points of a verdict, as in "0 of 10"; "-" stands for what was not checked."""
    earned = "-" if verdict.points is None else decimal(verdict.points)
    return f"{earned} of {decimal(verdict.question.points)}"


def score(scorecard: Scorecard) -> str:
    """Write the score, as in "40 of 100"; "-" stands for what was not graded or is excused."""
    earned = "-" if scorecard.score is None else decimal(scorecard.score)
    return f"{earned} of {decimal(scorecard.max_score)}"


def override(value: Override) -> str:
    """Say what was set by hand, by whom, when and why."""
    what = "Excused" if value.score is None else f"Set to {decimal(value.score)} points"
    if value.withdrawn:
        what = "Withdrawn"
    return f"{what} by {value.by}, {moment(value.at)}: {value.reason}"


def some_of(names: Sequence[str], most: int = 10) -> str:
    """List the first of them, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def seconds(milliseconds: float) -> str:
    """Write a duration with a precision that suits it."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def moment(when: datetime) -> str:
    """Write a time for people, in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def timestamp(when: datetime) -> str:
    """Write a time for programs, in UTC, as RFC 3339 has it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def release(value: Release | None) -> str:
    """Say which commit answered and where it runs; empty where the deployment did not tell."""
    if value is None:
        return ""
    commit = f"commit {value.commit[:12]}" if value.commit else ""
    place = ", ".join(part for part in (value.environment, value.region) if part)
    platform = f"on {value.platform}" if value.platform else ""
    return " ".join(part for part in (commit, platform, f"({place})" if place else "") if part)


def evidence(reply: Reply) -> str:
    """Say how a reply came: the time it took, its status, and how many requests it needed."""
    parts = [seconds(reply.elapsed_ms)]
    if reply.status is not None:
        parts.append(f"status {reply.status}")
    if reply.attempts > 1:
        parts.append(f"{reply.attempts} requests")
    return ", ".join(parts)


def phases(reply: Reply) -> str:
    """List the phases that were measured, as in "connect 20, first byte 110, transfer 2 ms"."""
    took = reply.timings
    if took is None:
        return ""
    named = (
        ("resolve", took.resolve),
        ("connect", took.connect),
        ("TLS", took.tls),
        ("first byte", took.first_byte),
        ("transfer", took.transfer),
    )
    parts = [f"{name} {value:.0f}" for name, value in named if value is not None]
    return f"{', '.join(parts)} ms" if parts else ""


def outcome(verdict: Verdict) -> str:
    """Name the outcome, as in "wrong" or "right, but slow: 2.3 s"."""
    if verdict.degraded and verdict.reply is not None:
        return f"{verdict.outcome}, but slow: {seconds(verdict.reply.elapsed_ms)}"
    return verdict.outcome.value


def right_count(scorecard: Scorecard) -> int:
    """Count the verdicts that are right."""
    return sum(verdict.outcome is Outcome.RIGHT for verdict in scorecard.verdicts)


def advice(verdict: Verdict) -> str:
    """Say what to do about a verdict: the battery's own hint where the answer was at fault."""
    outcome = verdict.outcome
    if outcome.rule.earns:
        return ""
    fault_of_answer = outcome in (Outcome.WRONG, Outcome.EMPTY)
    own = verdict.judgement.advice or (verdict.question.hint if fault_of_answer else "")
    return own or outcome.rule.advice


def repeat_url(verdict: Verdict) -> str:
    """Give the full URL to open again; empty where nothing was asked."""
    return link(verdict.reply.url) if verdict.reply else ""


def repeat_command(submission: Submission, verdict: Verdict) -> str:
    """Give the line to run again; empty where the command would not repeat the same request."""
    question = verdict.question
    by_letters = question.probe is ProbeKind.BROWSER and question.typing == "letters"
    many = isinstance(question.key, ConsistencyKey)
    if verdict.reply is None or not question.query or by_letters or many:
        return ""
    return ask_command(submission.url, question.query, question.probe)


def asked(question: Question) -> str:
    """Name what a question asks: its query, or the check that it is."""
    check = isinstance(question.key, ConsistencyKey) or not question.query
    return (question.name or question.family) if check else question.query


def title(question: Question) -> str:
    """Name a question in one line: its entry of the battery, and what is asked."""
    return ": ".join(part for part in (question.name, question.query) if part) or question.family


def elapsed(verdict: Verdict) -> float:
    """Add up the seconds that all replies to a question took."""
    return sum(reply.elapsed_ms for reply in verdict.replies) / 1000


def explanation(submission: Submission, verdict: Verdict) -> list[str]:
    """Explain a verdict that is not right: why, what to do, the reply, and how to ask again.

    The lines are not yet made harmless for the place where they will be shown.
    """
    lines = [verdict.judgement.reason, advice(verdict)]
    if verdict.reply:
        if verdict.reply.text or not verdict.reply.failure:
            lines.append(f"Reply: {one_line(verdict.reply.text, _REPLY_LIMIT) or '(empty)'}")
        lines.append(f"Repeat: {repeat_url(verdict)}")
    command = repeat_command(submission, verdict)
    if command:
        lines.append(f"Repeat: {command}")
    return [line for line in lines if line]
