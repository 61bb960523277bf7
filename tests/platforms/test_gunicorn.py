"""What several gunicorn workers count and capture together, whatever becomes of one of them."""

import json
import signal
import stat
import sys
import threading
from pathlib import Path

import pytest

from tests.platforms.gunicorns import serving
from tests.servers import wait_until

pytestmark = [
    pytest.mark.platform,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run on Windows"),
]


def test_what_all_workers_counted_is_added_up_whoever_is_asked(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        asked = server.ask_until_answered_by(server.workers())
        for _ in range(5):
            server.ask("unknown")
            server.ask("fail")
        assert {server.queries() for _ in range(10)} == {(asked, 10)}
        assert server.value("webapp_errors_total", kind="failed") == 5
        assert server.value("webapp_query_duration_seconds_count", answered="no") == 10
        assert server.value("webapp_workers") == 2
        assert server.value("webapp_threads_busy") == 1, "this request itself"
        workers = {"1", "2", "master"}
        for worker in workers:
            assert server.value("process_resident_memory_bytes", worker=worker) > 1_000_000


def test_a_worker_that_dies_takes_no_count_with_it_and_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    with serving(tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder)) as server:
        asked = server.ask_until_answered_by(server.workers())
        files = sorted(folder.iterdir())
        for _ in range(3):
            server.kill_a_worker()
            asked += server.ask_until_answered_by(server.workers())
            assert server.queries() == (asked, 0)
            assert server.value("webapp_workers") == 2
        assert sorted(folder.iterdir()) == files


def test_the_threads_of_a_worker_that_dies_are_busy_no_more(tmp_path: Path) -> None:
    with serving(tmp_path) as server:

        def hold() -> None:
            with pytest.raises(OSError, match=r"closed|reset"):
                server.ask("hold")

        holder = threading.Thread(target=hold)
        holder.start()
        wait_until((tmp_path / "holding").exists)
        assert server.value("webapp_threads_busy") == 2
        for pid in server.workers():
            server.kill_a_worker(pid)
        holder.join()
        wait_until(lambda: server.value("webapp_threads_busy") == 1)


def test_counts_outlast_a_reload(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        before = server.workers()
        asked = server.ask_until_answered_by(before)
        server.master.send_signal(signal.SIGHUP)
        wait_until(lambda: len(server.workers()) == 2 and not server.workers() & before)
        asked += server.ask_until_answered_by(server.workers())
        assert server.queries() == (asked, 0)
        assert server.value("webapp_workers") == 2
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_new_start_begins_at_zero_in_a_folder_of_one_s_own_choice(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    folder.mkdir()
    (folder / "mine.txt").write_text("not a count")
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        with serving(tmp_path / run, PROMETHEUS_MULTIPROC_DIR=str(folder)) as server:
            server.ask("unknown")
            assert server.queries() == (0, 1)
    assert (folder / "mine.txt").exists()


def test_a_worker_that_starts_right_now_does_not_break_the_page(tmp_path: Path) -> None:
    folder = tmp_path / "counts"
    with serving(tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder)) as server:
        server.ask("unknown")
        (folder / "counter_3.db").touch()  # and has not yet written into it
        (folder / "gauge_livesum_3.db").symlink_to("gone")
        assert server.queries() == (0, 1)


def test_the_folder_of_the_counts_goes_with_the_server(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.ask("unknown")
        (folder,) = (tmp_path / "tmp").glob("webapp-metrics-*")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("lost", ["*", "counter_*", "gauge_*", "histogram_*"])
def test_a_folder_that_was_emptied_does_not_break_the_page(tmp_path: Path, lost: str) -> None:
    folder = tmp_path / "counts"
    with serving(tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder)) as server:
        asked = server.ask_until_answered_by(server.workers())
        for file in folder.glob(lost):
            file.unlink()
        answered, not_answered = server.queries()
        assert 0 < answered <= asked, "what one worker or both have counted"
        assert not_answered == 0
        assert server.value("webapp_workers") >= 1
        assert server.value("webapp_errors_total", kind="failed") == 0


def test_a_server_that_upgrades_itself_counts_in_a_folder_of_its_own(tmp_path: Path) -> None:
    with serving(tmp_path) as old:
        (before,) = (tmp_path / "tmp").glob("webapp-metrics-*")
        workers = old.workers()
        # From its second configuration on, a server hands down what the first one has set.
        old.master.send_signal(signal.SIGHUP)
        wait_until(lambda: len(old.workers()) == 2 and not old.workers() & workers)
        with old.upgraded() as new:
            wait_until(lambda: not before.exists())
            asked = new.ask_until_answered_by(new.workers())
            assert new.queries() == (asked, 0)
            assert new.value("webapp_workers") == 2
    wait_until(lambda: not list((tmp_path / "tmp").iterdir()))


def test_nothing_is_put_into_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serving(tmp_path, HOME=str(home), XDG_RUNTIME_DIR="") as server:
        server.ask("who?")
    assert list(home.iterdir()) == []


def test_without_a_folder_each_worker_counts_alone_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "counts"
    with serving(tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder)) as server:
        assert server.ask("unknown") == ""
        assert "webapp_queries_total" in server.page()
        assert server.printed().count("Each worker counts alone") == 1
        assert str(folder) in server.printed()


def test_without_room_each_worker_counts_alone_and_says_so(tmp_path: Path) -> None:
    # No file may be longer than 100 blocks: writing more fails as on a full disk.
    limited = ("sh", "-c", 'ulimit -f 100 && exec "$0" "$@"')
    with serving(tmp_path, before=limited) as server:
        asked = server.ask_until_answered_by(server.workers())
        assert asked >= 2
        assert "webapp_queries_total" in server.page()
        assert server.printed().count("Each worker counts alone") == 2
        server.kill_a_worker()
        server.ask_until_answered_by(server.workers())


def test_each_worker_captures_into_a_file_of_its_own(tmp_path: Path) -> None:
    captured = tmp_path / "queries.jsonl"
    with serving(tmp_path, WEBAPP_CAPTURE=str(captured)) as server:
        asked = server.ask_until_answered_by(server.workers())
        files = sorted(tmp_path.glob("queries*"))
        assert [file.name for file in files] == ["queries.1.jsonl", "queries.2.jsonl"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        assert [line["query"] for line in lines] == ["who?"] * asked
        server.kill_a_worker()
        server.ask_until_answered_by(server.workers())
        assert sorted(tmp_path.glob("queries*")) == files
