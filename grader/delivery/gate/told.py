"""A comparison in words, for a terminal; readable without colour."""

from collections.abc import Iterator

from grader.delivery.gate.values import Decision, Gated, Reason, Rule
from grader.formats.escaping import link, one_line, visible
from grader.formats.terminal import wrapped
from grader.formats.words import sentence
from grader.model import Reply

_HEADS = {
    Decision.PROMOTE: "PROMOTE: nothing speaks against the candidate.",
    Decision.HOLD: "HOLD: this cannot be decided by machine; somebody has to look.",
    Decision.REJECT: "REJECT: the candidate is worse than the baseline.",
}
_SLOWER = "HOLD: the answers are right, but slower. Somebody has to decide."
_MARKS = {Decision.PROMOTE: "ok", Decision.HOLD: "hold", Decision.REJECT: "reject"}
_REQUESTS = 3
_REPLY = 100
_INDENT = " " * 4


def render(gated: Gated, width: int) -> str:
    """The decision, what each rule says, a few requests behind what is bad, and remarks."""
    return "\n".join(_lines(gated, width))


def _lines(gated: Gated, width: int) -> Iterator[str]:
    yield wrapped(_head(gated), width)
    yield f"{_INDENT}candidate  {visible(gated.order.candidate.url)}"
    yield f"{_INDENT}baseline   {visible(gated.order.baseline.url)}"
    yield ""
    for reason in gated.reasons:
        head = f"{_MARKS[reason.decision]:<7} {reason.rule:<8} "
        yield wrapped(f"{head}{sentence(visible(reason.words))}", width, " " * len(head))
        # What connections met is in the words.
        if reason.decision is not Decision.PROMOTE and reason.rule is not Rule.RELEASE:
            yield from _requests(reason)
    for remark in gated.remarks:
        yield wrapped(f"Remark: {visible(remark)}", width, _INDENT)
    yield f"{len(gated.samples)} pairs asked in {gated.seconds:.0f} s (seed {gated.seed})."


def _head(gated: Gated) -> str:
    behind = {each.rule for each in gated.reasons if each.decision is gated.decision}
    is_only_slower = gated.decision is Decision.HOLD and behind == {Rule.LATENCY}
    return _SLOWER if is_only_slower else _HEADS[gated.decision]


def _requests(reason: Reason) -> Iterator[str]:
    replies = (verdict.reply for verdict in reason.requests if verdict.reply is not None)
    # Of each request, one is enough to look at.
    shown = list({reply.url: reply for reply in replies}.values())
    for reply in shown[: 2 * _REQUESTS]:
        yield f"{_INDENT}{_request(reply)}"
    if len(shown) > 2 * _REQUESTS:
        yield f"{_INDENT}and more: --format json has them all"


def _request(reply: Reply) -> str:
    said = one_line(reply.text, _REPLY) if reply.text else "(nothing)"
    status = "no status" if reply.status is None else f"status {reply.status}"
    return f"{link(reply.url) or visible(reply.url)}  {status}, {reply.elapsed_ms:.0f} ms: {said}"
