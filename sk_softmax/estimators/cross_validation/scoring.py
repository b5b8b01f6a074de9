"""How well the model of a fold does on the rows that it holds out."""

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
    """Share of rows whose most probable class is the right one.

    Parameters
    ----------
    logits : ndarray of shape (n_outputs, n_rows)
        Class-major; one row of log-odds for two classes.
    given : ndarray of int, shape (n_rows,), or ndarray of float, shape (n_rows, n_classes)
        The number of each row's class, or its probabilities.
    weights : ndarray of shape (n_rows,), or None
        Weight of each row.
    """
    predicted = logits[0] > 0 if len(logits) == 1 else logits.argmax(axis=0)
    return float(np.average(predicted == hard_labels(given), weights=weights))


def neg_log_loss(logits: Array, given: Any, weights: Weights | None) -> float:
    """Minus the mean cross-entropy in nats a row, clipped like :func:`sklearn.metrics.log_loss`.

    No probability counts as smaller than the spacing of floating-point numbers at 1, so that a
    class a fold has never seen costs 36 nats (16 in float32) and not infinitely many. Parameters
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
"""Scores that are taken from the logits of a pass over the rows, by the value of ``scoring``."""


class FoldScores:
    """Scores fits of folds on the rows they hold out.

    Parameters
    ----------
    scoring : str, callable or None
        What the user asked for.
    data : TrainingSet
        All rows, their targets and weights.
    params : dict
        What scorers are passed beside rows and labels, such as ``sample_weight``.
    model_of : callable
        From ``C`` and ``l1_ratio`` to an estimator that is not fitted yet: what a scorer that
        wants a model is handed, once it has its coefficients.
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
            Of the fit.
        rows : ndarray of shape (n_held_out,)
            The rows to score.
        params : ndarray of shape (n_outputs, n_features + 1)
            Coefficients and intercepts of all classes.
        logits : ndarray of shape (n_outputs, n_held_out)
            Their logits, class-major.
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
    """Return what goes with some rows: of each value that has an entry a row, theirs."""
    return {
        name: np.asarray(value)[rows] if _has_one_a_row(value, n_rows) else value
        for name, value in params.items()
    }


def _has_one_a_row(value: Any, n_rows: int) -> bool:
    return not isinstance(value, str | Mapping) and np.shape(value)[:1] == (n_rows,)
