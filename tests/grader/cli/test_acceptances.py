"""Who let an appeal count, and why: kept with the attempt."""

from pathlib import Path

import pytest

from tests.grader.cli.conftest import ACCEPT, QUICK, Class, Grader, corrected


def test_who_accepted_an_appeal_and_why_is_kept(
    graded: Class, grader: Grader, tmp_path: Path
) -> None:
    grader("appeal", graded.out, "ada", *ACCEPT, *QUICK)
    first, second = (each["accepted"] for each in graded.shown("ada")["attempts"])
    assert first is None
    assert (second["by"], second["reason"]) == ("Dean", "Shown in class")
    shown = grader("show", graded.out, "ada").output
    assert "Attempt 2: appealed, graded, " in shown
    assert "accepted by Dean: Shown in class (counts, " in shown
    # Judged again, it is still the attempt that the Dean accepted.
    grader("rejudge", graded.out, "--battery", corrected(tmp_path, "points = 50", "points = 90"))
    accepted = [each["accepted"] for each in graded.shown("ada")["attempts"]]
    assert [each and each["by"] for each in accepted] == [None, None, "Dean", "Dean"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--accept",), "--accept needs --by WHO and --reason TEXT"),
        (("--accept", "--by", "Dean"), "--accept needs --by WHO and --reason TEXT"),
        (("--by", "Dean", "--reason", "x"), "give --accept, too"),
        (("--accept", "--by", " ", "--reason", "x"), "in words, on one line"),
    ],
)
def test_an_acceptance_without_author_or_reason_asks_nobody(
    graded: Class, grader: Grader, options: tuple[str, ...], words: str
) -> None:
    asked = len(graded.requests)
    assert words in grader("appeal", graded.out, "ada", *options, *QUICK, code=2).output
    assert len(graded.requests) == asked
