"""Keys: what makes a reply right. `str(key)` is a reply that would be right."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal


@dataclass(frozen=True, slots=True)
class NumberKey:
    """Exactly one number, compared by value."""

    value: int | float
    kind: Literal["number"] = "number"

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class NumbersKey:
    """Exactly these numbers, each once, in any order."""

    values: tuple[int | float, ...]
    kind: Literal["numbers"] = "numbers"

    def __str__(self) -> str:
        return ", ".join(str(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class ChoiceKey:
    """One of the words that the question offers."""

    value: str
    choices: tuple[str, ...]
    kind: Literal["choice"] = "choice"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class IdKey:
    """A student's id."""

    value: str
    kind: Literal["id"] = "id"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class FactKey:
    """A short text that holds one of these words or phrases, and none of those ruled out."""

    any_of: tuple[str, ...]
    none_of: tuple[str, ...] = ()
    max_words: int = 60
    kind: Literal["fact"] = "fact"

    def __str__(self) -> str:
        return " or ".join(self.any_of)


@dataclass(frozen=True, slots=True)
class AnythingKey:
    """Any short reply, or none, as long as it does not hold the word `without`."""

    without: str
    max_words: int = 20
    kind: Literal["anything"] = "anything"

    def __str__(self) -> str:
        return "a short reply, or none"


@dataclass(frozen=True, slots=True)
class PageKey:
    """An HTML page with a text box."""

    kind: Literal["page"] = "page"

    def __str__(self) -> str:
        return "a page with a text box"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Any 2xx reply that is not an HTML page."""

    kind: Literal["api"] = "api"

    def __str__(self) -> str:
        return "plain text with status 200"


@dataclass(frozen=True, slots=True)
class ReleaseKey:
    """`/healthz` tells a commit: the expected one (7 to 40 hexadecimal digits), or any if empty."""

    commit: str = ""
    kind: Literal["release"] = "release"

    def __str__(self) -> str:
        return f"commit {self.commit}" if self.commit else "a commit"


@dataclass(frozen=True, slots=True)
class ConsistencyKey:
    """The same release and the same answer on each of several fresh connections."""

    connections: int = 8
    kind: Literal["consistency"] = "consistency"

    def __str__(self) -> str:
        return f"one release and one answer on {self.connections} fresh connections"


Key = (
    NumberKey
    | NumbersKey
    | ChoiceKey
    | IdKey
    | FactKey
    | AnythingKey
    | PageKey
    | ApiKey
    | ReleaseKey
    | ConsistencyKey
)


class _ByKind:
    """Lets pydantic read a key as what its `kind` says; trying all of them takes much longer."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic import Field

        return handler(Annotated[source, Field(discriminator="kind")])


StoredKey = Annotated[Key, _ByKind()]
"""A key as a field of what is stored."""


@dataclass(frozen=True, slots=True)
class NumberTemplate:
    """A number key of a fixed query, before the student's `{column}` is put into it."""

    value: str
