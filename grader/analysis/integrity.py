"""What an instructor may want to ask about: deployments shared in a class, or not as expected.

A flag itself costs nobody a point, since each may be innocent, and none is shown to students. If a
battery scores the checks of the release and the fleet, these have verdicts of their own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from grader.model import ConsistencyKey, IdKey, ReleaseKey, Scorecard, Submission, Verdict
from grader.outcomes import Outcome
from grader.text.commits import short
from grader.text.ids import bare_id, ids_meant
from grader.text.replies import normalize, without_query

# A longer text is no id, but the text of a page.
_LONGEST_ID = 200


class FlagKind(StrEnum):
    """What was noticed. The values appear in `results.json` and are stable."""

    SAME_URL = "same url"
    SAME_RELEASE = "same release"
    OTHERS_ID = "another's id"
    OTHER_RELEASE = "other release"
    MIXED_FLEET = "mixed fleet"


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing that was noticed, with the ids of the students concerned."""

    kind: FlagKind
    students: tuple[str, ...]
    detail: str


def shared_links(submissions: Iterable[Submission]) -> list[Flag]:
    """Find the URLs that several students handed in, before anybody is asked."""
    links = _Sharing()
    for submission in submissions:
        links.add(submission.url, submission.andrew_id)
    return _same_urls(links)


class Integrity:
    """Watches the scorecards of a class go by, and keeps some hundred bytes of each."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._links = _Sharing()
        self._releases = _Sharing()
        self._claims: dict[str, dict[str, None]] = {}
        self._deployed: list[Flag] = []

    def see(self, scorecard: Scorecard) -> None:
        """Take in one student's scorecard, unless the roster no longer has the student."""
        student = scorecard.submission
        if not student.listed:
            return
        self._ids[bare_id(student.andrew_id)] = student.andrew_id
        commit = (scorecard.release.commit if scorecard.release else None) or ""
        if self._links.add(student.url, student.andrew_id):
            # Students who share a link share its release, too: the first one stands for all.
            self._releases.add(commit, student.andrew_id)
        for verdict in scorecard.verdicts:
            if verdict.outcome is Outcome.WRONG:
                self._see_wrong(student.andrew_id, verdict)

    def _see_wrong(self, andrew_id: str, verdict: Verdict) -> None:
        match verdict.question.key:
            case IdKey() if verdict.reply is not None:
                for claim in _claimed_ids(verdict.question.query, verdict.reply.text):
                    self._claims.setdefault(claim, {})[andrew_id] = None
            case ReleaseKey():
                reason = verdict.judgement.reason
                self._deployed.append(Flag(FlagKind.OTHER_RELEASE, (andrew_id,), reason))
            case ConsistencyKey():
                reason = verdict.judgement.reason
                self._deployed.append(Flag(FlagKind.MIXED_FLEET, (andrew_id,), reason))

    def flags(self) -> tuple[Flag, ...]:
        """Give what was noticed so far, one kind after the other."""
        releases = [
            Flag(
                FlagKind.SAME_RELEASE,
                students,
                f"commit {short(commit)} answers at {len(students)} URLs",
            )
            for commit, students in self._releases.shared()
        ]
        flags = [*_same_urls(self._links), *releases, *self._others_ids(), *self._deployed]
        return tuple(sorted(flags, key=lambda flag: list(FlagKind).index(flag.kind)))

    def _others_ids(self) -> list[Flag]:
        flags = []
        for claim, claimants in self._claims.items():
            owner = self._ids.get(claim)
            students = tuple(each for each in claimants if each != owner)
            if owner and students:
                detail = f"answered with the id of {owner}, another student of the class"
                flags.append(Flag(FlagKind.OTHERS_ID, students, detail))
        return flags


class _Sharing:
    """Which students have a key in common; the first student of each key needs no list."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._several: dict[str, list[str]] = {}

    def add(self, key: str, student: str) -> bool:
        """Note a key, if it is not empty, and return whether `student` is the first who has it."""
        if not key:
            return False
        first = self._first.setdefault(key, student)
        if first == student:
            return True
        self._several.setdefault(key, [first]).append(student)
        return False

    def shared(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give each key that several students have, with the students."""
        for key, students in self._several.items():
            yield key, tuple(students)


def _same_urls(links: _Sharing) -> list[Flag]:
    return [
        Flag(FlagKind.SAME_URL, students, f"{url} was handed in by {len(students)} students")
        for url, students in links.shared()
    ]


def _claimed_ids(query: str, reply: str) -> set[str]:
    """The ids that a reply may mean, also after a repeated query, as in judging."""
    text = normalize(reply)
    forms = (text, without_query(text, query))
    meant = {claim for form in forms for _, claim in ids_meant(form)}
    return {claim for claim in meant if len(claim) <= _LONGEST_ID}
