import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.watch import Indicator, Objective
from grader.delivery.watch.causes import wanted
from grader.delivery.watch.objectives import (
    DEFAULT,
    ObjectivesError,
    load_objectives,
    parse_objectives,
)

ALL = """
title = "What our users may expect"

[[objective]]
indicator = "right"
percent = 99.5

[[objective]]
name = "fast enough"
indicator = "latency"
percentile = 95
milliseconds = 800
minutes = 10

[[objective]]
indicator = "errors"
percent = 1
minutes = 0.5

[[objective]]
indicator = "available"
percent = 99

[[objective]]
indicator = "certificate"
days = 14
"""


def faults(source: str) -> list[str]:
    with pytest.raises(ObjectivesError) as caught:
        parse_objectives(source, "ours.toml")
    return str(caught.value).split("\n")


def test_every_kind_of_objective() -> None:
    objectives = parse_objectives(ALL, "ours.toml")
    assert objectives.title == "What our users may expect"
    assert objectives.each == (
        Objective("right answers", Indicator.RIGHT, 0.995, 300.0),
        Objective("fast enough", Indicator.LATENCY, 0.95, 600.0, 800.0),
        Objective("errors", Indicator.ERRORS, 0.99, 30.0),
        Objective("availability", Indicator.AVAILABLE, 0.99, 300.0),
        Objective("certificate", Indicator.CERTIFICATE, 1.0, 300.0, 14.0),
    )
    assert objectives.seconds == 600.0
    assert [wanted(each) for each in objectives.each] == [
        "at least 99.5 % over 5 min",
        "95 % within 800 ms over 10 min",
        "at most 1 % over 30 s",
        "at least 99 % over 5 min",
        "at least 14 days",
    ]


def test_all_faults_are_told_at_once_by_line() -> None:
    assert faults(
        """title = 5
[[objective]]
indicator = "rigth"
percent = 99

[[objective]]
indicator = "latency"
percentile = 95
milisecond = 800
minutes = 600

[[objective]]
percent = "99"
"""
    ) == [
        "ours.toml:1: 'title': must be a text in quotes",
        "ours.toml:3: objective 1 'indicator': must be 'right', 'available', 'errors', 'latency' "
        "or 'certificate'",
        "ours.toml:9: objective 2 'milisecond': is not known here; did you mean milliseconds?",
        "ours.toml:10: objective 2 'minutes': must be at most 60.0",
        "ours.toml:12: objective 3 'indicator': is missing",
        "ours.toml:13: objective 3 'percent': must be a number, without quotes",
    ]


def test_what_does_not_go_together_is_told_too() -> None:
    assert faults(
        """[[objective]]
indicator = "right"
percent = 99
days = 3

[[objective]]
indicator = "latency"
percentile = 95

[[objective]]
indicator = "right"
percent = 9
"""
    ) == [
        "ours.toml:4: objective 1 'days': does not go with 'right', which takes percent",
        "ours.toml:6: objective 2: an objective for 'latency' needs 'milliseconds'",
        "ours.toml:10: objective 3 'name': 'right answers' is the name of an earlier objective "
        "too: give it another",
    ]


def test_files_that_hold_no_objectives(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    with pytest.raises(ObjectivesError, match="there is no such file"):
        load_objectives(path)
    path.write_text("")
    with pytest.raises(ObjectivesError, match=r"toml:1: 'objective': 1 to 50 objectives are"):
        load_objectives(path)
    path.write_text("objective = []")
    with pytest.raises(ObjectivesError, match=r"toml:1: 'objective': 1 to 50 objectives are need"):
        load_objectives(path)
    path.write_text("[[objective]\n")
    with pytest.raises(ObjectivesError, match=r"ours\.toml:1: is not TOML"):
        load_objectives(path)
    path.write_bytes(b"#" * 70_000)
    with pytest.raises(ObjectivesError, match="is larger than 64 KiB"):
        load_objectives(path)
    with pytest.raises(ObjectivesError, match="is a folder: give the file of objectives"):
        load_objectives(tmp_path)


def test_what_holds_without_a_file_can_be_written_as_one() -> None:
    source = """
[[objective]]
indicator = "right"
percent = 99

[[objective]]
indicator = "latency"
percentile = 95
milliseconds = 800

[[objective]]
indicator = "certificate"
days = 7
"""
    assert parse_objectives(source, "x").each == DEFAULT.each


@given(st.text(max_size=300))
def test_no_text_is_a_crash(text: str) -> None:
    for source in (text, f"[[objective]]\n{text}", f"{ALL}\n{text}"):
        with contextlib.suppress(ObjectivesError):
            parse_objectives(source, "x")


@given(
    st.dictionaries(
        st.sampled_from(["name", "indicator", "percent", "percentile", "days", "minutes", "x"]),
        st.one_of(
            st.integers(),
            st.floats(),
            st.booleans(),
            st.sampled_from(['"right"', '"latency"', "[]", "[1]", "{}", "{a = 1}", "1979-05-27"]),
        ),
    )
)
def test_no_values_are_a_crash(values: dict[str, object]) -> None:
    lines = (
        f"{key} = {str(value).lower() if isinstance(value, bool) else value}"
        for key, value in values.items()
    )
    source = "\n".join(["[[objective]]", *lines])
    with contextlib.suppress(ObjectivesError):
        assert 0 <= parse_objectives(source, "x").each[0].share <= 1
