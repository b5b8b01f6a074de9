"""WHAT is minimised: cross-entropy and penalty, their gradient and their curvature."""

from sk_softmax.objective.active_hessian import hessian_times
from sk_softmax.objective.approximate_hessian import MOST_COLUMNS
from sk_softmax.objective.cheaper import (
    Cheaper,
    cheaper_objectives,
    cheaper_together,
    fits_float32,
    is_worth_narrowing,
)
from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.folds import FoldObjectives, HeldOut
from sk_softmax.objective.penalties import PenaltyForm
from sk_softmax.objective.regression import RegressionObjective
from sk_softmax.objective.sampling import SpreadOut, spread_out
from sk_softmax.objective.streamed import Seen, StreamObjective
from sk_softmax.objective.targets import Targets, targets_of

__all__ = [
    "MOST_COLUMNS",
    "Cheaper",
    "DataTerm",
    "FoldObjectives",
    "HeldOut",
    "PenaltyForm",
    "RegressionObjective",
    "Seen",
    "SpreadOut",
    "StreamObjective",
    "Targets",
    "cheaper_objectives",
    "cheaper_together",
    "fits_float32",
    "hessian_times",
    "is_worth_narrowing",
    "spread_out",
    "targets_of",
]
