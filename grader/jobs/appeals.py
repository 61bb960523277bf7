"""What came of asking one student's app again, and whether it may count."""

from sqlalchemy import Connection, insert

from grader.jobs import attempts, progress, transcripts
from grader.jobs.tables import ACCEPTANCE, ACCEPTANCES, Status
from grader.model import Acceptance, AttemptKind, Keep, Scorecard, State


def undecided(before: Scorecard, now: Scorecard) -> str:
    """Why the scorecard that came `now` cannot be adopted; empty where it can.

    It cannot be where it says nothing of the app.
    """
    if now.earned is None:
        return now.reason
    answered = before.state is State.GRADED and before.submission.url == now.submission.url
    if answered and now.state is State.REFUSED:
        return (
            f"its address answered before, and is refused now ({now.reason}): look at this "
            "machine's network, or open the address with --allow-private"
        )
    return ""


def adopt(
    connection: Connection,
    run_id: int,
    keep: Keep,
    andrew_id: str,
    scorecard: Scorecard,
    accepted: Acceptance,
) -> bool:
    """Store what came of an appeal as a new attempt of the student's, and who accepted it.

    Args:
        connection: to the store, in a transaction.
        run_id: the run in it.
        keep: the run's rule.
        andrew_id: the student.
        scorecard: what came.
        accepted: who accepted it, when and why.

    Returns:
        Whether the new attempt counts by the rule.

    Raises:
        UnknownStudentError: if the run does not have the student.
    """
    row = transcripts.submission_row(connection, run_id, andrew_id)
    before = attempts.standings(connection, run_id, [row.student]).get(row.student, [])
    # The questions were those of the attempt that counts: of an earlier battery, if that is.
    outdated = any(each.id == row.counting and each.outdated for each in before)
    attempt_id = attempts.add(
        connection,
        row.id,
        scorecard,
        kind=AttemptKind.APPEALED,
        at=accepted.at,
        outdated=outdated,
    )
    progress.move(connection, [row.id], Status.DONE)
    connection.execute(
        insert(ACCEPTANCES).values(
            attempt_id=attempt_id, document=ACCEPTANCE.dump_json(accepted).decode()
        )
    )
    return attempts.settle(connection, run_id, keep, [row.student])[row.student] == attempt_id
