"""WHAT is minimised: cross-entropy and penalty, their gradient and their curvature."""

from sk_softmax.objective.drafts import begin_together_with_drafts, begin_with_drafts
from sk_softmax.objective.duality import duality_gap
from sk_softmax.objective.folds import FoldObjectives, HeldOut
from sk_softmax.objective.penalties import PenaltyForm
from sk_softmax.objective.regression import RegressionObjective
from sk_softmax.objective.stream import Seen, StreamObjective
from sk_softmax.objective.targets import Targets, targets_of

__all__ = [
    "FoldObjectives",
    "HeldOut",
    "PenaltyForm",
    "RegressionObjective",
    "Seen",
    "StreamObjective",
    "Targets",
    "begin_together_with_drafts",
    "begin_with_drafts",
    "duality_gap",
    "targets_of",
]
