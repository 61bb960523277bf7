"""The questions that a student would be asked, with their keys, for people."""

from grader.formats.escaping import one_line
from grader.formats.words import decimal, name
from grader.model import Question, total


def render(questions: tuple[Question, ...], seed: int) -> str:
    """Write one question after the other, each in two lines that fit a narrow terminal."""
    points = total(question.points for question in questions)
    lines = [f"{len(questions)} questions, {decimal(points)} points, seed {seed}"]
    section = ""
    for number, question in enumerate(questions, 1):
        if question.section != section:
            section = question.section
            lines += ["", one_line(section, 76)]
        # The query of a check is told here, too.
        asked = ": ".join(part for part in (name(question), question.query) if part)
        lines.append(f"{number:>3}. {one_line(asked, 200)}")
        worth = f"{decimal(question.points)} points"
        lines.append(f"     = {one_line(str(question.key), 200)}   ({worth})")
    return "\n".join(lines)
