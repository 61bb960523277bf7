"""Whether a candidate may replace its baseline: promote, hold or reject."""

from grader.delivery.gate.asking import gate
from grader.delivery.gate.values import (
    Decision,
    Gated,
    Order,
    Progress,
    Reason,
    Rule,
    Sample,
)

__all__ = ["Decision", "Gated", "Order", "Progress", "Reason", "Rule", "Sample", "gate"]
