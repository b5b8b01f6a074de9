"""This package with default parameters; the effort is the tolerance."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from benchmarks.competitors.competitor import Competitor
from sk_softmax import SoftmaxRegression


def fit(X: Any, y: np.ndarray, C: float, tol: float) -> tuple[np.ndarray, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SoftmaxRegression(C=C, tol=tol).fit(X, y)
    return model.coef_, model.intercept_


def competitors() -> list[Competitor]:
    return [Competitor("sk_softmax", fit, [10.0**-k for k in range(1, 10)])]
