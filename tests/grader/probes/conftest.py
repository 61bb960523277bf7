from collections.abc import Iterator

import pytest

from grader.probes import browser
from grader.probes.browser_thread import BrowserThread
from tests.components import require


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserThread]:
    """A browser of the module's own. More visits than in a run go on at once: they mostly wait."""
    pytest.importorskip("playwright")
    require("chromium")
    thread = BrowserThread(at_once=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(browser, "browser_thread", lambda: thread)
        yield thread
    thread.close()
