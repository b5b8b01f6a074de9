"""Cross-entropy of a block of class-major logits: losses, residuals and curvature.

There are two forms, as in :class:`sklearn.linear_model.LogisticRegression`: one row of logits per
class, and for two classes a single row of log-odds. Both overwrite the logits they are given: the
logits of a block are the largest array of an evaluation, and a second array of that size would not
fit in cache beside them.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.special import expit

from sk_softmax.interfaces import Array
from sk_softmax.objective.targets import Targets


class LossAndResiduals(NamedTuple):
    """Losses and residuals of a block, before weights."""

    losses: Array
    """``CE_i`` in nats, shape ``(n_rows,)``."""

    residuals: Array
    """``d CE_i / d logits``: probabilities minus targets, shape ``(n_outputs, n_rows)``."""


class CrossEntropy(Protocol):
    """Cross-entropy between targets and logits, ``- sum_k y_k log softmax(z)_k``."""

    n_outputs: int
    n_classes: int
    largest_curvature: float
    """The largest possible eigenvalue of the Hessian of one row's loss in its logits."""

    def loss_and_residuals(self, logits: Array, targets: Targets) -> LossAndResiduals:
        """Return losses and residuals from logits of shape ``(n_outputs, n_rows)``."""
        ...

    def probabilities(self, logits: Array) -> Array:
        """Return probabilities of all classes, shape ``(n_classes, n_rows)``."""
        ...

    def curvatures(self, logits: Array) -> Array:
        """Return the diagonal of each row's Hessian in its logits, ``(n_outputs, n_rows)``."""
        ...


class SoftmaxCrossEntropy:
    """``CE = log sum_k exp(z_k) - sum_k y_k z_k`` with one row of logits per class."""

    # The Hessian diag(p) - pp' is largest at p = (1/2, 1/2, 0, ...). It is bounded by
    # 1/2 (I - 11'/K) (Boehning, 1992, Annals of the Institute of Statistical Mathematics 44).
    largest_curvature = 0.5

    def __init__(self, n_classes: int) -> None:
        self.n_outputs = self.n_classes = n_classes

    def loss_and_residuals(self, logits: Array, targets: Targets) -> LossAndResiduals:
        """Return losses and residuals of a block."""
        logits -= logits.max(axis=0)
        expected = targets.expected(logits)
        np.exp(logits, out=logits)
        normaliser = logits.sum(axis=0)
        losses = np.log(normaliser)
        losses -= expected
        np.reciprocal(normaliser, out=normaliser)
        logits *= normaliser
        targets.subtract_from(logits)
        return LossAndResiduals(losses, logits)

    def probabilities(self, logits: Array) -> Array:
        """Return the probabilities of all classes, shape ``(n_classes, n_rows)``."""
        logits -= logits.max(axis=0)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=0)
        return logits

    def curvatures(self, logits: Array) -> Array:
        """Return ``p_k (1 - p_k)``, shape ``(n_classes, n_rows)``."""
        probabilities = self.probabilities(logits)
        probabilities *= 1 - probabilities
        return probabilities


class TwoClassCrossEntropy:
    """``CE = log(1 + exp(z)) - y z`` with the single row ``z`` the log-odds of class 1."""

    n_outputs = 1
    n_classes = 2
    largest_curvature = 0.25

    def loss_and_residuals(self, logits: Array, targets: Targets) -> LossAndResiduals:
        """Return losses and residuals of a block."""
        log_odds = logits[0]
        positive = targets.of_class(1).astype(logits.dtype, copy=False)
        # log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)). With a label, y = 0 or 1, no term that
        # is left cancels another.
        losses = np.log1p(np.exp(-np.abs(log_odds)))
        losses += np.maximum(log_odds, 0) - positive * log_odds
        expit(logits, out=logits)
        logits[0] -= positive
        return LossAndResiduals(losses, logits)

    def probabilities(self, logits: Array) -> Array:
        """Return the probabilities of both classes, shape ``(2, n_rows)``."""
        return np.concatenate([expit(-logits), expit(logits)])

    def curvatures(self, logits: Array) -> Array:
        """Return ``p (1 - p)``, shape ``(1, n_rows)``."""
        no, yes = self.probabilities(logits)
        return np.asarray(no * yes)[None, :]


def cross_entropy_of(n_classes: int) -> CrossEntropy:
    """Return the form of the cross-entropy for this many classes."""
    loss: Any = TwoClassCrossEntropy() if n_classes == 2 else SoftmaxCrossEntropy(n_classes)
    form: CrossEntropy = loss
    return form
