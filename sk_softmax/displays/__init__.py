"""Pictures of fitted models, of their mistakes and of their training.

Each display follows scikit-learn's convention: ``from_estimator`` (or ``from_records``,
``from_path``, ``from_inference``) computes, the object holds the arrays, and ``plot`` draws them.
Only ``plot`` imports matplotlib, which the extra ``sk-softmax[plot]`` installs.

``to_plotly`` returns the same picture as a Plotly figure, which shows the numbers of what is
pointed at; with ``draw=False`` nothing is drawn before. Only it imports plotly, which the extra
``sk-softmax[explore]`` installs. :meth:`LossLandscapeDisplay.animate` lets paths grow step by
step, by matplotlib alone.

Decision regions are drawn by :class:`sklearn.inspection.DecisionBoundaryDisplay`, which accepts
this package's estimators.
"""

from sk_softmax.displays.coefficient_intervals import CoefficientIntervalDisplay
from sk_softmax.displays.coefficients import CoefficientDisplay
from sk_softmax.displays.cross_validation import CVDisplay
from sk_softmax.displays.loss_curve import LossCurveDisplay
from sk_softmax.displays.loss_landscape import LossLandscapeDisplay
from sk_softmax.displays.misclassified import MisclassifiedDisplay
from sk_softmax.displays.path import PathDisplay

__all__ = [
    "CVDisplay",
    "CoefficientDisplay",
    "CoefficientIntervalDisplay",
    "LossCurveDisplay",
    "LossLandscapeDisplay",
    "MisclassifiedDisplay",
    "PathDisplay",
]


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
