"""One curvature for all folds of a cross-validation, in the first passes of their fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from sk_softmax.interfaces import Array, Curvature
from sk_softmax.objective.approximate_hessian import approximate_hessian
from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.regression import RegressionObjective

# The folds share a curvature in the first MOST_PASSES passes of the fits for one penalty, that is
# at iterations 0 and 5. Far from the start it no longer pays: shared all the way, standardised
# digits with tol=1e-7 took 1,366 iterations in place of 954.
MOST_PASSES = 14

# A shared curvature is for all folds that ask within so many passes, since line searches bring
# folds out of step. With 6 the measurement at iteration 5 was answered by that at iteration 0.
MOST_AGE = 4


MeanOfTerms: TypeAlias = "Callable[[Sequence[DataTerm]], DataTerm]"
"""From data terms on the same rows to their mean, whose params are theirs, one below the other."""


class SharedCurvature:
    """One curvature for several folds: the mean of their curvatures, each at its own params.

    It costs one measurement in place of one for each fold. On digits, ten penalties and five folds
    took 13 measurements in place of 82.

    Parameters
    ----------
    folds : mapping of int to RegressionObjective
        Objectives by number, on the same rows and with the same classes. Each takes its curvature
        from here as long as there is one.
    mean_of : callable
        Makes the data term whose curvature is measured.
    """

    # Measured at the mean of the params instead, it was rejected: on digits it took 30 times as
    # many iterations at C=1e4. With a weak penalty a fold is sure of the class of rows that it
    # trains on and unsure of the others, on which the other folds train.

    def __init__(self, folds: Mapping[int, RegressionObjective], mean_of: MeanOfTerms) -> None:
        self._folds, self._mean_of = folds, mean_of
        self._points: dict[int, Array] = {}
        self._passes = 0
        self._measured: tuple[int, Curvature] | None = None
        for number, fold in folds.items():
            fold.take_curvature_from(_Share(self, number))

    def watch(self, points: Mapping[int, Array]) -> None:
        """Keep the params, ``(n_outputs, n_columns)``, that folds are evaluated at in a pass."""
        self._passes += 1
        self._points.update((n, params) for n, params in points.items() if n in self._folds)

    def at(self, number: int, params: Array, damping: float) -> Curvature | None:
        """Return the shared curvature; None if each fold is to measure its own by now.

        ``params``, of shape ``(n_outputs, n_columns)``, are those of the fold with this number. If
        a curvature has to be measured, the other folds are taken where they were evaluated last.
        """
        if self._passes > MOST_PASSES:
            return None
        if self._measured is None or self._passes - self._measured[0] > MOST_AGE:
            self._points[number] = params
            self._measured = self._passes, self._mean_curvature(damping)
        return self._measured[1]

    def _mean_curvature(self, damping: float) -> Curvature:
        """Measure the mean of the folds' curvatures."""
        folds = [self._folds[number] for number in self._points]
        l2 = np.mean([fold.penalty.l2 for fold in folds], axis=0)
        stacked = np.concatenate(list(self._points.values()))
        mean = self._mean_of([fold.measured_on for fold in folds])
        return approximate_hessian(
            mean,
            stacked,
            l2,
            damping,
            stands_for=folds[0].stands_for,
            n_sharing=len(self._folds),
        )


class _Share:
    """What one fold asks a shared curvature."""

    def __init__(self, shared: SharedCurvature, number: int) -> None:
        self._shared, self._number = shared, number

    def at(self, params: Array, damping: float) -> Curvature | None:
        """Return the shared curvature, if there is one still."""
        return self._shared.at(self._number, params, damping)
