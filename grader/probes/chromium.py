"""The one Chromium of this process: found, started behind the vetting proxy, restarted, closed.

Playwright's objects belong to the loop that made them, so a thread of its own owns the loop, the
proxy and the browser; probes hand their visits to it.
"""

import asyncio
import atexit
import contextlib
import functools
import itertools
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Lock, Thread, get_native_id
from typing import Any, TypeVar

from playwright.async_api import Browser, Error, Playwright, async_playwright

from grader.probes.http import USER_AGENT
from grader.probes.places import Places
from grader.probes.proxy import VettingProxy

VISITS_AT_ONCE = 2
# What a page may hoard in its tab's process, and with others in the browser's own, which keeps
# blobs of 2 GiB at most for all of them.
TAB_BYTES = 1024 * 1024 * 1024
BROWSER_BYTES = 4 * TAB_BYTES
_ANSWERING_SECONDS = 10.0
_CLOSING_SECONDS = 10.0
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)
_FLAGS = (
    # Nothing goes around the proxy: no QUIC, no WebRTC of its own, no names looked up.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--dns-prefetch-disable",
    # Nothing on the browser's own account.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    # Forms are nobody else's business: a port that no browser goes to.
    "--autofill-server-url=http://127.0.0.1:1/",
    "--no-pings",
    "--no-first-run",
    # A page that hoards memory crashes its own tab. One process for a whole visit keeps the
    # bound when it opens a hundred frames; visits share none.
    "--js-flags=--max-old-space-size=256",
    "--disable-site-isolation-trials",
    "--renderer-process-limit=4",
)

Result = TypeVar("Result")
_making = Lock()


class BrowserUnavailableError(Exception):
    """There is no browser here, or it does not start; says how to get one."""


class Engine:
    """A running Chromium and the proxy that all of its traffic goes through.

    Attributes:
        user_agent: Chromium's own, with the grader's name and documentation.
        alive: whether visits may go on.
    """

    def __init__(self, playwright: Playwright, proxy: VettingProxy, browser: Browser) -> None:
        self.proxy = proxy
        self.browser = browser
        self.user_agent = USER_AGENT
        self.alive = True
        self._playwright = playwright
        self._process: int | None = None
        browser.on("disconnected", self._died)

    @classmethod
    async def start(cls) -> "Engine":
        """Start both.

        Raises:
            BrowserUnavailableError: if there is no Chromium, or it does not start.
        """
        proxy = VettingProxy()
        await proxy.start()
        try:
            playwright = await async_playwright().start()
        except Exception as error:  # it has no type of its own for this
            proxy.close()
            raise BrowserUnavailableError(f"Playwright did not start: {error}") from error
        try:
            with _bounded_memory():
                engine = cls(playwright, proxy, await _launch(playwright, proxy.url))
            session = await engine.browser.new_browser_cdp_session()
            version = await session.send("Browser.getVersion")
            engine.user_agent = f"{version['userAgent']} {USER_AGENT}"
            processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
            engine._process = next(each["id"] for each in processes if each["type"] == "browser")
            _bound_memory(engine._process, BROWSER_BYTES)
        except BaseException:
            proxy.close()
            await playwright.stop()
            raise
        return engine

    async def answers(self) -> bool:
        """Ask whether visits may go on: the end of the driver is told by nothing else."""
        if self.alive:
            try:
                async with asyncio.timeout(_ANSWERING_SECONDS):
                    session = await self.browser.new_browser_cdp_session()
                    await session.detach()
            except (Error, TimeoutError):
                self.kill()
        return self.alive

    def kill(self) -> None:
        """End a browser that a page has driven mad, at once; its other visits are lost."""
        self.alive = False
        if self._process is not None:
            with contextlib.suppress(OSError):
                os.kill(self._process, getattr(signal, "SIGKILL", signal.SIGTERM))

    async def close(self) -> None:
        """End both; Playwright's driver takes the browser with it."""
        self.alive = False
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self.browser.close()
                await self._playwright.stop()
        self.proxy.close()

    def _died(self, _browser: Browser) -> None:
        self.alive = False


async def _launch(playwright: Playwright, proxy: str) -> Browser:
    program = find_chromium(playwright.chromium.executable_path)
    if program is None:
        raise BrowserUnavailableError(
            "no Chromium was found. Run: python -m playwright install chromium"
        )
    try:
        return await playwright.chromium.launch(
            executable_path=program,
            args=_FLAGS,
            # Playwright lets pages open as many windows as they like.
            ignore_default_args=["--disable-popup-blocking"],
            chromium_sandbox=not _is_root(),
            # What no visit asks for is refused.
            proxy={"server": proxy, "bypass": "<-loopback>"},
        )
    except Error as error:
        raise BrowserUnavailableError(
            f"{program} did not start: {_own_words(error.message)}. What it lacks may come with: "
            "python -m playwright install --with-deps chromium"
        ) from error


def _own_words(message: str) -> str:
    """What Chromium itself said at its end, where Playwright's message has it; one line."""
    lines = message.strip().splitlines()
    own = [said for line in lines if (said := line.partition("[err] ")[2])]
    telling = [each for each in own if "shared libraries" in each or "sandbox" in each]
    return (*telling, *own, lines[0])[0][:200]


class BrowserThread:
    """Runs visits in a browser, a few at once; the browser starts with the first one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A visit that was cancelled leaves answers behind that nobody waits for any more.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._places = Places(VISITS_AT_ONCE)
        self._turns = itertools.count(1)
        self._starting = asyncio.Lock()
        self._repeating = asyncio.Lock()
        self._engine: Engine | None = None
        self._thread = Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._thread.start()

    def turn(self) -> int:
        """A turn for all visits of one deployment, after those that were given before."""
        return next(self._turns)

    def submit(
        self, visit: Callable[[Engine], Coroutine[Any, Any, Result]], turn: int = 0
    ) -> Future[Result]:
        """Run `visit` as soon as there is a place for its turn: the lowest goes first.

        A visit that ends in Playwright's Error because the browser or its driver died is run once
        more, while no other is under way: whatever took the browser down takes nobody else along.
        """
        return asyncio.run_coroutine_threadsafe(self._run(visit, turn), self._loop)

    def start(self) -> Future[Engine]:
        """Start the browser now, for the visits that come.

        The future raises BrowserUnavailableError where there is none that starts.
        """
        return asyncio.run_coroutine_threadsafe(self._started(), self._loop)

    def close(self) -> None:
        """End the browser and the thread."""
        asyncio.run_coroutine_threadsafe(self._discard(), self._loop).result(3 * _CLOSING_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _run(
        self, visit: Callable[[Engine], Coroutine[Any, Any, Result]], turn: int
    ) -> Result:
        async with self._places.one(turn):
            engine = await self._started()
            try:
                return await visit(engine)
            except Error:
                if await engine.answers():
                    raise
        async with self._alone():
            return await visit(await self._started())

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as places:
            # One at a time: two that wait for each other's places would do so for ever.
            await places.enter_async_context(self._repeating)
            for _ in range(VISITS_AT_ONCE):
                await places.enter_async_context(self._places.one(turn=0))
            yield

    async def _started(self) -> Engine:
        async with self._starting:
            if self._engine is not None and not self._engine.alive:
                await self._discard()
            if self._engine is None:
                self._engine = await Engine.start()
            return self._engine

    async def _discard(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()


def browser_thread() -> BrowserThread:
    """The one of this process, made when it is first asked for."""
    with _making:  # a cache alone would make one for each thread that asks at the same moment
        return _browser_thread(os.getpid())


@functools.cache
def _browser_thread(_process: int) -> BrowserThread:
    # A forked process inherits the object but not the thread, hence one for each process id.
    thread = BrowserThread()
    atexit.register(thread.close)
    return thread


def find_chromium(playwrights_own: str) -> Path | None:
    """Playwright's own Chromium, which fits its version, or else the system's."""
    found = filter(None, map(shutil.which, (playwrights_own, *_NAMES)))
    return next(map(Path, found), None)


@contextlib.contextmanager
def _bounded_memory() -> Iterator[None]:
    """Bound what each process may hoard of a browser that is launched meanwhile.

    The engine's own bound on scripts leaves buffers, workers and markup out. In a browser that
    runs, a process just being made would be missed; so it inherits the limit of Playwright's
    driver, a child of this thread.
    """
    task = Path(f"/proc/self/task/{get_native_id()}")
    children = [listed.read_text().split() for listed in task.glob("children")]
    before = [(int(pid), _bound_memory(int(pid), TAB_BYTES)) for pids in children for pid in pids]
    yield
    for driver, bound in before:
        _bound_memory(driver, bound)


def _bound_memory(process: int, bound: int) -> int:
    """Bound what a running process may hoard, which Linux alone can; the bound until now."""
    if sys.platform != "linux":
        return bound
    from resource import RLIM_INFINITY, RLIMIT_DATA, prlimit

    before, most = prlimit(process, RLIMIT_DATA)
    prlimit(process, RLIMIT_DATA, (bound if most == RLIM_INFINITY else min(bound, most), most))
    return before


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
