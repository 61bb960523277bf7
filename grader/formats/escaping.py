"""Making the text of strangers harmless for the place where it is shown."""

import re
import unicodedata
from functools import lru_cache
from unicodedata import category
from urllib.parse import quote, urlsplit

from grader.model import ProbeKind
from grader.text.cutting import cut

# What runs as a formula when a spreadsheet opens a cell that begins with it.
_FORMULA_STARTS = frozenset("=+-@\t\r\n")

# What is special inside double quotes for sh, PowerShell or cmd. PowerShell takes the typographic
# quotation marks for plain ones.
_UNQUOTABLE = re.compile(r'["$`\\!\u201c\u201d\u201e]')

_JOINED = {"Mn", "Mc", "So", "Sk"}
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# A link as nearly all are written: read without taking it apart.
_PLAIN_LINK = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#][!-~]*)?")


def visible(text: str, *, lines: bool = False) -> str:
    r"""Write every character that would steer a terminal or reorder a line in escaped form.

    These are the Unicode categories Cc and Cf, lone surrogates, and line and paragraph separators,
    as ``\n``, ``\x1b`` or ``\u202e``; `lines` keeps newlines and tabs. Joiners stay between two
    characters of Persian, Indic scripts and emoji, which are spelled with them. Applying it twice
    changes nothing more.
    """
    if text.isprintable():
        return text
    kept = "\n\t" if lines else ""
    return "".join(
        char if char in kept or _joins(text, at) else _visible_char(char)
        for at, char in enumerate(text)
    )


def _joins(text: str, at: int) -> bool:
    if text[at] not in _JOINERS or not 0 < at < len(text) - 1:
        return False
    before, after = text[at - 1], text[at + 1]
    # Arabic letters, marks such as a virama, and what emoji are made of; Latin letters never are.
    is_joined = unicodedata.bidirectional(before) == "AL" or category(before) in _JOINED
    return is_joined and category(after) in {"Lo", "So"}


def _visible_char(char: str) -> str:
    if category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return char
    named = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}.get(char)
    if named:
        return named
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def one_line(text: str, limit: int) -> str:
    """Show the beginning of a text on one line of at most `limit` characters."""
    if len(text) <= limit and text.isprintable():
        return text
    # Cut first, since a reply may be long; and again, since escapes are longer than what they show.
    return cut(visible(cut(text, limit)), limit)


def csv_cell(text: str) -> str:
    """Keep a text from running as a formula in a spreadsheet, or steering a terminal.

    An apostrophe is put before what begins with = + - @, their full-width forms, a tab or a line
    break. Source: OWASP, "CSV Injection".
    """
    start = unicodedata.normalize("NFKC", text[:1])[:1]
    return ("'" if start in _FORMULA_STARTS else "") + visible(text)


def xml_text(text: str) -> str:
    """Drop the characters that XML 1.0 (production 2, "Char") does not allow even as references."""
    return _NOT_IN_XML.sub("", text)


def markdown_text(text: str) -> str:
    """Write a text so that Markdown and HTML show it as it is, on one line.

    Every ASCII character but letters, digits and spaces becomes a character reference, which can
    be neither markup nor the start of a link.
    """
    return "".join(
        char if char.isalnum() or char == " " or not char.isascii() else f"&#{ord(char)};"
        for char in visible(text)
    )


def link(url: str) -> str:
    """Give an http or https URL back if it is safe to click, else an empty text."""
    if _PLAIN_LINK.fullmatch(url):
        return url
    if not url.isprintable() or " " in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""


def ask_command(url: str, query: str, probe: ProbeKind = ProbeKind.API) -> str:
    """Write the `grader ask` line that repeats a query; empty if no line is safe everywhere.

    People copy the line, and must not run what a stranger wrote. Double quotes protect most
    characters in sh, PowerShell and cmd. The others are percent-encoded in the URL, and a query
    that holds one gets no line.
    """
    shown = visible(query)
    if _UNQUOTABLE.search(shown):
        return ""
    through = "" if probe is ProbeKind.API else f"--probe {probe} "
    # A query that begins with a dash would be taken for an option.
    end_of_options = "-- " if query.startswith("-") else ""
    return f'grader ask {through}"{_address(url)}" {end_of_options}"{shown}"'


@lru_cache(256)
def _address(url: str) -> str:
    return quote(visible(url), safe=":/?#[]@&'()*+,;=%~")
