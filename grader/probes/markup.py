"""What the markup of a page says, read by lxml's parser tag by tag.

No tree is built. lxml's own takes time quadratic in an element's attributes, and Beautiful Soup's
makes garbage of 80,000 elements, whose collection stops every thread; the standard library's parser
needs minutes for markup that was made to hurt it.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree  # type: ignore[import-untyped]

from grader.probes.answers import MOST_REGIONS, TEXT_CAP, PageText
from grader.probes.urls import WEB_SCHEMES, address_from

_BOXES = 20  # as many as are looked at, each with the form around it
# What a browser does not show as text.
_UNSEEN = frozenset({"script", "style", "template"})
Attributes = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Markup:
    """What there is on a page.

    `box_name` is empty if the box to ask in has no name. `action` is the URL to which its form
    sends the fields as a query; None if it does not. A page that `is_drawn_by_script` has a script
    and no text but <noscript>.
    """

    has_box: bool
    box_name: str
    action: str | None
    has_login: bool
    is_drawn_by_script: bool
    text: PageText


def read_markup(html: str, url: str) -> Markup:
    """What there is on the page at `url`. Takes up to 0.3 s: never call it in the event loop."""
    reader = _Reader()
    parser = etree.HTMLParser(target=reader, encoding="utf-8", huge_tree=True)
    # The parser may end at a NUL, and fails if there is nothing to parse.
    parser.feed(html.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace") or b" ")
    parser.close()
    box = reader.text_box()
    form = box.form if box is not None else None
    return Markup(
        has_box=box is not None,
        box_name=box.attributes.get("name", "") if box is not None else "",
        action=_action(form, url) if form is not None else None,
        has_login=reader.has_login,
        is_drawn_by_script=reader.is_drawn_by_script(),
        text=reader.text(),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Box:
    """A box to type into, the form around it, and whether it asks for a name or password."""

    attributes: Attributes
    form: Attributes | None
    is_login: bool


@dataclass(slots=True)
class _Part:
    """An element: the page's pieces of text from `start` to before `end` are in it."""

    start: int
    end: int


class _Reader:
    """Takes what the parser finds. lxml calls its methods by their names."""

    def __init__(self) -> None:
        self.has_login = False
        self._has_script = False
        self._pieces: list[str] = []
        self._piece: list[str] = []
        self._open: list[_Part] = []
        self._forms: list[Attributes] = []
        self._unseen = 0
        self._boxes: list[_Box] = []
        self._regions: list[_Part] = []
        self._noscripts: list[_Part] = []
        self._body: _Part | None = None

    def start(self, tag: str, attributes: Attributes) -> None:
        self._end_piece()
        part = _Part(len(self._pieces), len(self._pieces))
        self._open.append(part)
        if tag == "form":
            self._forms.append(dict(attributes))
        if tag in _UNSEEN:
            self._unseen += 1
            self._has_script = self._has_script or tag == "script"
        if self._unseen:
            return
        if tag == "noscript":
            self._noscripts.append(part)
        elif tag == "body" and self._body is None:
            self._body = part
        is_login = tag == "input" and _is_login(attributes)
        self.has_login = self.has_login or is_login
        if len(self._boxes) < _BOXES and (is_login or _is_box(tag, attributes)):
            form = self._forms[-1] if self._forms else None
            self._boxes.append(_Box(dict(attributes), form, is_login))
        if len(self._regions) < MOST_REGIONS and _is_region(tag, attributes):
            self._regions.append(part)

    def end(self, tag: str) -> None:
        self._end_piece()
        part = self._open.pop()
        part.end = len(self._pieces)
        if tag in _UNSEEN:
            self._unseen -= 1
        elif tag == "form":
            self._forms.pop()

    def data(self, text: str) -> None:
        if not self._unseen:
            self._piece.append(text)

    def _end_piece(self, *_told: object) -> None:
        if self._piece:
            if piece := "".join(self._piece).strip():
                self._pieces.append(piece)
            self._piece.clear()

    comment = pi = doctype = close = _end_piece

    def text(self) -> PageText:
        return PageText([self._joined(region) for region in self._regions], self._pieces)

    def _joined(self, region: _Part) -> str:
        # Every piece has a letter: as many as the cap are enough.
        pieces = self._pieces[region.start : min(region.end, region.start + TEXT_CAP)]
        return " ".join(pieces)[:TEXT_CAP]

    def text_box(self) -> _Box | None:
        """The first box to ask in: one that belongs to no login."""
        for box, after in itertools.zip_longest(self._boxes, self._boxes[1:]):
            if not self._is_for_login(box, after) and "disabled" not in box.attributes:
                return box
        return None

    def _is_for_login(self, box: _Box, after: _Box | None) -> bool:
        """Whether a password or name is in its form; without a form, in it or right after it."""
        if box.form is not None:
            return any(other.is_login for other in self._boxes if other.form is box.form)
        return box.is_login or (after is not None and after.form is None and after.is_login)

    def is_drawn_by_script(self) -> bool:
        told = sum(part.end - part.start for part in self._noscripts[:_BOXES])
        shown = len(self._pieces) - (self._body.start if self._body is not None else 0)
        return self._has_script and shown <= told


def _is_login(attributes: Attributes) -> bool:
    """Whether an input is one of `LOGIN_FIELDS`."""
    return (
        attributes.get("type", "").lower() == "password"
        or "username" in attributes.get("autocomplete", "").lower().split()
    )


def _is_box(tag: str, attributes: Attributes) -> bool:
    return (
        (tag == "input" and attributes.get("type", "").lower() in ("", "text", "search"))
        or tag == "textarea"
        or attributes.get("role") in ("textbox", "searchbox")
        or attributes.get("contenteditable") == "true"
    )


def _is_region(tag: str, attributes: Attributes) -> bool:
    """Whether an element is one of `LIVE_REGIONS`."""
    return (
        tag == "output"
        or attributes.get("role") in ("status", "alert", "log")
        or attributes.get("aria-live") in ("polite", "assertive")
    )


def _action(form: Attributes, url: str) -> str | None:
    """The URL to which the form sends a query; None if it does not. An unknown method is GET."""
    if form.get("method", "").strip().lower() in ("post", "dialog"):
        return None
    action = address_from(url, form.get("action", ""))
    # "javascript:void(0)" is the action if the form's onsubmit does the work.
    return action if action is not None and urlsplit(action).scheme in WEB_SCHEMES else None
