"""Addresses that a deployment names: where its redirects and forms lead."""

from urllib.parse import quote, urljoin, urlsplit

from grader.probes.guard import Origin

WEB_SCHEMES = frozenset({"http", "https"})
# Schemes that name no place that could be asked.
_NO_PLACES = frozenset({"about", "blob", "data", "javascript", "mailto", "tel"})
# What a URL may hold beside letters and digits (RFC 3986), the percent signs of quoting included.
_SYNTAX = "%:/?#[]@!$&'()*+,;="


def request_target(path: str) -> bytes:
    """A path with its query as the request line has it; a redirect may have left it unquoted."""
    return quote(path, safe=_SYNTAX).encode()


def request_target_of(url: str) -> bytes:
    """What the request line asks for at `url`."""
    parts = urlsplit(url)
    return request_target(f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}")


def redirect_target(url: str, location: str) -> str | None:
    """Where a redirect at `url` leads; None where that is no address.

    Raises:
        ForbiddenAddressError: if it is one that is neither http nor https.
    """
    target = address_from(url, location)
    if target is None or urlsplit(target).scheme in _NO_PLACES:
        return None
    Origin.of(target)
    return target


def address_from(url: str, written: str) -> str | None:
    """The address that is written in what came from `url`; None where it cannot be read as one."""
    try:
        address = urljoin(url, written)
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return None if parts.scheme in WEB_SCHEMES and not parts.hostname else address
