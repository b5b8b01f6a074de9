"""A solver of the package that moves some coefficients alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Evaluation, Problem, Search
from sk_softmax.solvers.options import Options


@dataclass(repr=False, eq=False)
class Holding(Options):
    """Another solver, which is told that the gradient of the coefficients held is zero.

    So it does with the free ones what it would do if the model had no others. This is right for
    solvers that step along a gradient entry by entry: gradient descent and those that learn from
    minibatches. For ``lbfgs`` and ``newton-cholesky``, whose curvature couples the entries, there
    are bounds of zero and the proximal solvers.

    Parameters
    ----------
    solver : GradientDescent, SGD, RMSprop or Adam
        The solver.
    free : ndarray of bool, shape (n_outputs, n_columns)
        Which coefficients move, in the form of ``params_``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.explore.holding import Holding
    >>> from sk_softmax.solvers import SGD
    >>> X, y = load_iris(return_X_y=True)
    >>> free = np.zeros((3, 5), dtype=bool)
    >>> free[0, 2] = free[2, 4] = True
    >>> solver = Holding(SGD(learning_rate=0.01), free)
    >>> path = SoftmaxRegression(solver=solver, max_iter=2, keep_path=True).fit(X, y).path_
    >>> np.array_equal(path[-1] != 0, free)
    True
    """

    solver: Any
    free: NDArray[np.bool_]

    takes_shifted_rows = False  # to hold a parameter of shifted columns would hold another one

    @property
    def is_stochastic(self) -> bool:
        """Whether it learns from minibatches."""
        return bool(self.solver.is_stochastic)

    @property
    def default_max_iter(self) -> int:
        """The most iterations, or the number of epochs, if the user sets none."""
        return int(self.solver.default_max_iter)

    def check(self) -> None:
        """Check the options of the solver."""
        self.solver.check()

    def minimize(self, problem: Problem) -> Search:
        """Yield the questions of the solver, and hand on the answers for the free coefficients."""
        search = self.solver.minimize(problem)
        answer: Any = None
        while True:
            try:
                question = search.send(answer)
            except StopIteration as finished:
                return finished.value  # type: ignore[no-any-return]
            answer = yield question
            if isinstance(answer, Evaluation):
                answer = replace(answer, gradient=np.where(self.free, answer.gradient, 0.0))
