"""The path of one solver: fitted by the package's estimator, thinned to what a page can show."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from sk_softmax.estimators import SoftmaxRegression
from sk_softmax.explore.fit_inputs import FitInputs
from sk_softmax.explore.methods import METHODS, has_l1
from sk_softmax.explore.rows_of_view import Numbers, Prepared
from sk_softmax.explore.view import View
from sk_softmax.interfaces import Status

MOST_STEPS = 200
"""Steps of a path that are shown; of a longer one all of the first 60 and some of the rest."""

MOST_NUMBERS = 40_000
"""Parameters of a path that are sent, over all its steps: an image model has 650 a step."""

MOST_ROWS = 4_000_000
"""Rows that the models of a path are judged on, over all its steps: some 0.2 seconds."""

MOST_MINIBATCHES = 1_000_000
"""Of one fit, some 20 seconds."""

TOLERANCE = 1e-9
"""At which a fit stops before its last step."""

DIVERGED = (
    "It ended higher than it began, or overflowed: the learning rate is too large for these "
    "columns. Lower it, or standardise the columns."
)
"""The one reason to stop that is said of a path. That a number of steps was done is what it was
set for, and that there is no finite optimum is said of the surface."""

Watch = Callable[[int], bool]
"""Told the iterations done so far; returns whether to stop, because nobody waits any more."""


class Refused(Exception):
    """A solver cannot do what the view asks; the message says why."""


@dataclass(frozen=True)
class Path:
    """The steps of a solver that are shown."""

    iterations: NDArray[np.intp]
    """Shape ``(n_steps,)``: their numbers, from 0 for the start to ``n_iterations``."""

    params: Numbers
    """Shape ``(n_steps, n_outputs, n_features + 1)``."""

    step_sizes: Numbers
    passes: Numbers
    n_iterations: int
    note: str
    """What went wrong, or nothing."""

    seconds: float


def path_of(name: str, view: View, inputs: FitInputs, watch: Watch | None = None) -> Path:
    """Fit one solver of the page and return its path.

    Warnings are caught, which Python does for all threads at once: one fit at a time.
    """
    model = model_of(name, view, len(inputs.X), inputs.fit_intercept)
    if watch is not None and hasattr(model, "set_callbacks"):
        model.set_callbacks(_Watching(watch))
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model.fit(inputs.X, inputs.y, offset=inputs.offset, **inputs.starting())
        except ValueError as error:
            raise Refused(str(error)) from None
    seconds = time.perf_counter() - started
    kept = shown_steps(len(model.path_), model.path_[0].size, len(inputs.X))
    records = [model.records_[i] for i in kept]
    return Path(
        iterations=kept,
        params=inputs.lift(model.path_[kept]),
        step_sizes=np.array([record.step_size for record in records]),
        passes=np.array([record.passes for record in records]),
        n_iterations=len(model.path_) - 1,
        note=_note(caught),
        seconds=seconds,
    )


def model_of(name: str, view: View, n_rows: int, fit_intercept: bool = True) -> SoftmaxRegression:
    """Return the estimator, not yet fitted, that takes the path of a solver."""
    method = METHODS[name]
    if has_l1(view) and not method.takes_l1:
        raise Refused(
            "It follows a gradient, and a penalty with L1 has none at zero: set the share of L1 "
            "to 0, or choose L-BFGS or Newton, which then are proximal methods."
        )
    batches = -(-n_rows // view.batch_size) * view.epochs
    if method.in_minibatches and batches > MOST_MINIBATCHES:
        raise Refused(
            f"{view.epochs:,} epochs in batches of {view.batch_size} are {batches:,} steps, and "
            f"the page takes up to {MOST_MINIBATCHES:,}: choose larger batches or fewer epochs."
        )
    return SoftmaxRegression(
        C=view.C,
        l1_ratio=view.l1_ratio if has_l1(view) else 0.0,
        fit_intercept=fit_intercept,
        solver=method.make(view),
        max_iter=view.epochs,
        tol=TOLERANCE,
        keep_path=True,
        random_state=view.seed,
    )


def optimum_of(view: View, rows: Prepared) -> SoftmaxRegression:
    """Return the fitted estimator of a view by the default solver."""
    l1_ratio = view.l1_ratio if has_l1(view) else 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SoftmaxRegression(C=view.C, l1_ratio=l1_ratio, tol=TOLERANCE)
        model.fit(rows.X, rows.y)
    return model


def shown_steps(n_steps: int, n_numbers: int, n_rows: int) -> NDArray[np.intp]:
    """Return which of ``n_steps`` steps of ``n_numbers`` parameters are shown, first and last too.

    Examples
    --------
    >>> shown_steps(4, 2, 150)
    array([0, 1, 2, 3])
    >>> [len(shown_steps(5001, 2, 150)), int(shown_steps(5001, 2, 150)[-1])]
    [200, 5000]
    """
    most = min(MOST_STEPS, max(min(MOST_NUMBERS // n_numbers, MOST_ROWS // n_rows), 10))
    if n_steps <= most:
        return np.arange(n_steps)
    n_first = most * 3 // 10
    rest = np.linspace(n_first, n_steps - 1, most - n_first).round().astype(np.intp)
    return np.concatenate([np.arange(n_first), rest])


def _note(caught: list[warnings.WarningMessage]) -> str:
    """Return what the warnings of a fit say that a reader of the page should know."""
    has_diverged = any(Status.DIVERGED.message in str(one.message) for one in caught)
    return DIVERGED if has_diverged else ""


class _Watching:
    """A callback of scikit-learn that counts iterations and can stop a fit."""

    max_propagation_depth = None

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._done = 0

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing before a fit."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing after a fit."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing before an iteration."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Return whether to stop."""
        if context.task_name != "iteration":
            return False
        self._done += 1
        return self._watch(self._done)
