"""Who is asked: a student's submission, and the release that runs there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

COMMIT = re.compile(r"[0-9a-f]{7,40}")
"""A commit, abbreviated or in full."""
BYPASS_SECRET = re.compile(r"[!-~]+")
"""What may stand in a header: visible ASCII."""


class State(StrEnum):
    """What became of a submission as a whole. The values appear in `results.json`."""

    GRADED = "graded"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    INVALID = "invalid"
    NOT_GRADED = "not_graded"


@dataclass(frozen=True, slots=True)
class Submission:
    """One student's URL, as read from a roster or the command line.

    Attributes:
        url: the base URL to ask, without a trailing slash; empty if there is a `fault`.
        state: GRADED while the link can be asked, else INVALID or REFUSED.
        fault: why the link cannot be asked, with advice; else empty.
        notes: what was repaired in the link, and what looks odd, in words for the student.
        expect_commit: the commit that should answer, as in `COMMIT`; empty for any.
        bypass_secret: what opens a protected deployment, as in `BYPASS_SECRET`; or empty.
        columns: every column of the roster row by its header, for `{column}` in a battery.
        listed: whether the roster still has the student.
    """

    andrew_id: str
    url: str
    handed_in: str = ""
    state: State = State.GRADED
    fault: str = ""
    notes: tuple[str, ...] = ()
    name: str = ""
    section: str = ""
    email: str = ""
    expect_commit: str = ""
    bypass_secret: str = field(default="", repr=False)
    columns: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Release:
    """The deployed commit and where it runs, as the deployment's `/healthz` says it."""

    commit: str | None = None
    platform: str | None = None
    environment: str | None = None
    region: str | None = None
