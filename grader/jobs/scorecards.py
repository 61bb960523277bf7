"""The scorecards of a run that count, as they are shown and exported."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import sqlalchemy as sa

from grader.jobs.progress import in_doubt
from grader.jobs.tables import (
    ACCEPTED,
    ATTEMPTS,
    COUNTING,
    OVERRIDE,
    OVERRIDES,
    SCORECARD,
    SCORECARDS,
    SUBMISSION,
    SUBMISSIONS,
    in_force,
    public,
    reading,
)
from grader.model import Scorecard, State

_DOUBT = "unreachable, like more than half of this run: the grading machine itself is in doubt"
_KEPT = 512


class StoredScorecards(Collection[Scorecard]):
    """The scorecards that count, in the roster's order, with what was set by hand.

    The first few hundred are kept in memory. Each iteration reads the rest of a larger class again,
    so that memory does not grow with the class.
    """

    def __init__(self, engine: sa.Engine, run_id: int, *, listed_only: bool) -> None:
        self._engine = engine
        self._kept: list[Scorecard] = []
        self._which = in_force(run_id)
        if listed_only:
            self._which &= SUBMISSIONS.c.listed
        with reading(engine) as connection:
            self._in_doubt = in_doubt(connection, run_id)

    def __len__(self) -> int:
        query = sa.select(sa.func.count()).select_from(COUNTING).where(self._which)
        with reading(self._engine) as connection:
            return connection.scalars(query).one()

    def __iter__(self) -> Iterator[Scorecard]:
        # The attempt that counts may be at an earlier link; the person is that of the last row.
        asked = SUBMISSIONS.alias()
        by_hand = sa.and_(
            OVERRIDES.c.run_id == SUBMISSIONS.c.run_id,
            OVERRIDES.c.student == SUBMISSIONS.c.student,
            OVERRIDES.c.stands,
        )
        query = (
            sa.select(
                SCORECARDS.c.document,
                asked.c.document,
                SUBMISSIONS.c.document,
                OVERRIDES.c.document,
                ACCEPTED,
                SUBMISSIONS.c.listed,
            )
            .select_from(COUNTING)
            .join(asked, asked.c.id == ATTEMPTS.c.submission_id)
            .outerjoin(OVERRIDES, by_hand)
            .where(self._which)
            .order_by(SUBMISSIONS.c.position)
            .offset(len(self._kept))
            .execution_options(yield_per=50)
        )
        kept = tuple(self._kept)
        yield from kept
        with reading(self._engine) as connection:
            for index, row in enumerate(connection.execute(query), len(kept)):
                scorecard = self._shown(row)
                if index == len(self._kept) < _KEPT:
                    self._kept.append(scorecard)
                yield scorecard

    def __contains__(self, scorecard: object) -> bool:
        return any(scorecard == found for found in self)

    def _shown(self, row: sa.Row[str, str, str, str | None, bool, bool]) -> Scorecard:
        graded, asked, enrolled, by_hand, accepted, listed = row
        submission = public(SUBMISSION.validate_json(asked))
        if asked != enrolled:
            # The roster may have corrected them since.
            now = SUBMISSION.validate_json(enrolled)
            submission = replace(submission, name=now.name, section=now.section, email=now.email)
        scorecard = replace(
            SCORECARD.validate_json(graded),
            submission=replace(submission, listed=listed),
            override=None if by_hand is None else OVERRIDE.validate_json(by_hand),
        )
        return doubted(scorecard) if self._in_doubt and not accepted else scorecard


def doubted(scorecard: Scorecard) -> Scorecard:
    """The scorecard as a run in doubt shows it: an unreachable app is not graded, and no zero."""
    if scorecard.state is not State.UNREACHABLE:
        return scorecard
    return replace(scorecard, state=State.NOT_GRADED, reason=_DOUBT)
