"""Keeps the student's code from holding up its tests: what never ends, or cannot start, is told."""

import os
import traceback
from collections.abc import Iterator
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.webapp.patience import SECONDS, NeverReturnedError, call, innermost_line

STUDENTS_TEST = "test_query_processor.py"
INDENTATION = (
    "The spaces at the beginning of a line count: each `if` of process() stands exactly below the "
    "others, four spaces from the left, and its `return` eight."
)
# Quotation marks as web pages and word processors write them: pasted ones are none in Python.
TYPOGRAPHIC = "“”„«»\u2018\u2019\u201a\xb4"
# What a fork may lack: its other tests run all the same.
NEEDED = {
    "test_capture.py": "hypothesis",
    "test_metrics.py": "hypothesis",
    "test_page_browser.py": "pytest_playwright",
    "test_release.py": "hypothesis",
    "test_views.py": "hypothesis",
}
collect_ignore = [name for name, library in NEEDED.items() if find_spec(library) is None]


@cache
def terminal(config: pytest.Config) -> int:
    """Standard error as it is outside of pytest, which keeps what is written there to itself."""
    capturing = config.pluginmanager.getplugin("capturemanager")
    if capturing is None:
        return os.dup(2)
    with capturing.global_and_fixture_disabled():
        return os.dup(2)


@cache
def what_keeps_it_from_starting(config: pytest.Config) -> str:
    """Say why webapp/query_processor.py cannot be imported; "" where it can."""
    try:
        call(partial(import_module, "webapp.query_processor"), terminal(config))
    except NeverReturnedError as error:
        return (
            f"webapp/query_processor.py was not read to its end within {SECONDS:g} seconds: "
            f"Python was still at {error}\nIs this a loop that never ends?"
        )
    except SyntaxError as error:
        return (
            f"Python cannot read webapp/{Path(error.filename or '').name}, line {error.lineno}: "
            f"{error.msg}\n{(error.text or '').rstrip()}\n"
        ) + how_to_mend(error)
    except (Exception, SystemExit) as error:
        return what_failed(error)
    return ""


def how_to_mend(error: SyntaxError) -> str:
    """Say how the mistake is mended that is most likely behind an error of the syntax, or ""."""
    if isinstance(error, IndentationError) or "outside" in error.msg:
        return INDENTATION
    if error.msg.startswith(("invalid character", "unterminated string")) and (
        set(TYPOGRAPHIC) & set(error.text or "")
    ):
        return 'Type the quotation marks on your keyboard: ".'
    return ""


def what_failed(error: BaseException) -> str:
    """Say in a few lines why and where the app failed, and how the usual cause is mended."""
    said = "".join(traceback.TracebackException.from_exception(error).format_exception_only())
    advice = ""
    if isinstance(error, NameError):
        advice = f'\nIf it is a text, such as your id, write it in quotation marks: "{error.name}"'
    elif type(error).__module__ == "werkzeug.exceptions":  # abort(404)
        said = type(error).__name__
        advice = '\nprocess() must return a text; for an unknown query return "".'
    line = innermost_line(traceback.extract_tb(error.__traceback__))
    return f"{said.rstrip()}\nThis came of {line}{advice}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> None:
    """Say it once, in place of a traceback for each test file that needs the app."""
    if words := what_keeps_it_from_starting(parent.config):
        raise parent.CollectError(words)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the student's own test."""
    items.sort(key=lambda item: item.path.name != STUDENTS_TEST)


@pytest.fixture(autouse=True, scope="module")
def process_must_return(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where a test file has imported `process`, fail in words if that never returns."""
    from webapp.query_processor import process

    def returning(query: str) -> Any:
        __tracebackhide__ = True
        try:
            return call(partial(process, query), terminal(request.config))
        except NeverReturnedError as error:
            # It still runs, and would make all that follows slow.
            request.session.shouldfail = "what never returns is still running: mend that first"
            words = (
                f"never returned: after {SECONDS:g} seconds it was still at {error}\n"
                "Is this a loop that never ends?"
            )
        except (Exception, SystemExit) as error:
            words = f"failed: {what_failed(error)}"
        # Here, where no error is being handled: it would be told again.
        pytest.fail(f"process({query!r}) {words}", pytrace=False)

    with pytest.MonkeyPatch.context() as patch:
        if getattr(request.module, "process", None) is process:
            patch.setattr(request.module, "process", returning)
        yield
