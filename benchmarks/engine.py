"""What solvers are built on: the time of an evaluation, an epoch, a prediction and a small fit."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import numpy as np
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from benchmarks.data import made_up
from benchmarks.measure import ALL
from sk_softmax import SoftmaxRegression
from sk_softmax.objective import RegressionObjective
from sk_softmax.rows import rows_of, single_threaded_blas, threads_in_force
from sk_softmax.solvers import SGD

# Numbers of rows, features and classes.
SHAPES = [
    (20_000, 784, 10),
    (200_000, 54, 7),
    (20_000, 100, 100),
    (4_000, 500, 1000),
    (500_000, 10, 3),
    (20_000, 16, 26),
]
QUICK_SHAPES = [(20_000, 16, 26)]
BATCH = 256
"""Rows in a minibatch."""

THREADS = {"one thread": 1, "all threads": ALL}


@dataclass
class Timing:
    """Milliseconds of one thing, and of what it is compared with."""

    what: str
    ours: float
    against: dict[str, float]


def on_one_and_all(measured: Callable[[], list[Timing]]) -> list[Timing]:
    """Return timings on one thread, then on all."""
    found = []
    for note, n_threads in THREADS.items():
        with threadpool_limits(n_threads):
            found += [replace(t, what=f"{t.what}, {note}") for t in measured()]
    return found


def medians(calls: dict[str, Callable[[], Any]], repeats: int = 9) -> dict[str, float]:
    """Return the median milliseconds of each call.

    Calls are made in turn, so that a change in the machine's speed affects all of them alike.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: float(np.median(values)) for name, values in times.items()}


def evaluations(shapes: list[tuple[int, int, int]]) -> list[Timing]:
    """Time value and gradient, compared with the two products ``W X'`` and ``R X``.

    ``W`` has shape (n_classes, n_features), ``X`` (n_rows, n_features), ``R``
    (n_classes, n_rows).
    """
    timings = []
    for n_rows, n_features, n_classes in shapes:
        for dtype in (np.float64, np.float32):
            rng = np.random.default_rng(0)
            X, y = made_up(n_rows, n_features, n_classes, spread=3.0)
            X = X.astype(dtype)
            coef = rng.standard_normal((n_classes, n_features)).astype(dtype)
            residuals = rng.standard_normal((n_classes, n_rows)).astype(dtype)
            calls = {
                "evaluation": evaluation(X, y, n_classes),
                "its two products": lambda W=coef, R=residuals, X=X: (W @ X.T, R @ X),
            }
            taken = medians(calls)
            taken["LogisticRegression's loss"] = compiled_evaluation(X, y)
            what = f"{n_rows:,} x {n_features}, {n_classes} classes, {np.dtype(dtype).name}"
            timings.append(Timing(what, taken.pop("evaluation"), taken))
    return timings


def evaluation(X: np.ndarray, y: np.ndarray, n_classes: int) -> Callable[[], Any]:
    """Return a call that evaluates the objective once."""
    n_threads = threads_in_force()
    rows = rows_of(X, n_classes, has_intercept=True, n_threads=n_threads)
    objective = RegressionObjective(rows, y, n_classes, 1.0)
    params = 0.1 * np.random.default_rng(0).standard_normal(objective.shape)

    def evaluate() -> Any:
        with single_threaded_blas():
            return objective.evaluate(params)

    return evaluate


def compiled_evaluation(X: np.ndarray, y: np.ndarray) -> float:
    """Return milliseconds of an evaluation of LogisticRegression's compiled loss.

    The loss is not public. So two fits of 2 and 12 iterations are timed, and SciPy's calls of the
    loss are counted. The difference of the times is that of the calls and of the vector
    operations of L-BFGS, and of nothing else.
    """
    calls = 0

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        result = minimize(*args, **kwargs)
        calls = result.nfev
        return result

    def fit(max_iter: int) -> tuple[float, int]:
        model = LogisticRegression(max_iter=max_iter, tol=0, C=1e6)
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y)
        return time.perf_counter() - start, calls

    minimize = scipy.optimize.minimize
    each = []
    with patch("scipy.optimize.minimize", counted):
        for _ in range(3):
            (some, n_some), (more, n_more) = fit(2), fit(12)
            each.append(1000 * (more - some) / (n_more - n_some))
    return float(np.median(each))


def one_row(load: Callable[..., Any]) -> Timing:
    """Time ``predict_proba`` on a single row, as the mean of 100 calls."""
    X, y = load(return_X_y=True)
    models = [SoftmaxRegression().fit(X, y), LogisticRegression(max_iter=10_000).fit(X, y)]

    def predict(model: Any) -> Callable[[], None]:
        def run() -> None:
            for _ in range(100):
                model.predict_proba(X[:1])

        return run

    ours, theirs = "sk_softmax", "LogisticRegression"
    taken = medians({ours: predict(models[0]), theirs: predict(models[1])}, repeats=21)
    taken = {name: ms / 100 for name, ms in taken.items()}
    return Timing(f"predict_proba of one row of {load.__name__[5:]}", taken.pop(ours), taken)


def epoch(X: np.ndarray, y: np.ndarray) -> Timing:
    """Time an epoch of minibatch SGD, compared with its products and with PyTorch, in float32."""
    X = X.astype(np.float32)
    n_classes = int(y.max()) + 1
    order = np.random.default_rng(0).permutation(len(y))
    coef = np.zeros((n_classes, X.shape[1]), dtype=np.float32)

    def epochs(n: int) -> None:
        solver = SGD(batch_size=BATCH, momentum=0, schedule="constant")
        SoftmaxRegression(C=np.inf, solver=solver, max_iter=n, random_state=0).fit(X, y)

    def products() -> None:
        for first in range(0, len(order), BATCH):
            rows = X[order[first : first + BATCH]]
            (coef @ rows.T) @ rows

    calls: dict[str, Callable[[], Any]] = {
        # The difference of these two fits is two epochs, without checks and final evaluation.
        "one": lambda: epochs(1),
        "three": lambda: epochs(3),
        "its gathered products": products,
    }
    with contextlib.suppress(ImportError):
        calls["PyTorch, by hand"] = _pytorch_epoch(X, y, n_classes, order)
    taken = medians(calls, repeats=5)
    ours = (taken.pop("three") - taken.pop("one")) / 2
    return Timing(f"an epoch of {len(y):,} x {X.shape[1]} at batch size {BATCH}", ours, taken)


def _pytorch_epoch(
    X: np.ndarray, y: np.ndarray, n_classes: int, order: np.ndarray
) -> Callable[[], Any]:
    """Return a call that runs one epoch of a loop as written by hand in PyTorch."""
    import torch

    rows, labels, indices = torch.from_numpy(X), torch.from_numpy(y), torch.from_numpy(order)
    layer = torch.nn.Linear(X.shape[1], n_classes)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)

    def run() -> None:
        for batch in indices.split(BATCH):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(layer(rows[batch]), labels[batch]).backward()
            optimiser.step()

    return run
