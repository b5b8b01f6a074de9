"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.solvers.minibatch import MinibatchSolver, with_shared_options


@with_shared_options
@dataclass
class SGD(MinibatchSolver):
    """Move downhill by ``learning_rate`` times the gradient of a few rows' mean loss.

    ``batch_size=1, momentum=0, schedule="constant"`` is the stochastic rule of the textbooks
    (Robbins and Monro, 1951). The defaults reach standardised data's optimum to about a percent.

    Parameters
    ----------
    momentum : float, default=0.9
        In [0, 1): the velocity is ``v <- momentum v + gradient``.
    nesterov : bool, default=False
        Step along ``gradient + momentum v``; needs momentum.
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
        """Start at rest."""
        return np.zeros_like(params)

    def update(self, gradient: Array, state: Array) -> tuple[Array, Array]:
        """Add the gradient to the velocity."""
        velocity = self.momentum * state + gradient
        if self.nesterov:
            return gradient + self.momentum * velocity, velocity
        return velocity, velocity
