from datetime import UTC, datetime
from pathlib import Path

from grader.delivery.pipeline import sample
from grader.delivery.pipeline.sample.query_processor import process
from grader.judging import judge
from grader.model import Reply, Submission
from grader.outcomes import Outcome
from grader.questions import draw, load_battery

BATTERY = load_battery(str(Path(sample.__file__).parent / "battery.toml"))


def test_the_sample_app_answers_its_battery() -> None:
    for seed in range(20):
        for question in draw(BATTERY, Submission("", url=""), seed):
            reply = Reply("", datetime.now(UTC), 200, process(question.query))
            assert judge(question, reply).outcome is Outcome.RIGHT, question


def test_the_gate_finds_enough_different_questions() -> None:
    questions = draw(BATTERY, Submission("", url=""), 1)
    assert len({question.query for question in questions}) >= 70


def test_what_is_unknown_gets_no_answer() -> None:
    assert process("Which planet is closest to the Sun?") == ""
    assert process("") == ""
