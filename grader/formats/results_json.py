"""`results.json`: everything that was asked and answered, for programs.

The names are stable: others script against them. Neither bypass secrets nor a roster's other
columns are ever written.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict

from grader.analysis.integrity import Integrity
from grader.formats.scorecard_json import run_object, student_object
from grader.model import RunInfo, Scorecard


def render(run: RunInfo, scorecards: Collection[Scorecard]) -> Iterator[str]:
    """Write a run as one JSON object, a student at a time, and last what was noticed of them."""
    integrity = Integrity()
    head = json.dumps(run_object(run) | {"keep": str(run.keep)}, indent=1)
    yield head.removesuffix("\n}") + ',\n "students": ['
    separator = "\n"
    for scorecard in scorecards:
        integrity.see(scorecard)
        yield separator + json.dumps(student_object(scorecard), allow_nan=False)
        separator = ",\n"
    flags = [asdict(flag) for flag in integrity.flags()]
    yield f'\n ],\n "flags": {json.dumps(flags)}\n}}\n'
