"""Jobs of a run: enrolled from submissions, graded anywhere, committed here one by one.

The store is the truth. A scorecard is one row and one transaction: whole or not there. Nothing is
ever overwritten: what is graded, judged or set anew supersedes what was, which stays. Of several
attempts of a student one counts, by the rule that the run keeps.
"""

from grader.jobs.correcting import OverrideError, undecided
from grader.jobs.enrollment import Enrollment
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
    "Run",
    "UngradedError",
    "UnjudgedError",
    "UnknownStudentError",
    "require_same",
    "undecided",
]
