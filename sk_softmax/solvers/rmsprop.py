"""RMSprop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.solvers.minibatch import MinibatchSolver, with_shared_options


@with_shared_options
@dataclass(repr=False)
class RMSprop(MinibatchSolver):
    """Divide each parameter's gradient by a running root mean square of its past values.

    ``q <- decay q + (1 - decay) gradient^2``, and the step is along
    ``gradient / (sqrt(q) + epsilon)`` (Tieleman and Hinton, 2012, lecture 6.5).

    Parameters
    ----------
    decay : float, default=0.99
        Share of the running mean square that is kept at each update, in [0, 1).
    epsilon : float, default=1e-8
        Added to the divisor, so that the quotient stays finite.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.solvers import RMSprop
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression(solver=RMSprop(decay=0.9), max_iter=20, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.9)
    True
    """

    learning_rate: float = 0.05
    decay: float = 0.99
    epsilon: float = 1e-8

    def check(self) -> None:
        """Check the options."""
        super().check()
        self._require_fraction("decay")
        self._require_positive("epsilon")

    def init(self, params: Array) -> Array:
        """Start with a mean square of zero."""
        return np.zeros_like(params)

    def update(self, gradient: Array, state: Array) -> tuple[Array, Array]:
        """Divide the gradient by its running root mean square."""
        mean_square = self.decay * state + (1 - self.decay) * gradient**2
        return gradient / (np.sqrt(mean_square) + self.epsilon), mean_square
