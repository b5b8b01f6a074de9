"""Two classifiers on one data set: the same work, measured and printed side by side."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline

from sk_softmax import functional
from sk_softmax.estimators import SoftmaxRegression

CS = [0.01, 0.1, 1.0, 10.0, 100.0]
"""Inverse strengths of the penalty that the search tries."""

Preprocess = Callable[[], Any]
"""Returns an unfitted transformer."""


@dataclass
class Measured:
    """What one classifier achieved on one data set; ``rows`` are lines of the table."""

    name: str
    fitted: Pipeline
    search: GridSearchCV
    rows: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Stopwatch:
    """Seconds that something took, and whether all its fits converged."""

    seconds: float = 0.0
    converged: bool = True


@contextmanager
def _watched() -> Iterator[_Stopwatch]:
    """Time the body of the ``with``, and record whether all fits in it converged."""
    watch = _Stopwatch()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        yield watch
        watch.seconds = time.perf_counter() - start
    watch.converged = not any(issubclass(w.category, ConvergenceWarning) for w in caught)


def compare(preprocess: Preprocess, X: Any, y: Any, n_splits: int = 5) -> list[Measured]:
    """Fit, cross-validate and tune both classifiers, and print a table of the outcome.

    Parameters
    ----------
    preprocess : callable
        Returns an unfitted transformer, to precede the classifier in a Pipeline.
    X : array-like of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,)
        The labels.
    n_splits : int, default=5
        Number of stratified folds of the cross-validation.

    Returns
    -------
    measured : list of Measured
        SoftmaxRegression first.
    """
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=0)
    both = [
        _measure(model, preprocess, X, y, folds)
        for model in (SoftmaxRegression(), LogisticRegression())
    ]
    print(_line("", *(measured.name for measured in both)))
    for row, other in zip(both[0].rows, both[1].rows, strict=True):
        print(_line(row[0], row[1], other[1]))
    return both


def _measure(model: Any, preprocess: Preprocess, X: Any, y: Any, folds: Any) -> Measured:
    """Time a fit, a cross-validation and a search over C."""
    pipeline = Pipeline([("preprocess", preprocess()), ("classify", model)])
    # The first fit of a process is not timed, because it starts threads and loads modules.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clone(pipeline).fit(X, y)
    with _watched() as one_fit:
        pipeline.fit(X, y)
    with _watched() as validation:
        probabilities = cross_val_predict(pipeline, X, y, cv=folds, method="predict_proba")
    grid = {"classify__C": CS}
    search = GridSearchCV(clone(pipeline), grid, scoring="neg_log_loss", cv=folds)
    with _watched() as tuning:
        search.fit(X, y)
    classes = pipeline[-1].classes_
    objective = _objective(pipeline, X, y)
    return Measured(
        type(model).__name__,
        pipeline,
        search,
        [
            ("one fit, C=1", ""),
            ("  objective reached (nats a row)", f"{objective:.8f}"),
            ("  converged", _yes(one_fit)),
            ("  seconds", f"{one_fit.seconds:.4f}"),
            (f"cross_val_predict, {folds.n_splits} folds", ""),
            ("  accuracy", f"{accuracy_score(y, classes[probabilities.argmax(axis=1)]):.4f}"),
            ("  log loss (nats a row)", f"{log_loss(y, probabilities):.4f}"),
            ("  converged", _yes(validation)),
            ("  seconds", f"{validation.seconds:.3f}"),
            (f"GridSearchCV over {len(CS)} values of C, {folds.n_splits} folds", ""),
            ("  best C", f"{search.best_params_['classify__C']:g}"),
            ("  log loss (nats a row)", f"{-search.best_score_:.4f}"),
            ("  converged", _yes(tuning)),
            ("  seconds", f"{tuning.seconds:.2f}"),
        ],
    )


def _objective(pipeline: Pipeline, X: Any, y: Any) -> float:
    """Return the objective at a fitted model, by the same formula for both classifiers.

    ``mean cross-entropy + |coef|^2 / (2 C n_samples)``, from the model's logits.
    """
    model = pipeline[-1]
    logits = pipeline.decision_function(X)
    labels = np.searchsorted(model.classes_, y)
    binary = logits.ndim == 1
    loss = (functional.binary_cross_entropy if binary else functional.cross_entropy)(
        logits, labels
    )
    return float(loss + (model.coef_**2).sum() / (2 * model.C * len(labels)))


def _yes(watch: _Stopwatch) -> str:
    return "yes" if watch.converged else "no, it warned"


def _line(label: str, ours: str, theirs: str) -> str:
    return f"{label:<44}{ours:>20}{theirs:>20}".rstrip()
