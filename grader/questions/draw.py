"""Drawing the questions of one student."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import count
from random import Random

from grader.model import (
    ApiKey,
    Battery,
    ConsistencyKey,
    Entry,
    Key,
    PageKey,
    ProbeKind,
    Question,
    ReleaseKey,
    Submission,
    split,
)
from grader.questions.families import FAMILIES
from grader.questions.templates import fill, fill_key
from grader.text.comparing import id_key

STARTER_QUERY = "Who was Shakespeare?"
"""What the starter answers before anybody has changed it."""

_WORD = re.compile(r"\w+")
_CHECK_HINTS = {
    "page": "Open your link in a private window: it should show the page with its text box, and "
    "nobody should be asked to log in.",
    "api": "Open your link with /api?q=shakespeare behind it: it should show plain text, neither "
    "an error nor a whole page.",
    "release": "Compare git log with your platform's list of deployments: the last push may still "
    "be deploying, or may have failed.",
    "consistency": "Several versions of your app may be up: wait until the roll-out is over and "
    "check again; if it stays, look for instances or regions that it left behind. If only one "
    "version is up, it answers the same query differently each time: look for what is random, or "
    "kept from earlier queries.",
}


def draw(
    battery: Battery,
    submission: Submission,
    seed: int,
    probes: Sequence[ProbeKind] = (ProbeKind.API,),
    connections: int = 0,
) -> tuple[Question, ...]:
    """Draw the questions that a battery asks a student.

    The same battery, submission and seed give the same questions on any machine and any Python
    version. Points, hints and the like can be corrected without changing what is drawn.

    A class has one seed. `probes` ask what the battery does not pin to a probe; several share its
    points. `connections` are how many to compare, for no points, if the battery compares none.

    Raises:
        ColumnError: if a fixed query needs a column that the student's row does not give.
        ValueError: if there is no probe.
    """
    unpinned = tuple(dict.fromkeys(probes))
    if not unpinned:
        raise ValueError("there must be at least one probe to ask with")
    occurrences: Counter[str] = Counter()
    questions: list[Question] = []
    for entry in (*battery.entries, *_unscored(battery, submission, connections)):
        if entry.check:
            drawn: Iterable[tuple[str, Key]] = [_check(entry, submission, questions)]
        elif entry.key:
            drawn = [(fill(entry.query, submission), fill_key(entry.key, submission))]
        else:
            drawn = _from_family(entry, occurrences[entry.family], submission, seed)
            occurrences[entry.family] += 1
        questions += _questions(entry, drawn, unpinned)
    return tuple(questions)


def _unscored(battery: Battery, submission: Submission, connections: int) -> Iterator[Entry]:
    """Checks that the submission or the command asks for, unless the battery does."""
    checks = {entry.check for entry in battery.entries}
    if submission.expect_commit and "release" not in checks:
        yield Entry(points=0, name="release", check="release")
    if connections and "consistency" not in checks:
        yield Entry(points=0, name="consistency", check="consistency", connections=connections)


def _check(entry: Entry, submission: Submission, before: Sequence[Question]) -> tuple[str, Key]:
    """The query of a check with its key; `before` are the questions drawn so far."""
    match entry.check:
        case "page":
            return "", PageKey()
        case "release":
            return "", ReleaseKey(submission.expect_commit)
        case "consistency":
            # The last query tells most: a battery ends with what students change.
            asked = [each.query for each in before if each.query and each.probe is ProbeKind.API]
            return asked[-1] if asked else STARTER_QUERY, ConsistencyKey(entry.connections)
        case _:
            return STARTER_QUERY, ApiKey()


def _questions(
    entry: Entry, drawn: Iterable[tuple[str, Key]], unpinned: tuple[ProbeKind, ...]
) -> list[Question]:
    """Ask each query through each of the entry's probes."""
    if entry.check:
        probes: tuple[ProbeKind, ...] = (_probe_of_check(entry, unpinned),)
        hint = _CHECK_HINTS[entry.check]
    else:
        probes = (entry.probe,) if entry.probe else unpinned
        hint = FAMILIES[entry.family].hint if entry.family else ""
    shares = list(zip(probes, split(entry.points, len(probes)), strict=True))
    return [
        Question(
            family=entry.family or entry.check or "query",
            query=query,
            key=key,
            points=points,
            name=entry.name,
            requires=entry.requires,
            probe=probe,
            section=entry.section,
            hint=entry.hint or hint,
            typing=entry.typing,
        )
        for query, key in drawn
        for probe, points in shares
    ]


def _probe_of_check(entry: Entry, unpinned: tuple[ProbeKind, ...]) -> ProbeKind:
    """Ask the page as the questions are asked: in a browser if they use one."""
    if entry.check != "page":
        return ProbeKind.API
    seen = ProbeKind.BROWSER if ProbeKind.BROWSER in unpinned else ProbeKind.PAGE
    return entry.probe or seen


def _from_family(
    entry: Entry, occurrence: int, submission: Submission, seed: int
) -> Iterator[tuple[str, Key]]:
    """Draw the entry's questions from its family, no two of them alike.

    Each draw depends only on the seed, the family, which of the battery's entries of that family
    this is, the student and the index. Nothing else in a battery changes it.
    """
    family = FAMILIES[entry.family]
    if entry.count > family.supply:
        raise ValueError(f"{entry.family} cannot give {entry.count} different questions")
    andrew_id = json.dumps(id_key(submission.andrew_id))
    seen: set[tuple[str, ...]] = set()
    for index in range(entry.count):
        for redraw in count():
            # A JSON list, so that no two different lists are written alike.
            identity = f'[{seed}, "{entry.family}", {occurrence}, {andrew_id}, {index}, {redraw}]'
            rng = Random(int.from_bytes(sha256(identity.encode()).digest()))
            query, key = family.generate(rng, submission)
            # A list in another order makes no new question.
            words = tuple(sorted(_WORD.findall(query)))
            if words not in seen:
                break
        seen.add(words)
        yield query, key
