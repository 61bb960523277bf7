"""The sample class, served, enrolled and graded by what a real one is graded by."""

from pathlib import Path

import pytest

from grader.demo.sample import RealClassError, open_sample
from grader.jobs import Run
from grader.model import Submission
from grader.services.folders import REPORT, STORE_NAME
from tests.grader.apps import ACTIVITY


def test_a_sample_class_is_graded_without_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with open_sample(tmp_path, ACTIVITY, 3, students=2, latency=0) as opened:
        steps = [step for step in opened.grade() if step.final]
        assert [card.percent for card in opened.finish().scorecards] == [100, 100]
    assert len(steps) == 2
    assert (tmp_path / REPORT).exists()
    assert capfd.readouterr() == ("", "")


def test_a_real_class_is_never_replaced(tmp_path: Path) -> None:
    run = Run.begin(tmp_path / STORE_NAME, ACTIVITY, 7)
    run.enroll([Submission("ada", "http://127.0.0.1:9")], ())
    run.close()
    with pytest.raises(RealClassError), open_sample(tmp_path, ACTIVITY, 3, 1, 0):
        pytest.fail("a class would be lost")
    run = Run.open(tmp_path / STORE_NAME)
    assert run.total() == 1
    run.close()
