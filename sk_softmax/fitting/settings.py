"""What a fit is given: settings, made from checked parameters, and a training set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Solver
from sk_softmax.objective import PenaltyForm
from sk_softmax.parts.device_arrays import Place

Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class TrainingSet:
    """Rows, their targets and their weights."""

    X: Any
    """Array, CSR or CSC matrix of shape ``(n_rows, n_features)``, float32 or float64."""

    given: Any
    """Targets: labels ``0 .. n_classes - 1`` of shape ``(n_rows,)``, or probabilities.

    Probabilities have shape ``(n_rows, n_classes)``.
    """

    weights: Weights | None
    """Shape ``(n_rows,)``; None if all rows have the same weight."""

    classes: NDArray[Any]
    """The labels as the user gave them, sorted, shape ``(n_classes,)``."""

    offset: Weights | None = None
    """What is added to the logits, shape ``(n_rows, n_outputs)``; None without an offset."""

    place: Place | None = None
    """Where answers belong if ``X`` is NumPy's view of an array of another library; else None."""

    @property
    def has_offset(self) -> bool:
        """Whether something is added to the logits."""
        return self.offset is not None

    @property
    def n_features(self) -> int:
        """How many features the rows have."""
        return int(self.X.shape[1])

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return int(self.X.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The width of the rows."""
        dtype: np.dtype[Any] = self.X.dtype
        return dtype

    @property
    def offset_of_classes(self) -> Weights | None:
        """The offset with a column for each class, ``(n_rows, n_classes)``; None without one."""
        if self.offset is None or self.offset.shape[1] > 1:
            return self.offset
        return np.hstack([np.zeros_like(self.offset), self.offset])


@dataclass(frozen=True, eq=False, slots=True)
class Settings:
    """The parameters of a fit, made once by ``estimators.input.parameters`` and never changed.

    ``penalty_factor``, the bounds and ``class_weight`` depend on the data. They are as the user
    gave them until ``estimators.input.parameters.for_data`` has checked them against the data.
    """

    solver: Solver
    """A copy of the user's, so that its options cannot change during a fit."""

    max_iter: int
    tol: float
    seed: int
    """Drawn once per fit from the user's ``random_state``."""

    n_threads: int
    n_threads_of_parts: int | None = None
    """Of rows that lie elsewhere; None: as many as there are there."""

    C: float = 1.0
    l1_ratio: float = 0.0
    grouped: bool = False
    penalty_factor: Array | None = None
    """One factor per feature, shape ``(n_features,)``; None: all are 1."""

    lower_bounds: Array | None = None
    """Least coefficients, ``(n_features,)`` or ``(n_outputs, n_features)``; None: no bound."""

    upper_bounds: Array | None = None
    """Largest coefficients, in the same shape; None if and only if ``lower_bounds`` is None."""

    fit_intercept: bool = True
    class_weight: Array | Literal["balanced"] | dict[Any, float] | None = None
    """After ``for_data``: weights of shape ``(n_classes,)``, ``"balanced"``, or None."""

    label_smoothing: float = 0.0
    bias_reduction: Literal["firth"] | None = None
    """Jeffreys' penalty in place of one on the coefficients; None for none."""

    validation_fraction: float = 0.1
    patience: int | None = None
    """Iterations without improvement after which a fit stops; None without early stopping."""

    start_is_given: bool = False
    """Whether the start is the user's, so that the fit begins there also if it is zero."""

    @property
    def form(self) -> PenaltyForm:
        """The form of the penalty; its strength depends on the rows' weights too."""
        return PenaltyForm(
            self.l1_ratio,
            self.penalty_factor,
            self.grouped,
            self.lower_bounds,
            self.upper_bounds,
        )

    def with_penalty(self, C: float, l1_ratio: float) -> Settings:
        """Return the same settings with another penalty."""
        return replace(self, C=C, l1_ratio=l1_ratio)

    def on_coordinates(self) -> Settings:
        """Return settings with the same penalty, for rows in coordinates of the space they span.

        A coordinate mixes all features, so the penalty factors of all features must be equal. The
        factor becomes part of ``C``.
        """
        if self.penalty_factor is None:
            return self
        return replace(self, penalty_factor=None, C=self.C / float(self.penalty_factor[0]))

    def generator(self) -> np.random.Generator:
        """Return a new generator of random numbers: the same numbers every time."""
        return np.random.default_rng(self.seed)


def hard_labels(given: Any) -> NDArray[np.intp]:
    """Return the number of each row's most probable class, shape ``(n_rows,)``."""
    return np.asarray(given if given.ndim == 1 else given.argmax(axis=1))
