"""One deployment as a portal has it checked and asked."""

from dataclasses import asdict, replace

import pytest

from grader.links import LinkError
from grader.model import Awake, Finished, Job, Judged, Limits, ProbeKind, Submission
from grader.outcomes import Outcome
from grader.services import deployments
from grader.services.submissions import target_of
from tests.grader.apps import ACTIVITY, QUICK, SEED, app, finished_app
from tests.servers import serve
from webapp.app import create_app
from webapp.release import Release

COMMIT = "abcdef1"


def test_a_check_tells_what_happens_and_ends_with_a_scorecard() -> None:
    with finished_app("ada") as url:
        target = target_of(url, "ada", replace(QUICK, allow_private=False))
        assert target.limits.allow_private, "an app on this machine may be asked"
        job = deployments.job_of(target.submission, ACTIVITY, SEED, target.limits)
        events = list(deployments.check(job))
    *_, last = events
    assert isinstance(last, Finished)
    assert last.scorecard.percent == 100
    assert sum(isinstance(event, Judged) for event in events) == len(last.scorecard.verdicts)
    assert any(isinstance(event, Awake) for event in events)
    run = deployments.run_of(job, last.scorecard)
    assert (run.battery, run.seed, run.probes) == (ACTIVITY, SEED, (ProbeKind.API,))


def test_each_check_draws_questions_of_its_own_unless_a_seed_is_given() -> None:
    submission = Submission("ada", "https://a.example.edu")
    seeds = {deployments.job_of(submission, ACTIVITY, None, QUICK).seed for _ in range(9)}
    assert len(seeds) > 1
    assert deployments.job_of(submission, ACTIVITY, 0, QUICK).seed == 0


@pytest.mark.parametrize(
    ("expected", "wanted", "connections"),
    [("", None, 0), ("abcdef1", None, 8), ("abcdef1", 0, 0), ("", 3, 3)],
)
def test_connections_are_compared_where_a_commit_is_expected(
    expected: str, wanted: int | None, connections: int
) -> None:
    submission = Submission("ada", "https://a.example.edu", expect_commit=expected)
    job: Job = deployments.job_of(submission, ACTIVITY, None, QUICK, wanted)
    assert job.limits.connections == connections


@pytest.mark.parametrize(("told", "doubt"), [(COMMIT, ""), ("0" * 40, COMMIT), (None, "")])
def test_another_commit_than_the_expected_one_leaves_a_doubt(told: str | None, doubt: str) -> None:
    with serve(create_app({"RELEASE": asdict(Release(told))})) as url:
        submission = target_of(url, "ada", QUICK, expect_commit=COMMIT).submission
        job = deployments.job_of(submission, ACTIVITY, SEED, QUICK, connections=0)
        *_, last = deployments.check(job)
    assert isinstance(last, Finished)
    found = deployments.doubt_of(last.scorecard)
    assert found == (doubt and f"{doubt} is not what answers everywhere.")


def test_one_query_comes_back_as_the_grader_sees_it() -> None:
    limits = Limits(timeout=5, allow_private=True)
    with app(lambda query: f"You said {query}") as url:
        submission = target_of(url, "", limits).submission
        reply = deployments.ask(submission, ProbeKind.API, "hello", limits)
    assert (reply.text, reply.failure, reply.status) == ("You said hello", None, 200)
    gone = deployments.ask(submission, ProbeKind.API, "hello", limits)
    assert gone.failure is Outcome.UNREACHABLE


def test_a_link_that_cannot_be_asked_is_refused_with_advice() -> None:
    with pytest.raises(LinkError, match="code"):
        target_of("https://github.com/someone/app", "ada", Limits())
    with pytest.raises(LinkError):
        target_of("http://10.1.2.3", "ada", Limits())


def test_values_stand_for_a_rosters_columns() -> None:
    values = {"team": "Reds", "name": "Ada"}
    found = target_of("https://a.example.edu", "ada", Limits(), values=values).submission
    assert (found.columns["team"], found.name, found.section) == ("Reds", "Ada", "")
