"""Whether a quadratic model of the objective holds as far as its own step leads.

The third derivative of a softmax loss along a step is at most the second times the largest change
of a row's logits (Bach, 2010, Electronic Journal of Statistics 4), so a model holds where a step
changes logits by little. A loss that falls like ``exp(-t)``, because its rows are decided, has
Newton steps of one nat for ever. Each promises half of what these rows have left, and nothing of
rows whose slopes are smaller still, although these may have all of the objective left.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from sk_softmax.interfaces import (
    Array,
    Curvature,
    CurvatureAt,
    EvaluateAt,
    Evaluation,
    Penalty,
    Question,
)

# The end of a step is looked at if it changes a parameter by more than FAR times the largest of
# its column, if the parameter has at least MAIN times as much of the promise as any other, and if
# its curvature is at most FADED times the largest that was seen on the way. Rows that are decided
# have lost theirs; elsewhere nothing is asked. Without the last condition ordinary fits took up to
# 20 % more passes, and with 0.01 one fit of twelve still took 19 % more. Not seen is a step whose
# parameter holds less of the promise: in a fit by proximal L-BFGS that ended 75 % above the
# optimum it was 0.08.
FAR, MAIN, FADED = 0.01, 0.1, 1e-3

# A model does not hold if slope and curvature at the end of its step promise more than MOST_LEFT
# times the decrease that it promised itself. Where a loss falls exponentially that is exp(-1),
# 0.37, or exp(-2), 0.14, by the curvature at the start; where the model is exact it is 0.
MOST_LEFT = 0.1


@dataclass(frozen=True, slots=True)
class Model:
    """A quadratic model at some params, ``(n_outputs, n_columns)`` like both arrays."""

    promise: float
    """By how much it falls to its minimum, in nats a row."""

    diagonal: Array
    """Of its curvature."""

    step: Array
    """To its minimum."""

    def leads_far(self, params: Array, slope: Array, most: Array) -> bool:
        """Whether the step is long beside the params where ``slope``, there, promises most.

        ``most`` is the largest curvature seen along each parameter. A number that is added to a
        column of all classes does not change the loss, and so does not count.
        """
        has_faded = self.diagonal <= FADED * most
        if not has_faded.any():  # spares 30 ms with a million parameters
            return False
        step, params = _without_mean(self.step), _without_mean(params)
        promises = -slope * step
        is_main = promises > MAIN * promises.max(initial=0.0)
        is_far = np.abs(step) > FAR * np.abs(params).max(axis=0)
        return bool((is_main & is_far & has_faded).any())

    def holds(
        self, penalty: Penalty, params: Array, slope: Array
    ) -> Generator[Question, Any, bool]:
        """Ask for slope and curvature at the end of the step, and return whether little is left.

        ``slope`` is the shortest subgradient at ``params``.
        """
        target = penalty.projected(params + self.step)
        there: Evaluation = yield EvaluateAt(target)
        after = penalty.shortest_subgradient(target, there.gradient)
        # A diagonal promises too much or too little where parameters depend on one another.
        most = MOST_LEFT * min(self.promise, _promise(slope, self.diagonal))
        if _promise(after, self.diagonal) > most:
            return False
        curvature: Curvature = yield CurvatureAt(target, as_diagonal=True, exact=True)
        return _promise(after, curvature.diagonal) <= most


def _without_mean(params: Array) -> Array:
    """Return params less the mean over the classes."""
    return params - params.mean(axis=0) if len(params) > 1 else params


def _promise(slope: Array, diagonal: Array) -> float:
    """Return what a diagonal promises for a slope; a slope without curvature has no end."""
    has_slope = slope != 0
    if (diagonal[has_slope] <= 0).any():
        return np.inf
    return 0.5 * float((slope[has_slope] ** 2 / diagonal[has_slope]).sum())
