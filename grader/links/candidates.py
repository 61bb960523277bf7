"""The words of what a student handed in, and which of them may be a link."""

import re
from collections.abc import Iterator
from itertools import takewhile

from grader.links.cleaning import DASHES, clean, without_blanks_at_end
from grader.links.hosts import LinkError
from grader.links.sites import PLATFORMS, platform_above
from grader.links.wrappers import unwrap
from grader.text.hosts import is_own_machine

# Between the text and the target of a Markdown link, and between glued links, there is no space.
_SEPARATOR = re.compile(r"""[\s<>"“”«»`|]+|\]\(|[,;](?=https?[:/])""", re.IGNORECASE)
_REST_OF_HOST = re.compile(r"[\w-]*(?:\.[\w-]+)+")
_AFTER_LINKS = ".,;:!?'*…\u2013\u2014"
_PAIRS = {")": "(", "]": "[", "}": "{"}
WEB = re.compile(r"(?:[^/?#]*[^a-z0-9/?#])?(https?)([:/]+)", re.IGNORECASE)
NOT_WEB = re.compile(
    r"(?!https?:)(?:[a-z][a-z0-9+.-]*://|[a-z]:/|git@"
    r"|(?:javascript|data|file|ftps?|mailto|ssh|blob|about):)",
    re.IGNORECASE,
)
BARE = re.compile(
    rf"(?:(?:[\w{DASHES}-]+\.)+(?:xn--[\w-]+|[^\W\d_]{{2,}})|localhost|[0-9]+(?:\.[0-9]+){{3}})"
    r"(?::[0-9]*)?(?:[/?#].*)?",
    re.IGNORECASE,
)


def words_of(text: str) -> list[str]:
    """The words, without the punctuation around them."""
    return [word for piece in _SEPARATOR.split(text) if (word := trim(piece))]


def is_marked(word: str) -> bool:
    """Whether a word begins like a link, even like one that cannot be used."""
    return bool(NOT_WEB.match(word) or WEB.match(word))


def broken(words: list[str]) -> Iterator[tuple[int, str]]:
    """Find addresses that blanks have split: the index of the first word, and the address."""
    for at, word in enumerate(words):
        try:
            address = unwrapped(word)[0]
        except LinkError:
            continue
        if (rest := without_scheme(address)) == word:
            continue
        following = list(takewhile(lambda other: not is_marked(other), words[at + 1 :]))
        if (many := _words_behind(rest, following)) is not None:
            yield at, " ".join((address, *following[:many]))


def _words_behind(rest: str, following: list[str]) -> int | None:
    """How many more words belong to an address that begins with `rest`; None if it has no blank."""
    host = split_at(rest, "/?#")[0].lower()
    name = host.rpartition("@")[2].partition(":")[0]
    if not name or name.startswith("[") or is_own_machine(name):
        return None
    if "." not in name:  # https://my app.vercel.app
        ends = (many for many, end in enumerate(following, 1) if _ends_host(end))
        many = next(ends, 0)
    else:  # https://my-app .vercel.app
        is_split = host == rest.lower() and following and _is_one_host(host, following[0])
        many = 1 if is_split else 0
    # A wrapped link may hold the blank itself.
    return many if many or name.split() != [name] else None


def _ends_host(word: str) -> bool:
    return bool(_REST_OF_HOST.fullmatch(split_at(word, ":/?#")[0]))


def _is_one_host(host: str, word: str) -> bool:
    """Whether two words together are a host on a platform, and neither is one alone."""
    rest = split_at(word, ":/?#")[0].lower()
    joined = _on_platform(host + rest) or _on_platform(f"{host}.{rest}")
    return joined and not _on_platform(host) and not _on_platform(rest)


def _on_platform(host: str) -> bool:
    return host in PLATFORMS or platform_above(host) != ""


def trim(piece: str) -> str:
    """A link without the punctuation around it."""
    return trim_end(piece.lstrip("'([{*\u2013\u2014"))


def trim_end(piece: str) -> str:
    """A link without punctuation and encoded blanks at its end; brackets that it opens stay."""
    while piece:
        opening = _PAIRS.get(piece[-1])
        unpaired = opening is not None and piece.count(opening) < piece.count(piece[-1])
        if unpaired or piece[-1] in _AFTER_LINKS:
            piece = piece[:-1]
        elif (shorter := without_blanks_at_end(piece)) != piece:
            piece = shorter
        else:
            break
    return piece


def unwrapped(word: str) -> tuple[str, list[str]]:
    """Take off what mail and chat programs have put around a link, one after the other."""
    notes = []
    while found := unwrap(without_scheme(word)):
        inside, whose = found
        notes.append(f"Took the link out of what {whose} had put around it.")
        word = trim(clean(inside)[0])
    return word, notes


def without_scheme(word: str) -> str:
    """Drop http:// or https:// and all that stands before it, as often as it is there."""
    while web := WEB.match(word):
        word = word[web.end() :]
    return word


def split_at(text: str, stops: str) -> tuple[str, str]:
    """The text before the first of these characters, and the rest."""
    at = min((index for stop in stops if (index := text.find(stop)) >= 0), default=len(text))
    return text[:at], text[at:]
