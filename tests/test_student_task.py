"""The student's task itself: the starter's test is skipped, fails and passes when it should."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.servers import PATIENCE

ROOT = Path(__file__).parents[1]
TEST = Path("tests/webapp/test_query_processor.py")
PROCESSOR = Path("webapp/query_processor.py")
# What pytest reads beside the tests: it must need no more than they do.
SHARED = (
    "pyproject.toml",
    "requirements.txt",
    "tests/__init__.py",
    "tests/conftest.py",
    "tests/components.py",
    "tests/servers.py",
)
BRANCH = '    if "andrew id" in question:\n        return "abc123"\n'
NAME = '    if "your name" in question:\n'


@pytest.fixture
def fork(tmp_path: Path) -> Path:
    """A copy of the app and its tests, as a student has them before any change."""
    for folder in ("webapp", "tests/webapp"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for name in SHARED:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(fork: Path, before: str, after: str) -> None:
    path = fork / PROCESSOR
    code = path.read_text()
    assert before in code
    path.write_text(code.replace(before, after))


def implement(fork: Path, branch: str = BRANCH) -> None:
    """Take the lines of the task out of their comment, as an editor does, and change them."""
    path = fork / PROCESSOR
    code, taken_out = re.subn(r'# (?=if "andrew id"|    return "your-)', "", path.read_text())
    assert taken_out == 2
    path.write_text(code.replace("your-andrew-id", "abc123"))
    change(fork, BRANCH, branch)


def complete_test(fork: Path, andrew_id: str = "abc123") -> None:
    path = fork / TEST
    code = path.read_text()
    assert 'ANDREW_ID = ""\n' in code
    path.write_text(code.replace('ANDREW_ID = ""', f'ANDREW_ID = "{andrew_id}"'))


def run_tests(fork: Path, what: Path = TEST, *python: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, *python, "-m", "pytest", "-p", "no:cacheprovider", str(what)],
        cwd=fork,
        # A student may have no plugins at all, and loading ours takes longer than the tests.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert bool(done.returncode) == bool(re.search(r"\b\d+ (failed|error)", done.stdout))
    return done.stdout + done.stderr


def test_untouched_starter_is_green_and_says_what_is_left(fork: Path) -> None:
    output = run_tests(fork)
    assert "failed" not in output
    assert "1 skipped" in output
    assert "your task: answer the Andrew ID query in webapp/query_processor.py" in output


def test_done_as_told_it_is_green(fork: Path) -> None:
    implement(fork)
    complete_test(fork)
    output = run_tests(fork)
    assert "failed" not in output
    assert "skipped" not in output


def test_forgotten_test_is_told(fork: Path) -> None:
    implement(fork)
    output = run_tests(fork)
    assert "1 failed" in output
    assert "gives 'abc123'" in output
    assert "If this is your id, write it as ANDREW_ID in tests/webapp/test_query_pro" in output


def test_forgotten_answer_is_told(fork: Path) -> None:
    complete_test(fork)
    output = run_tests(fork)
    assert "1 failed" in output
    assert "two lines of the task are still a comment: in webapp/query_processor.py" in output


@pytest.mark.parametrize(
    ("branch", "words"),
    [
        (BRANCH.replace("return ", ""), '(`"abc123"`) does not give the id back: it must begin'),
        (BRANCH.replace("return ", "answer = "), '(`answer = "abc123"`) does not give the id back'),
        (BRANCH.replace('return "abc123"', 'print("abc123")'), "write `return` in place of `pri"),
        (BRANCH.replace('return "abc123"', 'return print("abc123")'), "gives None.\nIt comes from"),
        (BRANCH.replace('"abc123"', '""'), "gives ''.\nIt comes from line 29 of webapp/query_pro"),
        (BRANCH.replace('"abc123"', "123"), "gives 123.\nIt comes from"),
        (BRANCH.replace("abc123", "your-andrew-id"), "Write your own id in place of your-andrew"),
        (BRANCH.replace("abc123", "It is abc123"), "is more than your id: give the id alone"),
        (
            BRANCH.replace("abc123", "xyz789"),
            "ANDREW_ID in tests/webapp/test_query_processor.py is",
        ),
        (BRANCH.replace("andrew id", "Andrew ID"), "looks for capital letters, and `question` has"),
        (BRANCH.replace("andrew id", "andrew id?"), "does not fit this query. Write `if"),
        (BRANCH.replace("question", "query"), "does not fit this query. Write `if"),
        (BRANCH.replace("andrew id", "andew id"), "looks for the words: write `if"),
        (BRANCH.replace('    if "a', '    return ""\n\n    if "a'), '(`return ""`) answers first'),
    ],
    ids=str.strip,
)
def test_each_mistake_is_named(fork: Path, branch: str, words: str) -> None:
    implement(fork, branch)
    complete_test(fork)
    output = run_tests(fork)
    assert words in output
    assert output.count(words) == 1
    assert "1 failed" in output


@pytest.mark.parametrize("andrew_id", ["", "abc123"])
def test_a_branch_inside_another_is_told(fork: Path, andrew_id: str) -> None:
    implement(fork, "".join(f"    {line}\n" for line in BRANCH.splitlines()))
    complete_test(fork, andrew_id)
    output = run_tests(fork)
    assert 'stands too far to the right: it belongs to line 21 (`if "your name" in' in output


def test_a_mark_of_windows_editors_changes_nothing(fork: Path) -> None:
    implement(fork, BRANCH.replace("return ", ""))
    path = fork / PROCESSOR
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert "it must begin with `return`" in run_tests(fork)


def test_an_earlier_branch_that_answers_is_told(fork: Path) -> None:
    implement(fork)
    change(fork, NAME, NAME.replace("your name", "your"))
    complete_test(fork)
    output = run_tests(fork)
    assert "1 failed" in output
    assert 'is never reached, because line 22 (`return "Prospero"' in output


def test_one_return_at_the_end_is_as_good(fork: Path) -> None:
    implement(fork, BRANCH.replace("return ", "answer = "))
    change(
        fork, "    question = query.lower()\n", '    question = query.lower()\n    answer = ""\n'
    )
    change(fork, '    return ""\n', "    return answer\n")
    assert "If this is your id, write it as ANDREW_ID" in run_tests(fork)
    complete_test(fork)
    assert "6 passed" in run_tests(fork)


def test_an_answer_from_another_file_is_told(fork: Path) -> None:
    complete_test(fork)
    path = fork / PROCESSOR
    path.rename(path.with_name("moved.py"))
    path.write_text("from webapp.moved import process\n")
    assert "It comes from another file than webapp/query_processor.py" in run_tests(fork)


def test_a_query_that_is_no_longer_in_small_letters_is_told(fork: Path) -> None:
    implement(fork)
    change(fork, "query.lower()", "query")
    complete_test(fork)
    assert "is right, but `question` must be the query in small letters" in run_tests(fork)


def test_the_trap_is_told(fork: Path) -> None:
    implement(fork, BRANCH.replace("andrew id", "id"))
    complete_test(fork)
    output = run_tests(fork)
    assert "1 failed" in output
    assert 'Look for the whole phrase: if "andrew id" in question:' in output


def test_a_way_without_an_answer_is_told(fork: Path) -> None:
    implement(fork)
    change(fork, '    return ""\n', "")
    complete_test(fork)
    output = run_tests(fork)
    assert "process('What is 3 plus 4?') gives None, which is no text" in output


@pytest.mark.parametrize(
    ("branch", "words"),
    [
        (BRANCH.replace("    if", "     if"), "unindent does not match"),
        (BRANCH.replace("    if", "if").replace("        ret", "    ret"), "'return' outside func"),
        (BRANCH.replace("    return", "# return"), "expected an indented block after 'if'"),
    ],
    ids=["one space too many", "outside the function", "half a comment"],
)
def test_what_python_cannot_read_is_told_once(fork: Path, branch: str, words: str) -> None:
    implement(fork, branch)
    output = run_tests(fork, TEST.parent)
    assert "1 error" in output
    assert re.search(rf"Python cannot read webapp/query_processor.py, line \d+: {words}", output)
    assert "each `if` of process() stands exactly below the others" in output


def test_a_missing_colon_is_told_with_its_line(fork: Path) -> None:
    implement(fork, BRANCH.replace(":", ""))
    output = run_tests(fork)
    assert "1 error" in output
    assert "Python cannot read webapp/query_processor.py, line 28: expected ':'" in output
    assert "spaces" not in output


def test_what_is_missing_is_told_with_its_line(fork: Path) -> None:
    change(fork, "def process", "import no_such_library\n\n\ndef process")
    output = run_tests(fork)
    assert "1 error" in output
    assert "No module named 'no_such_library'\nThis came of webapp/query_processor.py, l" in output


def test_a_query_that_fails_is_told(fork: Path) -> None:
    implement(fork, BRANCH.replace('"abc123"', "abc123"))
    output = run_tests(fork)
    assert "NameError: name 'abc123' is not defined" in output
    assert "process('What is your Andrew ID?') failed." in output


LOOPS = {
    "that catches everything": (
        "while True:\n            try:\n                query += 'x'\n"
        "            except BaseException:\n                pass"
    ),
    "that sleeps": "import time\n        time.sleep(3600)",
}


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_loop_that_never_ends_is_told_and_ended(fork: Path, loop: str) -> None:
    implement(fork, BRANCH.replace('return "abc123"', loop))
    complete_test(fork)
    output = run_tests(fork, TEST.parent)
    assert "process('What is your Andrew ID?') never returned: after 5 seconds" in output
    assert re.search(r"still at webapp/query_processor.py, line \d\d:\n", output)
    assert "1 failed" in output
    assert "mend that first" in output
    assert "test_main.py" not in output  # the student's own test comes first


def test_a_loop_in_a_branch_for_the_game_is_found(fork: Path) -> None:
    change(fork, NAME, f'    while "prime" in question:\n        pass\n\n{NAME}')
    output = run_tests(fork)
    assert "process('Which of the following numbers are primes: 11, 12, 13?') never" in output


def test_a_loop_that_lets_nothing_else_run_is_ended(fork: Path) -> None:
    change(fork, NAME, f"    sum(iter(int, 1))\n{NAME}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(TEST)],
        cwd=fork,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert 'query_processor.py", line 21 in process' in done.stderr


def test_a_loop_outside_of_process_is_told_and_ended(fork: Path) -> None:
    change(fork, "def process", "while True:\n    pass\n\n\ndef process")
    output = run_tests(fork, TEST.parent)
    assert "webapp/query_processor.py was not read to its end within 5 seconds" in output
    assert "1 error" in output


def needed_by(*names: str) -> Iterator[str]:
    """Distributions with all that they need."""
    for name in names:
        yield name
        for line in distribution(name).requires or []:
            if "extra ==" not in line and "python_version" not in line and "platform" not in line:
                yield from needed_by(re.split(r"[^\w.-]", line)[0])


def test_pytest_alone_is_enough(fork: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    packages = tmp_path_factory.mktemp("packages")
    for name in set(needed_by("flask", "pytest")):
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or [] if file.parts[0] != ".."}:
            if top != "__pycache__" and not (packages / top).exists():
                (packages / top).symlink_to(Path(str(found.locate_file(top))))
    implement(fork)
    complete_test(fork)
    output = run_tests(fork, TEST.parent, "-S", PYTHONPATH=str(packages))
    assert "passed" in output
    assert not set(output.split()) & {"failed", "skipped", "error"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "latin-1", "utf-8"])
def test_requirements_in_another_encoding_are_told(fork: Path, encoding: str) -> None:
    text = "flask>=3.1\ngunicorn>=23  # für Render\n"
    (fork / "requirements.txt").write_text(text, encoding=encoding)
    output = run_tests(fork, TEST.parent / "test_requirements.py")
    assert ("requirements.txt is not saved as UTF-8" in output) == ("utf-8" not in encoding)
    assert "UnicodeDecodeError" not in output


def test_a_warning_of_the_language_is_no_failure(fork: Path) -> None:
    implement(fork)
    path = fork / PROCESSOR
    path.write_text(path.read_text() + '\n\nNUMBER = "\\d+"\nopen(__file__).read()\n')
    complete_test(fork)
    output = run_tests(fork)
    assert "6 passed" in output
    assert "error" not in output
