"""From logits to probabilities, and from labels to one-hot targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from sk_softmax.functional.arrays import Array, checked_labels, floating


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
        return np.asarray(scipy.special.softmax(floating(logits), axis=axis))


def log_softmax(logits: ArrayLike, axis: int = -1) -> Array:
    """Logarithm of the softmax, accurate however close to 0 or 1 the probability is.

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
    z = floating(logits)
    with np.errstate(over="ignore", under="ignore"):
        largest = z.argmax(axis=axis, keepdims=True)
        z = z - np.take_along_axis(z, largest, axis=axis)
        others = np.exp(z)
        # The largest term is 1. The sum of the others may be too small to change it, so log1p is
        # given that sum alone.
        np.put_along_axis(others, largest, 0, axis=axis)
        return np.asarray(z - np.log1p(others.sum(axis=axis, keepdims=True)))


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
        return np.asarray(scipy.special.expit(floating(log_odds)))


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
        return np.asarray(scipy.special.log_expit(floating(log_odds)))


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
    targets : ndarray of shape ``(*labels.shape, n_classes)``
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
    positions = checked_labels(labels, n_classes)[..., None]
    np.put_along_axis(targets, positions, 1, axis=-1)
    return targets


def proportions(counts: ArrayLike) -> tuple[Array, Array]:
    """Share of each class in each row of counts, and the sum of each row.

    :meth:`SoftmaxRegression.fit` takes them as targets and ``sample_weight``. A row in which 7 of
    10 people chose a class then counts as much as these ten people, a row each::

        shares, totals = proportions(counts)
        model.fit(X, shares, sample_weight=totals)

    Parameters
    ----------
    counts : array-like of shape (n_rows, n_classes)
        How often each class was counted, not negative.

    Returns
    -------
    shares : ndarray of shape (n_rows, n_classes)
        They add up to 1 in each row. In a row without counts all classes have the same share.
    totals : ndarray of shape (n_rows,)
        Sum of each row of counts.

    Raises
    ------
    ValueError
        If the counts do not have two dimensions, or one is negative or not finite.

    Examples
    --------
    >>> proportions([[7, 3], [0, 2]])
    (array([[0.7, 0.3],
           [0. , 1. ]]), array([10.,  2.]))
    """
    counts = floating(counts)
    if counts.ndim != 2:
        raise ValueError(f"counts must have two dimensions, but have {counts.ndim}.")
    usable = (np.isfinite(counts) & (counts >= 0)).all(axis=1)
    if not usable.all():
        row = int(np.argmin(usable))
        raise ValueError(
            f"Row {row} of counts holds a negative or infinite number: {counts[row].tolist()}."
        )
    totals = counts.sum(axis=1)
    shares = np.full_like(counts, 1 / counts.shape[1])
    np.divide(counts, totals[:, None], out=shares, where=totals[:, None] > 0)
    return shares, totals
