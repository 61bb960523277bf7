"""Values as words, the same in every format that people read."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from grader.analysis.discrimination import Discrimination
from grader.analysis.integrity import FlagKind
from grader.formats.escaping import ask_command, link
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
    called,
)
from grader.outcomes import Cause, Outcome
from grader.text.commits import short

STATE_WORDS: dict[State, str] = {
    State.GRADED: "graded",
    State.UNREACHABLE: "unreachable",
    State.REFUSED: "refused",
    State.INVALID: "no usable link",
    State.NOT_GRADED: "not graded",
}

FLAG_MEANINGS: dict[FlagKind, str] = {
    FlagKind.SAME_URL: "It may be pair work, or a link that was copied by mistake.",
    FlagKind.SAME_RELEASE: "It may be pair work, or the untouched starter deployed from the same "
    "upstream commit.",
    FlagKind.OTHERS_ID: "It may be pair work, a partner's link handed in by mistake, or a fork in "
    "which the id was not changed yet.",
    FlagKind.OTHER_RELEASE: "It may be a later push that was deployed since, or a deployment that "
    "was not finished yet.",
    FlagKind.MIXED_FLEET: "It may be a roll-out that was under way when the grader asked, or an "
    "answer that is meant to change.",
}
"""What a flag may innocently mean, in a sentence."""

# After R. L. Ebel and D. A. Frisbie, "Essentials of Educational Measurement" (1991), chapter 13.
_BANDS = ((0.4, "very well"), (0.3, "well"), (0.2, "somewhat"), (0.0, "hardly"))

_VIA = {
    ProbeKind.API: "through the API",
    ProbeKind.PAGE: "on the page",
    ProbeKind.BROWSER: "in a browser",
}


@lru_cache(4096)
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


def percent(value: float) -> str:
    """Write a percentage, as in "66.7 %". Only all of it is 100 %, and only nothing is 0 %."""
    if 0 < value < 100:
        value = min(max(value, 0.1), 99.9)
    return f"{decimal(value, 1)} %"


def percents(lower: float, upper: float) -> str:
    """Write a range of percentages, as in "40 to 66.7 %"."""
    return f"{percent(lower).removesuffix(' %')} to {percent(upper)}"


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


def seconds(milliseconds: float) -> str:
    """Write a duration with a precision that suits it."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    return f"{milliseconds / 1000:.1f} s"


def moment(when: datetime) -> str:
    """Write a time for people, in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def timestamp(when: datetime) -> str:
    """Write a time for programs, in UTC, as RFC 3339 has it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def release(value: Release | None) -> str:
    """Say which commit answered and where it runs; empty if the deployment did not tell."""
    if value is None:
        return ""
    commit = f"commit {short(value.commit)}" if value.commit else ""
    place = ", ".join(part for part in (value.environment, value.region) if part)
    platform = f"on {value.platform}" if value.platform else ""
    return " ".join(part for part in (commit, platform, f"({place})" if place else "") if part)


def one_commit(commit: str) -> str:
    """What to ask if two deployments that are compared tell this commit alike."""
    return (
        f"Both tell the same commit, {short(commit)}: is the new release deployed? (On your own "
        "machine, a commit does not show changes that are not committed yet.)"
    )


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends as a sentence does."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def evidence(reply: Reply) -> str:
    """Say how a reply came: the time it took, its status, and how many requests it needed."""
    parts = [seconds(reply.elapsed_ms)]
    if reply.status is not None:
        parts.append(f"status {reply.status}")
    if reply.attempts > 1:
        parts.append(f"{reply.attempts} requests")
    return ", ".join(parts)


def phases(reply: Reply) -> str:
    """List the phases that were measured, as in "connect 20 ms, first byte 1.1 s"."""
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
    return ", ".join([f"{name} {seconds(value)}" for name, value in named if value is not None])


def discrimination(of: Discrimination) -> str:
    """Say the index in words; empty if none. Warn only if the whole interval is below 0."""
    index, interval = of.index, of.interval
    if index is None or interval is None:
        return ""
    if interval[1] < 0:
        return "the wrong way round"
    return next((words for least, words in _BANDS if index >= least), _BANDS[-1][1])


def outcome(verdict: Verdict) -> str:
    """Name the outcome, as in "wrong" or "right, but slow (2.3 s)"."""
    if verdict.degraded and verdict.reply is not None:
        return f"{verdict.outcome}, but slow ({seconds(verdict.reply.elapsed_ms)})"
    return verdict.outcome.value


def right_count(scorecard: Scorecard) -> int:
    """Count the verdicts that are right."""
    return sum(verdict.outcome is Outcome.RIGHT for verdict in scorecard.verdicts)


def repeat_url(verdict: Verdict) -> str:
    """Give the full URL to open again; empty if nothing was asked."""
    return link(verdict.reply.url) if verdict.reply else ""


def repeat_command(submission: Submission, verdict: Verdict) -> str:
    """Give the line to run again; empty if the command would not repeat the same request."""
    question = verdict.question
    by_letters = question.probe is ProbeKind.BROWSER and question.typing == "letters"
    many = isinstance(question.key, ConsistencyKey)
    in_vain = verdict.judgement.cause is Cause.PROBE
    if verdict.reply is None or not question.query or by_letters or many or in_vain:
        return ""
    return ask_command(submission.url, question.query, question.probe)


def several_ways(scorecard: Scorecard) -> bool:
    """Whether several probes asked its queries, so that each query names its probe."""
    asked = {each.question.probe for each in scorecard.verdicts if not each.question.is_check}
    return len(asked) > 1


def name(question: Question, *, several: bool = False) -> str:
    """Name a question and its probe, as in "a plus b on the page"; the API only if `several`."""
    api = question.probe is ProbeKind.API
    via = "" if question.is_check or (api and not several) else f" {_VIA[question.probe]}"
    return f"{called(question)}{via}"


def title(question: Question, *, several: bool = False) -> str:
    """Name a question in one line, as `name` does, with its query."""
    named = name(question, several=several)
    return named if question.is_check else f"{named}: {question.query}"


def titled(scorecard: Scorecard) -> list[tuple[str, Verdict]]:
    """Give each verdict with its question's name in one line."""
    several = several_ways(scorecard)
    return [(title(each.question, several=several), each) for each in scorecard.verdicts]


def elapsed(verdict: Verdict) -> float:
    """Add up the seconds that all replies to a question took."""
    return sum(reply.elapsed_ms for reply in verdict.replies) / 1000
