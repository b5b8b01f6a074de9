"""Scores of folds whose rows lie in parts or on a device: sums, or predictions collected.

Accuracy and log loss are means over rows, so each part answers with two sums. Any other scorer is
given the predictions of all rows held out, which are collected up to MOST_COLLECTED bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer

from sk_softmax.estimators.cross_validation.scoring import FROM_LOGITS, OF_ROWS, score_or_error
from sk_softmax.estimators.cross_validation.splits import with_absent_classes
from sk_softmax.estimators.cross_validation.told_scorer import ScorerToldLabels
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.folds_alike import HeldOutQuestion
from sk_softmax.fitting.folds_in_parts import FoldsInParts
from sk_softmax.fitting.folds_on_device import FoldsOnDevice
from sk_softmax.fitting.parted_training import PartedTrainingSet, outputs_of
from sk_softmax.fitting.settings import Settings, hard_labels
from sk_softmax.interfaces import Array
from sk_softmax.parts import FoldedData

# Bytes of the logits of all rows, 256 MiB, that are collected for a penalty at most: 3 million
# rows of 10 classes in float64.
MOST_COLLECTED = 2**28


def held_out_question(
    scoring: Any, training: PartedTrainingSet | DeviceTrainingSet, *, weighs: bool
) -> HeldOutQuestion:
    """Return what the parts are asked about the rows held out: see ``HeldOutQuestion``.

    Parameters
    ----------
    scoring : str or callable
        The estimator's parameter ``scoring``, or "accuracy" for None and for the default.
    training : PartedTrainingSet or DeviceTrainingSet
        The rows.
    weighs : bool
        Whether sample weights are passed to the scorer.

    Raises
    ------
    ValueError
        If the scorer needs predictions and there are too many, or if it looks at rows.
    """
    n_classes = len(training.classes)
    if isinstance(scoring, str) and scoring in FROM_LOGITS:
        return partial(summed_scores, scoring=scoring, n_classes=n_classes, weighs=weighs)
    if not hasattr(get_scorer(scoring), "get_metadata_routing"):
        raise ValueError(
            f"scoring={scoring!r} is called with the rows held out, and they lie in parts or on "
            "a device: give the name of a scorer, or a metric of predictions as "
            "sklearn.metrics.make_scorer takes it."
        )
    n_bytes = training.n_rows * outputs_of(training.classes) * training.dtype.itemsize
    if n_bytes > MOST_COLLECTED:
        raise ValueError(
            f"scoring={scoring!r} needs the predictions of all rows in one place, which are "
            f"{n_bytes:,} bytes, and at most {MOST_COLLECTED:,} are collected. Choose "
            "'accuracy' or 'neg_log_loss', which are sums over the rows, or fewer rows."
        )
    return partial(collected_logits, n_classes=n_classes)


def summed_scores(
    data: FoldedData,
    params: Mapping[int, Array | None],
    scoring: str,
    n_classes: int,
    weighs: bool,
) -> tuple[Any, ...]:
    """Question: of each fold the sums of its rows' scores and of their weights, shape ``(2,)``."""

    def sums_of(number: int, there: Array | None) -> Array:
        def term(logits: Array, rows: NDArray[np.intp]) -> tuple[tuple[Array], None]:
            logits = with_absent_classes(logits, data.present[number], n_classes, -np.inf)
            weights = np.ones(len(rows))
            if weighs and data.weights is not None:
                weights = data.weights[rows]
            scores = OF_ROWS[scoring](logits, data.given[rows])
            return (np.array([scores @ weights, weights.sum()]),), None

        ((sums,), _) = data.collect_held_out(number, there, term)
        return np.asarray(sums)

    return tuple(sums_of(number, there) for number, there in params.items())


def collected_logits(
    data: FoldedData, params: Mapping[int, Array | None], n_classes: int
) -> tuple[Any, ...]:
    """Question: of each fold the logits of its rows: a list of ``(n_outputs, n_some)``."""

    def logits_of(number: int, there: Array | None) -> list[Array]:
        present = data.present[number]
        _, kept = data.collect_held_out(
            number,
            there,
            lambda logits, _: ((), with_absent_classes(logits, present, n_classes, -np.inf)),
        )
        return kept

    return tuple(logits_of(number, there) for number, there in params.items())


def held_out_targets(data: FoldedData) -> tuple[Any, ...]:
    """Question: of each fold the targets of the rows that it holds out, and their weights.

    Two lists of arrays for each fold, the second empty where all rows have the same weight.
    """
    answer: list[list[Any]] = []
    for rows in data.held_out:
        answer.append([data.given[rows]])
        answer.append([] if data.weights is None else [data.weights[rows]])
    return tuple(answer)


class PartedScores:
    """The scorer of the fits of folds on the rows held out, which lie in parts or on a device.

    A score is NaN where it is not defined, as that of :class:`FoldScores` is.

    Parameters
    ----------
    scoring : str or callable
        The estimator's parameter ``scoring``, or "accuracy" for None and for the default.
    data : FoldsInParts or FoldsOnDevice
        All folds.
    model_of : callable
        A function from ``C`` and ``l1_ratio`` to an estimator that is not fitted yet.
    weighs : bool
        Whether sample weights are passed to the scorer.
    """

    def __init__(
        self,
        scoring: Any,
        data: FoldsInParts | FoldsOnDevice,
        model_of: Callable[[float, float], Any],
        *,
        weighs: bool,
    ) -> None:
        self._is_sum = isinstance(scoring, str) and scoring in FROM_LOGITS
        self._classes = data.training.classes
        self._scorer = ScorerToldLabels(scoring, self._classes)
        self._data = data
        self._model_of = model_of
        self._weighs = weighs
        self.last_error: ValueError | None = None
        """The last error that a NaN stands for."""

    def of(self, settings: Settings, number: int, params: Array, answer: Any) -> float:
        """Return the score of one fit.

        Parameters
        ----------
        settings : Settings
            Settings of the fit.
        number : int
            Number of the fold.
        params : ndarray of shape (n_outputs, n_features + 1)
            Coefficients and intercepts of all classes.
        answer : ndarray or list
            What the parts answered to :func:`summed_scores` or :func:`collected_logits`.
        """
        if self._is_sum:
            total, weight = answer
            return float(total / weight) if weight > 0 else np.nan
        given, weights = self._targets[2 * number : 2 * number + 2]
        extra: dict[str, Any] = {}
        if self._weighs:
            extra["sample_weight"] = np.concatenate(weights)
            if not extra["sample_weight"].any():
                return np.nan
        labels = self._classes[hard_labels(np.concatenate(given))]
        fitted, X = self._as_a_model_of_logits(settings, params, np.concatenate(answer, axis=1))
        score, error = score_or_error(
            lambda: self._scorer(fitted, X, labels, **extra), labels, len(self._classes)
        )
        self.last_error = error or self.last_error
        return score

    @cached_property
    def _targets(self) -> tuple[Any, ...]:
        """Targets and weights of the rows held out: see :func:`held_out_targets`."""
        return self._data.ask(held_out_targets)

    def _as_a_model_of_logits(
        self, settings: Settings, params: Array, logits: Array
    ) -> tuple[Any, Array]:
        """Return a model, and rows for which it predicts logits, ``(n_outputs, n_held_out)``.

        The rows are the logits, shape ``(n_held_out, n_outputs)``, and the coefficients a unit
        matrix. Only a class that the fold does not know has an intercept.
        """
        is_known = np.isfinite(params[:, -1])
        X = np.where(is_known[:, None], logits, 0).T
        fitted = self._model_of(settings.C, settings.l1_ratio)
        fitted.classes_, fitted.n_features_in_ = self._classes, X.shape[1]
        fitted.coef_ = np.eye(len(logits), dtype=X.dtype)
        fitted.intercept_ = np.where(is_known, 0, params[:, -1]).astype(X.dtype)
        return fitted, X
