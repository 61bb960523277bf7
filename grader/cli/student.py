"""The commands of one deployment's student: check, ask, questions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from grader.cli import kinds, options, printing, pushes
from grader.cli.commands import EXIT_CODES, command
from grader.cli.telling import Telling
from grader.formats import registry

if TYPE_CHECKING:
    from grader.model import ProbeKind, Scorecard


_CONNECTIONS = 8


def _secret(_context: click.Context, _option: click.Parameter, value: str) -> str:
    from grader.model import BYPASS_SECRET

    secret = value.strip()
    if secret and not BYPASS_SECRET.fullmatch(secret):
        raise click.BadParameter("it has a blank, a line break or an unusual character in it")
    return secret


def _query(
    _context: click.Context, _argument: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    if not " ".join(value).strip():
        raise click.BadParameter("it must not be empty")
    return value


def _compared(_context: click.Context, _option: click.Parameter, value: int | None) -> int | None:
    if value == 1:
        raise click.BadParameter("one connection has none to be compared with: 0, or 2 and more")
    return value


_BYPASS_SECRET = click.option(
    "--bypass-secret", default="", envvar="GRADER_BYPASS_SECRET", show_envvar=True,
    callback=_secret, metavar="SECRET",
    help="Opens a protected Vercel deployment; better given by the environment.",
)  # fmt: skip


@command(
    {
        options.DONE: "The pass mark is reached.",
        options.FALLS_SHORT: "It is not, or the expected commit is not live everywhere.",
        options.NOT_GRADED: EXIT_CODES[options.NOT_GRADED],
    }
)
@click.argument(
    "url", envvar="GRADER_URL", type=kinds.ADDRESS,
    help="The address of the deployed app; unless given, $GRADER_URL.",
)  # fmt: skip
@options.ANDREW_ID
@options.asking
@click.option(
    "--pass-mark", type=kinds.Number(0, 100), default=100, show_default=True, metavar="PERCENT",
    help="Percent of the points below which the exit code is 1.",
)  # fmt: skip
@options.VALUES
@_BYPASS_SECRET
@click.option(
    "--expect-commit", default="", callback=pushes.commit, metavar="SHA",
    help="The commit that should answer, as /healthz tells it.",
)  # fmt: skip
@click.option(
    "--wait-for-commit", is_flag=False, flag_value=pushes.HEAD, callback=pushes.commit,
    metavar="[SHA|HEAD]",
    help="Wait until this commit is live, as /healthz tells it, then check, and expect it. Without "
    "a value it is HEAD, the last commit of the git repository in this folder.",
)  # fmt: skip
@click.option(
    "--commit-timeout", type=kinds.SECONDS, default=600, show_default=True, metavar="SECONDS",
    help="How long --wait-for-commit waits at most.",
)  # fmt: skip
@click.option(
    "--connections", type=kinds.Whole(0, 64), callback=_compared, metavar="N",
    help="How many fresh connections should meet one release and one answer, 2 to 64, or 0 for no "
    "such check; one that the battery has keeps its own number.  [default: 8 where a commit is "
    "expected, else 0]",
)  # fmt: skip
@click.option(
    "--format", "form", default="text", show_default=True,
    type=click.Choice(list(registry.SCORECARD)),
    help="How the result is printed: for people, for programs, or as a page of its own.",
)  # fmt: skip
@options.QUIET
def check(
    url: str,
    andrew_id: str,
    battery: str,
    seed: int | None,
    probes: tuple[ProbeKind, ...],
    timeout: float,
    wake_timeout: float | None,
    degraded_after: float,
    allow_private: bool,
    pass_mark: float,
    values: dict[str, str],
    bypass_secret: str,
    expect_commit: str,
    wait_for_commit: str,
    commit_timeout: float,
    connections: int | None,
    form: str,
    quiet: bool,
) -> None:
    """Check one deployment, as its student: the same questions your instructor asks."""
    from datetime import UTC, datetime

    from grader.asking.running import events
    from grader.formats import scorecard_text
    from grader.model import Finished, Job, Limits, RunInfo
    from grader.probes.browser import require_browser
    from grader.questions import load_battery

    if expect_commit and wait_for_commit:
        raise click.UsageError("--wait-for-commit expects its commit: leave --expect-commit out.")
    expect_commit = expect_commit or wait_for_commit
    submission, private = options.submission_of(
        url,
        andrew_id,
        allow_private,
        bypass_secret=bypass_secret,
        expect_commit=expect_commit,
        values=values,
    )
    if connections is None:
        connections = _CONNECTIONS if expect_commit else 0
    limits = Limits(timeout, wake_timeout, private, probes, degraded_after, connections)
    run = RunInfo(load_battery(battery), options.drawn(seed), datetime.now(UTC), probes=probes)
    job = Job(submission, run.battery, run.seed, limits)
    page = form == "html"
    telling = None
    if form in ("text", "html") and not quiet:
        telling = Telling(submission, several_ways=len(probes) > 1, err=page)
    if run.in_browser:
        require_browser()
    if wait_for_commit:
        pushes.wait(job, wait_for_commit, commit_timeout, quiet=quiet, page=page)
    with options.values_needed():
        for event in events(job):
            if telling is not None:
                telling.tell(event)
            if isinstance(event, Finished):
                scorecard = event.scorecard
    if telling is not None and page:
        telling.say(scorecard_text.score(scorecard))
    printing.print_result(form, run, scorecard)
    sys.exit(_exit_code(scorecard, pass_mark, expect_commit))


@command(
    {
        options.DONE: "A reply came.",
        options.FALLS_SHORT: "None could be read.",
        options.NOT_GRADED: "The fault is this machine's.",
    }
)
@click.argument(
    "url", type=kinds.TEXT, callback=kinds.address_first, help="The address of the app."
)
@click.argument(
    "words", nargs=-1, required=True, type=kinds.TEXT, callback=_query, metavar="QUERY",
    help="What to ask, in quotation marks.",
)  # fmt: skip
@options.TIMEOUT
@options.ALLOW_PRIVATE
@click.option(
    "--probe", "kind", type=click.Choice(["api", "page", "browser"]), default="api",
    show_default=True, help="How it is asked: its API, its page, or its page in a browser.",
)  # fmt: skip
@_BYPASS_SECRET
def ask(
    url: str,
    words: tuple[str, ...],
    timeout: float,
    allow_private: bool,
    kind: str,
    bypass_secret: str,
) -> None:
    """Ask one query, and show the reply as the grader sees it."""
    from grader.asking.running import reply_to
    from grader.formats import terminal
    from grader.formats.escaping import ask_command
    from grader.model import Limits, ProbeKind
    from grader.outcomes import Outcome
    from grader.probes.browser import require_browser

    query = " ".join(words)
    if len(words) > 1:
        # The terminal has cut it at its blanks.
        line = ask_command(url, query, ProbeKind(kind))
        raise click.UsageError(f"Put the query into quotation marks{f': {line}' if line else '.'}")
    submission, private = options.submission_of(url, "", allow_private, bypass_secret=bypass_secret)
    if ProbeKind(kind) is ProbeKind.BROWSER:
        require_browser()
    limits = Limits(timeout=timeout, allow_private=private)
    reply = reply_to(query, ProbeKind(kind), submission, limits)
    options.say(terminal.reply(reply))
    if reply.failure is Outcome.NOT_CHECKED:
        sys.exit(options.NOT_GRADED)
    sys.exit(options.DONE if reply.failure is None else options.FALLS_SHORT)


@command({options.DONE: "They are printed."})
@options.BATTERY
@options.ANDREW_ID
@options.SEED
@options.VALUES
@click.option(
    "--format", "form", type=click.Choice(list(registry.QUESTIONS)), default="table",
    show_default=True, help="How they are printed: for people, or for programs.",
)  # fmt: skip
def questions(
    battery: str, andrew_id: str, seed: int | None, values: dict[str, str], form: str
) -> None:
    """Print what a student would be asked, with the keys."""
    from grader.model import Submission
    from grader.questions import draw, load_battery

    drawn = options.drawn(seed)
    student = options.with_values(Submission(andrew_id, url=""), values)
    with options.values_needed():
        asked = draw(load_battery(battery), student, drawn)
    options.say(registry.of_questions(form)(asked, drawn))


def _exit_code(scorecard: Scorecard, pass_mark: float, expect_commit: str) -> int:
    """How a check ends; what falls short besides the score is said."""
    if scorecard.percent is None:
        return options.NOT_GRADED
    if doubt := _doubt_of(scorecard, expect_commit):
        options.say(f"Falls short: {doubt}", err=True)
    passed = scorecard.percent >= pass_mark and not doubt
    return options.DONE if passed else options.FALLS_SHORT


def _doubt_of(scorecard: Scorecard, expect_commit: str) -> str:
    """Why the expected commit may not be what answers everywhere; empty where nothing tells so.

    A deployment that tells no commit loses nothing.
    """
    from grader.model import ConsistencyKey, ReleaseKey
    from grader.outcomes import Outcome

    for verdict in scorecard.verdicts if expect_commit else ():
        if not isinstance(verdict.question.key, ReleaseKey | ConsistencyKey):
            continue
        if verdict.outcome is Outcome.WRONG:
            return f"{expect_commit} is not what answers everywhere."
        if verdict.outcome not in (Outcome.RIGHT, Outcome.EMPTY, Outcome.CLIENT_ERROR):
            return f"nobody can tell whether {expect_commit} answers: {verdict.judgement.reason}."
    return ""


COMMANDS = (check, ask, questions)
