"""Playwright's messages, read here and nowhere else.

For whatever goes wrong in the browser, Playwright raises one type, `Error`, which has no code.
"""

import re

from playwright.async_api import Error


def is_lost(error: Error) -> bool:
    """Whether the page is gone for good: its tab crashed, or the browser or its driver ended."""
    return "crashed" in error.message or "closed" in error.message


def is_interrupted(error: Error) -> bool:
    """Whether the page led on to another one before it was there itself."""
    return "interrupted by another navigation" in error.message


def is_download(error: Error) -> bool:
    """Whether a file came in place of a page."""
    return "Download is starting" in error.message


def network_error(error: Error) -> str:
    """Chromium's name for it, as "CONNECTION_REFUSED"; empty if the network is not to blame."""
    found = re.search(r"net::ERR_(\w+)", error.message)
    return found[1] if found else ""


def of_chromium(error: Error) -> str:
    """One line: what Chromium itself wrote before it ended, if the message has it."""
    lines = error.message.strip().splitlines()
    own = [said for line in lines if (said := line.partition("[err] ")[2])]
    telling = [each for each in own if "shared libraries" in each or "sandbox" in each]
    return (*telling, *own, lines[0])[0][:200]
