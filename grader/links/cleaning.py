"""Takes out what was copied or typed along with a link and is not part of it."""

import re

from grader.text.invisible import without_invisible

# Full-width forms are typed by East Asian keyboards, backslashes by habit on Windows.
_LOOKALIKES = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    0x3000: " ",
    0x3002: ".",
    0xFF61: ".",
    ord("\\"): "/",
}
# Keyboards of phones and word processors write two hyphens as one long dash.
_DASHES = str.maketrans(
    {"\u2014": "--", "\u2015": "--", **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63", "-")}
)
DASHES = "\u2010-\u2015\u2212\ufe63"
"""All of these in a class of a regular expression."""

_BLANK = re.compile(
    r"%(?:20|09|0a|0d|c2%a0|e2%80%(?:8[0-a]|a[89f])|e3%80%80)|&nbsp;|&#(?:32|160|x20|xa0);",
    re.IGNORECASE,
)
_NO_WIDTH = re.compile(
    r"%(?:e2%80%8[b-f]|e2%80%a[a-e]|e2%81%a[0-9]|ef%bb%bf|c2%ad)|&(?:#(?:8203|x200b)|ZeroWidthSpace|shy);",
    re.IGNORECASE,
)
# An encoded blank in a path may be on purpose. Before the path and at the end it never is.
_LINK = re.compile(r"((?:[^\s/?#]*?https?[:/]+)?[^\s/?#]*)(\S*)", re.IGNORECASE)
_AT_END = re.compile(rf"(?:{_BLANK.pattern})+$", re.IGNORECASE)


def clean(text: str) -> tuple[str, list[str]]:
    """Take out what is invisible or copied along, and say so."""
    notes = []
    visible = without_invisible(text, controls=True).strip()
    if visible != text.strip():
        notes.append("Took out invisible characters.")
    decoded = visible
    if "%" in visible or "&" in visible:
        decoded = _LINK.sub(_without_blanks, _NO_WIDTH.sub("", visible)).strip()
    if decoded != visible:
        notes.append("Took out blanks that were copied along.")
    plain = decoded.translate(_LOOKALIKES).strip()
    if plain != decoded:
        notes.append("Replaced full-width characters or backslashes by those that links use.")
    return plain, notes


def without_blanks_at_end(text: str) -> str:
    """The text without encoded blanks at its end."""
    return _AT_END.sub("", text)


def with_hyphens(authority: str) -> str:
    """A host whose dashes are hyphens."""
    return authority.translate(_DASHES)


def _without_blanks(link: re.Match[str]) -> str:
    return _BLANK.sub(" ", link[1]) + _AT_END.sub(" ", link[2])
