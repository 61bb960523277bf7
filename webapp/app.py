"""The web app: `create_app()` makes one, and `app` is the one that platforms serve."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from flask import Flask

from webapp.headers import with_headers
from webapp.query_processor import process
from webapp.release import find_release
from webapp.views import views


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make an app.

    Args:
        config: Flask's settings, and our own: PROCESS, the function from a query to its answer.
    """
    app = Flask(__name__)
    app.config.update(
        PROCESS=process,
        RELEASE=asdict(find_release(os.environ, Path(__file__).parent.parent)),
        STARTED=monotonic(),
    )
    app.config.update(config or {})
    app.register_blueprint(views)
    app.wsgi_app = with_headers(app.wsgi_app)  # type: ignore[assignment]
    return app


app = create_app()
