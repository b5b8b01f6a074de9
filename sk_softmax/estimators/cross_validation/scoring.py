"""Scores of the model of a fold on the rows that the fold holds out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer

from sk_softmax import functional
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
    predicted = logits[0] > 0 if len(logits) == 1 else logits.argmax(axis=0)
    return float(np.average(predicted == hard_labels(given), weights=weights))


def neg_log_loss(logits: Array, given: Any, weights: Weights | None) -> float:
    """Return minus the mean cross-entropy in nats a row, as :func:`sklearn.metrics.log_loss` does.

    Probabilities are clipped from below at the spacing of floating-point numbers at 1. So a class
    that a fold does not know costs 36 nats (16 in float32), and not infinitely many. Parameters
    are those of :func:`accuracy`.
    """
    if len(logits) == 1:
        each = np.stack([functional.log_sigmoid(-logits[0]), functional.log_sigmoid(logits[0])])
    else:
        each = functional.log_softmax(logits, axis=0)
    eps = np.finfo(each.dtype).eps
    each = np.clip(each, np.log(eps), np.log1p(-eps))
    if given.ndim == 1:
        gains = each[given, np.arange(len(given))]
    else:
        gains = np.einsum("ki,ik->i", each, given)
    return float(np.average(gains, weights=weights))


FROM_LOGITS: dict[Any, Callable[[Array, Any, Weights | None], float]] = {
    None: accuracy,
    "accuracy": accuracy,
    "neg_log_loss": neg_log_loss,
}
"""Scores that need the held-out logits alone, by the value of ``scoring``."""


class FoldScores:
    """The scorer of the fits of folds, on the rows that the folds hold out.

    Parameters
    ----------
    scoring : str, callable or None
        The estimator's parameter ``scoring``.
    data : TrainingSet
        All rows, their targets and weights.
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
        params: Mapping[str, Any],
        model_of: Callable[[float, float], Any],
    ) -> None:
        known = scoring is None or isinstance(scoring, str)
        self._from_logits = FROM_LOGITS.get(scoring) if known else None
        self._scorer = get_scorer("accuracy" if scoring is None else scoring)
        self._data = data
        self._labels = data.classes[hard_labels(data.given)]
        self._params = params
        self._model_of = model_of

    def of(
        self, settings: Settings, rows: NDArray[np.intp], params: Array, logits: Array
    ) -> float:
        """Return the score of one fit.

        Parameters
        ----------
        settings : Settings
            Settings of the fit.
        rows : ndarray of int, shape (n_held_out,)
            Numbers of the rows to score.
        params : ndarray of shape (n_outputs, n_features + 1)
            Coefficients and intercepts of all classes.
        logits : ndarray of shape (n_outputs, n_held_out)
            Logits of these rows, class-major.

        Returns
        -------
        score : float
            The higher the better.
        """
        extra = _of_rows(self._params, rows, len(self._labels))
        if self._from_logits is not None:
            weights = extra.get("sample_weight")
            return self._from_logits(logits, self._data.given[rows], weights)
        fitted = self._model_of(settings.C, settings.l1_ratio)
        fitted.classes_, fitted.n_features_in_ = self._data.classes, self._data.X.shape[1]
        fitted.coef_, fitted.intercept_ = params[:, :-1], params[:, -1]
        return float(self._scorer(fitted, self._data.X[rows], self._labels[rows], **extra))


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
