"""The development server: `python -m webapp`, then open http://localhost:3000."""

import argparse
import io
import logging
import os
import socket
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import click
    import flask
    import prometheus_client  # noqa: F401 - here its lack is told in words
    from werkzeug.serving import is_running_from_reloader, run_simple
except ModuleNotFoundError as error:
    raise SystemExit(
        f"The app needs {error.name}, which this Python does not have. Activate the environment in "
        "this terminal:\n"
        "    source .venv/bin/activate          (macOS, Linux)\n"
        "    .venv\\Scripts\\Activate.ps1         (Windows PowerShell)\n"
        "If there is none yet, or this comes again, make it as task 2 of docs/student.md says."
    ) from None

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"  # this machine only: a development server is not for strangers


def main() -> None:
    """Serve the app, and start it anew whenever a file changes."""
    port = read_port()
    if not is_running_from_reloader():
        check_free(port)
        click.echo(f"Open http://localhost:{port} in your browser. Ctrl-C stops the app.")
    run_simple(HOST, port, load_app(), threaded=True, use_reloader=True, use_debugger=False)


def read_port() -> int:
    """Read the port from the command line, else from PORT, else take 3000."""

    def port(text: str) -> int:
        if not (text.isdecimal() and 1 <= int(text) <= 65535):
            raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
        return int(text)

    parser = argparse.ArgumentParser("python -m webapp", description=__doc__)
    parser.add_argument(
        "--port",
        type=port,
        default=os.environ.get("PORT") or "3000",
        help="where to listen; otherwise the variable PORT counts, otherwise 3000",
    )
    number: int = parser.parse_args().port
    return number


def check_free(port: int) -> None:
    """Stop with advice where nobody can listen on `port`."""
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        another = port + 1 if port < 65535 else 3000
        raise SystemExit(
            f"Port {port} cannot be used: another program uses it already, perhaps this app in "
            "another terminal, or the system reserves it.\n"
            f"Stop that program, or choose another port: python -m webapp --port {another}\n"
            "(the variable PORT does the same)."
        ) from error


def load_app() -> "WSGIApplication":
    """Import the app. While its code is broken, serve a sentence until a file is saved again."""
    try:
        from webapp.app import app
        from webapp.release import find_release
    except (Exception, SystemExit):
        traceback.print_exc()
        # A line for each request would move the error out of sight.
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        sys.stdin = io.StringIO()  # exit() closes it, and the reloader looks at it
        return flask.Response("The app could not be started. The terminal says why.", 500)
    app.config["TEMPLATES_AUTO_RELOAD"] = True

    @app.before_request
    def look_again() -> None:
        """Look up the commit anew: a file is served as soon as it is saved, and committed later."""
        if flask.request.endpoint in ("views.healthz", "metrics"):
            app.config["RELEASE"] = find_release(os.environ, ROOT)

    return app


if __name__ == "__main__":
    main()
