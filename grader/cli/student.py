"""The commands of one deployment's student: check, ask, questions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from grader.cli import options

if TYPE_CHECKING:
    from grader.model import ProbeKind, RunInfo, Scorecard


_CONNECTIONS = 8


def _commit(_context: click.Context, _option: click.Parameter, value: str) -> str:
    from grader.model import COMMIT

    commit = value.strip().lower()
    if commit and not COMMIT.fullmatch(commit):
        raise click.BadParameter("a commit is 7 to 40 hexadecimal digits, as git log shows it")
    return commit


def _secret(_context: click.Context, _option: click.Parameter, value: str) -> str:
    from grader.model import BYPASS_SECRET

    secret = value.strip()
    if secret and not BYPASS_SECRET.fullmatch(secret):
        raise click.BadParameter("it has a blank, a line break or an unusual character in it")
    return secret


def _compared(_context: click.Context, _option: click.Parameter, value: int | None) -> int | None:
    if value == 1:
        raise click.BadParameter("one connection has none to be compared with: 0, or 2 and more")
    return value


_BYPASS_SECRET = click.option(
    "--bypass-secret",
    default="",
    envvar="GRADER_BYPASS_SECRET",
    callback=_secret,
    help="Opens a protected Vercel deployment; better given as $GRADER_BYPASS_SECRET.",
)


@click.command()
@click.argument("url")
@options.ANDREW_ID
@options.asking
@click.option(
    "--pass-mark",
    type=options.Range(0, 100),
    default=100.0,
    show_default=True,
    help="Percent of the points below which the exit code is 1.",
)
@options.VALUES
@_BYPASS_SECRET
@click.option(
    "--expect-commit", default="", callback=_commit, metavar="SHA",
    help="The commit that should answer, as /healthz tells it.",
)  # fmt: skip
@click.option(
    "--connections", type=click.IntRange(0, 64), callback=_compared,
    help="Fresh connections that should meet one release and one answer, 2 or more; a check that "
    "the battery has keeps its own number.  [default: 8 where a commit is expected, else 0]",
)  # fmt: skip
@click.option(
    "--format", "form", default="text", show_default=True,
    type=click.Choice(["text", "json", "junit", "gradescope", "classroom"]),
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
    connections: int | None,
    form: str,
    quiet: bool,
) -> None:
    """Check one deployment, as its student: the same questions your instructor asks."""
    from datetime import UTC, datetime

    from grader.formats import classroom_result, step_summary, terminal
    from grader.grading import grade_twice
    from grader.model import Finished, Job, Limits, RunInfo
    from grader.questions import load_battery

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
    chosen, drawn = load_battery(battery), options.drawn(seed)
    talk = form == "text" and not quiet
    if talk:
        for note in submission.notes:
            options.say(f"Note: {note}")
    with options.values_needed():
        for event in grade_twice(Job(submission, chosen, drawn, limits)):
            if isinstance(event, Finished):
                scorecard = event.scorecard
            elif talk:
                options.say(
                    terminal.told(
                        event, submission, width=options.width(), several_ways=len(probes) > 1
                    )
                )
    options.say(_rendered(form, RunInfo(chosen, drawn, datetime.now(UTC)), scorecard))
    if form == "classroom":
        _tell_github("GITHUB_OUTPUT", f"result={classroom_result.render(scorecard)}\n")
    _tell_github("GITHUB_STEP_SUMMARY", step_summary.render(scorecard))
    if scorecard.percent is None:
        sys.exit(options.NOT_GRADED)
    doubt = _doubt_of(scorecard, expect_commit)
    if doubt:
        options.say(f"Falls short: {doubt}", err=True)
    passed = scorecard.percent >= pass_mark and not doubt
    sys.exit(options.DONE if passed else options.FALLS_SHORT)


@click.command()
@click.argument("url")
@options.QUERY
@options.TIMEOUT
@options.ALLOW_PRIVATE
@click.option(
    "--probe", "kind", type=click.Choice(["api", "page", "browser"]), default="api",
    show_default=True,
)  # fmt: skip
@_BYPASS_SECRET
def ask(
    url: str, query: str, timeout: float, allow_private: bool, kind: str, bypass_secret: str
) -> None:
    """Ask one query, and show the reply as the grader sees it.

    The exit code is 0 where a reply came, 1 where none could be read, and 3 where the fault is
    this machine's.
    """
    from grader.formats import terminal
    from grader.model import Limits, ProbeKind
    from grader.outcomes import Outcome
    from grader.probes import Deployment

    submission, private = options.submission_of(url, "", allow_private, bypass_secret=bypass_secret)
    with Deployment(submission, Limits(timeout=timeout, allow_private=private)) as deployment:
        reply = deployment.ask(ProbeKind(kind), query)
    options.say(terminal.reply(reply))
    if reply.failure is Outcome.NOT_CHECKED:
        sys.exit(options.NOT_GRADED)
    sys.exit(options.DONE if reply.failure is None else options.FALLS_SHORT)


@click.command()
@options.BATTERY
@options.ANDREW_ID
@options.SEED
@options.VALUES
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def questions(
    battery: str, andrew_id: str, seed: int | None, values: dict[str, str], form: str
) -> None:
    """Print what a student would be asked, with the keys."""
    from grader.formats import questions as formats
    from grader.model import Submission
    from grader.questions import draw, load_battery

    drawn = options.drawn(seed)
    student = options.with_values(Submission(andrew_id, url=""), values)
    with options.values_needed():
        asked = draw(load_battery(battery), student, drawn)
    options.say(formats.as_json(asked) if form == "json" else formats.as_table(asked, drawn))


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


def _rendered(form: str, run: RunInfo, scorecard: Scorecard) -> str:
    from grader.formats import (
        classroom_result,
        gradescope_json,
        junit_xml,
        results_json,
        terminal,
    )

    match form:
        case "json":
            return results_json.render_one(run, scorecard)
        case "junit":
            return junit_xml.render(scorecard)
        case "gradescope":
            return gradescope_json.render(run, scorecard)
        case "classroom":
            return classroom_result.render(scorecard)
        case _:
            return terminal.finished(scorecard, width=options.width())


def _tell_github(variable: str, text: str) -> None:
    """Add to a file that GitHub Actions reads: the summary on the run's page, a step's outputs."""
    import os

    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)


COMMANDS = (check, ask, questions)
