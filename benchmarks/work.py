"""How much work fits take: iterations, passes and curvature measurements, which no clock enters.

``tests/test_work.py`` holds these counts to those in ``tests/work.json``, so that no change makes
fits slower unnoticed. ``python -m benchmarks --quick --record`` writes that file anew.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from threadpoolctl import threadpool_limits

from benchmarks.data import Data, bundled, made_up
from benchmarks.measure import ALL
from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.objective.data_term import DataTerm

RECORDED = Path(__file__).parent.parent / "tests" / "work.json"

SLACK = 0.1
"""By which part of the recorded count a count may differ."""

REPEATED, LEAST_REPEATS = 0.5, 3
"""Seconds for which fits and products are repeated, and least repeats; the least time counts."""


@dataclass(frozen=True)
class Counts:
    """Work of a fit, or of all fits of a cross-validation."""

    iterations: int
    passes: float
    """Passes over the rows; a pass over some rows, or over a draft of them, counts in part."""

    measurements: int
    """Passes that measured curvature: a Hessian, its diagonal or Gram matrices."""

    def differ_from(self, recorded: Counts) -> bool:
        """Whether one of the counts is more than a tenth from the recorded one."""
        pairs = zip(astuple(self), astuple(recorded), strict=True)
        return any(abs(now - before) > SLACK * before for now, before in pairs)


@dataclass(frozen=True)
class Fit:
    """A fit to count: data and the parameters of the model."""

    load: Callable[[], Data]
    options: dict[str, Any]
    model: Any = SoftmaxRegression

    def run(self, X: Any, y: np.ndarray) -> Any:
        return self.model(**self.options).fit(X, y)


def _sparse() -> Data:
    """2,000 rows of 3,000 features of which each row has about 30, in 8 classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(8, size=2000)
    rates = 0.01 * rng.gamma(1.0, size=(8, 3000))
    return sp.csr_matrix((rng.random((2000, 3000)) < rates[y]).astype(np.float64)), y


def _made_up(*shape: int) -> Callable[[], Data]:
    return lambda: made_up(*shape, spread=2.0)


FITS: dict[str, Fit] = {
    "iris": Fit(bundled(load_iris), {}),
    "wine": Fit(bundled(load_wine), {}),
    "breast cancer, standardised": Fit(bundled(load_breast_cancer, standardised=True), {}),
    "digits / 16": Fit(bundled(load_digits, scale=16), {}),
    "digits, standardised": Fit(bundled(load_digits, standardised=True), {}),
    "20,000 x 10, 3 classes, float32": Fit(_made_up(20_000, 10, 3), {}),
    "two classes, 3,000 x 40": Fit(_made_up(3000, 40, 2), {}),
    "two classes, 200 x 500": Fit(_made_up(200, 500, 2), {}),
    "100 x 1,000, 4 classes": Fit(_made_up(100, 1000, 4), {}),
    "sparse, 2,000 x 3,000, 8 classes": Fit(_sparse, {}),
    "L1, 10,000 x 10, 3 classes": Fit(_made_up(10_000, 10, 3), {"l1_ratio": 1.0}),
    "CV, digits / 16, 4 Cs x 3 folds": Fit(
        bundled(load_digits, scale=16),
        {"Cs": 4, "cv": 3, "scoring": "accuracy"},
        SoftmaxRegressionCV,
    ),
}


def data_of(name: str) -> Data:
    """Return the rows and labels of one of the fits."""
    X, y = FITS[name].load()
    return (X.astype(np.float32) if name.endswith("float32") else X), y


def counts(name: str) -> Counts:
    """Fit once and return what it took."""
    X, y = data_of(name)
    with counted(X.shape[0]) as work:
        model = FITS[name].run(X, y)
    iterations = int(np.sum(model.n_iter_))
    return Counts(iterations, round(work["passes"], 3), int(work["measurements"]))


@contextmanager
def counted(n_rows: int) -> Iterator[dict[str, float]]:
    """Count the passes of fits to data of so many rows, and the measurements among them.

    Every pass is a question to a data term. It measures curvature if the function that it calls
    for each block is one of a module on Hessians or curvature; products with a Hessian do not.
    """
    work = {"passes": 0.0, "measurements": 0.0}
    ask, count = DataTerm.ask, DataTerm.count

    def asked(self: DataTerm, question: Any, *arguments: Any, **options: Any) -> Any:
        function = getattr(question, "func", question)
        module = function.__module__.rsplit(".", 1)[-1]
        is_about_curvature = "hessian" in module or "curvature" in module
        work["measurements"] += is_about_curvature and not function.__name__.endswith("_times")
        return ask(self, question, *arguments, **options)

    def counted_too(self: DataTerm, passes: float) -> None:
        work["passes"] += passes * self.n_rows / n_rows
        count(self, passes)

    with patch.object(DataTerm, "ask", asked), patch.object(DataTerm, "count", counted_too):
        yield work


def recorded() -> dict[str, Counts]:
    """Return the recorded counts."""
    return {name: Counts(*values) for name, values in json.loads(RECORDED.read_text()).items()}


def record(found: dict[str, Counts]) -> None:
    """Write counts to the file that the test compares with."""
    lines = (f"  {json.dumps(name)}: {json.dumps(astuple(c))}" for name, c in found.items())
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def report() -> tuple[list[str], dict[str, Counts]]:
    """Return a table of counts and times, and the counts."""
    before = recorded() if RECORDED.exists() else {}
    lines = [
        f"{'':34} iterations   passes  curvature  ms on one thread / all  "
        "over its products, one thread"
    ]
    found = {}
    for name in FITS:
        found[name] = now = counts(name)
        is_as_recorded = name in before and not now.differ_from(before[name])
        note = "" if is_as_recorded else f"  recorded: {before.get(name, 'nothing')}"
        one, together, products = _seconds(name)
        lines.append(
            f"{name:34} {now.iterations:10} {now.passes:8.1f} {now.measurements:10} "
            f"{1000 * one:17.3g} / {1000 * together:<7.3g} "
            f"{one / (now.passes * products):12.1f}{note}"
        )
    return lines, found


def _seconds(name: str) -> tuple[float, float, float]:
    """Return the seconds of a fit on one thread and on all, and those of the bare products.

    These are the two of one pass over the rows, on one thread: ``W X'`` and ``R X`` with ``W``
    (n_outputs, n_features) and ``R`` (n_outputs, n_rows).
    """
    X, y = data_of(name)
    n_classes = len(np.unique(y))
    n_outputs = n_classes if n_classes > 2 else 1
    rng = np.random.default_rng(0)
    coef = rng.standard_normal((n_outputs, X.shape[1])).astype(X.dtype)
    residuals = rng.standard_normal((n_outputs, X.shape[0])).astype(X.dtype)
    return (
        _least(lambda: FITS[name].run(X, y), 1),
        _least(lambda: FITS[name].run(X, y), ALL),
        _least(lambda: (X @ coef.T, X.T @ residuals.T), 1),
    )


def _least(call: Callable[[], Any], n_threads: int) -> float:
    """Return the least seconds of a call."""
    times: list[float] = []
    with threadpool_limits(n_threads):
        while len(times) < LEAST_REPEATS or (sum(times) < REPEATED and len(times) < 1000):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return min(times)
