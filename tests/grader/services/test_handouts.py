"""Pages for students: there once their apps are graded, made again where something has changed."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from grader.jobs import Run
from grader.model import Override, Submission
from grader.services.files import write_files
from grader.services.folders import STORE_NAME
from grader.services.grading_class import grade_class
from grader.services.handouts import StudentPages, with_pages
from tests.grader.apps import ACTIVITY, QUICK, SEED, finished_app, local_graders


def _files(folder: Path) -> dict[str, int]:
    """Which file stands behind each page: one that is written anew is another one."""
    return {path.stem: path.stat().st_ino for path in folder.iterdir()}


def test_a_page_is_there_before_the_class_is_done_and_made_again_where_it_has_changed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "students"
    with ExitStack() as stack:
        submissions = [
            Submission(name, stack.enter_context(finished_app(name)), bypass_secret="s3cret")
            for name in ("ada", "ben")
        ]
        run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, SEED)
        stack.callback(run.close)
        run.enroll(submissions, ())
        pages = StudentPages(run.info, folder)
        graders = stack.enter_context(local_graders(1))
        graded = grade_class(run, graders, QUICK)
        steps = with_pages(run, graded, pages)
        next(steps)
        next(steps)
        assert list(_files(folder)) == ["ada"]
        assert list(steps) == []
        before = _files(folder)
        assert write_files(run, tmp_path, pages).scorecards
        assert _files(folder) == before

        now = datetime(2030, 1, 2, tzinfo=UTC)
        assert not run.override({"ben": Override("Prof", now, "was ill", score=None)})
        write_files(run, tmp_path, pages)
    after = _files(folder)
    assert after["ada"] == before["ada"]
    assert after["ben"] != before["ben"]
    assert "was ill" in (folder / "ben.html").read_text(encoding="utf-8")
    assert "s3cret" not in (folder / "ada.html").read_text(encoding="utf-8")
