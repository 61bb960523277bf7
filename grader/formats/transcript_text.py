"""The transcript of one student: every question, every reply, and how to repeat it."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from grader.formats import keeping, transport, words
from grader.formats.escaping import one_line, visible
from grader.formats.words import moment, timestamp
from grader.model import (
    Reply,
    RunInfo,
    Scorecard,
    ScorecardKind,
    StoredScorecard,
    Submission,
    Transcript,
    Verdict,
)


def render(run: RunInfo, transcript: Transcript) -> str:
    """Write it for a terminal. Texts of strangers are escaped, and stand behind a bar."""
    return "\n".join(_lines(run, transcript))


def side_by_side(before: Scorecard, now: Scorecard) -> str:
    """Write two scorecards of the same questions, one line of each below the other."""
    lines = []
    # If grading crashed, there may be nothing from before.
    pairs = zip_longest(words.titled(before), words.titled(now))
    for number, (old, new) in enumerate(pairs, 1):
        lines.append(f"{number}. {visible((new or old)[0])}")
        lines += [
            f"   {when}  {_outcome(each[1])}"
            for when, each in (("before", old), ("now   ", new))
            if each is not None
        ]
    lines += ["", f"Score before: {_earned(before)}", f"Score now:    {_earned(now)}"]
    return "\n".join(lines)


def _lines(run: RunInfo, transcript: Transcript) -> Iterator[str]:
    student = transcript.submission
    yield visible(f"{student.andrew_id}  {student.name}".rstrip())
    yield f"Link:    {visible(student.url or 'none that can be asked')}"
    if student.handed_in != student.url and (student.handed_in or not student.url):
        yield f"Handed in: {one_line(student.handed_in, 300) or 'nothing'}"
    for note in student.notes:
        yield f"Note:    {visible(note)}"
    yield f"Battery: {visible(run.battery.name)}, seed {run.seed}"
    card = transcript.current
    if card is None:
        yield "State:   waiting to be graded"
    else:
        yield f"State:   {words.STATE_WORDS[card.state]}  {visible(card.reason)}".rstrip()
        yield f"Score:   {words.score(card)}"
    for number, override in enumerate(transcript.overrides, 1):
        counts = "" if number == len(transcript.overrides) else " (replaced since)"
        yield f"By hand: {visible(words.override(override))}{counts}"
    for stored in transcript.scorecards:
        counts = keeping.standing(stored, transcript.scorecards, run.keep)
        how = _how(stored, transcript.scorecards)
        yield f"Attempt {stored.number}: {how} ({counts})"
    if card is not None:
        yield from _evidence(card)


def _how(stored: StoredScorecard, scorecards: Sequence[StoredScorecard]) -> str:
    """How an attempt ended, when, and which link was asked."""
    card = stored.scorecard
    parts = []
    graded = (each for each in scorecards if each.kind is ScorecardKind.GRADED)
    passes = [each for each in graded if each.number == stored.number]
    if stored.kind is not ScorecardKind.GRADED:
        parts.append(stored.kind.value)
    elif stored is not passes[-1]:
        parts.append("first pass" if stored is passes[0] else "earlier pass")
    where = card.submission.url or one_line(card.submission.handed_in, 80) or "no link"
    parts += [words.STATE_WORDS[card.state], f"{moment(stored.at)}: {_earned(card)}", where]
    if stored.accepted is not None and stored.kind is ScorecardKind.APPEALED:
        parts.append(f"accepted by {stored.accepted.by}: {stored.accepted.reason}")
    return visible(", ".join(parts))


def _evidence(card: Scorecard) -> Iterator[str]:
    if release := words.release(card.release):
        yield f"Release: {visible(release)}"
    if connection := transport.connection(card):
        yield f"Over:    {connection}"
    if speed := transport.speed(card):
        yield f"Speed:   {speed}"
    for reply in card.wake_up:
        yield f"Wake-up: {_told(reply)}"
        if phases := words.phases(reply):
            yield f"         {phases}"
    for number, (title, verdict) in enumerate(words.titled(card), 1):
        yield ""
        yield f"{number}. {visible(title)}"
        yield f"   Expected: {visible(str(verdict.question.key))}"
        yield f"   Verdict:  {_outcome(verdict)}"
        yield from _replies(card.submission, verdict)


def _replies(student: Submission, verdict: Verdict) -> Iterator[str]:
    for reply in verdict.replies:
        yield f"   Reply:    {_told(reply)}"
        if phases := words.phases(reply):
            yield f"   Phases:   {phases}"
        yield from (f"     | {line}" for line in visible(reply.text, lines=True).splitlines())
    if url := words.repeat_url(verdict):
        yield f"   Open:     {url}"
    if command := words.repeat_command(student, verdict):
        yield f"   Repeat:   {command}"


def _told(reply: Reply) -> str:
    """How a reply came, without its text."""
    return visible(f"{timestamp(reply.asked_at)}, {words.evidence(reply)}  {reply.detail}".rstrip())


def _outcome(verdict: Verdict) -> str:
    decided = verdict.judgement.decided_by
    by = f" (decided by its {decided})" if decided else ""
    reason = one_line(verdict.judgement.reason, 300)
    return f"{words.outcome(verdict)}, {words.points(verdict)}: {reason}{by}"


def _earned(card: Scorecard) -> str:
    earned = "-" if card.earned is None else words.decimal(card.earned)
    return f"{earned} of {words.decimal(card.max_score)}"
