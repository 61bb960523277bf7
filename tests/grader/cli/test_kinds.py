import click
import pytest

from grader.cli.kinds import SECONDS, SEED, Number, Whole


@pytest.mark.parametrize(
    ("kind", "written", "number"),
    [
        (SECONDS, "0.5", 0.5),
        (SECONDS, "3600", 3600),
        (SEED, "9223372036854775807", 2**63 - 1),
        (Whole(0, 64), "8", 8),
        (Number(0), "1e3", 1000),
    ],
)
def test_what_is_in_range_is_read(kind: Number, written: str, number: float) -> None:
    assert kind.convert(written, None, None) == number


@pytest.mark.parametrize(
    ("kind", "written", "words"),
    [
        (SECONDS, "0", "0 is out of range: above 0, at most 3600"),
        (SECONDS, "inf", "inf is out of range: above 0, at most 3600"),
        (SECONDS, "nan", "'nan' is not a number, such as 80"),
        (SECONDS, "10s", "'10s' is not a number, such as 80"),
        (SEED, "-1", "-1 is out of range: 0 to 2^63 - 1"),
        (SEED, "1.5", "'1.5' is not a whole number, such as 8"),
        (Whole(0, 64), "65", "65 is out of range: 0 to 64"),
        (Number(0), "-1", "-1 is out of range: 0 or more"),
        (Number(0), "inf", "inf is out of range: 0 or more"),
    ],
)
def test_what_is_not_is_refused_in_words(kind: Number, written: str, words: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        kind.convert(written, None, None)
    assert str(refused.value) == words
