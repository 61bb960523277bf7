"""The routes: the page, the API and the health check; errors in words; security headers."""

from time import monotonic
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException, InternalServerError, RequestURITooLarge

MAX_QUERY_LENGTH = 500  # characters

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'; img-src 'self'; "
    "script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

views = Blueprint("views", __name__)


@views.get("/")
def page() -> tuple[str, int]:
    """The page, with the answer to `?q=` below the text box."""
    query = request.args.get("q", "")
    answer, status = "", 200
    if query.strip():
        try:
            answer = answer_to(query).strip() or "No Match"
        except HTTPException as error:
            answer, status = error.description or "", error.code or 500
    return render_template("index.html", query=query, answer=answer, failed=status != 200), status


@views.get("/api", strict_slashes=False)
def api() -> Response:
    """The answer to `?q=` as plain text; nothing where there is none."""
    query = request.args.get("q")
    if query is None:
        raise BadRequest("Add a query to the address, as in /api?q=Who+was+Shakespeare%3F")
    return Response(answer_to(query), content_type="text/plain; charset=utf-8")


@views.get("/healthz")
def healthz() -> dict[str, Any]:
    """That the app runs, which release it is, and for how long it has run."""
    config = current_app.config
    return {
        "status": "ok",
        "release": config["RELEASE"],
        "uptime_seconds": round(monotonic() - config["STARTED"], 3),
    }


def answer_to(query: str) -> str:
    """Ask `process`, and turn whatever goes wrong into a sentence.

    Raises:
        RequestURITooLarge: the query is longer than MAX_QUERY_LENGTH.
        InternalServerError: `process` failed, or its reply is no text. Only the log says why.
    """
    noted = request.environ  # for metrics.py, which counts it, and capture.py, which keeps it
    noted["webapp.query"], noted["webapp.answer"] = query, ""
    if len(query) > MAX_QUERY_LENGTH:
        raise RequestURITooLarge(
            f"This query has {len(query)} characters. This app takes at most {MAX_QUERY_LENGTH}. "
            "Please shorten it."
        )
    try:
        reply = current_app.config["PROCESS"](query)
        if not isinstance(reply, str):
            raise TypeError(f"process() must return a string, not {type(reply).__name__}")
        reply.encode()  # half of a surrogate pair is a string, but no text
    except (Exception, SystemExit) as error:  # exit() in `process` must not end the server
        current_app.logger.exception("process(%r) failed", query)
        raise InternalServerError("The app failed on this query. Its log says why.") from error
    noted["webapp.answer"] = reply
    return reply


@views.app_errorhandler(HTTPException)
def show_error(error: HTTPException) -> Response:
    """Tell any error in plain words, with its own status and headers."""
    response = Response(error.description, error.code, error.get_headers())
    response.content_type = "text/plain; charset=utf-8"
    return response


@views.after_app_request
def add_headers(response: Response) -> Response:
    """Add the security headers to every reply, errors and static files included.

    A header that your own code has set already stays.
    """
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")  # a new release must show at once
    return response
