"""This package as a solver of benchopt's benchmark_logreg_l2; README.md says how to run it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from benchopt import BaseSolver
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression


class Solver(BaseSolver):
    """Default fits of growing precision."""

    name = "sk_softmax"
    sampling_strategy = "tolerance"
    requirements = ["pip::sk-softmax"]  # noqa: RUF012
    parameters = {"solver": ["auto", "lbfgs", "newton-cholesky"]}  # noqa: RUF012
    parameter_template = "{solver}"

    def skip(self, X: Any, y: np.ndarray, lmbd: float) -> tuple[bool, str | None]:
        """Leave out problems for which no full Hessian fits into memory."""
        if self.solver == "newton-cholesky" and X.shape[1] > 5000:
            return True, "a Hessian of more than 5,000 columns"
        return False, None

    def set_objective(self, X: Any, y: np.ndarray, lmbd: float) -> None:
        """Take over the rows, labels -1 and 1, and the strength of the penalty.

        The objective is ``sum log(1 + exp(-y X beta)) + lmbd / 2 |beta|^2``, without an intercept.
        """
        self.X, self.y = X, y
        self.model = SoftmaxRegression(C=1 / lmbd, fit_intercept=False, solver=self.solver)

    def run(self, tol: float) -> None:
        """Fit from a cold start to this relative suboptimality."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            # benchopt begins with an infinite tolerance; 1 asks for hardly anything too.
            self.model.set_params(tol=min(tol, 1.0)).fit(self.X, self.y)

    def get_result(self) -> dict[str, np.ndarray]:
        """Return the coefficients."""
        return {"beta": self.model.coef_.ravel()}
