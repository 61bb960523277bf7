"""The two addresses that a command compares, each with words of its own if it is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from grader.model import Submission

    Side = tuple[Submission, bool]
    """What is asked, and whether private addresses are allowed."""

_ADVICE = "Write the address of a deployed app, such as https://your-app.vercel.app."
_ALLOW = "If you mean it, add --allow-private."


def read(
    candidate: tuple[str, str],
    baseline: tuple[str, str],
    *,
    andrew_id: str = "",
    allow_private: bool,
    bypass_secret: str,
) -> tuple[Side, Side]:
    """The candidate and the baseline, each given by the option's name and its value.

    Raises:
        click.UsageError: if one cannot be asked, or both are the same.
    """
    from grader.links import LinkError
    from grader.model import State
    from grader.services.submissions import submission_of

    def side(name: str, url: str) -> Side:
        if not url.strip():
            raise click.BadParameter(f"It is empty. {_ADVICE}", param_hint=name)
        try:
            return submission_of(
                url, andrew_id, allow_private=allow_private, bypass_secret=bypass_secret
            )
        except LinkError as error:
            advice = _ALLOW if error.state is State.REFUSED else _ADVICE
            raise click.BadParameter(f"{error.message} {advice}", param_hint=name) from None

    found = side(*candidate), side(*baseline)
    if found[0][0].url == found[1][0].url:
        raise click.UsageError(f"{candidate[0]} and {baseline[0]} are the same address.")
    return found


def are_here(*sides: Side) -> bool:
    """Whether all of them run on this machine, which need not be spared."""
    from grader.links import is_loopback

    return all(is_loopback(submission.url) for submission, _ in sides)
