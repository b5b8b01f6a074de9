"""What a fit is told: settings, made of checked parameters, and a training set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Solver
from sk_softmax.objective import PenaltyForm

Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class TrainingSet:
    """Rows, what they should be, and what they weigh."""

    X: Any
    """Array, CSR or CSC matrix of shape ``(n_rows, n_features)``, float32 or float64."""

    given: Any
    """Labels ``0 .. K-1`` or probabilities of shape ``(n_rows, n_classes)``."""

    weights: Weights | None
    """Shape ``(n_rows,)``; None if all rows weigh the same."""

    classes: NDArray[Any]
    """The labels, sorted."""


@dataclass(frozen=True, eq=False, slots=True)
class Settings:
    """The parameters of a fit, made once by ``estimators.parameters`` and never changed.

    What depends on the data (``penalty_factor``, the bounds, ``class_weight``) is as the user gave
    it until ``estimators.parameters.for_data`` has compared it with them.
    """

    solver: Solver
    """A copy, whose options nobody else changes."""

    max_iter: int
    tol: float
    seed: int
    """Drawn once a fit from the user's ``random_state``."""

    n_threads: int
    C: float = 1.0
    l1_ratio: float = 0.0
    grouped: bool = False
    penalty_factor: Array | None = None
    """One factor a feature, shape ``(n_features,)``."""

    lower_bounds: Array | None = None
    """Least coefficients, shape ``(n_features,)`` or ``(n_outputs, n_features)``; None: none."""

    upper_bounds: Array | None = None
    """Largest coefficients, likewise; None exactly where ``lower_bounds`` is."""

    fit_intercept: bool = True
    class_weight: Array | Literal["balanced"] | dict[Any, float] | None = None
    """For a data set: one weight a class, ``"balanced"``, or None."""

    label_smoothing: float = 0.0
    validation_fraction: float = 0.1
    patience: int | None = None
    """Iterations without improvement that stop a fit; None without early stopping."""

    @property
    def form(self) -> PenaltyForm:
        """What the penalty is made of; its strength depends on the weights too."""
        return PenaltyForm(
            self.l1_ratio,
            self.penalty_factor,
            self.grouped,
            self.lower_bounds,
            self.upper_bounds,
        )

    def with_penalty(self, C: float, l1_ratio: float) -> Settings:
        """Return the same with another penalty."""
        return replace(self, C=C, l1_ratio=l1_ratio)

    def on_coordinates(self) -> Settings:
        """Return the same penalty for rows in coordinates of the space that they span.

        It has to be the same for all features, which a coordinate mixes.
        """
        if self.penalty_factor is None:
            return self
        return replace(self, penalty_factor=None, C=self.C / float(self.penalty_factor[0]))

    def generator(self) -> np.random.Generator:
        """Return a new generator, which gives the same numbers every time."""
        return np.random.default_rng(self.seed)


def hard_labels(given: Any) -> NDArray[np.intp]:
    """Return the number of each row's most probable class."""
    return np.asarray(given if given.ndim == 1 else given.argmax(axis=1))
