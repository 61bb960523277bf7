"""What came of asking one student's app again, and whether it may count."""

from sqlalchemy import Connection, insert

from grader.jobs import attempts, transcripts
from grader.jobs.tables import ACCEPTANCE, ACCEPTANCES
from grader.model import Acceptance, AttemptKind, Keep, Scorecard, State


def undecided(before: Scorecard, now: Scorecard) -> str:
    """Why what came `now` says nothing of the app; empty where it can be adopted."""
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
    """Let what came be an attempt of the student's; whether it counts by the rule `keep`.

    Who accepted it, when and why is kept with the attempt.

    Raises:
        UnknownStudentError: if the run does not have the student.
    """
    row = transcripts.submission_row(connection, run_id, andrew_id)
    kind = AttemptKind.APPEALED
    before = attempts.standings(connection, run_id, [row.student]).get(row.student, [])
    # It was asked what counts: where that is of an earlier battery, so is what came.
    outdated = any(each.counts and each.outdated for each in before)
    attempt_id = attempts.add(
        connection,
        row.id,
        scorecard,
        kind=kind,
        at=accepted.at,
        final=True,
        outdated=outdated,
        accepted=True,
    )
    connection.execute(
        insert(ACCEPTANCES).values(
            attempt_id=attempt_id, document=ACCEPTANCE.dump_json(accepted).decode()
        )
    )
    attempts.settle(connection, run_id, keep, [row.student])
    (found,) = attempts.standings(connection, run_id, [row.student]).values()
    return found[-1].counts
