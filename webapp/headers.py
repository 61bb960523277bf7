"""The headers that every reply is sent with."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SECURITY = [
    (
        "Content-Security-Policy",
        "default-src 'none'; connect-src 'self'; img-src 'self'; script-src 'self'; "
        "style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
]
FRESH = [("Cache-Control", "no-store")]  # a new release must be seen at once


def with_headers(app: "WSGIApplication") -> "WSGIApplication":
    """Add them to each reply of an app; one that says how to cache it keeps its own word.

    They are added around Flask and not by its `after_request`, which takes several times as long.
    """

    def wrapped(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            cached = any(name == "Cache-Control" for name, _ in headers)
            added = SECURITY if cached else SECURITY + FRESH
            return start_response(status, headers + added, exc_info)

        return app(environ, start)

    return wrapped
