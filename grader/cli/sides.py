"""The two addresses that a command compares, each with words of its own if it is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from grader.model import Limits, Target

_ADVICE = "Write the address of a deployed app, such as https://your-app.vercel.app."
_ALLOW = "If you mean it, add --allow-private."


def read(
    candidate: tuple[str, str],
    baseline: tuple[str, str],
    *,
    limits: Limits,
    andrew_id: str = "",
    bypass_secret: str,
) -> tuple[Target, Target]:
    """The candidate and the baseline, each given by the option's name and its value.

    Raises:
        click.UsageError: if one cannot be asked, or both are the same.
    """
    from grader.links import LinkError
    from grader.model import State
    from grader.services.submissions import target_of

    def side(name: str, url: str) -> Target:
        if not url.strip():
            raise click.BadParameter(f"It is empty. {_ADVICE}", param_hint=name)
        try:
            return target_of(url, andrew_id, limits, bypass_secret=bypass_secret)
        except LinkError as error:
            advice = _ALLOW if error.state is State.REFUSED else _ADVICE
            raise click.BadParameter(f"{error.message} {advice}", param_hint=name) from None

    found = side(*candidate), side(*baseline)
    if found[0].url == found[1].url:
        raise click.UsageError(f"{candidate[0]} and {baseline[0]} are the same address.")
    return found


def are_here(*sides: Target) -> bool:
    """Whether all of them run on this machine, which need not be spared."""
    from grader.links import is_loopback

    return all(is_loopback(side.url) for side in sides)
