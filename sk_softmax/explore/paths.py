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
from sk_softmax.explore.methods import METHODS, has_l1, solver_options
from sk_softmax.explore.rows_of_view import Numbers, Prepared
from sk_softmax.explore.view import View
from sk_softmax.interfaces import Status

MOST_STEPS = 200
"""Steps of a path that are shown; of a longer one all of the first 60 and some of the rest."""

MOST_MINIBATCHES_SHOWN = 500
"""Points of a path in minibatches, ends of epochs among them."""

MOST_NUMBERS = 40_000
"""Parameters of a path that are sent, over all its steps: an image model has 650 a step."""

MOST_ROWS = 4_000_000
"""Rows that the models of a path are judged on, over all its steps: 20 ms for two classes, 120 for
three."""

MOST_MINIBATCHES = 1_000_000
"""Of one fit, some 20 seconds."""

MOST_KEPT = 5_000_000
"""Numbers of a path that has an entry for each minibatch; of a longer one each epoch's is kept."""

NUMBERS_OF_AN_ARRAY = 20
"""That the object of an entry takes beside its own."""

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

    iterations: NDArray[np.float64]
    """Shape ``(n_steps,)``: from 0 for the start to ``n_iterations``; within an epoch a
    fraction."""

    params: Numbers
    """Shape ``(n_steps, n_outputs, n_features + 1)``."""

    passes: Numbers
    n_iterations: int
    n_batches: int
    """Entries of an iteration: the minibatches of an epoch, or 1."""

    note: str
    """What went wrong, or nothing."""

    seconds: float


def path_of(name: str, view: View, inputs: FitInputs, watch: Watch | None = None) -> Path:
    """Fit one solver of the page and return its path.

    Warnings are caught, which Python does for all threads at once: one fit at a time.
    """
    model = model_of(name, view, inputs)
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
    n_iterations = len(model.records_) - 1
    n_batches = (len(model.path_) - 1) // max(n_iterations, 1) or 1
    kept = shown_minibatches(n_iterations, n_batches, model.path_[0].size, len(inputs.X))
    iterations = kept / n_batches
    passes = [record.passes for record in model.records_]
    return Path(
        iterations=iterations,
        params=inputs.lift(model.path_[kept]),
        passes=np.interp(iterations, np.arange(n_iterations + 1), passes),
        n_iterations=n_iterations,
        n_batches=n_batches,
        note=_note(caught),
        seconds=seconds,
    )


def model_of(name: str, view: View, inputs: FitInputs) -> SoftmaxRegression:
    """Return the estimator, not yet fitted, that takes the path of a solver."""
    method = METHODS[name]
    if has_l1(view) and method.proximal is None:
        raise Refused(
            "It follows a gradient, and a penalty with L1 has none at zero: set the share of L1 "
            "to 0, or choose L-BFGS or Newton, which then are proximal methods."
        )
    batches = -(-len(inputs.X) // view.batch_size) * view.epochs if method.in_minibatches else 0
    if batches > MOST_MINIBATCHES:
        raise Refused(
            f"{view.epochs:,} epochs in batches of {view.batch_size} are {batches:,} steps, and "
            f"the page takes up to {MOST_MINIBATCHES:,}: choose larger batches or fewer epochs."
        )
    keeps_all = batches * (inputs.start.size + NUMBERS_OF_AN_ARRAY) <= MOST_KEPT
    return SoftmaxRegression(
        C=view.C,
        l1_ratio=view.l1_ratio if has_l1(view) else 0.0,
        max_iter=view.epochs,
        tol=TOLERANCE,
        keep_path="steps" if method.in_minibatches and keeps_all else True,
        random_state=view.seed,
        **inputs.options,
        **solver_options(name, view, inputs.free),
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
    return _first_and_some(np.arange(n_steps), most)


def shown_minibatches(
    n_iterations: int, n_batches: int, n_numbers: int, n_rows: int
) -> NDArray[np.intp]:
    """Return which steps are shown of a path with ``n_batches`` of them an iteration.

    They are the ends of iterations that :func:`shown_steps` chooses and, up to
    :data:`MOST_MINIBATCHES_SHOWN` in all, steps between: all of the first and some of the rest.

    Examples
    --------
    >>> shown_minibatches(2, 3, 2, 150)
    array([0, 1, 2, 3, 4, 5, 6])
    >>> len(shown_minibatches(30, 38, 2, 300))
    500
    """
    ends = n_batches * shown_steps(n_iterations + 1, n_numbers, n_rows)
    most = min(MOST_MINIBATCHES_SHOWN, MOST_NUMBERS // n_numbers, MOST_ROWS // n_rows)
    if n_batches == 1 or len(ends) >= most:
        return ends
    between = np.setdiff1d(np.arange(n_iterations * n_batches), ends)
    return np.union1d(ends, _first_and_some(between, most - len(ends)))


def _first_and_some(steps: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """Return at most so many of these steps: the first three tenths, and some of the rest."""
    if len(steps) <= most:
        return steps
    n_first = most * 3 // 10
    rest = np.linspace(n_first, len(steps) - 1, most - n_first).round().astype(np.intp)
    return np.asarray(steps[np.concatenate([np.arange(n_first), rest])])


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
