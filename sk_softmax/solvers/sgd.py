"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.solvers.minibatch import MinibatchSolver, with_shared_options


@with_shared_options
@dataclass(repr=False)
class SGD(MinibatchSolver):
    """Move downhill by ``learning_rate`` times the gradient of the mean loss of a few rows.

    ``batch_size=1, momentum=0, schedule="constant"`` is the stochastic rule of the textbooks
    (Robbins and Monro, 1951). On standardised data the defaults come within about one percent of
    the optimum.

    Parameters
    ----------
    momentum : float, default=0.9
        In [0, 1): the velocity is ``v <- momentum v + gradient``.
    nesterov : bool, default=False
        Step along ``gradient + momentum v``; needs momentum.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.solvers import SGD
    >>> X, y = load_digits(return_X_y=True)
    >>> solver = SGD(batch_size=64, learning_rate=0.5, momentum=0)
    >>> model = SoftmaxRegression(solver=solver, max_iter=5, random_state=0).fit(X / 16, y)
    >>> model.loss_curve_.round(1)
    array([2.3, 1.5, 0.8, 0.6, 0.5, 0.5])
    """

    momentum: float = 0.9
    nesterov: bool = False

    def check(self) -> None:
        """Check the options."""
        super().check()
        self._require_fraction("momentum")
        self._require_bool("nesterov")
        self._require("nesterov", not self.nesterov or self.momentum > 0, "False without momentum")

    def init(self, params: Array) -> Array:
        """Start with a velocity of zero."""
        return np.zeros_like(params)

    def update(self, gradient: Array, state: Array) -> tuple[Array, Array]:
        """Add the gradient to the velocity, and return the direction and the velocity."""
        velocity = self.momentum * state + gradient
        if self.nesterov:
            return gradient + self.momentum * velocity, velocity
        return velocity, velocity
