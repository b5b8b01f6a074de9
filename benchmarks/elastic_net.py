"""Fits with L1 compared with saga, and paths of 100 penalties compared with their last fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import sklearn
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from benchmarks.competitors.competitor import Competitor
from benchmarks.measure import Curve, measure, patient_budget, timed, value_at
from benchmarks.problems import Data, made_up, mnist, newsgroups
from sk_softmax import SoftmaxRegression, softmax_path
from sk_softmax.objective import PenaltyForm

OURS, SAGA = "sk_softmax", "sklearn saga"

CLOSE = (1e-3, 1e-5)
"""Relative suboptimalities whose times are reported."""

ENOUGH = 1e-6
"""Relative suboptimality at which no more effort is tried."""

N_CS = 100
"""Penalties of a path."""

QUICK_BUDGET = 0.5
"""Seconds that a fit may take in the quick form."""


@dataclass(frozen=True)
class DataSet:
    """Data with the penalties to fit; ``has_path`` says whether a whole path is timed too."""

    name: str
    load: Callable[[], Data]
    Cs: tuple[float, ...]
    has_path: bool = True
    bundled: bool = False

    @property
    def label(self) -> str:
        """Name that ``--problems`` is compared with."""
        return f"L1, {self.name}"


def digits() -> Data:
    """1,797 handwritten digits, pixels from 0 to 1."""
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def some_of_mnist() -> Data:
    """10,000 handwritten digits, pixels from 0 to 1."""
    X, y = mnist()
    return X[:10_000] / 255, y[:10_000]


DATA_SETS = [
    DataSet("digits / 16", digits, (1.0,), bundled=True),
    DataSet("MNIST / 255, 10,000 rows", some_of_mnist, (0.1, 1.0)),
    DataSet("20 newsgroups", newsgroups, (1.0, 10.0), has_path=False),
    DataSet("200 x 20,000, 5 classes", lambda: made_up(200, 20_000, 5, spread=10.0), (1.0,)),
]


@dataclass
class Comparison:
    """Curves of one problem, the lowest known objective and its number of coefficients."""

    problem: str
    best: float
    n_nonzero: int
    n_coefficients: int
    curves: list[Curve] = field(default_factory=list)

    def seconds(self, competitor: str, closeness: float) -> tuple[float | None, bool]:
        """Return seconds, and whether this closeness was reached in them.

        The seconds are the least that reached it. If none did, they are the most that were tried;
        if this competitor was not measured, None.
        """
        reached = [point.value for curve in self.curves for point in curve.points]
        best = min([self.best, *reached])
        for curve in self.curves:
            if curve.competitor == competitor and curve.points:
                seconds = curve.seconds_to(best, closeness)
                if seconds is not None:
                    return seconds, True
                return max(point.seconds for point in curve.points), False
        return None, False


@dataclass
class PathTiming:
    """Seconds of a whole path, and of its last point fitted alone from a cold start."""

    problem: str
    n_Cs: int
    path: float
    last_alone: float


@dataclass
class Results:
    """What was measured in one or several runs."""

    comparisons: list[Comparison] = field(default_factory=list)
    paths: list[PathTiming] = field(default_factory=list)

    def keep(self, new: Comparison | PathTiming) -> None:
        """Put a new measurement in place of the same problem's old one.

        Curves of competitors that were not measured again are kept.
        """
        if isinstance(new, PathTiming):
            self.paths = [old for old in self.paths if old.problem != new.problem] + [new]
            return
        for old in self.comparisons:
            if old.problem == new.problem:
                measured = {curve.competitor for curve in new.curves}
                new.curves += [c for c in old.curves if c.competitor not in measured]
                new.best = min(new.best, old.best)
        rest = [old for old in self.comparisons if old.problem != new.problem]
        self.comparisons = [*rest, new]


def chosen(quick: bool, parts: list[str] | None) -> list[DataSet]:
    """Return the data sets whose labels contain one of the parts; if quick, bundled ones only."""
    return [
        data
        for data in DATA_SETS
        if (data.bundled or not quick)
        and (parts is None or any(part in data.label for part in parts))
    ]


def measurements(
    data_sets: list[DataSet], names: list[str] | None, *, budget: float, optimum_tol: float
) -> Iterator[Comparison | PathTiming]:
    """Yield a comparison for each C and a timing for each path.

    Competitors are those whose names contain one of ``names``.
    """
    found = [c for c in competitors() if names is None or any(part in c.name for part in names)]
    for data in data_sets:
        X, y = data.load()
        y = np.unique(y, return_inverse=True)[1]
        for C in data.Cs:
            yield compared(f"{data.label}, C={C:g}", X, y, C, found, budget, optimum_tol)
        if data.has_path and any(c.name == OURS for c in found):
            yield path_timing(data.label, X, y)


def compared(
    problem: str,
    X: Any,
    y: np.ndarray,
    C: float,
    found: list[Competitor],
    budget: float,
    optimum_tol: float,
) -> Comparison:
    """Measure all competitors on one problem."""
    value = value_at(X, y, C, PenaltyForm(1.0))
    coef, intercept = fit(X, y, C, optimum_tol)
    comparison = Comparison(
        problem, value(coef, intercept), int(np.count_nonzero(coef)), coef.size
    )
    curves = comparison.curves
    for competitor in found:
        curve = measure(
            competitor,
            X,
            y,
            C,
            best=comparison.best,
            # Counted from our time to the smallest closeness in the report: a saga that does not
            # reach it then still gives a bound on that ratio.
            budget=patient_budget(budget, competitor, found, curves, comparison.best, CLOSE[-1]),
            labels=(problem, "float64"),
            value=value,
            enough=ENOUGH,
            closenesses=CLOSE,
        )
        curves.append(curve)
        times = {c: curve.seconds_to(comparison.best, c) for c in CLOSE}
        print(f"{problem}, {competitor.name}: {times} {curve.note}", flush=True)
    return comparison


def path_timing(problem: str, X: Any, y: np.ndarray) -> PathTiming:
    """Time a path of penalties, and its last point from a cold start."""
    seconds, path = timed(partial(softmax_path, X, y, Cs=N_CS))
    alone = SoftmaxRegression(C=path.Cs[-1], l1_ratio=1.0, tol=1e-6)  # the path's tol
    last_alone, _ = timed(partial(_quietly, alone, X, y))
    print(f"{problem}, {N_CS} penalties: {seconds}, the last alone: {last_alone}", flush=True)
    return PathTiming(problem, N_CS, seconds, last_alone)


def competitors() -> list[Competitor]:
    """Return this package and saga, scikit-learn's only solver that takes L1 for softmax."""
    return [
        Competitor(OURS, fit, [10.0**-k for k in range(1, 10)], patience=11),
        Competitor(SAGA, fit_saga, [5 * 2**k for k in range(14)], patience=11),
    ]


def fit(X: Any, y: np.ndarray, C: float, tol: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit with default parameters, except for the penalty and the tolerance."""
    model = _quietly(SoftmaxRegression(C=C, l1_ratio=1.0, tol=tol), X, y)
    return model.coef_, model.intercept_


def fit_saga(X: Any, y: np.ndarray, C: float, max_iter: int) -> tuple[np.ndarray, np.ndarray]:
    """Fit by ``max_iter`` epochs of saga: ``tol`` is too small to end it sooner."""
    version = tuple(int(part) for part in sklearn.__version__.split(".")[:2])
    # Since scikit-learn 1.8, l1_ratio alone chooses the penalty, and naming it is deprecated.
    named = {} if version >= (1, 8) else {"penalty": "elasticnet"}
    model = LogisticRegression(
        solver="saga", l1_ratio=1, C=C, tol=1e-12, max_iter=max_iter, random_state=0, **named
    )
    _quietly(model, X, y)
    return model.coef_, model.intercept_


def _quietly(model: Any, X: Any, y: np.ndarray) -> Any:
    """Fit a model without its warnings that it has not converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


def tables(results: Results) -> list[str]:
    """Return the lines of both tables in Markdown."""
    return [*_comparisons(results.comparisons), *_paths(results.paths)]


def _comparisons(comparisons: list[Comparison]) -> list[str]:
    if not comparisons:
        return []
    lines = [
        "## L1: seconds to a relative suboptimality",
        "",
        "`l1_ratio=1` in float64. Beside our seconds how many times longer `LogisticRegression` "
        'takes with `solver="saga"`, the one of its solvers that takes L1 for softmax; below 1 it '
        "is faster. `>` means that it was not there in that time.",
        "",
        "| problem | nonzero coefficients | "
        + " | ".join(f"sk_softmax to {c:g} | saga" for c in CLOSE)
        + " |",
        "|---|---:|" + "---:|---:|" * len(CLOSE),
    ]
    for comparison in comparisons:
        cells = [cell for c in CLOSE for cell in _cells(comparison, c)]
        share = f"{comparison.n_nonzero:,} of {comparison.n_coefficients:,}"
        lines.append(f"| {comparison.problem} | {share} | {' | '.join(cells)} |")
    return [*lines, ""]


def _cells(comparison: Comparison, closeness: float) -> tuple[str, str]:
    """Return the cells with our seconds and with saga's time over ours.

    The ratio is a bound if saga did not reach the closeness.
    """
    ours, arrived = comparison.seconds(OURS, closeness)
    theirs, they_arrived = comparison.seconds(SAGA, closeness)
    bound = "" if they_arrived else "> "
    if ours is None or not arrived:
        mine = "-" if ours is None else "not reached"
        return mine, "-" if theirs is None else f"{bound}{theirs:.3g} s"
    return f"{ours:.3g}", "-" if theirs is None else f"{bound}{theirs / ours:.1f}"


def _paths(paths: list[PathTiming]) -> list[str]:
    if not paths:
        return []
    lines = [
        "## L1: a whole path",
        "",
        "Seconds of `softmax_path` over three decades of C, and of its last and weakest penalty "
        "fitted alone, from nothing.",
        "",
        "| problem | penalties | the path | its last point alone | ratio |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {t.problem} | {t.n_Cs} | {t.path:.3g} | {t.last_alone:.3g} "
        f"| {t.path / t.last_alone:.1f} |"
        for t in paths
    ]
    return [*lines, ""]
