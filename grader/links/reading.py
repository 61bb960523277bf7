"""Reads the link that a student handed in: repairs it if that is safe, else says what to do.

Source of what students hand in instead of their URL: the course activity (docs/architecture.md).
Nothing is asked of the network here; the address that a name resolves to is the probes' business.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from grader.links.candidates import (
    BARE,
    NOT_WEB,
    WEB,
    broken,
    is_marked,
    split_at,
    trim_end,
    unwrapped,
    words_of,
)
from grader.links.cleaning import clean, with_hyphens
from grader.links.hosts import DEPLOY, HAND_IN, LinkError, excerpt, read_authority, why_private
from grader.links.sites import platform_above, refuse_a_repository, refuse_another_site, without_www
from grader.model import State
from grader.text.hosts import DEFAULT_PORTS, leads_to_own_machine

MAX_LENGTH = 2048


@dataclass(frozen=True, slots=True)
class Link:
    """A link that can be asked, and notes for the student, one sentence each.

    The URL has http or https, a host, and perhaps a port and a path. It has no credentials, query,
    fragment or trailing slash.
    """

    url: str
    notes: tuple[str, ...] = ()


_HASHED = (
    "This seems to be Vercel's address of one single deployment, which never changes when you push "
    "and may ask for a login. Hand in the production domain, listed under Domains on the project's "
    "Overview, such as https://{project}.vercel.app."
)
_FROM_TEXT = "Took the link out of the text around it."
_PATH_SAFE = "/%:@!$&'()*+,;=~[]{}^"

_VERCEL_HASH = re.compile(
    r"(.+?)-(?=[a-z]*[0-9])(?=[0-9]*[a-z])[a-z0-9]{9}-[a-z0-9-]+\.vercel\.app"
)


def read_link(text: str, *, allow_private: bool = False) -> Link:
    """Find the one link in what a student handed in, and bring it into its plain form.

    With `allow_private`, localhost and private addresses can be asked.

    Raises:
        LinkError: there is no link, more than one, or none that leads to a deployed app.
    """
    if len(text.strip()) > MAX_LENGTH:
        raise LinkError(f"The link is longer than {MAX_LENGTH:,} characters.", HAND_IN)
    cleaned, notes = clean(text)
    if not cleaned:
        raise LinkError("Nothing was handed in.", HAND_IN)
    found, faults = _candidates(words_of(cleaned), allow_private)
    for url in [url for url in found if url.startswith("http://")]:
        secure = url.replace("http://", "https://", 1)
        if secure in found:
            del found[url]
            notes.append(f"Took {secure} of the two, since nobody else can read what https sends.")
    if len(found) > 1:
        raise LinkError(f"There are several links: {' and '.join(found)}.", "Hand in one of them.")
    for word, link in found.values():
        if word != cleaned:
            notes.append(_FROM_TEXT)
        notes.extend(link.notes)
        notes.extend(f"Left out {left}: {fault.message}" for left, fault in faults.items())
        return Link(link.url, tuple(dict.fromkeys(notes)))
    for fault in faults.values():
        raise fault
    raise LinkError(f'There is no link in "{excerpt(cleaned)}".', HAND_IN)


def _candidates(
    words: list[str], allow_private: bool
) -> tuple[dict[str, tuple[str, Link]], dict[str, LinkError]]:
    """The words that are links, by their URL; and what is wrong with others, by their text."""
    faults: dict[str, LinkError] = {}
    cut = dict(broken(words))
    for address in map(excerpt, cut.values()):
        faults[address] = LinkError(
            f'There is a blank in the address "{address}".', "Hand it in again, without the blank."
        )
    marked = [word for at, word in enumerate(words) if at not in cut and is_marked(word)]
    # What follows a blank in an address belongs to it. By itself it may be somebody else's.
    certain = words[: min(cut, default=len(words))]
    bare = [word for word in certain if not is_marked(word) and BARE.fullmatch(word)]
    # A word with a dot may be a link or a typing error. It counts if nothing else does, or if it
    # names another app than the one that was found.
    found = _usable(marked, allow_private, faults)
    found |= _other_apps(bare, found) if found else _usable(bare, allow_private, faults)
    return found, faults


def is_loopback(text: str) -> bool:
    """Whether what was handed in is a link to this very machine."""
    try:
        link = read_link(text, allow_private=True)
    except LinkError:
        return False
    return leads_to_own_machine(link.url)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _usable(
    words: list[str], allow_private: bool, faults: dict[str, LinkError]
) -> dict[str, tuple[str, Link]]:
    """Read words as links, by their URL. What is wrong with others is added to `faults`."""
    found: dict[str, tuple[str, Link]] = {}
    for word in words:
        try:
            link = _read(word, allow_private)
        except LinkError as fault:
            faults[excerpt(word)] = fault
        else:
            found.setdefault(link.url, (word, link))
    return found


def _other_apps(words: list[str], found: Iterable[str]) -> dict[str, tuple[str, Link]]:
    """Read words that name apps on platforms, other than those found."""
    hosts = set(map(_host, found))
    return {
        url: other
        for url, other in _usable(words, allow_private=False, faults={}).items()
        if platform_above(_host(url)) and _host(url) not in hosts
    }


def _read(word: str, allow_private: bool) -> Link:
    """Read one candidate; a LinkError says that it is no link to a deployed app."""
    word, notes = unwrapped(word)
    scheme, rest, scheme_notes = _split_scheme(word)
    notes += scheme_notes
    written, tail = split_at(rest, "/?#")
    host, port, host_notes = _read_host(written)
    notes += host_notes
    private = why_private(host)
    if not private:
        refuse_another_site(host)
    elif not allow_private:
        raise LinkError(private, DEPLOY, State.REFUSED)
    if not scheme:
        scheme = "http" if private else "https"
        notes.append(f"Put {scheme}:// in front.")

    path, query = split_at(tail, "?#")
    base = _base_path(path)
    if extra := path[len(base) :].lstrip("/") + query:
        notes.append(f'Left out "{excerpt(extra)}": the grader adds its own path and query.')
    if hashed := _VERCEL_HASH.fullmatch(host):
        notes.append(_HASHED.format(project=hashed[1]))
    origin = f"{scheme}://{host}"
    if port not in (None, DEFAULT_PORTS[scheme]):
        origin += f":{port}"
    url = origin + quote(base, safe=_PATH_SAFE)
    if len(url) > MAX_LENGTH:
        raise LinkError(f"The link is longer than {MAX_LENGTH:,} characters.", HAND_IN)
    return Link(url, tuple(notes))


def _read_host(written: str) -> tuple[str, int | None, list[str]]:
    notes = []
    authority = with_hyphens(written)
    if authority != written:
        notes.append(f'Read the dash in "{excerpt(written)}" as hyphens: {authority}.')
    host, port = read_authority(authority)
    if not authority.startswith(host):
        notes.append(f"Wrote the host name as {host}.")
    shorter = without_www(host)
    if shorter != host and (platform := platform_above(shorter)):
        notes.append(
            f"Took www. off {host}: the certificate of {platform} covers one level of names, "
            "so no browser trusts the longer one."
        )
        host = shorter
    return host, port, notes


def _split_scheme(word: str) -> tuple[str, str, list[str]]:
    """Split off the scheme; it is empty if the word has none."""
    if NOT_WEB.match(word):
        site = re.match(r"(?:git@|[a-z+]+://(?:git@)?)([a-z.]+)[:/]", word, re.IGNORECASE)
        if site:
            refuse_a_repository(site[1].lower())
        if re.match(r"file:|[a-z]:/", word, re.IGNORECASE):
            raise LinkError("This is a file on your own machine.", DEPLOY)
        raise LinkError(f'"{excerpt(word)}" does not begin with https:// or http://.', HAND_IN)
    scheme, written, rest = "", "", word
    notes = []
    while web := WEB.match(rest):  # more than once if a link was pasted behind "https://"
        if web.start(1):
            notes.append(_FROM_TEXT)
        scheme, written, rest = web[1].lower(), written + web[1] + web[2], rest[web.end() :]
    if scheme and written != f"{scheme}://":
        notes.append(f'Read "{excerpt(written)}" as "{scheme}://".')
    return scheme, rest, notes


def _base_path(path: str) -> str:
    """The path that the app lives under: without the app's own routes at its end."""
    while True:
        shorter = trim_end(path.rstrip("/"))
        if shorter.lower().endswith(("/api", "/healthz")):
            shorter = shorter[: shorter.rindex("/")]
        if shorter == path:
            return path
        path = shorter
