"""The commits that a roster expects."""

from collections.abc import Iterable

from grader.model import COMMIT
from grader.roster.table import NAMED
from grader.text.cutting import some_of


def read_commit(written: str) -> str:
    """The commit that a cell holds, as `COMMIT` has it; empty if it holds none."""
    commit = written.strip().lower()
    return commit if COMMIT.fullmatch(commit) else ""


def no_commits(cells: Iterable[tuple[str, str]]) -> list[str]:
    """Name the students whose cells hold something else than a commit, in a note."""
    odd = [
        f"{student} ({written!r:.50})"
        for student, written in cells
        if written and not read_commit(written)
    ]
    if not odd:
        return []
    words = "No commit to expect (7 to 40 hexadecimal digits), so any may answer"
    return [f"{words}: {some_of(odd, NAMED)}."]
