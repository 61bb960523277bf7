"""Prints the result of a check in the chosen form, and tells it to GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.cli.output import say, width

if TYPE_CHECKING:
    from grader.model import RunInfo, Scorecard


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
    import os

    if path := os.environ.get(variable):
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
