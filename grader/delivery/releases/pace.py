"""How long a platform is waited for, and how one waits until it has done something."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from grader.delivery.releases.platform import OutcomeUnknownError, PlatformError

# Most platforms need a second or some minutes: a quarter of the time so far is added to this.
_SOONEST = 0.25


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait, in seconds.

    Attributes:
        request: for one reply.
        call: for a call with its repetitions and the platform's rate limits.
        action: for the platform to carry out a promotion or a rollback.
        between: two looks at how far it is; the first ones come sooner.
        sleep: how to wait.
    """

    request: float = 15.0
    call: float = 90.0
    action: float = 900.0
    between: float = 2.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the platform is with what it was asked to do: in words, and why it failed."""

    finished: bool
    words: str = ""
    fault: str = ""


def follow(look: Callable[[], Progress], what: str, pace: Pace) -> None:
    """Look until the platform has done `what`. A look that fails is followed by another.

    Raises:
        PlatformError: if it failed.
        OutcomeUnknownError: if it is not finished in time.
    """
    began = time.monotonic()
    until = began + pace.action
    while True:
        try:
            progress = look()
        except PlatformError as error:
            progress = Progress(finished=False, words=str(error))
        if progress.fault:
            raise PlatformError(f"{what} failed: {progress.fault}")
        if progress.finished:
            return
        if time.monotonic() >= until:
            raise OutcomeUnknownError(
                f"{what} is not finished after {pace.action:g} s. At last: {progress.words}. Look "
                "at the platform's dashboard and at grader releases list before you try again."
            )
        pace.sleep(min(pace.between, _SOONEST + (time.monotonic() - began) / 4))
