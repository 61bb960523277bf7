"""A run in the store: students are enrolled, jobs are handed out, and scorecards are committed.

The store is the truth. A scorecard is one row and one transaction: it is whole, or not there.
Nothing is written over: an old scorecard stays beside the new one. One attempt of each student
counts, by the rule of the run.
"""

from grader.jobs.correcting import OverrideError, undecided
from grader.jobs.enrollment import Enrollment
from grader.jobs.grading import Result
from grader.jobs.opening import OtherRunError, require_same
from grader.jobs.rejudging_all import ByHand, Change, Rejudged, UnjudgedError
from grader.jobs.run import Run
from grader.jobs.transcripts import UngradedError, UnknownStudentError

__all__ = [
    "ByHand",
    "Change",
    "Enrollment",
    "OtherRunError",
    "OverrideError",
    "Rejudged",
    "Result",
    "Run",
    "UngradedError",
    "UnjudgedError",
    "UnknownStudentError",
    "require_same",
    "undecided",
]
