"""A whole cross-validation, compared with scikit-learn's and with a search over single fits."""

from __future__ import annotations

import inspect
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from threadpoolctl import threadpool_limits

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
    model = SoftmaxRegression(tol=1e-7)
    search = GridSearchCV(model, {"C": CS}, cv=5).fit(X, y)
    columns = [search.cv_results_[f"split{number}_test_score"] for number in range(5)]
    return float(search.best_params_["C"]), np.array(columns)


def _theirs(X: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    model = _logistic_regression_cv(max_iter=1000).fit(X, y)
    return float(np.ravel(model.C_)[0]), _scores(model)


METHODS: dict[str, Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]] = {
    OURS: _ours,
    SEARCH: _search,
    THEIRS: _theirs,
}


def _logistic_regression_cv(**parameters: Any) -> LogisticRegressionCV:
    """Return their class for ten penalties, five folds and accuracy, with the plain layouts."""
    if "use_legacy_attributes" in inspect.signature(LogisticRegressionCV).parameters:
        parameters |= {"use_legacy_attributes": False, "l1_ratios": (0.0,)}
    return LogisticRegressionCV(Cs=10, cv=5, scoring="accuracy", **parameters)


@dataclass
class Closeness:
    """How close the fits of a cross-validation came to their optima, and in how many seconds."""

    problem: str
    method: str
    seconds_on_one: float
    """With one BLAS thread."""

    seconds: float
    """With all BLAS threads."""

    suboptimality: float
    """The largest ``F / F* - 1`` of the 50 fits."""

    error: float
    """The largest absolute error of a mean accuracy, of the 10 penalties."""


CLOSENESS: dict[str, Callable[[], Any]] = {
    "SoftmaxRegressionCV": lambda: SoftmaxRegressionCV(cv=5, scoring="accuracy"),
    "SoftmaxRegressionCV, tol=1e-5": lambda: SoftmaxRegressionCV(
        cv=5, scoring="accuracy", tol=1e-5
    ),
    "LogisticRegressionCV": _logistic_regression_cv,
    "LogisticRegressionCV, tol=1e-7": lambda: _logistic_regression_cv(tol=1e-7, max_iter=10_000),
}
"""Models with ten penalties and five folds, by the name of their row in the table."""


def closeness(problem: str, X: np.ndarray, y: np.ndarray, repeats: int = 3) -> list[Closeness]:
    """Compare each of 50 fits and 10 mean accuracies with those at the optimum.

    The optimum of a fit is the least value that any method reached, or SoftmaxRegressionCV with a
    tolerance of 1e-11. Times are the least of the repeats.

    Parameters
    ----------
    problem : str
        The name of the data.
    X : ndarray of shape (n_rows, n_features)
        The rows.
    y : ndarray of int, shape (n_rows,)
        Their classes ``0 .. n_classes - 1``, more than two.
    repeats : int, default=3
        How often to fit; once where a fit takes more than ten seconds.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        best = SoftmaxRegressionCV(cv=5, scoring="accuracy", tol=1e-11, refit=False).fit(X, y)
        times, models = {}, {}
        for method, make in CLOSENESS.items():
            with threadpool_limits(1, user_api="blas"):
                on_one, models[method] = _least_seconds(make, X, y, repeats)
            times[method] = on_one, _least_seconds(make, X, y, repeats)[0]
    values = {method: _values(X, y, model) for method, model in models.items()}
    optimum = np.minimum.reduce([_values(X, y, best), *values.values()])
    accuracies = _scores(best).mean(axis=0)
    return [
        Closeness(
            problem,
            method,
            *times[method],
            float((values[method] / optimum - 1).max()),
            float(np.abs(_scores(model).mean(axis=0) - accuracies).max()),
        )
        for method, model in models.items()
    ]


def _least_seconds(
    make: Callable[[], Any], X: np.ndarray, y: np.ndarray, repeats: int
) -> tuple[float, Any]:
    """Return the least seconds of several fits, and the last model."""
    times: list[float] = []
    while len(times) < repeats and sum(times) < 10:
        model = make()
        start = time.perf_counter()
        model.fit(X, y)
        times.append(time.perf_counter() - start)
    return min(times), model


def _scores(model: Any) -> np.ndarray:
    """Return the scores of either class, shape (5, 10)."""
    scores = model.scores_
    if isinstance(scores, dict):  # the layout before scikit-learn 1.9
        scores = next(iter(scores.values()))
    return np.reshape(scores, (5, 10))


def _values(X: np.ndarray, y: np.ndarray, model: Any) -> np.ndarray:
    """Return the objective of each fit of either class in nats a row, shape (5, 10).

    ``F = sum_i CE_i / n + |coef|^2 / (2 C n)``, from its definition.
    """
    paths = model.coefs_paths_
    if isinstance(paths, dict):  # the layout before scikit-learn 1.9
        paths = np.stack(list(paths.values()), axis=2)
    paths = np.reshape(paths, (5, 10, -1, X.shape[1] + 1))
    values = np.empty((5, 10))
    for number, (train, _) in enumerate(StratifiedKFold(5).split(X, y)):
        for j, params in enumerate(paths[number]):
            coef = params[:, :-1] - params[:, :-1].mean(axis=0)
            logits = X[train] @ coef.T + params[:, -1]
            losses = logsumexp(logits, axis=1) - logits[np.arange(len(train)), y[train]]
            values[number, j] = losses.mean() + (coef**2).sum() / (2 * CS[j] * len(train))
    return values


def closeness_table(results: list[Closeness]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [
        "## Cross-validation: how close the fits are to their optima",
        "",
        "Seconds with one BLAS thread and with all; the largest `F / F* - 1` of 50 fits (ten "
        "penalties, five folds); the largest error of a mean accuracy.",
        "",
        "| problem | | one thread | all | suboptimality | accuracy |",
        "|---|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {r.problem} | {r.method} | {r.seconds_on_one:.3g} | {r.seconds:.3g} | "
        f"{r.suboptimality:.1g} | {r.error:.4f} |"
        for r in results
    ]
    return [*lines, ""]


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
