"""Jacobians and gradients of the softmax, of its layer and of the cross-entropy."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from sk_softmax.functional.arrays import Array, floating, shape_message
from sk_softmax.functional.probabilities import one_hot, softmax


def softmax_jacobian(logits: ArrayLike) -> Array:
    """Jacobian of the softmax.

    ``J_ij = d softmax(z)_i / d z_j = S_i (delta_ij - S_j)`` with ``S = softmax(z)``

    Parameters
    ----------
    logits : array-like of shape (..., n_classes)
        Unnormalised log-probabilities in nats.

    Returns
    -------
    jacobian : ndarray of shape (..., n_classes, n_classes)
        Symmetric; every row and every column adds up to 0.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, eq. 4.106.

    Examples
    --------
    >>> softmax_jacobian([0.0, 0.0])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    probabilities = softmax(logits)
    outer = probabilities[..., :, None] * probabilities[..., None, :]
    identity = np.eye(probabilities.shape[-1], dtype=probabilities.dtype)
    return np.asarray(probabilities[..., :, None] * identity - outer)


def softmax_layer_jacobian(
    x: ArrayLike, coef: ArrayLike, intercept: ArrayLike | None = None
) -> Array:
    """Jacobian of a softmax layer's probabilities with respect to its weights.

    ``D_ij P_t = d P_t / d coef_ij = S_t (delta_ti - S_i) x_j`` with
    ``P = S = softmax(coef x + intercept)``

    Parameters
    ----------
    x : array-like of shape (..., n_features)
        Input of the layer.
    coef : array-like of shape (n_classes, n_features)
        Weights.
    intercept : array-like of shape (n_classes,), optional
        Zero if not given.

    Returns
    -------
    jacobian : ndarray of shape (..., n_classes, n_classes, n_features)
        Element ``[..., t, i, j]`` is the derivative of probability ``t`` with respect to
        ``coef[i, j]``.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.4.

    Examples
    --------
    >>> softmax_layer_jacobian([2.0], [[0.0], [0.0]])[..., 0]
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    x = floating(x)
    jacobian = softmax_jacobian(_layer_logits(x, coef, intercept))
    return np.asarray(jacobian[..., None] * x[..., None, None, :])


def cross_entropy_gradient(logits: ArrayLike, targets: ArrayLike) -> Array:
    """Gradient of each row's cross-entropy with respect to its logits.

    ``d CE / d z = softmax(z) - y``; with respect to a layer's weights, ``(S_i - y_i) x_j``

    Parameters
    ----------
    logits : array-like of shape (..., n_classes)
        Unnormalised log-probabilities in nats.
    targets : array-like of shape (...) or (..., n_classes)
        Labels ``0 .. n_classes - 1``, or probabilities in the shape of ``logits``.

    Returns
    -------
    gradient : ndarray of shape (..., n_classes)
        Each row adds up to 0 if the targets are distributions.

    Raises
    ------
    ValueError
        If shapes do not match or a label is out of range.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, eq. 4.109.

    Examples
    --------
    >>> cross_entropy_gradient([[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    """
    probabilities = softmax(logits)
    targets = np.asarray(targets)
    if targets.ndim == probabilities.ndim - 1:
        targets = one_hot(targets, probabilities.shape[-1], dtype=probabilities.dtype)
    if targets.shape != probabilities.shape:
        raise ValueError(shape_message(targets, logits))
    return np.asarray(probabilities - targets.astype(probabilities.dtype, copy=False))


def softmax_layer_gradient(
    X: ArrayLike,
    targets: ArrayLike,
    coef: ArrayLike,
    intercept: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    reduction: Literal["mean", "sum"] = "mean",
) -> tuple[Array, Array]:
    """Gradient of a softmax layer's cross-entropy with respect to its weights, over all rows.

    ``d sum_i CE_i / d coef = -((Y - A)' X)``, where the rows of ``A`` are the probabilities and
    the rows of ``Y`` are the targets

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Inputs of the layer.
    targets : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels or probabilities.
    coef : array-like of shape (n_classes, n_features)
        Weights.
    intercept : array-like of shape (n_classes,), optional
        Zero if not given.
    sample_weight : array-like of shape (n_samples,), optional
        Weight of each row's loss.
    reduction : {"mean", "sum"}, default="mean"
        Gradient of the weighted mean or of the weighted sum.

    Returns
    -------
    coef_gradient : ndarray of shape (n_classes, n_features)
        Derivatives in nats per unit of each weight.
    intercept_gradient : ndarray of shape (n_classes,)
        Derivatives in nats.

    Raises
    ------
    ValueError
        If shapes do not match, a label is out of range, or ``reduction`` is not one of its
        options.

    References
    ----------
    Raschka, STAT 453: Deep Learning and Generative Models, lecture 8.

    Examples
    --------
    >>> coef_gradient, intercept_gradient = softmax_layer_gradient([[1.0, 2.0]], [0], [[0, 0]] * 2)
    >>> coef_gradient
    array([[-0.5, -1. ],
           [ 0.5,  1. ]])
    >>> intercept_gradient
    array([-0.5,  0.5])
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction={reduction!r} must be one of 'mean', 'sum'.")
    X = floating(X)
    residuals = cross_entropy_gradient(_layer_logits(X, coef, intercept), targets)
    total: Any = len(X)
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=residuals.dtype)
        residuals = residuals * weights[:, None]
        total = weights.sum()
    if reduction == "mean":
        residuals = residuals / total
    return np.asarray(residuals.T @ X), np.asarray(residuals.sum(axis=0))


def _layer_logits(X: Array, coef: ArrayLike, intercept: ArrayLike | None) -> Array:
    """Return ``X coef' + intercept``, of shape (..., n_classes)."""
    logits = X @ np.asarray(coef, dtype=X.dtype).T
    return logits if intercept is None else logits + np.asarray(intercept, dtype=X.dtype)
