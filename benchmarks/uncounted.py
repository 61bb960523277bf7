"""The web app without its indicators: what these cost is measured beside it."""

import sys
from types import ModuleType

nothing = ModuleType("webapp.metrics")
vars(nothing).update(WORKER="1", init_app=lambda _app: None)
sys.modules[nothing.__name__] = nothing

from webapp.app import app  # noqa: E402, F401 - gunicorn takes it from here
