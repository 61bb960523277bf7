"""A run as gradebooks see it: with the students who still wait to be asked."""

from collections.abc import Iterator

from grader.jobs import Run
from grader.model import Limits, Scorecard, State, Submission
from grader.text.comparing import id_key


def waiting(run: Run) -> list[Submission]:
    """Who is not graded to the end yet: those whom the next `batch` would ask."""
    return [job.submission for jobs in (run.first_pass, run.second_pass) for job in jobs(Limits())]


def ungraded(run: Run) -> list[str]:
    """Who has no grade: still waits to be asked, or could not be graded and was not by hand."""
    open_ones = dict.fromkeys(submission.andrew_id for submission in waiting(run))
    for card in run.scorecards(listed_only=True):
        if card.score is None and card.override is None:
            open_ones[card.submission.andrew_id] = None
    return list(open_ones)


def everybody(run: Run) -> Iterator[Scorecard]:
    """The scorecard of each student of the roster; of who has none yet, one without a score."""
    graded = set()
    for card in run.scorecards(listed_only=True):
        graded.add(id_key(card.submission.andrew_id))
        yield card
    at = run.info.started_at
    for submission in waiting(run):
        if id_key(submission.andrew_id) not in graded:
            yield Scorecard(submission, State.NOT_GRADED, (), at, at, reason="not asked yet")
