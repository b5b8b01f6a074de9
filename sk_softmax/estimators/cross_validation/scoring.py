"""Scores of the model of a fold on the rows that the fold holds out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning

from sk_softmax import functional
from sk_softmax.estimators.cross_validation.splits import with_absent_classes
from sk_softmax.estimators.cross_validation.told_scorer import ScorerToldLabels
from sk_softmax.fitting.folded_set import Fold
from sk_softmax.fitting.settings import Settings, TrainingSet, Weights, hard_labels
from sk_softmax.interfaces import Array


def accuracy(logits: Array, given: Any, weights: Weights | None) -> float:
    """Return the weighted share of rows whose most probable class is the right one.

    Parameters
    ----------
    logits : ndarray of shape (n_outputs, n_rows)
        Class-major logits; for two classes a single row of log-odds.
    given : ndarray of int, shape (n_rows,), or ndarray of float, shape (n_rows, n_classes)
        The number of each row's class, or the row's probabilities.
    weights : ndarray of shape (n_rows,), or None
        Weight of each row; None if all are equal.
    """
    return float(np.average(hits(logits, given), weights=weights))


def hits(logits: Array, given: Any) -> NDArray[Any]:
    """Return whether each row's most probable class is the right one, shape ``(n_rows,)``."""
    predicted = logits[0] > 0 if len(logits) == 1 else logits.argmax(axis=0)
    return np.asarray(predicted == hard_labels(given))


def neg_log_loss(logits: Array, given: Any, weights: Weights | None) -> float:
    """Return minus the mean cross-entropy in nats a row, as :func:`sklearn.metrics.log_loss` does.

    Probabilities are clipped from below at the spacing of floating-point numbers at 1. So a class
    that a fold does not know costs 36 nats (16 in float32), and not infinitely many. Parameters
    are those of :func:`accuracy`.
    """
    return float(np.average(gains(logits, given), weights=weights))


def gains(logits: Array, given: Any) -> Array:
    """Return minus the cross-entropy of each row in nats, shape ``(n_rows,)``."""
    if len(logits) == 1:
        each = np.stack([functional.log_sigmoid(-logits[0]), functional.log_sigmoid(logits[0])])
    else:
        each = functional.log_softmax(logits, axis=0)
    eps = np.finfo(each.dtype).eps
    each = np.clip(each, np.log(eps), np.log1p(-eps))
    if given.ndim == 1:
        return np.asarray(each[given, np.arange(len(given))])
    return np.asarray(np.einsum("ki,ik->i", each, given))


FROM_LOGITS: dict[str, Callable[[Array, Any, Weights | None], float]] = {
    "accuracy": accuracy,
    "neg_log_loss": neg_log_loss,
}
"""Scores that need the held-out logits alone, by the value of ``scoring``."""

OF_ROWS: dict[str, Callable[[Array, Any], NDArray[Any]]] = {
    "accuracy": hits,
    "neg_log_loss": gains,
}
"""What each row adds to such a score, shape ``(n_rows,)``."""


class FoldScores:
    """The scorer of the fits of folds, on the rows that the folds hold out.

    A score is NaN where it is not defined: on rows without weight, where the scorer returns NaN,
    and where it raises a ``ValueError`` and the rows lack a class.

    Parameters
    ----------
    scoring : str or callable
        The estimator's parameter ``scoring``, or "accuracy" for None and for the default.
    data : TrainingSet
        All rows, their targets and weights.
    folds : sequence of Fold
        The folds.
    params : dict
        What scorers are passed besides rows and labels, such as ``sample_weight``.
    model_of : callable
        A function from ``C`` and ``l1_ratio`` to an estimator that is not fitted yet. It is given
        its coefficients here, and passed to a scorer that needs a model.
    """

    def __init__(
        self,
        scoring: Any,
        data: TrainingSet,
        folds: Sequence[Fold],
        params: Mapping[str, Any],
        model_of: Callable[[float, float], Any],
    ) -> None:
        self._from_logits = FROM_LOGITS.get(scoring) if isinstance(scoring, str) else None
        self._scorer = ScorerToldLabels(scoring, data.classes)
        self._data = data
        self._folds = folds
        self._labels = data.classes[hard_labels(data.given)]
        self._params = params
        self._model_of = model_of
        self.last_error: ValueError | None = None
        """The last error that a NaN stands for."""

    def of(self, settings: Settings, number: int, params: Array, logits: Array) -> float:
        """Return the score of one fit.

        Parameters
        ----------
        settings : Settings
            Settings of the fit.
        number : int
            Number of the fold.
        params : ndarray of shape (n_outputs, n_features + 1)
            Coefficients and intercepts of all classes.
        logits : ndarray of shape (n_outputs, n_held_out)
            Logits of the rows held out, class-major, of the classes that the fold knows.

        Returns
        -------
        score : float
            The higher the better; NaN if it is not defined.
        """
        rows, n_classes = self._folds[number].held_out, len(self._data.classes)
        logits = with_absent_classes(logits, self._folds[number].present, n_classes, -np.inf)
        extra = _of_rows(self._params, rows, len(self._labels))
        weights = extra.get("sample_weight")
        if weights is not None and not np.any(weights):
            return np.nan
        if self._from_logits is not None:
            return self._from_logits(logits, self._data.given[rows], weights)
        fitted = self._model_of(settings.C, settings.l1_ratio)
        fitted.classes_, fitted.n_features_in_ = self._data.classes, self._data.X.shape[1]
        fitted.coef_, fitted.intercept_ = params[:, :-1], params[:, -1]
        offset = self._data.offset_of_classes
        fitted._has_offset = offset is not None
        fitted._offset_of_rows = None if offset is None else offset[rows]
        labels = self._labels[rows]
        score, error = score_or_error(
            lambda: self._scorer(fitted, self._data.X[rows], labels, **extra), labels, n_classes
        )
        self.last_error = error or self.last_error
        return score


def score_or_error(
    call: Callable[[], Any], labels: NDArray[Any], n_classes: int
) -> tuple[float, ValueError | None]:
    """Return the score that a call returns, and None; or NaN and the error that it raises.

    The error is raised if all classes are among the labels, shape ``(n_held_out,)``.
    """
    try:
        return _quiet_if_undefined(call), None
    except ValueError as error:
        if len(np.unique(labels)) == n_classes:
            raise
        return np.nan, error


def _quiet_if_undefined(call: Callable[[], Any]) -> float:
    """Return the score that a call returns; warnings of a score that is not finite are dropped.

    A single warning for all folds takes their place.
    """
    with warnings.catch_warnings(record=True) as caught:
        for category in (UndefinedMetricWarning, RuntimeWarning):
            warnings.simplefilter("always", category)
        score = float(call())
    for warning in caught:
        if np.isfinite(score) or not issubclass(
            warning.category, UndefinedMetricWarning | RuntimeWarning
        ):
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return score


def _of_rows(params: Mapping[str, Any], rows: NDArray[np.intp], n_rows: int) -> dict[str, Any]:
    """Return scorers' parameters for some rows.

    A value with one entry per row is reduced to the entries of these rows; others are unchanged.
    """
    return {
        name: np.asarray(value)[rows] if _has_one_per_row(value, n_rows) else value
        for name, value in params.items()
    }


def _has_one_per_row(value: Any, n_rows: int) -> bool:
    """Whether a value has one entry per row."""
    return not isinstance(value, str | Mapping) and np.shape(value)[:1] == (n_rows,)
