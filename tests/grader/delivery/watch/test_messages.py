"""What an alert says in Slack's shape, whatever a stranger wrote."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.watch.messages import Message, message_id, slack_text
from grader.delivery.watch.values import Incident, Moment, Step

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("96 & 75", "96 &amp; 75"),
        ("<!here> <@U012|ada>", "&lt;!here&gt; &lt;@\u2060U012|ada&gt;"),
        ("@channel wake up", "@\u2060channel wake up"),
        ("a\u202eb\x1b[2J", "a\\u202eb\\x1b[2J"),
        ("first\nsecond", "first\nsecond"),
        ("&lt;", "&amp;lt;"),
    ],
)
def test_shows_a_text_as_it_is(text: str, shown: str) -> None:
    assert slack_text(text) == shown


@given(st.text())
def test_has_no_mention_link_or_control_character(text: str) -> None:
    shown = slack_text(text)
    assert not set("<>") & set(shown)
    assert not re.search(r"@\w", shown)
    assert not re.search(r"&(?!(?:amp|lt|gt);)", shown)
    steering = {"Cc", "Cs", "Zl", "Zp"}
    assert not [char for char in shown if category(char) in steering and char not in "\n\t"]


def test_an_id_is_that_of_one_alert_alone() -> None:
    incident = Incident(1, "https://one.example", "right answers", AT, "it was wrong")
    others = [replace(incident, target="https://two.example"), replace(incident, id=2)]
    ids = [message_id(each, step) for each in (incident, *others) for step in Step]
    assert len(set(ids)) == len(ids)
    # The same after a restart, and also when more is known.
    later = replace(incident, ended_at=AT, cause="more", timeline=(Moment(AT, "more"),))
    assert message_id(later, Step.STARTED) == "incident-20261126T120000-ec97c070ab28-1-started"


def test_is_bounded() -> None:
    assert len(slack_text("x" * 100_000)) <= 2000


@given(st.text())
def test_any_text_can_be_sent(text: str) -> None:
    message = Message("1", text, {"words": text}, AT)
    assert json.loads(message.json())["words"] == text
    assert json.loads(message.slack())["text"] == slack_text(text)
