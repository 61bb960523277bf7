"""`rejudge --dry-run`: what would change is shown, and nothing changes."""

from pathlib import Path

from tests.grader.cli.conftest import ALSO_ACTOR, SHAKESPEARE, Class, Grader, corrected


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    graded: Class, grader: Grader, tmp_path: Path
) -> None:
    def state() -> list[object]:
        files = ("grades.csv", "results.json", "report.html")
        shown = (graded.shown(student) for student in ("ada", "ben"))
        return [*shown, *((graded.out / name).read_bytes() for name in files)]

    before = state()
    battery = corrected(tmp_path, SHAKESPEARE, ALSO_ACTOR)
    dry = grader("rejudge", graded.out, "--battery", battery, "--dry-run").output
    assert "Judged again: 2, with other points: 1" in dry
    assert "90 of 100 -> 100 of 100" in dry
    assert "Nothing changed: run it without --dry-run" in dry
    assert state() == before
    assert "2 of 2 are graded already" in graded.batch()
    # What it says is what comes.
    real = grader("rejudge", graded.out, "--battery", battery).output
    assert dry.startswith(real)
    assert graded.scores()["ada"] == "100"


def test_a_dry_run_shows_who_cannot_be_judged(
    graded: Class, grader: Grader, tmp_path: Path
) -> None:
    battery = corrected(
        tmp_path, SHAKESPEARE, ALSO_ACTOR.replace("Who was Shakespeare?", "And Marlowe?")
    )
    dry = ("rejudge", graded.out, "--battery", battery, "--dry-run")
    said = grader(*dry, code=2).output
    assert "Cannot be judged without asking, unchanged: ada, ben" in said
    assert "Nothing changed, and without --dry-run this is refused: it needs --partial." in said
    assert "run it without --dry-run" in grader(*dry, "--partial").output
    assert "2 of 2 are graded already" in graded.batch()
