"""A replay in words, the same on a terminal and on a page."""

import itertools

from grader.delivery.replay.asking import Name, Woke
from grader.delivery.replay.comparing import Compared, Kind, ReplyKind, Seen
from grader.delivery.replay.report import Report, Result
from grader.formats import words
from grader.formats.escaping import ask_command, visible

KINDS = {
    Kind.ERROR: "The candidate gives an error, and the baseline does not.",
    Kind.LOST: "The candidate gives nothing, and the baseline answers.",
    Kind.CHANGED: "Both reply, but not the same.",
    Kind.NEW: "The candidate answers, and the baseline does not.",
}
"""What each kind of difference means, in a sentence."""

UNCOUNTED = {
    Kind.NOISE: "The baseline is asked twice. What differs between two replies of the same code, "
    "or does not show again when it is asked once more, is noise and counts for nothing.",
    Kind.UNTOLD: "A platform or this machine stood in the way: nothing is known of these.",
}
"""What is no difference and not the same either, in a sentence."""


def called(kind: Kind) -> str:
    """What people call a kind."""
    return "not known" if kind is Kind.UNTOLD else kind.value


def times(count: int) -> str:
    """How often something was captured."""
    return "once" if count == 1 else f"{count} times"


def queries(count: int) -> str:
    """So many queries."""
    return f"{count} quer{'y' if count == 1 else 'ies'}"


def differ(count: int) -> str:
    """So many queries differ."""
    return f"{queries(count)} differ{'s' * (count == 1)}"


def headline(report: Report) -> str:
    """The result in a few words."""
    differing = report.differing
    match report.result:
        case Result.SAME:
            return f"No difference in {queries(report.asked)}"
        case Result.DIFFERENT if report.asked:
            return f"{differing} of {queries(report.asked)} differ{'s' * (differing == 1)}"
        case Result.DIFFERENT:
            return "The candidate does not answer"
    return "Nobody knows whether they differ"


def why(report: Report) -> str:
    """What the headline does not say: why not all is known, and what is to be doubted."""
    said = []
    if report.stopped is not None:
        said.append(words.sentence(f"Stopped: {visible(report.stopped.reason)}"))
    if report.asked < report.total:
        said.append(f"{queries(report.total - report.asked)} of {report.total} were not asked.")
    if report.order.left_out:
        rest = queries(report.order.left_out)
        said.append(f"Left out, since they were captured least often: {rest}; see --limit.")
    commits = {release.commit if release else None for release in report.releases.values()}
    if len(report.releases) > 1 and len(commits) == 1 and (commit := commits.pop()):
        said.append(words.one_commit(visible(commit)))
    return " ".join(said)


def woke(event: Woke) -> str:
    """Whether a deployment answered, and which release runs there."""
    if event.only:
        return f"The {event.name} does not answer: {words.sentence(visible(event.only))}"
    told = visible(words.release(event.release))
    running = f", running {told}" if told else ""
    return f"The {event.name} answered after {words.seconds(event.elapsed_ms)}{running}."


def release(report: Report, name: Name) -> str:
    """Which release answered, if it told."""
    return visible(words.release(report.releases.get(name)))


def repeat(report: Report, compared: Compared) -> str:
    """The line that asks the candidate once more; empty if none is safe to copy."""
    return ask_command(report.sides[Name.CANDIDATE].url, compared.query)


def pair(compared: Compared, limit: int) -> tuple[str, str]:
    """The baseline's reply and the candidate's, from where they begin to differ.

    Only a beginning of each is kept. If these are equal, it says that the rest is not.
    """
    last = compared.replies[-1]
    start = 0
    if last.baseline.kind is last.candidate.kind is ReplyKind.ANSWER:
        both = zip(last.baseline.text, last.candidate.text, strict=False)
        common = sum(1 for _ in itertools.takewhile(lambda chars: chars[0] == chars[1], both))
        start = common - limit // 4 if common > limit // 2 else 0
        if last.baseline.text == last.candidate.text:
            same = f"{shown(last.baseline, start)} (they differ after that)"
            return same, same
    return shown(last.baseline, start), shown(last.candidate, start)


def shown(seen: Seen, start: int = 0) -> str:
    """A reply for people, from the character `start` on."""
    match seen.kind:
        case ReplyKind.ANSWER:
            return f"…{seen.text[start:]}" if start > 0 else seen.text
        case ReplyKind.NOTHING:
            return "(nothing)"
    return f"({seen.words})"
