"""Targets from addresses."""

from collections.abc import Iterable
from dataclasses import replace

from grader.delivery.watch.values import Target
from grader.model import Limits
from grader.services.submissions import submission_of


def targets_of(
    urls: Iterable[str], andrew_id: str, bypass_secret: str, limits: Limits
) -> tuple[Target, ...]:
    """The targets at these addresses, in their order. An app on this machine may be private.

    Raises:
        LinkError: if an address cannot be asked.
    """
    return tuple(_target(url, andrew_id, bypass_secret, limits) for url in urls)


def _target(url: str, andrew_id: str, bypass_secret: str, limits: Limits) -> Target:
    submission, private = submission_of(
        url, andrew_id, allow_private=limits.allow_private, bypass_secret=bypass_secret
    )
    return Target(submission, replace(limits, allow_private=private))
