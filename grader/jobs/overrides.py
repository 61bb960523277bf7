"""What an instructor sets by hand, with author and reason."""

from collections.abc import Mapping

from sqlalchemy import Connection, insert, update

from grader.jobs.tables import OVERRIDE, OVERRIDES
from grader.jobs.transcripts import (
    UngradedError,
    UnknownStudentError,
    current_scorecard,
    submission_row,
)
from grader.model import InputError, Override


class OverrideError(InputError):
    """The override does not fit what was graded."""


def set_all(
    connection: Connection, run_id: int, decided: Mapping[str, Override]
) -> dict[str, InputError]:
    """Let each override count for its student.

    Args:
        connection: to the store, in a transaction.
        run_id: the run in it.
        decided: the override of each student, by id.

    Returns:
        Why an override cannot count, by id; the caller then rolls all of it back.
    """
    refused: dict[str, InputError] = {}
    for andrew_id, override in decided.items():
        try:
            set_by_hand(connection, run_id, andrew_id, override)
        except (UnknownStudentError, UngradedError, OverrideError) as error:
            refused[andrew_id] = error
    return refused


def set_by_hand(connection: Connection, run_id: int, andrew_id: str, override: Override) -> None:
    """Let `override` count for a student; what was set before is kept, and so is a withdrawal.

    Raises:
        UnknownStudentError: if the run does not have the student.
        UngradedError: if the student has no scorecard yet.
        OverrideError: if the score is out of range, or there is nothing to withdraw.
    """
    row = submission_row(connection, run_id, andrew_id)
    card = current_scorecard(connection, run_id, andrew_id)
    most = card.max_score
    if override.withdrawn and card.override is None:
        raise OverrideError(f"nothing is set by hand for {andrew_id}: what was graded counts")
    if override.score is not None and not 0 <= override.score <= most:
        raise OverrideError(
            f"a score of {override.score:.15g} is out of range: "
            f"{andrew_id} can have 0 to {most:.15g}"
        )
    connection.execute(
        update(OVERRIDES)
        .where(OVERRIDES.c.run_id == run_id, OVERRIDES.c.student == row.student)
        .values(stands=False)
    )
    connection.execute(
        insert(OVERRIDES).values(
            run_id=run_id,
            student=row.student,
            stands=not override.withdrawn,
            document=OVERRIDE.dump_json(override).decode(),
        )
    )
