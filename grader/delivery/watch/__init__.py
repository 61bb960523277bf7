"""Deployments watched from outside: objectives, incidents, alerts, rollback."""

from grader.delivery.watch.evaluation import Evaluation
from grader.delivery.watch.history import History, open_history
from grader.delivery.watch.sampling import sample_of
from grader.delivery.watch.values import (
    AppView,
    Incident,
    IncidentEvent,
    Indicator,
    Look,
    Minute,
    Moment,
    Objective,
    Objectives,
    Sample,
    Standing,
    Status,
    Step,
)
from grader.delivery.watch.watching import Plan, WatchError, watch

__all__ = [
    "AppView",
    "Evaluation",
    "History",
    "Incident",
    "IncidentEvent",
    "Indicator",
    "Look",
    "Minute",
    "Moment",
    "Objective",
    "Objectives",
    "Plan",
    "Sample",
    "Standing",
    "Status",
    "Step",
    "WatchError",
    "open_history",
    "sample_of",
    "watch",
]
