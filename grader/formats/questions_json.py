"""The questions that a student would be asked, for programs."""

import json

from grader.model import Question


def render(questions: tuple[Question, ...], _seed: int) -> str:
    """Write a list of objects with `query, family, expected, points` and where each comes from."""
    rows = [
        {
            "query": question.query,
            "family": question.family,
            "expected": str(question.key),
            "points": question.points,
            "name": question.name,
            "section": question.section,
            "probe": question.probe.value,
        }
        for question in questions
    ]
    return json.dumps(rows, indent=2)
