"""Two classifiers on one data set: the same work, measured and printed side by side."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, get_scorer, log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from sk_softmax import functional
from sk_softmax.demonstration.terminal_line import Progress
from sk_softmax.estimators import SoftmaxRegression
from sk_softmax.rows import threads_in_force

CS = [0.01, 0.1, 1.0, 10.0, 100.0]
"""Inverse strengths of the penalty that the search tries."""

REPEATS, LONG = 3, 0.5
"""Timed runs of work that takes at most LONG seconds; longer work runs once."""

Preprocess = Callable[[], Any]
"""Returns an unfitted transformer."""

Begin = Callable[[str], None]
"""Says that work begins, and how it is done."""


@dataclass
class Measured:
    """What one classifier achieved on one data set."""

    fitted: Pipeline
    search: GridSearchCV


@dataclass
class _Stopwatch:
    """How long a piece of work took, and whether all its fits converged."""

    alone: float
    """Seconds with one thread."""

    together: float
    """Seconds with all threads, the same number if there is only one."""

    converged: bool

    def seconds(self, digits: int) -> str:
        """Return both times in words, with so many digits after the point."""
        if threads_in_force() == 1:
            return f"{self.alone:.{digits}f}"
        return f"{self.alone:.{digits}f} / {self.together:.{digits}f}"


def compare(preprocess: Preprocess, X: Any, y: Any, n_splits: int = 5) -> list[Measured]:
    """Fit, cross-validate and tune both classifiers, and print each part as it is done.

    Everything is timed twice, with one thread and with all, because the small products of the
    linear algebra library can take ten times as long with two threads as with one.

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
    models = SoftmaxRegression(), LogisticRegression()
    pipelines = [Pipeline([("preprocess", preprocess()), ("classify", m)]) for m in models]
    names = [type(model).__name__ for model in models]
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=0)
    grid = {"classify__C": CS}
    progress = Progress()
    searches = [
        GridSearchCV(clone(pipeline), grid, scoring=_counted(progress), cv=folds)
        for pipeline in pipelines
    ]
    _print_row("", *names)
    part = partial(_part, progress, names)
    part("one fit, C=1", [partial(_fit, pipeline, X, y) for pipeline in pipelines])
    part(
        f"cross_val_predict, {n_splits} folds",
        [partial(_cross_validate, pipeline, X, y, folds, progress) for pipeline in pipelines],
        n_splits,
    )
    part(
        f"GridSearchCV over {len(CS)} values of C, {n_splits} folds",
        [partial(_tune, search, X, y) for search in searches],
        len(CS) * n_splits + 1,
    )
    for search in searches:
        search.set_params(scoring="neg_log_loss")  # what is kept counts no fits
    return [Measured(*both) for both in zip(pipelines, searches, strict=True)]


def _part(
    progress: Progress,
    names: Sequence[str],
    title: str,
    works: Sequence[Callable[[Begin], dict[str, str]]],
    n_fits: int = 1,
) -> None:
    """Do one part with both classifiers, and print it."""
    both = []
    for name, work in zip(names, works, strict=True):

        def begin(how: str, name: str = name) -> None:
            progress.begin(f"{name}{how}, {title}", n_fits)

        try:
            both.append(work(begin))
        finally:
            progress.end()
    _print_part(title, both)


def _counted(progress: Progress) -> Callable[[Any, Any, Any], float]:
    """Return a scorer by log loss that counts what it is shown."""
    scorer = get_scorer("neg_log_loss")

    def score(estimator: Any, X: Any, y: Any) -> float:
        progress.step()
        return float(scorer(estimator, X, y))

    return score


def _fit(pipeline: Pipeline, X: Any, y: Any, begin: Begin) -> dict[str, str]:
    watch = _timed(lambda: pipeline.fit(X, y), begin)
    return {
        "objective reached (nats a row)": f"{_objective(pipeline, X, y):.8f}",
        "converged": _yes(watch),
        _seconds(): watch.seconds(4),
    }


def _cross_validate(
    pipeline: Pipeline, X: Any, y: Any, folds: Any, progress: Progress, begin: Begin
) -> dict[str, str]:
    classes = np.unique(y)
    probabilities = np.zeros((len(y), len(classes)))

    def work() -> None:
        for train, test in folds.split(X, y):
            fitted = clone(pipeline).fit(X[train], y[train])
            probabilities[test] = fitted.predict_proba(X[test])
            progress.step()

    watch = _timed(work, begin)
    predicted = classes[probabilities.argmax(axis=1)]
    return {
        "accuracy": f"{accuracy_score(y, predicted):.4f}",
        "log loss (nats a row)": f"{log_loss(y, probabilities):.4f}",
        "converged": _yes(watch),
        _seconds(): watch.seconds(3),
    }


def _tune(search: GridSearchCV, X: Any, y: Any, begin: Begin) -> dict[str, str]:
    watch = _timed(lambda: search.fit(X, y), begin)
    return {
        "best C": f"{search.best_params_['classify__C']:g}",
        "log loss (nats a row)": f"{-search.best_score_:.4f}",
        "converged": _yes(watch),
        _seconds(): watch.seconds(2),
    }


def _timed(work: Callable[[], Any], begin: Begin) -> _Stopwatch:
    """Time a piece of work with one thread and with all, and watch for fits that warn."""
    threads = threads_in_force()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with threadpool_limits(1):
            alone = _median_seconds(work, partial(begin, " on 1 thread" if threads > 1 else ""))
        together = alone
        if threads > 1:
            together = _median_seconds(work, partial(begin, f" on {threads} threads"))
    warned = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    return _Stopwatch(alone, together, not warned)


def _median_seconds(work: Callable[[], Any], begin: Callable[[], None]) -> float:
    """Return the median time of several runs, or that of the only run if it takes long.

    Short work is first done once without a clock, because that starts threads and loads modules.
    """
    times: list[float] = []
    while len(times) < REPEATS + 1:
        begin()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
        if times[0] > LONG:
            return times[0]
    return float(np.median(times[1:]))


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


def _seconds() -> str:
    """Return the label of the times: with one thread, and with all if there are more."""
    threads = threads_in_force()
    return "seconds" if threads == 1 else f"seconds, 1 / {threads} threads"


def _yes(watch: _Stopwatch) -> str:
    return "yes" if watch.converged else "no, it warned"


def _print_part(title: str, both: list[dict[str, str]]) -> None:
    """Print what both classifiers achieved in one part, a line for each figure."""
    _print_row(title)
    ours, theirs = both
    for label, value in ours.items():
        _print_row(f"  {label}", value, theirs[label])


def _print_row(label: str, ours: str = "", theirs: str = "") -> None:
    # Flushed, because a part can take minutes.
    print(f"{label:<44}{ours:>20}{theirs:>20}".rstrip(), flush=True)
