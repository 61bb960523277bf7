"""The values of the grader: frozen, without I/O. They import nothing but the outcome table.

Every value here can be pickled, compared and written as JSON.
"""

from grader.model.events import AskingAgain, Awake, Event, Finished, Judged, LookingAgain, WakingUp
from grader.model.jobs import Job, Limits, Note, NoteKind, RunInfo, Target, asks_in_browser
from grader.model.keeping import Keep
from grader.model.keys import (
    AnythingKey,
    ApiKey,
    ChoiceKey,
    ConsistencyKey,
    FactKey,
    IdKey,
    Key,
    NumberKey,
    NumbersKey,
    NumberTemplate,
    PageKey,
    ReleaseKey,
)
from grader.model.names import IN_WORDS, called
from grader.model.points import split, total
from grader.model.questions import Battery, Entry, ProbeKind, Question, Typing
from grader.model.replies import TELLING_HEADERS, Reply, Timings
from grader.model.scorecards import Latency, Override, Scorecard
from grader.model.submissions import BYPASS_SECRET, COMMIT, Release, State, Submission
from grader.model.transcripts import Acceptance, ScorecardKind, StoredScorecard, Transcript
from grader.model.verdicts import Judgement, Verdict


class InputError(Exception):
    """Bad input, the base of all such errors: the text says what, where and what to do next."""
