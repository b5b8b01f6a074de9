"""Ctrl-C during a fit: what was found so far is kept, where the user asks for that."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.driver import ParamsThere
from sk_softmax.fitting.fit import Fitted
from sk_softmax.interfaces import IterationRecord, Status

_keepers: ContextVar[int] = ContextVar("sk_softmax_keepers", default=0)
"""How many :class:`KeepOnInterrupt` are entered in this thread."""

STDERR = 2

TOLD = b"\nCtrl-C: the fit ends after this iteration and is kept; once more ends it at once\n"

HOW = (
    "Nothing of this fit was kept. To keep the best coefficients so far: "
    "with sk_softmax.KeepOnInterrupt(): model.fit(X, y)"
)


class KeepOnInterrupt:
    """Lets Ctrl-C end a fit after its current iteration, with the best coefficients so far.

    Without it Ctrl-C (in a notebook: interrupt the kernel) is a ``KeyboardInterrupt`` as anywhere,
    and the model stays as it was before ``fit``. With it ``fit`` returns a fitted model and a
    ``ConvergenceWarning``: ``coef_`` are those of the last iteration (of the last epoch, for a
    minibatch solver; with ``early_stopping`` those with the least validation loss), and
    ``converged_`` is False. A second Ctrl-C during the same fit is a ``KeyboardInterrupt``.

    It is a context manager, with every version of scikit-learn; and from version 1.9 on a callback
    for ``set_callbacks``, which stays with the estimator and its clones.

    Notes
    -----
    It counts for ``SoftmaxRegression.fit``, which goes on from there with ``warm_start``, and for
    ``SoftmaxRegressionCV.fit``, which tries no further penalties and fits all rows with the best
    of those tried. In a search of scikit-learn's each Ctrl-C ends one fit. Only the main
    thread of a process is told of Ctrl-C, so fits in other threads and processes go on.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import KeepOnInterrupt, SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> with KeepOnInterrupt():
    ...     model = SoftmaxRegression().fit(X, y)  # may be ended by Ctrl-C
    >>> model.converged_
    True
    """

    def __enter__(self) -> Self:
        _keepers.set(_keepers.get() + 1)
        return self

    def __exit__(self, *exception: object) -> None:
        _keepers.set(_keepers.get() - 1)

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin: scikit-learn calls it before a fit."""
        self.__enter__()

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing: the fit itself listens."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Return False: the fit itself stops."""
        return False

    def teardown(self, estimator: Any, context: Any) -> None:
        """End: scikit-learn calls it after a fit, whatever happened."""
        self.__exit__()


class Interruption:
    """Whether Ctrl-C was pressed since the fit began; an observer that stops the fit then."""

    def __init__(self, *, may_come: bool) -> None:
        self.requested = False
        self.may_come = may_come
        """Whether this fit is told of Ctrl-C; otherwise nothing is to be asked."""

    def __call__(self, record: IterationRecord, params: ParamsThere) -> bool:
        """Return whether to stop after this iteration."""
        return self.requested

    def on_signal(self, number: int, frame: Any) -> None:
        """Remember the first Ctrl-C, and raise a ``KeyboardInterrupt`` for the second."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        with suppress(OSError):  # a buffered stream may be in the middle of a write
            os.write(STDERR, TOLD)

    def of_search(self, is_tried: NDArray[np.bool_]) -> list[Status]:
        """Return why a search tried some penalties only, empty if it tried all.

        The next Ctrl-C is the first again: it is for the fit of all rows.
        """
        was_requested, self.requested = self.requested, False
        if is_tried.all():
            return []
        return [Status.INTERRUPTED if was_requested else Status.STOPPED]

    def told(self, fitted: Fitted) -> Fitted:
        """Return a fit with the status ``INTERRUPTED`` if that is why it stopped."""
        solution = fitted.solution
        if not (self.requested and solution.status is Status.STOPPED):
            return fitted
        return replace(fitted, solution=replace(solution, status=Status.INTERRUPTED))


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Listen to Ctrl-C during a fit, if a :class:`KeepOnInterrupt` is entered.

    Otherwise, and in threads that are never told of Ctrl-C, the interruption never comes, and a
    ``KeyboardInterrupt`` gets a note that says how to keep a fit.
    """
    interruption = Interruption(may_come=bool(_keepers.get()) and _is_told())
    if not interruption.may_come:
        try:
            yield interruption
        except KeyboardInterrupt as stop:
            stop.add_note(HOW)
            raise
        return
    before = signal.signal(signal.SIGINT, interruption.on_signal)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)


def _is_told() -> bool:
    """Whether this thread is told of Ctrl-C."""
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) != signal.SIG_IGN
