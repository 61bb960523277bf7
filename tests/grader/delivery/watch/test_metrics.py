"""Pages of /metrics, honest and hostile ones."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.delivery.watch import AppView
from grader.delivery.watch.metrics import AppReader
from grader.model import Reply
from grader.outcomes import Outcome
from tests.grader.probes.loops import in_a_thread

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def page(answered: float, unanswered: float = 0, failed: float = 0, more: str = "") -> str:
    return f"""# HELP webapp_queries_total Queries, answered or not.
# TYPE webapp_queries_total counter
webapp_queries_total{{answered="yes"}} {answered}
webapp_queries_total{{answered="no"}} {unanswered}
# TYPE webapp_errors_total counter
webapp_errors_total{{kind="failed"}} {failed}
webapp_errors_total{{kind="server"}} 0.0
webapp_errors_total{{kind="not_found"}} 99.0
{more}"""


def reply(text: str, status: int = 200, failure: Outcome | None = None) -> Reply:
    return Reply("https://app.example/metrics", NOW, status, text, failure=failure)


def read(*replies: Reply) -> list[tuple[bool, AppView | None]]:
    async def all_of_them() -> list[tuple[bool, AppView | None]]:
        reader = AppReader()
        return [await reader.read(each, 60.0 * at) for at, each in enumerate(replies)]

    return in_a_thread(all_of_them())


def test_what_an_app_counted_between_two_pages() -> None:
    told = read(reply(page(10, 2, 1)), reply(page(25, 2, 3)))
    assert told == [(True, None), (True, AppView(60.0, 15, 0, 2))]


def test_another_process_counts_less_and_is_compared_with_itself() -> None:
    told = read(reply(page(10)), reply(page(3)), reply(page(5)))
    assert [view for _, view in told] == [None, None, AppView(60.0, 2, 0, 0)]


def test_a_page_that_did_not_come_is_no_page() -> None:
    told = read(
        reply(page(1)),
        reply("", 404),
        reply(page(5), failure=Outcome.TOO_SLOW),
        reply(page(7)),
        reply(page(8)),
    )
    assert told == [
        (True, None),
        (False, None),
        (False, None),
        (True, None),
        (True, AppView(60.0, 1, 0, 0)),
    ]


def test_counts_that_begin_again_with_each_process_tell_nothing() -> None:
    serverless = page(5, more="# TYPE webapp_serverless gauge\nwebapp_serverless 1.0\n")
    assert read(reply(serverless), reply(serverless)) == [(False, None)] * 2


@pytest.mark.parametrize(
    "hostile",
    [
        page(float("nan")),
        page(float("inf")),
        page(-1.0),
        page(1e300),
        page(1).replace("webapp_queries", "other"),
        page(1, more="a" * 5000),
        page(1, more='a{b="'),
        page(1, more="a{" + '"' * 4000 + "} 1"),
        "\0" * 1000,
        "{" * 60_000,
        "<html>not found</html>",
    ],
)
def test_hostile_pages_are_no_pages(hostile: str) -> None:
    assert read(reply(hostile), reply(page(5))) == [(False, None), (True, None)]


def test_a_page_of_many_families_is_read_to_a_bound() -> None:
    families = "".join(f"# TYPE f{number} gauge\nf{number} 1\n" for number in range(5000))
    assert read(reply(families + page(5))) == [(False, None)]


@given(st.text(max_size=500))
def test_no_text_is_a_crash(text: str) -> None:
    read(reply(text), reply(page(1, more=text)))
