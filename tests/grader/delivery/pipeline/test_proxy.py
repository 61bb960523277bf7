import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from grader.delivery.pipeline import local
from grader.delivery.pipeline.processes import PipelineError, processes
from grader.delivery.pipeline.proxy import Proxy, proxy
from tests.grader.apps import app


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Proxy]:
    with processes(tmp_path) as servers, proxy(servers) as running:
        yield running


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


def test_shares_are_exact(front: Proxy) -> None:
    with app(lambda _: "old") as old, app(lambda _: "new") as new:
        front.share("production", {port_of(old): 7, port_of(new): 1})
        front.share("staging", {port_of(new): 1})
        door, staging = port_of(front.urls["production"]), port_of(front.urls["staging"])
        answers = Counter(local.get(door, "/api?q=x").text for _ in range(80))
        assert answers == {"old": 70, "new": 10}
        assert {local.get(staging, "/api?q=x").text for _ in range(4)} == {"new"}
        assert local.get(door, "/api?q=x").served_by in (port_of(old), port_of(new))


def test_nobody_answers_where_nobody_has_a_share(front: Proxy) -> None:
    with app(lambda _: "up") as url:
        door = port_of(front.urls["production"])
        front.share("production", {port_of(url): 1})
        assert local.get(door, "/api?q=x").status == 200
        front.share("production", {port_of(url): 0})
        assert local.get(door, "/api?q=x").status == 503


def test_no_request_is_lost_while_shares_change(front: Proxy) -> None:
    """Caddy closes connections whose request has not come when its configuration changes."""
    door = port_of(front.urls["production"])
    answers: list[local.Answer] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            answers.append(local.get(door, "/api?q=x"))

    with app(lambda _: "old") as old, app(lambda _: "new") as new:
        front.share("production", {port_of(old): 1})
        users = [threading.Thread(target=ask) for _ in range(4)]
        for user in users:
            user.start()
        for number in range(40):
            before = len(answers)
            front.share("production", {port_of(old): 7 * (number % 2), port_of(new): 1})
            local.wait_for(lambda before=before: len(answers) > before + 4, 30)  # type: ignore[misc]
        over.set()
        for user in users:
            user.join()
    assert [each for each in answers if each.status != 200] == []
    assert {each.text for each in answers} == {"old", "new"}


def test_nothing_is_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, folder = tmp_path / "home", tmp_path / "pipeline"
    home.mkdir()
    folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    with processes(folder) as servers, proxy(servers) as front, app(lambda _: "up") as url:
        front.share("production", {port_of(url): 1})
    assert list(home.iterdir()) == []
    assert (folder / "caddy").is_dir()


def test_the_administration_is_private(tmp_path: Path, front: Proxy) -> None:
    places = [tmp_path / "caddy.sock", *Path("/tmp").glob("grader-*/caddy.sock")]  # noqa: S108
    modes = [path.stat().st_mode & 0o777 for path in places if path.exists()]
    assert modes
    assert set(modes) == {0o600}


def test_shares_that_caddy_does_not_take_are_said(front: Proxy) -> None:
    with pytest.raises(PipelineError, match="Caddy does not take the new shares"):
        front.share("production", {70_000_000: 1, 5: -1})
