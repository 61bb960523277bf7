"""All families of questions by their names."""

from collections.abc import Mapping
from types import MappingProxyType

from grader.questions import (
    arithmetic,
    fibonacci,
    identity,
    knowledge,
    number_lists,
    unplanned,
    word_games,
)
from grader.questions.family import Family

_MODULES = (identity, knowledge, unplanned, arithmetic, number_lists, word_games, fibonacci)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {name: family for module in _MODULES for name, family in module.FAMILIES.items()}
)
