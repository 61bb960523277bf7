"""What `check` tells of real apps on this machine: names, advice and lines that fit."""

import re
import threading

from click.testing import CliRunner

from grader.cli import cli
from tests.grader.apps import SEED, app
from tests.grader.cli.conftest import Grader
from tests.grader.probes.raw import always, raw_server, reply
from webapp.query_processor import process

CHECK = ("--andrew-id", "abc123", "--seed", SEED)


def test_with_several_probes_each_check_names_its_own(grader: Grader) -> None:
    with app(process) as url:
        said = grader("check", url, *CHECK, "--probe", "api,page", code=1).output
        alone = grader("check", url, *CHECK, code=1).output
    for probe in ("through the API", "on the page"):
        assert f"Shakespeare {probe}: Who was Shakespeare?" in said
        assert probe not in alone


def test_a_local_starter_is_told_its_tests_once_and_each_advice_once(grader: Grader) -> None:
    with app(process) as url:
        said = grader("check", url, *CHECK, code=1).output
    assert said.count("python -m pytest tests/webapp") == 1
    assert said.count("An empty reply means") == 1
    assert said.count("Answer with your own Andrew ID") == 1
    assert "push" not in said


def test_a_query_that_never_ends_is_told_from_a_host_that_sleeps(grader: Grader) -> None:
    over = threading.Event()

    def hang(query: str) -> str:
        if "andrew id" in query.lower():
            over.wait(60)
        return process(query)

    with app(hang) as url:
        try:
            said = grader("check", url, *CHECK, "--timeout", 1, code=1).output
        finally:
            over.set()
    assert said.count("most likely never ends for this query") == 1
    assert "asleep" not in said


def test_what_others_build_on_is_called_by_one_name(grader: Grader) -> None:
    with raw_server(always(reply(b"no", status="404 Not Found"))) as server:
        said = grader("check", server.url, *CHECK, "--wake-timeout", 1, code=1).output
    assert re.search(r"^2/6  :\(     0 of 10  the API  client error: ", said, re.MULTILINE)
    assert "skipped: not asked, since it builds on: the API" in said


def test_what_stays_as_it_was_is_told_once(grader: Grader) -> None:
    sentence = b"The app could not be started. The terminal says why."
    broken = always(reply(sentence, status="500 Internal Server Error"))
    with raw_server(broken) as server:
        said = grader("check", server.url, *CHECK, "--wake-timeout", 1, code=1).stdout
    rows = re.findall(r"^(\d)/6 ", said, re.MULTILINE)
    assert rows == ["1", "2", "3", "4", "5", "6"]
    assert re.search(r"Asking once more.*\n(Nothing .*\n)?Again the same: 2 checks\.\n", said)
    assert "up to 0 s" not in said
    assert said.count("python -m pytest tests/webapp") == 1


def test_what_changes_in_the_second_round_is_told_again(grader: Grader) -> None:
    asked = []

    def fail(query: str) -> str:
        asked.append(query)
        if "divided" in query or ("tell me" in query and asked.count(query) < 2):
            raise ZeroDivisionError
        return process(query)

    with app(fail) as url:
        said = grader("check", url, *CHECK, code=1).stdout
    again = said.partition("Asking once more")[2]
    assert re.findall(r"^\d/6 .* (\w+ error|empty): ", again, re.MULTILINE) == ["empty"]
    assert "Again the same: 1 check.\n" in again


def test_lines_fit_a_narrow_terminal() -> None:
    with app(process) as url:
        arguments = ["check", url, *map(str, CHECK)]
        said = CliRunner(env={"COLUMNS": "60"}).invoke(cli, arguments).output
    prose = [line for line in said.splitlines() if not re.search("http|grader ask", line)]
    assert len(prose) > 10
    assert max(map(len, prose)) <= 60
