"""What is asked: questions, and the batteries that they are drawn from."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from grader.model.keys import ApiKey, ConsistencyKey, Key, NumberTemplate, StoredKey
from grader.model.points import total


class ProbeKind(StrEnum):
    """A way to ask a deployment."""

    API = "api"
    PAGE = "page"
    BROWSER = "browser"


Typing = Literal["at once", "letters"]
"""How the browser probe types a query into the page's box: all at once, or letter by letter."""

_NOT_JUDGED = (ApiKey, ConsistencyKey)


@dataclass(frozen=True, slots=True)
class Question:
    """One query, what makes its reply right, and its points.

    `name` is the battery's entry, and `requires` names others: if one of these is not right, this
    question is skipped. The hint is for a student whose answer is wrong.
    """

    family: str
    query: str
    key: StoredKey
    points: float
    name: str = ""
    requires: tuple[str, ...] = ()
    probe: ProbeKind = ProbeKind.API
    section: str = ""
    hint: str = ""
    typing: Typing = "at once"

    @property
    def is_check(self) -> bool:
        """Whether it checks the deployment itself. Its query, if there is one, is not judged."""
        return not self.query or isinstance(self.key, _NOT_JUDGED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a battery: a `family`, a `query`, or a `check` of the deployment itself.

    Attributes:
        family: the family that gives `count` questions, or that a fixed query belongs to.
        query: a fixed query; `{column}` in it and in its key stands for the student's column.
        connections: how many fresh connections the check "consistency" opens.
        points: for each question drawn.
    """

    points: float
    name: str
    family: str = ""
    query: str = ""
    check: Literal["", "page", "api", "release", "consistency"] = ""
    connections: int = 8
    key: Key | NumberTemplate | None = None
    count: int = 1
    requires: tuple[str, ...] = ()
    probe: ProbeKind | None = None
    section: str = ""
    hint: str = ""
    typing: Typing = "at once"


@dataclass(frozen=True, slots=True)
class Battery:
    """Questions and checks in order. The TOML `source` is stored, so that a run can be repeated."""

    name: str
    title: str
    entries: tuple[Entry, ...]
    source: str = field(repr=False)
    description: str = ""

    @property
    def points(self) -> float:
        """The points of all its questions."""
        return total(entry.points for entry in self.entries for _ in range(entry.count))
