"""All families of questions by their names."""

from collections.abc import Mapping
from types import MappingProxyType

from grader.questions import arithmetic, fibonacci, identity, knowledge, lists, unplanned, words
from grader.questions.family import Family

_MODULES = (identity, knowledge, unplanned, arithmetic, lists, words, fibonacci)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {name: family for module in _MODULES for name, family in module.FAMILIES.items()}
)
