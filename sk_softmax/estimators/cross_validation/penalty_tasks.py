"""scikit-learn's callbacks in a cross-validation: each penalty is a task, and so is the refit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sk_softmax.estimators.callbacks import IterationTasks, offset_shown, shown
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.interfaces import Array

AttributesAt = Callable[[Array], dict[str, Any]]


class PenaltyTasks:
    """Tells callbacks where the fits of all folds for one penalty begin and end.

    Parameters
    ----------
    estimator : SoftmaxRegressionCV
        The estimator that is fitted.
    context : CallbackContext or None
        The context of the fit as a whole; None if this version of scikit-learn has no callbacks.
    training : TrainingSet, PartedTrainingSet or DeviceTrainingSet
        The rows that callbacks may score.
    n_penalties : int
        How many penalties there are to try.
    """

    def __init__(
        self,
        estimator: Any,
        context: Any,
        training: AnyTrainingSet,
        n_penalties: int,
    ) -> None:
        self._fit, self._left = context, n_penalties
        self._penalty: Any = None
        self._offset = offset_shown(training)
        self._arguments: dict[str, Any] = {"estimator": estimator}
        if context is not None:
            self._arguments |= shown(training)
            context.call_on_fit_task_begin(**self._arguments)
            self._begin()

    def __call__(self) -> bool:
        """End the fits for one penalty and begin the next; return whether to try no more."""
        if self._penalty is None:
            return False
        stop = bool(self._penalty.call_on_fit_task_end(**self._arguments))
        self._penalty = None
        if not stop:
            self._begin()
        return stop

    def of_refit(self, attributes_at: AttributesAt) -> IterationTasks | None:
        """Return the observer of the fit of all rows, whose iterations are tasks of their own."""
        if self._fit is None:
            return None
        refit = self._fit.subcontext(task_name="refit", max_subtasks=None)
        return IterationTasks(**self._arguments, context=refit, attributes_at=attributes_at)

    def end(self) -> None:
        """End the fit as a whole; the estimator has its fitted attributes by now."""
        if self._fit is not None:
            self._fit.call_on_fit_task_end(
                **self._arguments, reconstruction_attributes={"_offset_of_rows": self._offset}
            )

    def _begin(self) -> None:
        if self._left:
            self._left -= 1
            self._penalty = self._fit.subcontext(task_name="penalty")
            self._penalty.call_on_fit_task_begin(**self._arguments)
