"""scikit-learn's LogisticRegression; the effort is the limit on its iterations."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.competitors.competitor import Competitor


def fit(
    X: Any, y: np.ndarray, C: float, max_iter: int, *, solver: str, kind: Any = LogisticRegression
) -> tuple[np.ndarray, np.ndarray]:
    model = kind(solver=solver, C=C, max_iter=max_iter, tol=1e-12, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    return model.coef_, model.intercept_


def competitors() -> list[Competitor]:
    doubling = [5 * 2**k for k in range(14)]
    return [
        Competitor("sklearn lbfgs", partial(fit, solver="lbfgs"), doubling, patience=11),
        Competitor(
            "sklearn newton-cg", partial(fit, solver="newton-cg"), [2**k for k in range(9)]
        ),
        Competitor(
            "sklearn newton-cholesky",
            partial(fit, solver="newton-cholesky"),
            [2, 4, 8, 16, 32],
            most_hessian_columns=4000,
        ),
        Competitor("sklearn saga", partial(fit, solver="saga"), doubling),
    ]
