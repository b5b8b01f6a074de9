"""Cross-entropy, the loss that softmax regression minimises."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from sk_softmax.functional.arrays import Array, checked_labels, floating, shape_message
from sk_softmax.functional.information import surprisal
from sk_softmax.functional.probabilities import log_sigmoid, log_softmax

InputKind = Literal["logits", "log_probabilities", "probabilities"]
Reduction = Literal["mean", "sum", "none"]


def cross_entropy(
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    input_kind: InputKind = "logits",
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
    axis: int = -1,
) -> Any:
    """Cross-entropy between targets and predicted distributions, in nats.

    ``CE = -sum_k y_k log p_k``, from logits ``z`` as ``logsumexp(z) - sum_k y_k z_k``, and with
    ``0 log 0 = 0``

    Parameters
    ----------
    inputs : array-like of shape (..., n_classes)
        Predictions, in the form that ``input_kind`` names.
    targets : array-like of shape (...) or (..., n_classes)
        Labels ``0 .. n_classes - 1``, or probabilities in the shape of ``inputs``.
    input_kind : {"logits", "log_probabilities", "probabilities"}, default="logits"
        What ``inputs`` are.
    sample_weight : array-like of shape (...), optional
        Weight of each loss.
    reduction : {"mean", "sum", "none"}, default="mean"
        Weighted mean, weighted sum, or each weighted loss by itself.
    axis : int, default=-1
        The axis of the classes.

    Returns
    -------
    loss : ndarray or scalar
        Infinite where a class that occurs was given probability 0.

    Raises
    ------
    ValueError
        If shapes do not match, a label is out of range, or a keyword is not one of its options.

    References
    ----------
    Good (1952), Rational decisions, Journal of the Royal Statistical Society B 14.

    Examples
    --------
    >>> probabilities = [[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]]
    >>> float(cross_entropy(probabilities, [0, 2], input_kind="probabilities").round(4))
    1.4979
    """
    log_probabilities = np.moveaxis(_log_probabilities(inputs, input_kind, axis), axis, -1)
    targets = np.asarray(targets)
    if targets.ndim == log_probabilities.ndim - 1:
        labels = checked_labels(targets, log_probabilities.shape[-1])
        if labels.shape != log_probabilities.shape[:-1]:
            raise ValueError(shape_message(targets, inputs))
        losses = -np.take_along_axis(log_probabilities, labels[..., None], axis=-1)[..., 0]
    else:
        if targets.shape != np.shape(inputs):
            raise ValueError(shape_message(targets, inputs))
        weights = np.moveaxis(targets, axis, -1).astype(log_probabilities.dtype, copy=False)
        # A class with target 0 adds 0, even where its predicted probability is 0 and its
        # surprisal infinite: 0 log 0 = 0.
        terms = np.multiply(
            weights, log_probabilities, out=np.zeros_like(log_probabilities), where=weights != 0
        )
        losses = -terms.sum(axis=-1)
    return _reduced(losses, sample_weight, reduction)


def binary_cross_entropy(
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    input_kind: Literal["logits", "probabilities"] = "logits",
    sample_weight: ArrayLike | None = None,
    reduction: Reduction = "mean",
) -> Any:
    """Cross-entropy of two classes, given the log-odds or probability of the second, in nats.

    ``BCE = -y log p - (1 - y) log(1 - p)``, for labels ``-log sigmoid((2y - 1) z)``

    Parameters
    ----------
    inputs : array-like
        Log-odds ``z`` or probabilities ``p`` of class 1, of any shape.
    targets : array-like
        Labels 0 and 1 or probabilities of class 1, in the shape of ``inputs``.
    input_kind : {"logits", "probabilities"}, default="logits"
        What ``inputs`` are.
    sample_weight : array-like, optional
        Weight of each loss, in the shape of ``inputs``.
    reduction : {"mean", "sum", "none"}, default="mean"
        Weighted mean, weighted sum, or each weighted loss by itself.

    Returns
    -------
    loss : ndarray or scalar
        Infinite where a class that occurs was given probability 0.

    Raises
    ------
    ValueError
        If shapes do not match or a keyword is not one of its options.

    Examples
    --------
    >>> float(binary_cross_entropy([0.0, 2.0], [1, 0]).round(4))
    1.41
    """
    inputs = floating(inputs)
    targets = np.asarray(targets, dtype=inputs.dtype)
    if targets.shape != inputs.shape:
        raise ValueError(shape_message(targets, inputs))
    if input_kind == "logits":
        losses = -targets * log_sigmoid(inputs) - (1 - targets) * log_sigmoid(-inputs)
    elif input_kind == "probabilities":
        losses = -scipy.special.xlogy(targets, inputs)
        losses -= scipy.special.xlog1py(1 - targets, -inputs)
    else:
        raise ValueError(f"input_kind={input_kind!r} must be one of 'logits', 'probabilities'.")
    return _reduced(losses, sample_weight, reduction)


def _log_probabilities(inputs: ArrayLike, input_kind: InputKind, axis: int) -> Array:
    """Return the logarithms of the predicted probabilities, in the shape of ``inputs``."""
    if input_kind == "logits":
        return log_softmax(inputs, axis=axis)
    if input_kind == "log_probabilities":
        return floating(inputs)
    if input_kind == "probabilities":
        return -surprisal(inputs)
    raise ValueError(
        f"input_kind={input_kind!r} must be one of 'logits', 'log_probabilities', 'probabilities'."
    )


def _reduced(losses: Array, sample_weight: ArrayLike | None, reduction: Reduction) -> Any:
    """Return the weighted mean or sum of the losses, or the weighted losses themselves."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction={reduction!r} must be one of 'mean', 'sum', 'none'.")
    if sample_weight is None:
        return losses if reduction == "none" else getattr(losses, reduction)()
    weights = np.asarray(sample_weight, dtype=losses.dtype)
    weighted = losses * weights
    if reduction == "none":
        return weighted
    total = weighted.sum()
    return total / weights.sum() if reduction == "mean" else total
