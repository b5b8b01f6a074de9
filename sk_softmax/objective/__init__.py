"""WHAT is minimised: cross-entropy and penalty, their gradient and their curvature."""

from sk_softmax.objective.duality import duality_gap
from sk_softmax.objective.regression import RegressionObjective

__all__ = ["RegressionObjective", "duality_gap"]
