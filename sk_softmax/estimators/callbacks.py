"""Support for callbacks of scikit-learn 1.9 and later: each iteration of a fit is a task."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from sk_softmax.estimators.dispatched_predictions import in_place_of
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.driver import ParamsThere
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.fitting.settings import Settings, TrainingSet, Weights, hard_labels
from sk_softmax.interfaces import Array, IterationRecord

__all__ = [
    "CallbackSupportMixin",
    "IterationTasks",
    "attributes_at",
    "begin",
    "begin_with",
    "tasks_of",
    "with_callbacks",
]

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Adds nothing: this version of scikit-learn has no callbacks."""

    def with_callbacks(method: Any) -> Any:
        """Return the method unchanged."""
        return method


FITTED = {
    "_has_offset",
    "_last_stream",
    "_seen",
    "_why_stopped",
    "best_iteration_",
    "classes_",
    "coef_",
    "converged_",
    "duality_gap_",
    "feature_names_in_",
    "intercept_",
    "n_features_in_",
    "n_iter_",
    "path_",
    "records_",
}
"""Attributes that fits of a ``SoftmaxRegression`` set."""


def begin(estimator: Any, settings: Settings) -> Any:
    """Return the context of a fit; None if nobody can listen.

    Callbacks and the task that a fit is part of are attributes that scikit-learn adds to an
    estimator, under names that are not public. So an estimator that has its parameters and fitted
    attributes alone has neither. The context and its tasks take 0.1 ms.
    """
    kind: Any = type(estimator)
    if vars(estimator).keys() <= _own_attributes(kind):
        return None
    # The number of iterations is known before the fit for stochastic solvers only, or if it is 0.
    is_known = settings.solver.is_stochastic or settings.max_iter == 0
    return begin_with(estimator, settings.max_iter if is_known else None)


def begin_with(estimator: Any, n_tasks: int | None) -> Any:
    """Return the context of a fit with so many tasks, None if that is not known yet.

    It is None if this version of scikit-learn has no callbacks.
    """
    if not hasattr(estimator, "set_callbacks"):
        return None
    return estimator._init_callback_context(max_subtasks=n_tasks)


@cache
def _own_attributes(kind: type) -> frozenset[str]:
    """Return the names of a class's parameters, and of what fits set."""
    return frozenset(FITTED.union(inspect.signature(kind).parameters))


def tasks_of(
    estimator: Any,
    context: Any,
    training: AnyTrainingSet,
    coefficients_at: Callable[[Array], dict[str, Any]],
) -> IterationTasks | None:
    """Return the observer that reports iterations to callbacks; None if there is no context.

    ``coefficients_at`` is a function from params to the estimator's fitted coefficients.
    """
    if context is None:
        return None
    return IterationTasks(
        estimator=estimator,
        context=context,
        **shown(training),
        attributes_at=partial(attributes_at, training, coefficients_at),
    )


def shown(training: AnyTrainingSet) -> dict[str, Any]:
    """Return what callbacks may score: rows, labels and weights; None for rows in parts."""
    if isinstance(training, PartedTrainingSet):
        return {"X": None, "y": None, "metadata": None}
    weights = {} if training.weights is None else {"sample_weight": training.weights}
    return {
        **in_place_of(training, {"X": training.X}),
        "y": lambda: training.classes[_labels(training)],
        "metadata": in_place_of(training, weights) or None,
    }


def attributes_at(
    training: AnyTrainingSet,
    coefficients_at: Callable[[Array], dict[str, Any]],
    params: Array,
) -> dict[str, Any]:
    """Return the attributes that an estimator needs to predict with these params."""
    return {
        "classes_": training.classes,
        "_has_offset": training.has_offset,
        "_offset_of_rows": offset_shown(training),
        **coefficients_at(params),
    }


def offset_shown(training: AnyTrainingSet) -> Weights | None:
    """Return the offset of the rows that callbacks may score; None without one or in parts."""
    return None if isinstance(training, PartedTrainingSet) else training.offset_of_classes


def _labels(training: TrainingSet | DeviceTrainingSet) -> Any:
    """Return the number of each row's most probable class, ``(n_rows,)``, on the host."""
    if isinstance(training, DeviceTrainingSet):
        return training.hard_labels()
    return hard_labels(training.given)


class IterationTasks:
    """Tells scikit-learn's callbacks where an iteration begins and ends.

    Parameters
    ----------
    estimator : SoftmaxRegression
        The estimator that is fitted.
    context : CallbackContext
        The context of the fit as a whole.
    X, y, metadata : object
        The rows, labels and metadata that callbacks may score.
    attributes_at : callable
        A function from params to the attributes that the estimator needs to predict.
    """

    def __init__(
        self,
        estimator: Any,
        context: Any,
        X: Any,
        y: Any,
        metadata: dict[str, Any] | None,
        attributes_at: Callable[[Array], dict[str, Any]],
    ) -> None:
        self._fit = context
        self._left = context.max_subtasks
        self._arguments = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._attributes_at = attributes_at
        self._fit.call_on_fit_task_begin(**self._arguments)
        self._iteration: Any = None

    def __call__(self, record: IterationRecord, params: ParamsThere) -> bool:
        """End an iteration and begin the next; return whether a callback asked to stop."""
        stop = False
        if self._iteration is not None:
            stop = self._iteration.call_on_fit_task_end(
                **self._arguments, reconstruction_attributes=self._at(params)
            )
            self._iteration = None
        if not stop and self._left != 0:
            self._left = None if self._left is None else self._left - 1
            self._iteration = self._fit.subcontext(task_name="iteration")
            self._iteration.call_on_fit_task_begin(
                **self._arguments, reconstruction_attributes=self._at(params)
            )
        return stop

    def end(self, params: Array) -> None:
        """End the fit. An iteration that was begun but not run ends without a result."""
        if self._iteration is not None:
            self._iteration.call_on_fit_task_end(estimator=self._arguments["estimator"])
        self._fit.call_on_fit_task_end(
            **self._arguments, reconstruction_attributes=self._attributes_at(params)
        )

    def _at(self, params: ParamsThere) -> Callable[[], dict[str, Any]]:
        """Return a function that makes the attributes, called only by callbacks that use them."""
        return lambda: self._attributes_at(params())
