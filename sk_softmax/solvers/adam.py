"""Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.solvers.minibatch import MinibatchSolver, with_shared_options


class Moments(NamedTuple):
    """Running means of the gradient and of its square, and the number of updates in them.

    Both means have shape ``(n_outputs, n_columns)``.
    """

    mean: Array
    mean_square: Array
    updates: int


@with_shared_options
@dataclass(repr=False)
class Adam(MinibatchSolver):
    """Step along a running mean of the gradient, divided by a running root mean square of it.

    Both means start at zero and are corrected for that (Kingma and Ba, 2015, algorithm 1).

    Parameters
    ----------
    beta_1 : float, default=0.9
        Share of the running mean that is kept at each update, in [0, 1).
    beta_2 : float, default=0.999
        Share of the running mean square that is kept at each update, in [0, 1).
    epsilon : float, default=1e-8
        Added to the divisor, so that the quotient stays finite.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.solvers import Adam
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression(solver=Adam(beta_2=0.99), max_iter=20, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    """

    learning_rate: float = 0.05
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def check(self) -> None:
        """Check the options."""
        super().check()
        self._require_fraction("beta_1")
        self._require_fraction("beta_2")
        self._require_positive("epsilon")

    def init(self, params: Array) -> Moments:
        """Start with both means at zero."""
        return Moments(np.zeros_like(params), np.zeros_like(params), 0)

    def update(self, gradient: Array, state: Moments) -> tuple[Array, Moments]:
        """Divide the mean gradient by the root mean square, both corrected for their start."""
        mean = self.beta_1 * state.mean + (1 - self.beta_1) * gradient
        mean_square = self.beta_2 * state.mean_square + (1 - self.beta_2) * gradient**2
        updates = state.updates + 1
        unbiased = mean / (1 - self.beta_1**updates)
        root = np.sqrt(mean_square / (1 - self.beta_2**updates))
        return unbiased / (root + self.epsilon), Moments(mean, mean_square, updates)
