"""What the markup of a page says: Beautiful Soup over lxml.

The standard library's own parser needs minutes for markup that was made to hurt it.
"""

import itertools
from dataclasses import dataclass
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

from grader.probes.answers import LIVE_REGIONS, LOGIN_FIELDS, MOST_REGIONS, TEXT_CAP, PageText
from grader.probes.urls import WEB_SCHEMES, address_from

_TEXT_BOXES = (
    "textarea, [role=textbox], [role=searchbox], [contenteditable=true], "
    "input:not([type]), input[type=''], input[type=text i], input[type=search i]"
)
_BOXES = 20  # as many as are looked at, each with the form around it


@dataclass(frozen=True, slots=True)
class Markup:
    """What there is on a page.

    Attributes:
        has_box: whether there is a box to ask in.
        box_name: under which name its form sends what is typed into it; empty where under none.
        action: where that form sends it, in the address; None where not so.
        has_login: whether the page asks for a password or a user name.
        is_drawn_by_script: whether there is a script, and no text but what is for browsers without
            one.
        text: what a person reads.
    """

    has_box: bool
    box_name: str
    action: str | None
    has_login: bool
    is_drawn_by_script: bool
    text: PageText


def read_markup(html: str, url: str) -> Markup:
    """What there is on the page at `url`; may take seconds, so never in the event loop."""
    soup = BeautifulSoup(html, "lxml")
    box = _text_box(soup)
    form = box.find_parent("form") if box is not None else None
    read = Markup(
        has_box=box is not None,
        box_name=str(box.get("name") or "") if box is not None else "",
        action=_action(form, url) if form is not None else None,
        has_login=soup.select_one(LOGIN_FIELDS) is not None,
        is_drawn_by_script=_is_drawn_by_script(soup),
        text=_page_text(soup),
    )
    # Elements that know each other would wait for the garbage collector, and that in any thread.
    soup.decompose()
    return read


def _action(form: Tag, url: str) -> str | None:
    """Where a form on the page at `url` sends its fields in the address; None where nowhere.

    A form whose method is unknown does so, too.
    """
    if str(form.get("method") or "").strip().lower() in ("post", "dialog"):
        return None
    action = address_from(url, str(form.get("action") or ""))
    # "javascript:void(0)" stands where the form's onsubmit does the work.
    return action if action is not None and urlsplit(action).scheme in WEB_SCHEMES else None


def _text_box(soup: BeautifulSoup) -> Tag | None:
    """The first box to ask in: none of a form that lets people in.

    Where no form tells, the box right before a password is the user's name.
    """
    found = soup.select(f"{_TEXT_BOXES}, {LOGIN_FIELDS}", limit=_BOXES)
    fields = [(box, box.find_parent("form"), box.css.match(LOGIN_FIELDS)) for box in found]
    logins = {id(form) for _, form, login in fields if login and form is not None}
    for (box, form, login), after in itertools.zip_longest(fields, fields[1:]):
        is_users = after is not None and after[1] is None and after[2]
        if form is not None:
            is_users = id(form) in logins
        if not (login or is_users or box.has_attr("disabled")):
            return box
    return None


def _is_drawn_by_script(soup: BeautifulSoup) -> bool:
    without = soup.find_all("noscript", limit=_BOXES)
    told = sum(len(list(each.stripped_strings)) for each in without)
    shown = len(list((soup.body or soup).stripped_strings))
    return soup.find("script") is not None and shown <= told


def _page_text(soup: BeautifulSoup) -> PageText:
    found = soup.select(LIVE_REGIONS, limit=MOST_REGIONS)
    regions = [region.get_text(" ", strip=True)[:TEXT_CAP] for region in found]
    return PageText(regions, list(soup.stripped_strings))
