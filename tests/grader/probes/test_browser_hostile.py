"""The browser probe on pages that mean harm: to the network, to the deadline, to one another."""

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import psutil
import pytest
from flask import Flask, Response, request

from grader.model import Reply
from grader.outcomes import Outcome
from grader.probes.browser_thread import browser_thread
from grader.probes.guard import Address, Guard, Origin
from grader.probes.http import BYPASS_HEADER, LINE_CAP
from grader.probes.memory import BROWSER_BYTES, TAB_BYTES
from grader.probes.tickets import BYTE_CAP
from tests.components import require
from tests.grader.probes.raw import raw_server, read_request, reply
from tests.grader.probes.visiting import visit
from tests.servers import serve

playwright = pytest.importorskip("playwright.async_api")

if TYPE_CHECKING:
    from grader.probes.chromium import Engine

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = Path(__file__).parent / "pages" / "hostile.html"
SUM = "What is 1 plus 2?"
# Ways into the network that work where nobody guards it.
MUCH = {"prefetch", "preload", "stylesheet", "import", "background", "script"}
MUCH |= {"image", "image-redirect", "frame", "frame-redirect", "refresh", "form"}
MUCH |= {"fetch", "fetch-redirect", "beacon", "events", "websocket"}
MUCH |= {"worker", "worker-websocket", "import-scripts", "localhost", "127.1"}
ANSWERING = """<input id=box><p id=out></p><script>
  box.oninput = () => { out.textContent = "3" };
</script>"""


@pytest.fixture(autouse=True, scope="module")
def _chromium() -> None:
    require("chromium")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that nothing can end are waited for at each visit's end."""
    monkeypatch.setattr("grader.probes.profile._CLOSING_SECONDS", 1)
    monkeypatch.setattr("grader.probes.evidence._PICTURE_SECONDS", 1)


@dataclass(frozen=True, slots=True)
class OpenGuard(Guard):
    """Lets everything through: shows that the canaries sing."""

    def vet(self, origin: Origin, addresses: list[Address]) -> None:
        """Let it through."""


def visit_page(html: str, query: str = "", seconds: float = 20) -> Reply:
    with serve(pages(html)) as url:
        return visit(url, query, seconds)


def leading_to(url: str) -> Response:
    return Response(status=302, headers={"Location": url})


def pages(html: str, held: Callable[[], object] = lambda: None) -> Flask:
    """An app that shows `html`, leads on from /go, and answers /held once `held` returns."""
    app = Flask("hostile")
    app.add_url_rule("/", "index", lambda: html)
    app.add_url_rule("/favicon.ico", "icon", lambda: ("", 204))

    @app.get("/go")
    def go() -> Response:
        return leading_to(unquote(request.query_string.decode()))

    @app.get("/held")
    def hold() -> str:
        held()
        return ""

    @app.get("/service-worker.js")
    def service_worker() -> Response:
        script = "self.addEventListener('fetch', (event) => 0); fetch('/from-service-worker')"
        return Response(script, mimetype="text/javascript")

    return app


class Canaries:
    """What reached the private network."""

    def __init__(self, tcp: str, udp: str) -> None:
        self.tcp = tcp
        self.heard: set[str] = set()
        self.all_heard = threading.Event()
        self.connections = 0
        self.udp = udp
        self.datagrams = 0

    def listen(self, connection: socket.socket) -> None:
        self.connections += 1
        if connection.recv(1, socket.MSG_PEEK) == b"\x16":
            return  # a TLS handshake would wait for its answer, and the visit for its end
        head = read_request(connection)
        self.heard.add(head.split(b" ")[1].decode().strip("/") if b" " in head else "?")
        if self.heard >= MUCH:
            self.all_heard.set()
        connection.sendall(reply(b"tweet", "Connection: close"))


@contextmanager
def canaries() -> Iterator[Canaries]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        birds = Canaries("", f"127.0.0.1:{datagrams.getsockname()[1]}")
        with raw_server(birds.listen) as server:
            birds.tcp = server.url
            yield birds
        datagrams.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while datagrams.recv(2048):
                birds.datagrams += 1


def visit_hostile_page(held: float, guard: Guard | None = None) -> Canaries:
    """Visit the page that tries every way, kept open until all sing, or for `held` seconds."""
    with canaries() as birds:
        html = HOSTILE.read_text(encoding="utf-8")
        html = html.replace("@tcp@", birds.tcp).replace("@udp@", birds.udp)
        app = pages(html, lambda: birds.all_heard.wait(held))
        with serve(app) as url:
            answer = visit(url, guard=guard, seconds=max(8, 2 * held))
    assert "Hello" in answer.text
    return birds


def test_a_page_reaches_nothing_in_the_private_network() -> None:
    birds = visit_hostile_page(held=1)
    assert birds.heard == set()
    assert birds.connections == 0
    assert not birds.datagrams


def test_the_same_page_would_reach_much_without_the_guard() -> None:
    birds = visit_hostile_page(held=30, guard=OpenGuard())
    assert birds.heard >= MUCH
    # Not the guard but the browser's flags keep it from sending past the proxy.
    assert not birds.datagrams


@pytest.mark.parametrize(
    "way",
    [
        "<script>location.href = '{target}'</script>",
        "<meta http-equiv=refresh content='0;url={target}'>",
        "<script>location.href = '/go?{target}'</script>",
    ],
)
def test_a_page_that_leads_into_the_private_network_is_told_so(way: str) -> None:
    with canaries() as birds:
        answer = visit_page(way.replace("{target}", birds.tcp), SUM)
        assert answer.failure is Outcome.FORBIDDEN_ADDRESS
        assert "127.0.0.1" in answer.detail
        assert birds.connections == 0


def test_the_browser_asks_nobody_on_its_own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    from grader.probes import proxy

    dialed: set[Origin] = set()
    dial = proxy._dial

    async def noted(guard: Guard, origin: Origin) -> proxy.Streams:
        dialed.add(origin)
        return await dial(guard, origin)

    monkeypatch.setattr(proxy, "_dial", noted)
    form = "<form><input name=q><input name=mail type=email><input name=street></form>"
    with serve(pages(form)) as url:
        visit(url, SUM)
    assert dialed == {Origin.of(url)}


def test_a_submission_in_the_private_network_is_refused() -> None:
    with canaries() as birds:
        answer = visit(birds.tcp, guard=Guard())
        assert answer.failure is Outcome.FORBIDDEN_ADDRESS
        assert birds.connections == 0


def test_a_websocket_of_the_deployments_own_is_let_through() -> None:
    heard: list[bytes] = []
    html = b"<input><script>new WebSocket(location.href.replace('http', 'ws') + 'own')</script>"

    def listen(connection: socket.socket) -> None:
        heard.append(read_request(connection))
        connection.sendall(reply(html, "Content-Type: text/html", "Connection: close"))

    with raw_server(listen) as server:
        visit(server.url)
    assert any(head.startswith(b"GET /own HTTP/1.1") for head in heard)


@pytest.mark.parametrize(
    "script",
    [
        "while (true) {}",
        "while (true) alert(1)",
        "box.oninput = () => { for (;;) { history.pushState(0, '', '#' + Math.random()) } }",
        "onbeforeunload = () => 'stay'; box.oninput = () => { while (true) {} }",
    ],
)
def test_an_endless_script_ends_at_the_deadline(script: str) -> None:
    with serve(pages(f"<input id=box><script>{script}</script>")) as url:
        started = time.monotonic()
        answer = visit(url, SUM, seconds=3)
        took = time.monotonic() - started
    assert answer.failure is Outcome.TOO_SLOW
    assert took < 25  # the deadline, what the picture and the tab's end may take, and a slow start
    assert visit_page(ANSWERING, SUM).text == "3"


def test_an_endless_address_is_cut() -> None:
    answer = visit_page("<input><script>location.search ||= 'x'.repeat(1e6)</script>")
    assert len(answer.final_url) <= LINE_CAP


def test_a_page_that_reloads_itself_for_ever_answers_nothing() -> None:
    script = "setInterval(() => { location.reload() }, 1)"
    answer = visit_page(f"<input id=box><script>{script}</script>", SUM, seconds=3)
    assert answer.text == ""


def test_a_page_that_never_ends_loading_ends_at_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<input>")
        while connection.send(b"<p>more</p>"):
            time.sleep(0.05)

    with raw_server(drip) as server:
        assert visit(server.url, SUM, seconds=2).failure is Outcome.TOO_SLOW


def test_an_image_that_never_comes_does_not_keep_the_page_from_answering() -> None:
    app = pages(f"<img src=/never>{ANSWERING}")
    left = threading.Event()

    @app.get("/never")
    def never() -> str:
        left.wait(30)
        return ""

    with serve(app) as url:
        answer = visit(url, SUM)
        left.set()
    assert answer.text == "3"


def test_dialogs_pop_ups_and_downloads_do_no_harm() -> None:
    app = pages(
        f"""<a id=file href=/file download>file</a>{ANSWERING}<script>
        box.addEventListener("input", () => {{
          for (let i = 0; i < 20; i++) open("/popup", "", "noopener");
          alert("1"); confirm("2"); prompt("3"); print();
          file.click();
        }});
        </script>"""
    )
    app.add_url_rule("/popup", "popup", lambda: "<script>while (true) {}</script>")

    @app.get("/file")
    def file() -> Response:
        return Response("x" * 100, headers={"Content-Disposition": "attachment"})

    with serve(app) as url:
        answer = visit(url, SUM)
    assert (answer.failure, answer.text) == (None, "3")


def test_a_link_to_a_file_is_no_page() -> None:
    app = Flask("file")
    disposition = {"Content-Disposition": "attachment; filename=a.zip"}
    app.add_url_rule("/", "index", lambda: Response("PK", headers=disposition))
    with serve(app) as url:
        answer = visit(url)
    assert answer.failure is Outcome.UNREACHABLE
    assert "downloads a file" in answer.detail


def test_nothing_is_permitted() -> None:
    html = """<input><output id=out></output><script>
      const names = ["geolocation", "notifications", "camera", "microphone", "clipboard-read"];
      Promise.all(names.map((name) => navigator.permissions.query({ name })))
        .then((all) => { out.textContent = all.map(({ state }) => state).join(" ") });
      navigator.serviceWorker?.register("/service-worker.js");
    </script>"""
    answer = visit_page(html)
    assert "granted" not in answer.text
    assert "denied denied denied denied denied" in answer.text


def test_two_visits_share_no_storage() -> None:
    html = """<input><output id=out></output><script>
      out.textContent = "seen " + document.cookie + localStorage.getItem("mark");
      document.cookie = "mark=1; max-age=9999"; localStorage.setItem("mark", "1");
    </script>"""
    with serve(pages(html)) as url:
        assert "seen null" in visit(url).text
        assert "seen null" in visit(url).text


def test_a_page_that_loads_without_end_is_too_large() -> None:
    app = pages(f"{ANSWERING}<script src=/much></script>")
    app.add_url_rule("/much", "much", lambda: "//" + "x" * (BYTE_CAP + 1))
    with serve(app) as url:
        answer = visit(url, SUM)
    assert answer.failure is Outcome.TOO_LARGE


@pytest.mark.parametrize("where", ["self", "worker"])
def test_a_page_that_hoards_memory_loses_its_tab_alone(where: str) -> None:
    hoard = "const hoard = []; for (;;) hoard.push(new Uint8Array(2e7).fill(1))"
    work = f"new Worker(URL.createObjectURL(new Blob(['{hoard}'])))"
    script = "for (const s = []; ; s.push({ s: 'x'.repeat(99) + s.length }));"
    if where == "worker":
        script = work + ";" + work
    answer = visit_page(f"<input><script>{script}</script>", SUM, seconds=8)
    assert answer.text == ""
    assert visit_page(ANSWERING, SUM).text == "3"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a running process")
def test_every_process_of_the_browser_is_bounded() -> None:
    assert visit_page(ANSWERING, SUM).text == "3"
    (main,) = filter(_is_the_probes, psutil.Process().children(recursive=True))
    browsers = [main, *filter(_is_alive, main.children(recursive=True))]
    assert len(browsers) > 1
    for each in browsers:
        limits = Path(f"/proc/{each.pid}/limits").read_text().splitlines()
        (data,) = [line for line in limits if line.startswith("Max data size")]
        bound = int(data.split()[3])
        assert bound == TAB_BYTES if "--type=renderer" in each.cmdline() else bound <= BROWSER_BYTES


def test_what_playwright_turns_off_stays_off() -> None:
    assert visit_page(ANSWERING, SUM).text == "3"
    (main,) = filter(_is_the_probes, psutil.Process().children(recursive=True))
    option = "--disable-features="
    playwrights, ours = (
        set(word.removeprefix(option).split(","))
        for word in main.cmdline()
        if word.startswith(option)
    )
    assert playwrights <= ours


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def _is_the_probes(process: psutil.Process) -> bool:
    """Whether it is the probe's own browser: other tests may have one that uses no proxy."""
    with contextlib.suppress(psutil.Error):
        words = process.cmdline()
        return any("<-loopback>" in word for word in words) and not any(
            word.startswith("--type=") for word in words
        )
    return False


def test_a_browser_that_died_is_started_again() -> None:
    assert visit_page(ANSWERING, SUM).text == "3"

    async def kill(engine: "Engine") -> None:
        session = await engine.browser.new_browser_cdp_session()
        with contextlib.suppress(playwright.Error):
            await session.send("Browser.crash")

    browser_thread().submit(kill).result(timeout=30)
    assert visit_page(ANSWERING, SUM).text == "3"


def test_a_lost_driver_is_started_again_and_not_held_against_the_page() -> None:
    assert visit_page(ANSWERING, SUM).text == "3"
    (browser,) = filter(_is_the_probes, psutil.Process().children(recursive=True))
    driver = browser.parent()
    assert driver is not None

    def lose_driver() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):  # the second visit comes here too
            driver.kill()

    with serve(pages(f"{ANSWERING}<script src=/held></script>", lose_driver)) as url:
        assert visit(url, SUM).text == "3"
    assert not driver.is_running()
    assert visit_page(ANSWERING, SUM).text == "3"


def test_the_bypass_secret_is_never_sent_along_a_redirect() -> None:
    asked: dict[str, str | None] = {}

    def noted(answer: str | Response) -> Callable[[], str | Response]:
        def view() -> str | Response:
            asked[request.path] = request.headers.get(BYPASS_HEADER)
            return answer

        return view

    home, other = Flask("home"), Flask("other")
    ways = ("image", "script", "fetch", "frame")
    with serve(home) as url, serve(other) as elsewhere:
        for way in ways:
            home.add_url_rule(f"/{way}", way, noted(leading_to(f"{elsewhere}/other-{way}")))
            other.add_url_rule(f"/other-{way}", way, noted(""))
        page = (
            "<input><img src=/image><script src=/script></script><iframe src=/frame></iframe>"
            "<script>fetch('/fetch', {mode: 'no-cors'})</script>"
        )
        home.add_url_rule("/", "index", noted(leading_to("/page")))
        home.add_url_rule("/page", "page", noted(page))
        answer = visit(url, guard=OpenGuard(Origin.of(url)), secret="s3cret")
    assert answer.failure is None
    inside = {"/", "/page", *(f"/{way}" for way in ways)}
    assert asked == dict.fromkeys(inside, "s3cret") | {f"/other-{way}": None for way in ways}


UPLOADS = """<input><script>
  const blob = new Blob([new Uint8Array(2e7)]);
  for (let i = 0; i < 100; i++) fetch("/", { method: "POST", body: blob });
</script>"""


def test_a_page_that_uploads_without_end_takes_nobody_down() -> None:
    with ThreadPoolExecutor(1) as other:
        uploading = other.submit(visit_page, UPLOADS, SUM, 8)
        meanwhile = visit_page(ANSWERING, SUM)
        assert (meanwhile.failure, meanwhile.detail, meanwhile.text) == (None, "", "3")
        ended = uploading.result()
        assert ended.failure is Outcome.TOO_LARGE, (ended.failure, ended.detail)


def test_with_a_secret_what_a_page_uploads_is_recited_and_still_ends() -> None:
    with serve(pages(UPLOADS)) as url:
        answer = visit(url, SUM, seconds=4, secret="s3cret")
        assert answer.failure in (Outcome.TOO_LARGE, Outcome.TOO_SLOW)
    assert visit_page(ANSWERING, SUM).text == "3"
