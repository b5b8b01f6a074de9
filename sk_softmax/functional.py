"""Softmax and its relatives on plain arrays: mathematics, no state.

Every function takes anything NumPy can turn into an array, keeps float32 and float64 as they are
(whole numbers become float64) and is exact to rounding for any finite input, however large. Logs
are natural and results in nats, unless a ``base`` is given.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "binary_cross_entropy",
    "cross_entropy",
    "cross_entropy_gradient",
    "entropy",
    "kl_divergence",
    "log_sigmoid",
    "log_softmax",
    "one_hot",
    "sigmoid",
    "softmax",
    "softmax_jacobian",
    "softmax_layer_gradient",
    "softmax_layer_jacobian",
    "surprisal",
]

Array: TypeAlias = NDArray[np.floating[Any]]
InputKind = Literal["logits", "log_probabilities", "probabilities"]
Reduction = Literal["mean", "sum", "none"]


# --- from logits to probabilities ---------------------------------------------------------------


def softmax(logits: ArrayLike, axis: int = -1) -> Array:
    """Softmax: probabilities proportional to ``exp(logits)``.

    ``softmax(z)_k = exp(z_k) / sum_j exp(z_j)``

    Parameters
    ----------
    logits : array-like
        Unnormalised log-probabilities in nats, of any shape and finite.
    axis : int, default=-1
        The axis of the classes.

    Returns
    -------
    probabilities : ndarray
        Same shape; adds up to 1 along ``axis``.

    References
    ----------
    Bridle (1990), Probabilistic interpretation of feedforward classification network outputs.

    Examples
    --------
    >>> softmax([1.0, 2.0, 3.0])
    array([0.09003057, 0.24472847, 0.66524096])
    """
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(scipy.special.softmax(_floating(logits), axis=axis))


def log_softmax(logits: ArrayLike, axis: int = -1) -> Array:
    """Logarithm of the softmax, never by the logarithm of a rounded probability.

    ``log_softmax(z)_k = z_k - log sum_j exp(z_j)``

    Parameters
    ----------
    logits : array-like
        Unnormalised log-probabilities in nats, of any shape and finite.
    axis : int, default=-1
        The axis of the classes.

    Returns
    -------
    log_probabilities : ndarray
        Same shape, in nats; ``-inf`` only where the difference of two logits overflows.

    References
    ----------
    Blanchard, Higham and Higham (2021), Accurately computing the log-sum-exp and softmax
    functions, IMA Journal of Numerical Analysis 41.

    Examples
    --------
    >>> log_softmax([0.0, -1000.0])
    array([    0., -1000.])
    """
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(scipy.special.log_softmax(_floating(logits), axis=axis))


def sigmoid(log_odds: ArrayLike) -> Array:
    """Sigmoid: the softmax of two classes whose logits differ by ``log_odds``.

    ``sigmoid(z) = 1 / (1 + exp(-z)) = softmax((0, z))_1``

    Parameters
    ----------
    log_odds : array-like
        Log-odds in nats, of any shape and finite.

    Returns
    -------
    probability : ndarray
        Same shape.

    Examples
    --------
    >>> sigmoid([0.0, 100.0, -100.0])
    array([5.00000000e-01, 1.00000000e+00, 3.72007598e-44])
    """
    with np.errstate(under="ignore"):
        return np.asarray(scipy.special.expit(_floating(log_odds)))


def log_sigmoid(log_odds: ArrayLike) -> Array:
    """Logarithm of the sigmoid.

    ``log_sigmoid(z) = -log(1 + exp(-z))``

    Parameters
    ----------
    log_odds : array-like
        Log-odds in nats, of any shape and finite.

    Returns
    -------
    log_probability : ndarray
        Same shape, in nats.

    Examples
    --------
    >>> log_sigmoid([0.0, -1000.0])
    array([-6.93147181e-01, -1.00000000e+03])
    """
    with np.errstate(under="ignore"):
        return np.asarray(scipy.special.log_expit(_floating(log_odds)))


def one_hot(labels: ArrayLike, n_classes: int | None = None, dtype: Any = np.float64) -> Array:
    """One-hot targets: probability 1 for each label's class.

    Parameters
    ----------
    labels : array-like of int
        Classes ``0 .. n_classes - 1``, of any shape.
    n_classes : int, optional
        Number of classes; one more than the largest label if not given.
    dtype : dtype, default=float64
        Type of the result.

    Returns
    -------
    targets : ndarray of shape (*labels.shape, n_classes)
        Zeros and ones.

    Raises
    ------
    ValueError
        If a label is not a whole number from 0 to ``n_classes - 1``.

    Examples
    --------
    >>> one_hot([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = np.asarray(labels)
    if n_classes is None:
        n_classes = int(labels.max(initial=-1)) + 1
    targets = np.zeros((*labels.shape, n_classes), dtype=dtype)
    positions = _checked_labels(labels, n_classes)[..., None]
    np.put_along_axis(targets, positions, 1, axis=-1)
    return targets


# --- information ------------------------------------------------------------------------------


def surprisal(probabilities: ArrayLike, base: float = np.e) -> Array:
    """Surprisal (self-information) of events: how unexpected they are.

    ``surprisal(p) = -log p``

    Parameters
    ----------
    probabilities : array-like
        Probabilities, of any shape.
    base : float, default=e
        Base of the logarithm: e for nats, 2 for bits.

    Returns
    -------
    surprisal : ndarray
        Same shape; infinite for probability 0.

    References
    ----------
    Shannon (1948), A mathematical theory of communication.

    Examples
    --------
    >>> surprisal([1.0, 0.5, 0.125], base=2)
    array([0., 1., 3.])
    """
    with np.errstate(divide="ignore"):
        return np.asarray(0.0 - _log(_floating(probabilities), base))


def entropy(probabilities: ArrayLike, base: float = np.e, axis: int = -1) -> Any:
    """Entropy: the mean surprisal of a distribution.

    ``H(p) = -sum_k p_k log p_k``, with ``0 log 0 = 0``

    Parameters
    ----------
    probabilities : array-like
        Distributions along ``axis``.
    base : float, default=e
        Base of the logarithm: e for nats, 2 for bits.
    axis : int, default=-1
        The axis of the classes.

    Returns
    -------
    entropy : ndarray or scalar
        Shape of the input without ``axis``.

    References
    ----------
    Shannon (1948), A mathematical theory of communication.

    Examples
    --------
    >>> float(entropy([1 / 8] * 8, base=2))
    3.0
    """
    return scipy.special.entr(_floating(probabilities)).sum(axis=axis) / _nats_of(base)


def kl_divergence(
    targets: ArrayLike, probabilities: ArrayLike, base: float = np.e, axis: int = -1
) -> Any:
    """Kullback-Leibler divergence: surprisal in excess of the entropy.

    ``KL(p, q) = sum_k p_k log(p_k / q_k)``, cross-entropy minus entropy and never negative

    Parameters
    ----------
    targets : array-like
        The true distributions ``p``.
    probabilities : array-like
        The assumed distributions ``q``, of the same shape.
    base : float, default=e
        Base of the logarithm: e for nats, 2 for bits.
    axis : int, default=-1
        The axis of the classes.

    Returns
    -------
    divergence : ndarray or scalar
        Shape of the input without ``axis``; infinite where ``q`` is 0 and ``p`` is not.

    References
    ----------
    Kullback and Leibler (1951), On information and sufficiency, Annals of Mathematical
    Statistics 22.

    Examples
    --------
    >>> float(kl_divergence([0.5, 0.5], [0.75, 0.25], base=2).round(4))
    0.2075
    """
    # kl_div adds q - p to each term, which cancels over a distribution and keeps terms positive,
    # so that the sum of tiny divergences loses no digits.
    terms = scipy.special.kl_div(_floating(targets), _floating(probabilities))
    return terms.sum(axis=axis) / _nats_of(base)


# --- losses -----------------------------------------------------------------------------------


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
        What was predicted, in the form that ``input_kind`` says.
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
        If shapes do not match, a label is out of range, or a keyword is none of its options.

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
        labels = _checked_labels(targets, log_probabilities.shape[-1])
        if labels.shape != log_probabilities.shape[:-1]:
            raise ValueError(_shape_message(targets, inputs))
        losses = -np.take_along_axis(log_probabilities, labels[..., None], axis=-1)[..., 0]
    else:
        if targets.shape != np.shape(inputs):
            raise ValueError(_shape_message(targets, inputs))
        weights = np.moveaxis(targets, axis, -1).astype(log_probabilities.dtype, copy=False)
        # 0 times the infinite surprisal of an impossible class is 0: it never occurs.
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
        If shapes do not match or a keyword is none of its options.

    Examples
    --------
    >>> float(binary_cross_entropy([0.0, 2.0], [1, 0]).round(4))
    1.41
    """
    inputs = _floating(inputs)
    targets = np.asarray(targets, dtype=inputs.dtype)
    if targets.shape != inputs.shape:
        raise ValueError(_shape_message(targets, inputs))
    if input_kind == "logits":
        losses = -targets * log_sigmoid(inputs) - (1 - targets) * log_sigmoid(-inputs)
    elif input_kind == "probabilities":
        losses = -scipy.special.xlogy(targets, inputs)
        losses -= scipy.special.xlog1py(1 - targets, -inputs)
    else:
        raise ValueError(f"input_kind={input_kind!r} must be one of 'logits', 'probabilities'.")
    return _reduced(losses, sample_weight, reduction)


# --- derivatives ------------------------------------------------------------------------------


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
    """Jacobian of a softmax layer's probabilities in its weights.

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
        Element ``[..., t, i, j]`` is the derivative of probability ``t`` in ``coef[i, j]``.

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, section 4.3.4.

    Examples
    --------
    >>> softmax_layer_jacobian([2.0], [[0.0], [0.0]])[..., 0]
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    x = _floating(x)
    jacobian = softmax_jacobian(_layer_logits(x, coef, intercept))
    return np.asarray(jacobian[..., None] * x[..., None, None, :])


def cross_entropy_gradient(logits: ArrayLike, targets: ArrayLike) -> Array:
    """Gradient of each row's cross-entropy in its logits.

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
        raise ValueError(_shape_message(targets, logits))
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
    """Gradient of a softmax layer's cross-entropy in its weights, for all rows at once.

    ``d sum_i CE_i / d coef = -((Y - A)' X)``, where the rows of ``A`` are the probabilities and
    the rows of ``Y`` the targets

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
        If shapes do not match, a label is out of range, or ``reduction`` is none of its options.

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
    X = _floating(X)
    residuals = cross_entropy_gradient(_layer_logits(X, coef, intercept), targets)
    total: Any = len(X)
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=residuals.dtype)
        residuals = residuals * weights[:, None]
        total = weights.sum()
    if reduction == "mean":
        residuals = residuals / total
    return np.asarray(residuals.T @ X), np.asarray(residuals.sum(axis=0))


# --- shared by the above ------------------------------------------------------------------------


def _floating(values: ArrayLike) -> Array:
    """Return float32 and float64 as they are and anything else as float64."""
    array = np.asarray(values)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _nats_of(base: float) -> float:
    """Nats in one unit of this base."""
    if not (base > 0 and base != 1):
        raise ValueError(f"base={base!r} must be positive and not 1: e gives nats, 2 gives bits.")
    return float(np.log(base))


def _log(values: Array, base: float) -> Array:
    # log2 is exact for powers of two, log divided by log(2) is not.
    return np.log2(values) if base == 2 else np.log(values) / _nats_of(base)


def _layer_logits(X: Array, coef: ArrayLike, intercept: ArrayLike | None) -> Array:
    logits = X @ np.asarray(coef, dtype=X.dtype).T
    return logits if intercept is None else logits + np.asarray(intercept, dtype=X.dtype)


def _log_probabilities(inputs: ArrayLike, input_kind: InputKind, axis: int) -> Array:
    if input_kind == "logits":
        return log_softmax(inputs, axis=axis)
    if input_kind == "log_probabilities":
        return _floating(inputs)
    if input_kind == "probabilities":
        return -surprisal(inputs)
    raise ValueError(
        f"input_kind={input_kind!r} must be one of 'logits', 'log_probabilities', 'probabilities'."
    )


def _checked_labels(labels: NDArray[Any], n_classes: int) -> NDArray[np.intp]:
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"Labels must be whole numbers, but are of type {labels.dtype}; probability targets "
            "have the shape of the predictions."
        )
    if labels.size and not (labels.min() >= 0 and labels.max() < n_classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"Label {wrong} is out of range for {n_classes} classes.")
    return labels.astype(np.intp, copy=False)


def _shape_message(targets: Array, inputs: ArrayLike) -> str:
    return (
        f"Targets of shape {targets.shape} do not match predictions of shape {np.shape(inputs)}."
    )


def _reduced(losses: Array, sample_weight: ArrayLike | None, reduction: Reduction) -> Any:
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
