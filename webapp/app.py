"""The web app: `create_app()` makes one, and `app` is the one that platforms serve."""

import os
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from flask import Flask

from webapp import capture, metrics
from webapp.query_processor import process
from webapp.release import find_release
from webapp.views import views


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make an app.

    Args:
        config: Flask's settings, and our own: PROCESS, the function from a query to its answer.
    """
    app = Flask(__name__)
    app.config.from_mapping(
        PROCESS=process,
        RELEASE=find_release(os.environ, Path(__file__).parent.parent),
        STARTED=monotonic(),
    )
    app.config.from_mapping(config)
    metrics.init_app(app)
    capture.init_app(app)
    app.register_blueprint(views)
    return app


app = create_app()
