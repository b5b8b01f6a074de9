"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.solvers.minibatch import MinibatchSolver


@dataclass
class SGD(MinibatchSolver):
    """Move downhill by ``learning_rate`` times the gradient of a few rows' mean loss.

    ``batch_size=1, momentum=0, schedule="constant"`` is the stochastic rule of the textbooks
    (Robbins and Monro, 1951). The defaults reach standardised data's optimum to about a percent.

    Parameters
    ----------
    batch_size : int, default=32
        Rows in a minibatch; the last of an epoch may be smaller.
    learning_rate : float, default=0.1
        Step size before the schedule.
    schedule : {"auto", "constant", "inverse_scaling", "cosine"}, default="auto"
        Factor of the learning rate: 1, ``1 / sqrt(1 + epochs)``, or half a cosine down to 0 at
        the last epoch. ``"auto"`` is the cosine in ``fit`` and inverse scaling in
        ``partial_fit``, where 10,000 rows count as an epoch.
    shuffle : bool, default=True
        Draw a new order of the rows for every epoch.
    initial_scale : float, default=0.0
        Standard deviation of the normal distribution that a cold start is drawn from; 0 starts
        from zeros.
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
