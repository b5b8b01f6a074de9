"""A whole cross-validation, compared with scikit-learn's and with a search over single fits."""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import GridSearchCV

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV

CS = np.logspace(-4, 4, 10)
"""Inverse strengths of the penalty: those that ``Cs=10`` stands for in both CV classes."""

OURS, SEARCH, THEIRS = (
    "SoftmaxRegressionCV",
    "GridSearchCV(SoftmaxRegression(tol=1e-7))",
    "LogisticRegressionCV",
)


@dataclass
class CrossValidation:
    """Seconds, chosen C and scores of one method of cross-validation on one problem."""

    problem: str
    method: str
    seconds: float
    C: float
    difference: float
    """Largest absolute difference of a fold's score from that of SoftmaxRegressionCV."""


def cross_validations(
    problem: str, X: np.ndarray, y: np.ndarray, repeats: int = 1
) -> list[CrossValidation]:
    """Time five folds and ten penalties, chosen by accuracy; times are medians of the repeats."""
    found: list[CrossValidation] = []
    reference = None
    for method, run in METHODS.items():
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                C, scores = run(X, y)
            times.append(time.perf_counter() - start)
        reference = scores if reference is None else reference
        difference = float(np.abs(scores - reference).max())
        found.append(CrossValidation(problem, method, float(np.median(times)), C, difference))
    return found


def _ours(X: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the chosen C and the scores, of shape (5, 10); so do the two others."""
    model = SoftmaxRegressionCV(scoring="accuracy", cv=5).fit(X, y)
    return model.C_, model.scores_[:, 0]


def _search(X: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    # The tolerance is that of SoftmaxRegressionCV, so that scores are comparable.
    model = SoftmaxRegression(tol=SoftmaxRegressionCV().tol)
    search = GridSearchCV(model, {"C": CS}, cv=5).fit(X, y)
    columns = [search.cv_results_[f"split{number}_test_score"] for number in range(5)]
    return float(search.best_params_["C"]), np.array(columns)


def _theirs(X: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    parameters: dict[str, Any] = {"Cs": 10, "cv": 5, "max_iter": 1000, "scoring": "accuracy"}
    if "use_legacy_attributes" in inspect.signature(LogisticRegressionCV).parameters:
        parameters |= {"use_legacy_attributes": False, "l1_ratios": (0.0,)}
    model = LogisticRegressionCV(**parameters).fit(X, y)
    scores = model.scores_
    if isinstance(scores, dict):  # the layout before scikit-learn 1.9
        scores = next(iter(scores.values()))
    return float(np.ravel(model.C_)[0]), np.reshape(scores, (5, 10))


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]] = {
    OURS: _ours,
    SEARCH: _search,
    THEIRS: _theirs,
}


def table(results: list[CrossValidation]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [
        "## Cross-validation: five folds, ten penalties, and a fit of all rows",
        "",
        "Seconds, and in brackets how many times longer than ours; the C chosen; the "
        "largest difference of a fold's accuracy from that of ours.",
        "",
        "| problem | | seconds | C | difference |",
        "|---|---|---:|---:|---:|",
    ]
    ours = {result.problem: result.seconds for result in results if result.method == OURS}
    for r in results:
        ratio = "" if r.method == OURS else f" ({r.seconds / ours[r.problem]:.1f})"
        difference = "" if r.method == OURS else f"{r.difference:.1g}"
        lines.append(
            f"| {r.problem} | {r.method} | {r.seconds:.3g}{ratio} | {r.C:.3g} | {difference} |"
        )
    return [*lines, ""]
