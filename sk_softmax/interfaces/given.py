"""What a user may give, for type checkers and for whoever reads a signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from sk_softmax.interfaces.solver import Solver

MatrixLike: TypeAlias = ArrayLike | sp.spmatrix | sp.sparray
"""Rows: an array, a frame of pandas or polars, nested lists, or a sparse matrix of scipy."""

Vector: TypeAlias = ArrayLike | None
"""Numbers of rows or of constraints, or None."""

Constraints: TypeAlias = str | Sequence[str] | Sequence[Sequence[float]] | NDArray[Any]
"""Linear constraints on coefficients, in words or as a matrix."""

ClassWeight: TypeAlias = dict[Any, float] | Literal["balanced"] | None
"""Weights by label, "balanced", or None for one each."""

RandomState: TypeAlias = int | np.random.RandomState | None
"""As scikit-learn takes it."""

SolverName: TypeAlias = Literal[
    "auto",
    "lbfgs",
    "newton-cholesky",
    "proximal-newton",
    "proximal-lbfgs",
    "gd",
    "sgd",
    "rmsprop",
    "adam",
]
"""The names of the solvers."""

SolverChoice: TypeAlias = SolverName | Solver
"""A solver by its name, or as an object from ``sk_softmax.solvers``, with its options."""

FeatureChoice: TypeAlias = Sequence[str] | Sequence[int]
"""Some features, by their names or by their numbers."""
