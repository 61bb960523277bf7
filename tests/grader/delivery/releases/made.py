"""Releases as a platform would tell them, in hours since the first one."""

from typing import Any

from grader.delivery.releases.platform import PlatformRelease
from tests.grader.delivery.releases.fakes import at


def release(commit: str | None, hours: float, **more: Any) -> PlatformRelease:
    """One that users got at once."""
    return PlatformRelease(
        id=f"r{hours:g}",
        commit=commit,
        created_at=at(hours),
        live_at=more.pop("live_at", at(hours)),
        live=more.pop("live", False),
        can_roll_back=more.pop("can_roll_back", True),
        words="",
        **more,
    )
