"""What a visit of the browser is for."""

import dataclasses

from grader.model import Typing
from grader.probes.guard import Guard


@dataclasses.dataclass(frozen=True, slots=True)
class Errand:
    """What a visit is for.

    Attributes:
        base: the submission's URL, without a trailing slash.
        query: what is asked; empty to look at the page alone.
        typing: how the query is typed.
        seconds: how long the visit may take, from the first request to the answer.
        guard: vets every address that the browser connects to.
        bypass_secret: sent to the origin of `base`, and to no other.
    """

    base: str
    query: str
    typing: Typing
    seconds: float
    guard: Guard
    bypass_secret: str = dataclasses.field(default="", repr=False)
