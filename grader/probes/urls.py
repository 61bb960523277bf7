"""Addresses that a deployment names: where its redirects and forms lead."""

from urllib.parse import quote, urljoin, urlsplit

from grader.probes.guard import Origin

WEB_SCHEMES = frozenset({"http", "https"})
# Schemes that name no place that could be asked.
_NO_PLACES = frozenset({"about", "blob", "data", "javascript", "mailto", "tel"})
# What a URL may hold beside letters and digits (RFC 3986), the percent signs of quoting included.
_SYNTAX = "%:/?#[]@!$&'()*+,;="


def request_target(path: str) -> bytes:
    """A path with its query as the request line has it, quoted: a redirect's may not be."""
    return quote(path, safe=_SYNTAX).encode()


def request_target_of(url: str) -> bytes:
    """The path and query of `url` as the request line has them."""
    parts = urlsplit(url)
    return request_target(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}")


def redirect_target(url: str, location: str) -> str | None:
    """The URL to which a redirect at `url` leads; None if it names no place.

    Raises:
        ForbiddenAddressError: if its scheme is neither http nor https.
    """
    target = address_from(url, location)
    if target is None or urlsplit(target).scheme in _NO_PLACES:
        return None
    Origin.of(target)
    return target


def address_from(url: str, written: str) -> str | None:
    """The absolute URL of a link on the page at `url`; None if it cannot be read as one."""
    try:
        address = urljoin(url, written)
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return None if parts.scheme in WEB_SCHEMES and not parts.hostname else address
