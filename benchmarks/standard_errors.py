"""Coefficients with their standard errors, beside MNLogit of statsmodels: seconds and memory."""

from __future__ import annotations

import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.data import Data, Load, Unavailable, covtype, made_up
from benchmarks.measure import ALL, Times, least_in_turn
from benchmarks.versions import OURS
from sk_softmax import SoftmaxRegression

MNLOGIT = "statsmodels MNLogit"
METHODS = {"newton": 35, "ncg": 1000}
"""MNLogit's methods with their limits on iterations: the first is its own choice, and the second
has a line search, for data on which the steps of the first diverge."""

FAR = 1e-2
"""Difference from which MNLogit has not converged: our Newton steps end at an optimum."""

MEGABYTE = 1e6


@dataclass
class StandardErrors(Times):
    """Seconds in which one contender has coefficients and standard errors, and its memory."""

    problem: str
    contender: str
    peak: float
    """Most memory beside the rows, in MB: of our inference, or of MNLogit's fit."""

    rows: float
    """Memory of the rows, in MB."""

    covariance: float
    """Memory of the covariance of all coefficients, in MB."""

    difference: float | None = None
    """Theirs from ours at the most: of coefficients in standard errors, and of standard errors
    relatively. None for ours."""

    @property
    def has_converged(self) -> bool:
        """Whether these are the coefficients of the optimum."""
        return self.difference is None or self.difference < FAR


@dataclass(frozen=True)
class Estimates:
    """Coefficients and standard errors, shape ``(n_classes - 1, n_features + 1)``."""

    coef: np.ndarray
    std_err: np.ndarray

    def difference(self, other: Estimates) -> float:
        """Return how far others are from these, as in ``StandardErrors``."""
        of_coef = np.abs(other.coef - self.coef) / self.std_err
        return float(max(of_coef.max(), np.abs(other.std_err / self.std_err - 1).max()))


Estimate = Callable[[], Estimates]


def problems(*, is_short: bool) -> dict[str, Load]:
    """Return loaders of the rows, by the name of the problem."""
    if is_short:
        shapes = [(2000, 5, 3), (1000, 8, 4)]
        return {_named(*shape): partial(made_up, *shape) for shape in shapes}
    found: dict[str, Load] = {}
    try:
        covtype()
        found["cover types, standardised, 100,000 x 10, 7 classes"] = partial(
            some_of_covtype, 100_000
        )
    except Unavailable:
        found[_named(100_000, 10, 7)] = partial(made_up, 100_000, 10, 7)
    found[_named(20_000, 50, 10)] = partial(made_up, 20_000, 50, 10)
    return found


def _named(n_rows: int, n_features: int, n_classes: int) -> str:
    return f"made up, {n_rows:,} x {n_features}, {n_classes} classes"


def some_of_covtype(n_rows: int) -> Data:
    """Patches of forest by their ten columns of numbers, standardised for MNLogit's ncg.

    They are drawn from 20,000, so that most are there several times; that takes as long.
    """
    X, y = covtype()
    drawn = np.random.default_rng(0).integers(len(y), size=n_rows)
    return StandardScaler().fit_transform(X[drawn, :10]), y[drawn]


def measurements(*, is_short: bool, has_other: bool) -> Iterator[StandardErrors]:
    """Yield what both contenders, or this package alone, take for each problem."""
    for name, load in problems(is_short=is_short).items():
        X, y = load()
        for found in _of_one(name, X, np.unique(y, return_inverse=True)[1], has_other=has_other):
            print(found, flush=True)
            yield found


def _of_one(
    name: str, X: np.ndarray, y: np.ndarray, *, has_other: bool
) -> Iterator[StandardErrors]:
    """Yield the seconds and the memory of one problem."""
    model = SoftmaxRegression(C=np.inf).fit(X, y)
    ours = _ours(X, y)
    estimates: dict[str, Estimate] = {OURS: partial(_ours, X, y)}
    peaks = {OURS: _peak(lambda: model.inference(X, y))}
    difference = None
    if has_other:
        method, difference, theirs = _mnlogit(X, y, ours)
        estimates[f"{MNLOGIT}, {method}"] = theirs
        peaks[f"{MNLOGIT}, {method}"] = _peak(theirs)
    sizes = X.nbytes / MEGABYTE, 8 * ours.coef.size**2 / MEGABYTE
    least = least_in_turn({who: partial(_seconds, each) for who, each in estimates.items()})
    for who in estimates:
        times, off = (least[who, 1], least[who, ALL]), None if who == OURS else difference
        yield StandardErrors(*times, name, who, peaks[who], *sizes, off)


def _ours(X: np.ndarray, y: np.ndarray) -> Estimates:
    """Return what a fit and its inference find."""
    inference = SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y)
    return Estimates(inference.coef, inference.std_err)


def _mnlogit(X: np.ndarray, y: np.ndarray, ours: Estimates) -> tuple[str, float, Estimate]:
    """Return the first method of statsmodels that converges, its difference, and a call of it.

    If none does, the last is returned. The model is made before, and its time does not count.
    """
    from statsmodels.api import MNLogit

    model = MNLogit(y, np.column_stack([X, np.ones(len(y))]))

    def fit(method: str) -> Estimates:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = model.fit(method=method, maxiter=METHODS[method], disp=False)
        return Estimates(np.asarray(found.params).T, np.asarray(found.bse).T)

    for method in METHODS:
        difference = ours.difference(fit(method))
        if difference < FAR:
            break
    return method, difference, partial(fit, method)


def _seconds(estimate: Estimate, n_threads: int) -> float:
    with threadpool_limits(n_threads):
        start = time.perf_counter()
        estimate()
        return time.perf_counter() - start


def _peak(call: Callable[[], object]) -> float:
    """Return the most memory that a call takes beside what is there already, in MB."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()
