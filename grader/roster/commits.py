"""The commits that a roster expects."""

from collections.abc import Iterable

from grader.model import COMMIT

_NAMED = 5


def read_commit(written: str) -> str:
    """The commit that a cell holds, as `COMMIT` has it; empty where it holds none."""
    commit = written.strip().lower()
    return commit if COMMIT.fullmatch(commit) else ""


def no_commits(cells: Iterable[tuple[str, str]]) -> list[str]:
    """What to say of cells that hold something else than a commit, each given with its student."""
    odd = [
        f"{student} ({written!r:.50})"
        for student, written in cells
        if written and not read_commit(written)
    ]
    if not odd:
        return []
    rest = len(odd) - _NAMED
    shown = ", ".join(odd[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return [f"No commit to expect (7 to 40 hexadecimal digits), so any may answer: {shown}."]
