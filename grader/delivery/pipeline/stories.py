"""The five stories that the pipeline tells: what a team changed, and what should become of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """What became of a release, in the words that people read."""

    PROMOTED = "promoted"
    NOT_BUILT = "not built"
    STOPPED_AT_GATE = "stopped at the gate"
    STOPPED_BEFORE_TRAFFIC = "stopped before traffic"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Story:
    """One change to the app, and its fate.

    Attributes:
        title: what it is about, in a few words.
        words: what happened in the team, in a sentence.
        edits: pieces of `query_processor.py` and what replaces them.
        forgotten: the number of the server that the deployment does not reach; 0 for none.
        ending: what a pipeline that works makes of it.
        moral: what the story shows.
    """

    name: str
    title: str
    words: str
    edits: tuple[tuple[str, str], ...]
    ending: Ending
    moral: str
    forgotten: int = 0


PRODUCTION: Mapping[str, str] = {"ANSWER_CACHE": "on"}
"""The settings that production has and staging does not, as it happens in many teams."""

FIRST = Story(
    "first",
    "the first release",
    "It runs in production before the first story begins.",
    (),
    Ending.PROMOTED,
    "",
)

_PROCESS = "    return answer(query.lower())\n"

STORIES = (
    Story(
        "good",
        "a good release",
        "The app learns to divide. Nothing else changes.",
        (
            (
                '    if "minus" in question:\n',
                '    if "divided" in question:\n'
                "        return str(numbers[0] // numbers[1])\n"
                '    if "minus" in question:\n',
            ),
        ),
        Ending.PROMOTED,
        "A good release goes all the way, and nobody had to be brave.",
    ),
    Story(
        "wrong",
        "a wrong release",
        "Somebody compares numbers as texts. The team's own tests don't notice.",
        (("max(numbers, key=int)", "max(numbers, key=str)"),),
        Ending.STOPPED_AT_GATE,
        "The tests passed. The gate asked more than the tests did, and asked the old release, too.",
    ),
    Story(
        "slow",
        "a slow release",
        "Each question is now told to a far server. The answers stay right.",
        (
            ("import re\n", "import re\nimport time\n"),
            (_PROCESS, f"    time.sleep(0.05)  # the far server has it now\n{_PROCESS}"),
        ),
        Ending.STOPPED_AT_GATE,
        "Right but late: only a comparison with the old release shows it.",
    ),
    Story(
        "settings",
        "a release that fails in production alone",
        "Answers are kept in a cache, which is switched on in production and not in staging.",
        (
            ("import math\n", "import math\nimport os\n"),
            ("SCORES = {", "CACHE: dict[str, str] = {}\nSCORES = {"),
            (
                _PROCESS,
                '    if os.environ.get("ANSWER_CACHE") != "on":\n'
                "        return answer(query.lower())\n"
                "    key = query[:24]  # long enough?\n"
                "    if key not in CACHE:\n"
                "        CACHE[key] = answer(query.lower())\n"
                "    return CACHE[key]\n",
            ),
        ),
        Ending.ROLLED_BACK,
        "No gate sees everything. One server of eight, watched, and a way back keep it small.",
    ),
    Story(
        "stale",
        "a server left behind",
        "The release is good, but the deployment does not reach server 8. So it was at Knight "
        "Capital in 2012.",
        (('return "Prospero"', 'return "Ariel"'),),
        Ending.STOPPED_BEFORE_TRAFFIC,
        "Every server is asked which release it runs before one user meets it.",
        forgotten=8,
    ),
)


def story_named(name: str) -> Story:
    """The story of this name; StopIteration if there is none."""
    return next(story for story in STORIES if story.name == name)
