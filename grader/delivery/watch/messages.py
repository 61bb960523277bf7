"""What an alert says: in our JSON, and in Slack's shape, where a stranger's text stays text."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.formats.escaping import visible
from grader.text.cutting import cut

# Slack cuts at 40,000, and nobody reads as much in a channel.
_SLACK_LIMIT = 2000
_SLACK_SPECIAL = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MENTION = re.compile(r"@(?=\w)")
_WORD_JOINER = "\N{WORD JOINER}"


class UndeliveredError(Exception):
    """An alert did not arrive; the text says why, and tells no secret."""


@dataclass(frozen=True, slots=True)
class Message:
    """An alert as it is sent. The `id` stays the same when it is sent again."""

    id: str
    words: str
    content: Mapping[str, Any]

    def json(self) -> bytes:
        """Our shape."""
        return json.dumps(self.content).encode()

    def slack(self) -> bytes:
        """Slack's shape, in which nothing of a stranger's is a link, a mention or markup."""
        quiet = {"mrkdwn": False, "link_names": False, "unfurl_links": False, "unfurl_media": False}
        return json.dumps({"text": slack_text(self.words), **quiet}).encode()


def slack_text(words: str) -> str:
    """Write a text so that Slack shows it as it is, and calls nobody.

    `<!channel>`, `<@U012>` and `<https://...|text>` need brackets. Others who read this shape also
    take a plain `@here` for a mention, so an @ before a word is held apart from it.
    """
    shown = _MENTION.sub(f"@{_WORD_JOINER}", visible(cut(words, _SLACK_LIMIT), lines=True))
    return "".join(_SLACK_SPECIAL.get(char, char) for char in shown)
