"""The words of `check`: what happens meanwhile, and the result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from grader.cli.output import say, width

if TYPE_CHECKING:
    from grader.model import Event, RunInfo, Scorecard, Submission


class Telling:
    """Says what happens to one submission, event by event, on standard output or error."""

    def __init__(self, submission: Submission, *, several_ways: bool, err: bool) -> None:
        self._submission = submission
        self._several_ways = several_ways
        self._err = err
        self._rows: dict[int, str] = {}
        self._same = 0
        for note in submission.notes:
            self.say(f"Note: {note}")

    def say(self, words: str) -> None:
        """Print words on the stream that all events go to."""
        say(words, err=self._err)

    def tell(self, event: Event) -> None:
        """Say what just happened. Rows that stay the same are counted, and said in one line."""
        from grader.formats import terminal
        from grader.model import Judged

        columns = width(err=self._err)
        words = terminal.told(
            event, self._submission, width=columns, several_ways=self._several_ways
        )
        if isinstance(event, Judged):
            if self._rows.get(event.number) == words:
                self._same += 1
                return
            self._rows[event.number] = words
        elif self._same:
            self.say(f"Again the same: {self._same} check{'s' * (self._same > 1)}.")
            self._same = 0
        if words:
            self.say(words)


def print_result(form: str, run: RunInfo, scorecard: Scorecard) -> None:
    """Print the result. If GitHub Actions runs this command, write it to its files, too."""
    from grader.formats import step_summary

    rendered = _rendered(form, run, scorecard)
    say(rendered)
    if form == "classroom":
        _tell_github("GITHUB_OUTPUT", f"result={rendered}\n")
    _tell_github("GITHUB_STEP_SUMMARY", step_summary.render(run, scorecard))


def _rendered(form: str, run: RunInfo, scorecard: Scorecard) -> str:
    from grader.formats import registry, terminal

    rendered = registry.of_scorecard(form)(run, scorecard)
    if form == "text":
        return terminal.fitted(rendered, width())
    if form == "html":
        # Shells write files in different encodings; an ASCII page is the same in all of them.
        return rendered.encode("ascii", "xmlcharrefreplace").decode()
    return rendered


def _tell_github(variable: str, text: str) -> None:
    """Add `text` to the file that this environment variable names, if it is set."""
    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
