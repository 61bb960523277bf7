"""What a visit of the browser is for."""

import dataclasses

from grader.model import Typing
from grader.probes.guard import Guard


@dataclasses.dataclass(frozen=True, slots=True)
class Errand:
    """What a visit is for; with an empty query, to look at the page alone.

    It has `seconds` from the first request to the answer. Only the site of `base` gets the secret.
    """

    base: str
    query: str
    typing: Typing
    seconds: float
    guard: Guard
    bypass_secret: str = dataclasses.field(default="", repr=False)
