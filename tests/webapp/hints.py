"""Why `process` does not give the id: it is followed line by line, and its branch is looked at."""

import ast
import inspect
import re
import sys
import tokenize
from types import FrameType
from typing import Any

from webapp import query_processor

FILE = "webapp/query_processor.py"
TEST = "tests/webapp/test_query_processor.py"
PLACEHOLDER = "your-andrew-id"
CONDITION = 'if "andrew id" in question:'


def is_untouched() -> bool:
    """Whether nothing in the code looks for the id yet."""
    return find_branch(_code()) is None


def tells(answer: object, andrew_id: str) -> bool:
    """Whether an answer is the id, or a plain sentence about it that the grader takes for right."""
    expected = re.escape(andrew_id)
    told = rf"(.*( is|:) )?{expected}[.!]?|{expected} is .+"
    return (
        isinstance(answer, str)
        and andrew_id != ""
        and re.fullmatch(told, answer.strip(), re.IGNORECASE | re.DOTALL) is not None
    )


def why_not(query: str, answer: object, andrew_id: str) -> str:
    """Say in plain words what keeps the id from being the answer, and what to do.

    Args:
        query: what was asked.
        answer: what `process` gave, which may be anything.
        andrew_id: the id that the test expects; "" where nobody has written it down yet.
    """
    code = _code()
    branch = find_branch(code)
    lines = follow(query)
    if not lines:
        problem = f"It comes from another file than {FILE}: look there."
    elif branch is None and not answer:
        problem = _missing(code)
    elif branch and not answer and not _returns(branch):
        problem = _without_return(code, branch.body[-1])
    else:
        problem = (branch and _wrong_branch(code, branch, lines)) or _wrong_answer(
            answer, andrew_id, f"line {lines[-1]} of {FILE}"
        )
    return f"process({query!r}) gives {answer!r}.\n{problem}"


def find_branch(code: str) -> ast.If | None:
    """Find the first `if` that looks for a text with "andrew" in it."""
    return next((node for node in _ifs(ast.parse(code)) if _phrases(node)), None)


def follow(query: str) -> list[int]:
    """Ask, and note the numbers of the lines of webapp/query_processor.py that run."""
    lines: list[int] = []

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename != query_processor.__file__:
            return None
        if event == "line":
            lines.append(frame.f_lineno)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        inspect.unwrap(query_processor.process)(query)  # not what a cache remembers of it
    finally:
        sys.settrace(before)
    return lines


def _code() -> str:
    with tokenize.open(query_processor.__file__) as file:  # in the encoding that Python reads
        return file.read()


def _ifs(*nodes: ast.AST) -> list[ast.If]:
    """Every `if` in these, the outer ones first."""
    return [part for node in nodes for part in ast.walk(node) if isinstance(part, ast.If)]


def _phrases(branch: ast.If) -> list[str]:
    constants = [node.value for node in ast.walk(branch.test) if isinstance(node, ast.Constant)]
    return [text for text in constants if isinstance(text, str) and "andrew" in text.casefold()]


def _line(code: str, number: int) -> str:
    """A line as it is quoted in a sentence."""
    return f"line {number} (`{code.splitlines()[number - 1].strip()}`)"


def _missing(code: str) -> str:
    for number, line in enumerate(code.splitlines(), start=1):
        if line.lstrip().startswith("#") and CONDITION in line:
            return (
                f"The two lines of the task are still a comment: in {FILE}, take the `# ` off "
                f"line {number} and off the line below it."
            )
    return f"No `if` of {FILE} looks for the words: write `{CONDITION}`."


def _returns(branch: ast.If) -> bool:
    return any(isinstance(node, ast.Return) for part in branch.body for node in ast.walk(part))


def _without_return(code: str, last: ast.stmt) -> str:
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        advice = "shows the id in the terminal alone: write `return` in place of `print`."
    else:
        advice = "does not give the id back: it must begin with `return`."
    return f"In {FILE}, {_line(code, last.lineno)} {advice}"


def _wrong_branch(code: str, branch: ast.If, lines: list[int]) -> str:
    """Say what is wrong with the `if` of the task or its place; "" where it was gone through."""
    where = f"In {FILE}, {_line(code, branch.lineno)}"
    first = branch.body[0].lineno
    if set(lines).isdisjoint(range(branch.lineno, max(first, branch.lineno + 1))):
        outer = [node for node in _ifs(ast.parse(code)) if ast.dump(branch) in _inside(node)]
        if outer:
            return (
                f"{where} stands too far to the right: it belongs to "
                f"{_line(code, outer[-1].lineno)}, and counts only where that one holds. Move it "
                "and its `return` to the left, until it stands exactly below the other `if`s."
            )
        return (
            f"{where} is never reached, because {_line(code, lines[-1])} answers first. "
            "Move your `if` above it, or let that one answer less."
        )
    if first == branch.lineno or first in lines:
        return ""
    if any(phrase != phrase.lower() for phrase in _phrases(branch)):
        return (
            f"{where} looks for capital letters, and `question` has none: it is the query in "
            f"small letters. Write `{CONDITION}`."
        )
    if CONDITION in _line(code, branch.lineno):
        return f"{where} is right, but `question` must be the query in small letters: query.lower()"
    return f"{where} does not fit this query. Write `{CONDITION}`."


def _inside(outer: ast.If) -> list[str]:
    return [ast.dump(node) for node in _ifs(*outer.body)]


def _wrong_answer(answer: object, andrew_id: str, where: str) -> str:
    if PLACEHOLDER in (answer, andrew_id):
        return f"Write your own id in place of {PLACEHOLDER}, in {FILE} and as ANDREW_ID in {TEST}."
    if not isinstance(answer, str) or not answer:
        return f"It comes from {where}: `return` must be followed by your id in quotation marks."
    if not andrew_id:
        return f"If this is your id, write it as ANDREW_ID in {TEST}, too."
    if andrew_id in answer:
        return f"It comes from {where} and is more than your id: give the id alone."
    return f"It comes from {where}, but ANDREW_ID in {TEST} is {andrew_id!r}: which one is right?"
