"""Commits as people and platforms write them: in full, or abbreviated."""

_SHOWN = 12


def is_same_commit(one: str, other: str) -> bool:
    """Whether they are one commit; either may be abbreviated. An empty one is any."""
    return one.startswith(other) or other.startswith(one)


def short(commit: str) -> str:
    """A commit as people are shown it: as many digits as tell it apart."""
    return commit[:_SHOWN]
