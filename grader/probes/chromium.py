"""A Chromium behind the vetting proxy: found, started, watched over, ended."""

import asyncio
import contextlib
import os
import shutil
import signal
from pathlib import Path

from playwright.async_api import Browser, Error, Playwright, async_playwright

from grader.probes import playwright_words
from grader.probes.browser_thread import BrowserError
from grader.probes.http import USER_AGENT
from grader.probes.memory import BROWSER_BYTES, bound_memory, tabs_bounded
from grader.probes.proxy import VettingProxy

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
OFF = (
    # The pop-up of an address bar that nobody sees: half of the processor's time of a visit.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    # Chromium obeys the last such list alone, so what Playwright turns off is in it, too.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding"),
    *("ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints"),
    *("NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch", "TcpPortRandomizationWin"),
    *("msForceBrowserSignIn", "msEdgeUpdateLaunchServicesPreferredVersion"),
)
"""Features of Chromium that no visit needs."""

_FLAGS = (
    f"--disable-features={','.join(OFF)}",
    # Nothing goes around the proxy: no QUIC, no WebRTC of its own, no names looked up.
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--dns-prefetch-disable",
    # The browser asks nothing on its own account.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    # It tells nobody about the forms that it sees: no browser connects to this port.
    "--autofill-server-url=http://127.0.0.1:1/",
    "--no-pings",
    "--no-first-run",
    # A page that hoards memory crashes its own tab. One process serves a whole visit, so that the
    # bound holds for a page with a hundred frames, too. Two visits share no process.
    "--js-flags=--max-old-space-size=256",
    "--disable-site-isolation-trials",
    "--renderer-process-limit=4",
)


class Engine:
    """A Chromium and the proxy of all its traffic. While it is `alive`, visits may go on."""

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
            BrowserError: if there is no Chromium, or it does not start.
        """
        proxy = VettingProxy()
        await proxy.start()
        try:
            playwright = await async_playwright().start()
        except Exception as error:  # Playwright has no type of its own for this
            proxy.close()
            raise BrowserError(f"Playwright did not start: {error}") from error
        try:
            with tabs_bounded():
                engine = cls(playwright, proxy, await _launch(playwright, proxy.url))
            await engine._look_up_process()
        except BaseException as error:
            proxy.close()
            await playwright.stop()
            if isinstance(error, Error):
                raise BrowserError(f"the browser failed: {error.message[:200]}") from error
            raise
        return engine

    async def _look_up_process(self) -> None:
        """Find out what the browser calls itself and which process it is; bound its memory."""
        session = await self.browser.new_browser_cdp_session()
        version = await session.send("Browser.getVersion")
        self.user_agent = f"{version['userAgent']} {USER_AGENT}"
        processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        self._process = next(each["id"] for each in processes if each["type"] == "browser")
        bound_memory(self._process, BROWSER_BYTES)

    async def answers(self) -> bool:
        """Ask whether visits may go on: nothing tells when Playwright's driver has ended."""
        if self.alive:
            try:
                async with asyncio.timeout(_ANSWERING_SECONDS):
                    session = await self.browser.new_browser_cdp_session()
                    await session.detach()
            except (Error, TimeoutError):
                self.kill()
        return self.alive

    def kill(self) -> None:
        """End at once a browser that a page keeps busy for ever. Its other visits are lost."""
        self.alive = False
        if self._process is not None:
            with contextlib.suppress(OSError):
                os.kill(self._process, getattr(signal, "SIGKILL", signal.SIGTERM))

    async def close(self) -> None:
        """End both. Playwright's driver takes the browser with it."""
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
        raise BrowserError("no Chromium was found. Run: python -m playwright install chromium")
    try:
        return await playwright.chromium.launch(
            executable_path=program,
            args=_FLAGS,
            # Playwright's own flag lets pages open as many windows as they like.
            ignore_default_args=["--disable-popup-blocking"],
            # The sandbox does not start as root, and Windows knows no root.
            chromium_sandbox=getattr(os, "geteuid", lambda: 1)() != 0,
            # For what no visit asks for: nobody is served there.
            proxy={"server": proxy, "bypass": "<-loopback>"},
        )
    except Error as error:
        raise BrowserError(
            f"{program} did not start: {playwright_words.of_chromium(error)}. What it lacks may "
            "come with: python -m playwright install --with-deps chromium"
        ) from error


def find_chromium(playwrights_own: str) -> Path | None:
    """Playwright's own Chromium, which fits its version; else the system's."""
    found = filter(None, map(shutil.which, (playwrights_own, *_NAMES)))
    return next(map(Path, found), None)
