"""What an alert says: in our JSON, and in Slack's shape, where a stranger's text stays text."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from grader.delivery.watch.values import Incident, Step
from grader.formats.escaping import visible
from grader.formats.words import moment
from grader.text.cutting import cut

# Slack cuts at 40,000, and nobody reads as much in a channel.
_SLACK_LIMIT = 2000
_SLACK_SPECIAL = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MENTION = re.compile(r"@(?=\w)")
_WORD_JOINER = "\N{WORD JOINER}"
_ID_DIGITS = 12  # of the target's hash


class UndeliveredError(Exception):
    """An alert did not arrive; the text says why, and tells no secret."""


@dataclass(frozen=True, slots=True)
class Message:
    """An alert as it is sent. When it is sent again, `sent_at` alone is another one."""

    id: str
    words: str
    content: Mapping[str, Any]
    sent_at: datetime

    def json(self) -> bytes:
        """Our shape."""
        return json.dumps(self.content).encode()

    def slack(self) -> bytes:
        """Slack's shape, in which nothing of a stranger's is a link, a mention or markup."""
        quiet = {"mrkdwn": False, "link_names": False, "unfurl_links": False, "unfurl_media": False}
        return json.dumps({"text": slack_text(self.words), **quiet}).encode()


def message_id(incident: Incident, step: Step) -> str:
    """The id of an alert: the same when it is sent again.

    Each store counts its incidents from 1, so the target is in it, too.
    """
    target = hashlib.sha256(incident.target.encode()).hexdigest()[:_ID_DIGITS]
    return f"incident-{incident.started_at:%Y%m%dT%H%M%S}-{target}-{incident.id}-{step}"


def incident_words(incident: Incident, step: Step) -> str:
    """Say in a sentence or two what happened."""
    name = incident.target.partition("://")[2]
    if step is Step.ENDED and incident.ended_at is not None:
        took = lasted(incident.ended_at - incident.started_at)
        story = "\n".join(f"{each.at:%H:%M:%S} {each.words}" for each in incident.timeline)
        return f"Over: {name} keeps its objectives again, after {took}.\n{story}".rstrip()
    missed = ", ".join(incident.objectives or (incident.objective,))
    since = moment(incident.started_at)
    return f"Incident: {name} misses {missed} since {since}. {incident.cause}".rstrip()


def lasted(duration: timedelta) -> str:
    """Write how long something took, as in "4 min 10 s" or "2 h 5 min"."""
    seconds = round(duration.total_seconds())
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min")] if hours else [(minutes, "min"), (seconds, "s")]
    return " ".join(f"{value} {unit}" for value, unit in parts if value) or "0 s"


def slack_text(words: str) -> str:
    """Write a text so that Slack shows it as it is, and calls nobody.

    `<!channel>`, `<@U012>` and `<https://...|text>` need brackets. Others who read this shape also
    take a plain `@here` for a mention, so an @ before a word is held apart from it.
    """
    shown = _MENTION.sub(f"@{_WORD_JOINER}", visible(cut(words, _SLACK_LIMIT), lines=True))
    return "".join(_SLACK_SPECIAL.get(char, char) for char in shown)
