"""Surprisal, entropy and divergence, in nats or bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special
from numpy.typing import ArrayLike

from sk_softmax.functional.arrays import Array, floating


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
        return np.asarray(0.0 - _log(floating(probabilities), base))


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
    return scipy.special.entr(floating(probabilities)).sum(axis=axis) / _nats_of(base)


def kl_divergence(
    targets: ArrayLike, probabilities: ArrayLike, base: float = np.e, axis: int = -1
) -> Any:
    """Kullback-Leibler divergence: the mean surprisal in excess of the entropy.

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
    # kl_div adds q - p to each term. Over a distribution these add up to 0, and no term is
    # negative, so a sum of tiny terms loses no digits to cancellation.
    terms = scipy.special.kl_div(floating(targets), floating(probabilities))
    return terms.sum(axis=axis) / _nats_of(base)


def _nats_of(base: float) -> float:
    """Return the number of nats in one unit of this base."""
    if not (base > 0 and base != 1):
        raise ValueError(f"base={base!r} must be positive and not 1: e gives nats, 2 gives bits.")
    return float(np.log(base))


def _log(values: Array, base: float) -> Array:
    """Return the logarithm to this base."""
    # log2 is exact for powers of two; log divided by log(2) is not.
    return np.log2(values) if base == 2 else np.log(values) / _nats_of(base)
