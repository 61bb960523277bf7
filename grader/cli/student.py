"""The commands of a student, for one deployment: check, ask, questions."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from grader.cli import check_waiting, kinds, options, reading
from grader.cli.commands import argument, command, group, option
from grader.cli.exit_codes import DONE, EXIT_CODES, FALLS_SHORT, NOT_GRADED
from grader.cli.output import say
from grader.formats import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model import Job


@dataclass(frozen=True)
class _Check:
    """Check one deployment, as its student: the same questions your instructor asks."""

    url: str = argument(
        envvar="GRADER_URL", type=kinds.ADDRESS,
        help="The address of the deployed app; unless given, $GRADER_URL.",
    )  # fmt: skip
    andrew_id: str = options.ANDREW_ID
    asking: options.Asking = group(options.Asking)
    pass_mark: float = option(
        "--pass-mark", type=kinds.Number(0, 100), default=100, show_default=True,
        metavar="PERCENT", help="Percent of the points below which the exit code is 1.",
    )  # fmt: skip
    values: dict[str, str] = options.VALUES
    bypass_secret: str = options.BYPASS_SECRET
    expect_commit: str = option(
        "--expect-commit", default="", read=reading.commit, metavar="SHA",
        help="The commit that should answer, as /healthz tells it.",
    )  # fmt: skip
    wait_for_commit: str | None = option(
        "--wait-for-commit", is_flag=False, flag_value=reading.HEAD,
        read=reading.commit, metavar="[SHA|HEAD]",
        help="Wait until this commit is live, as /healthz tells it, then check, and expect it. "
        "Without a value it is HEAD, the last commit of the git repository in this folder.",
    )  # fmt: skip
    commit_timeout: float = option(
        "--commit-timeout", type=kinds.SECONDS, default=600, show_default=True, metavar="SECONDS",
        help="How long --wait-for-commit waits at most.",
    )  # fmt: skip
    connections: int | None = option(
        "--connections", type=kinds.Whole(0, 64), read=reading.connections, metavar="N",
        help="How many fresh connections should meet one release and one answer, 2 to 64, or 0 for "
        "no such check; one that the battery has keeps its own number.  [default: 8 where a commit "
        "is expected, else 0]",
    )  # fmt: skip
    form: str = option(
        "--format", default="text", show_default=True,
        type=click.Choice(list(registry.SCORECARD)),
        help="How the result is printed: for people, for programs, or as a page of its own.",
    )  # fmt: skip
    quiet: bool = options.QUIET

    def __call__(self) -> None:
        from grader.cli.check_words import Telling, print_result
        from grader.formats import scorecard_text
        from grader.model import Finished
        from grader.services import deployments

        job = self._job()
        page = self.form == "html"
        telling, several = None, len(self.asking.probes) > 1
        if self.form in ("text", "html") and not self.quiet:
            telling = Telling(job.submission, several_ways=several, err=page)
        if self.wait_for_commit:
            check_waiting.wait(job, self.commit_timeout, quiet=self.quiet, page=page)
        with _values_needed():
            for event in deployments.check(job):
                if telling is not None:
                    telling.tell(event)
                if isinstance(event, Finished):
                    scorecard = event.scorecard
        if telling is not None and page:
            telling.say(scorecard_text.score(scorecard))
        print_result(self.form, deployments.run_of(job, scorecard), scorecard)
        if scorecard.percent is None:
            sys.exit(NOT_GRADED)
        if doubt := deployments.doubt_of(scorecard):
            say(f"Falls short: {doubt}", err=True)
        passed = scorecard.percent >= self.pass_mark and not doubt
        sys.exit(DONE if passed else FALLS_SHORT)

    def _job(self) -> Job:
        from grader.questions import load_battery
        from grader.services import deployments, submissions

        if self.expect_commit and self.wait_for_commit:
            words = "--wait-for-commit expects its commit: leave --expect-commit out."
            raise click.UsageError(words)
        target = submissions.target_of(
            self.url,
            self.andrew_id,
            self.asking.limits(),
            bypass_secret=self.bypass_secret,
            expect_commit=self.expect_commit or self.wait_for_commit or "",
            values=self.values,
        )
        battery, seed = load_battery(self.asking.battery), self.asking.seed
        return deployments.job_of(target.submission, battery, seed, target.limits, self.connections)


@dataclass(frozen=True)
class _Ask:
    """Ask one query, and show the reply as the grader sees it."""

    url: str = argument(type=kinds.TEXT, read=reading.address_first, help="The address of the app.")
    words: tuple[str, ...] = argument(
        nargs=-1, required=True, type=kinds.TEXT, read=reading.query, metavar="QUERY",
        help="What to ask, in quotation marks.",
    )  # fmt: skip
    timeout: float = options.TIMEOUT
    allow_private: bool = options.ALLOW_PRIVATE
    kind: str = option(
        "--probe", type=click.Choice(["api", "page", "browser"]), default="api",
        show_default=True, help="How it is asked: its API, its page, or its page in a browser.",
    )  # fmt: skip
    bypass_secret: str = options.BYPASS_SECRET

    def __call__(self) -> None:
        from grader.formats import terminal
        from grader.formats.escaping import ask_command
        from grader.model import Limits, ProbeKind
        from grader.outcomes import Outcome
        from grader.services import deployments, submissions

        query, kind = " ".join(self.words), ProbeKind(self.kind)
        if len(self.words) > 1:
            # Without quotation marks the shell splits a query at its blanks.
            line = ask_command(self.url, query, kind)
            raise click.UsageError(
                f"Put the query into quotation marks{f': {line}' if line else '.'}"
            )
        limits = Limits(timeout=self.timeout, allow_private=self.allow_private)
        target = submissions.target_of(self.url, "", limits, bypass_secret=self.bypass_secret)
        reply = deployments.ask(target.submission, kind, query, target.limits)
        say(terminal.reply(reply))
        if reply.failure is Outcome.NOT_CHECKED:
            sys.exit(NOT_GRADED)
        sys.exit(DONE if reply.failure is None else FALLS_SHORT)


@dataclass(frozen=True)
class _Questions:
    """Print what a student would be asked, with the keys."""

    battery: str = options.BATTERY
    andrew_id: str = options.ANDREW_ID
    seed: int | None = options.SEED
    values: dict[str, str] = options.VALUES
    form: str = option(
        "--format", type=click.Choice(list(registry.QUESTIONS)), default="table",
        show_default=True, help="How they are printed: for people, or for programs.",
    )  # fmt: skip

    def __call__(self) -> None:
        from grader.model import Submission
        from grader.questions import draw, load_battery
        from grader.services import deployments, submissions

        seed = deployments.drawn(self.seed)
        student = submissions.with_values(Submission(self.andrew_id, url=""), self.values)
        with _values_needed():
            asked = draw(load_battery(self.battery), student, seed)
        say(registry.of_questions(self.form)(asked, seed))


@contextlib.contextmanager
def _values_needed() -> Iterator[None]:
    """If a battery needs a column of a roster, say which option gives it instead."""
    from grader.questions import ColumnError

    try:
        yield
    except ColumnError as error:
        raise click.UsageError(
            f"{error}. Where there is no roster, say it with --value {error.column}=..."
        ) from None


_CHECKED = {
    DONE: "The pass mark is reached.",
    FALLS_SHORT: "It is not, or the expected commit is not live everywhere.",
    NOT_GRADED: EXIT_CODES[NOT_GRADED],
}
_ASKED = {
    DONE: "A reply came.",
    FALLS_SHORT: "None could be read.",
    NOT_GRADED: "The fault is this machine's.",
}
COMMANDS = (
    command("check", _Check, _CHECKED),
    command("ask", _Ask, _ASKED),
    command("questions", _Questions, {DONE: "They are printed."}),
)
