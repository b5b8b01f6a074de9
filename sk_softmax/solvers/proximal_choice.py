"""Under an L1 penalty: proximal L-BFGS or proximal Newton, by what their iterations cost.

A Hessian among many active parameters and the minimum of its model can take as long as a hundred
iterations of L-BFGS. How many of these one iteration of Newton's method is worth depends on how
far columns depend on one another, which shows only on the way. So L-BFGS begins where a Hessian is
dear, and Newton's method takes over where that begins to pay off, or to confirm the end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Problem, Search, Solution
from sk_softmax.solvers.proximal_lbfgs import ProximalLBFGS
from sk_softmax.solvers.proximal_newton import FEW_PARAMETERS, FIRST_ENTRY, ProximalNewton
from sk_softmax.solvers.proximal_steps import Place, active_at, begin

# Iterations of L-BFGS that one of Newton's method is taken to be worth at first, with dense and
# with sparse rows, whose columns depend less on one another. After
# PATIENCE iterations it counts for more, in proportion to them, because L-BFGS converges slowly.
# Iterations of both and seconds of a fit with l1_ratio=1 on one thread, where 600 parameters could
# enter in an iteration of Newton's method:
#                                                   Newton        L-BFGS
#   digits / 16, C=1, tol=1e-6                  13, 0.10       88, 0.18
#   5,000 rows of MNIST / 255, C=1, tol=1e-6    16, 3.4      550, 11.7
#   200 x 20,000, 5 classes, tol=1e-3            8, 0.72     143, 7.0
#   1,500 x 300 dense, 20 classes, tol=1e-4      6, 0.40       9, 0.05
#   3,000 x 1,200, a tenth stored, 3 classes    14, 7.5      132, 0.95
#   3,000 x 700, 2 % stored, 20 classes         22, 6.3      106, 1.8
#   20 newsgroups, C=1, tol=1e-3                  > 12         28, 4.6
WORTH_DENSE, WORTH_SPARSE, PATIENCE = 10.0, 2.0, 25.0

# Newton's method goes on until one of its iterations costs this many times as much as would have
# let it begin, so that the two do not take turns.
LEAVING = 1.5

# Nanoseconds on one core: of an evaluation, for each multiplication with dense and with sparse
# rows; of an iteration of L-BFGS beside it, for its model, the judge and Python, and for each
# parameter.
DENSE, SPARSE = 0.07, 0.3
ITERATION, PARAMETER = 2e6, 600.0

# Of a Hessian: for each product of two values of a row, dense or sparse, and for each stored value
# of sparse rows and class. Of both Hessian and model: for each entry of the matrix, of which a
# model takes some 140 products. It was 23 to 75 for six fits to dense rows, and 36 to 180 for nine
# to sparse ones.
DENSE_PAIR, SPARSE_PAIR, SPARSE_VALUE = 0.02, 4.0, 20.0
DENSE_ENTRY, SPARSE_ENTRY = 55.0, 100.0


def by_cost(problem: Problem) -> Search:
    """Yield the questions of whichever method is cheaper for now, and return the solution."""
    begun = yield from begin(problem)
    lbfgs, newton, turns = ProximalLBFGS(), ProximalNewton(), Turns(problem)
    while True:
        if problem.start.size > FEW_PARAMETERS:
            ended = yield from lbfgs.search(problem, begun, turns.lbfgs_goes_on)
            if isinstance(ended, Solution):
                return ended
            begun = ended
        ended = yield from newton.search(problem, begun, turns.newton_goes_on)
        if isinstance(ended, Solution):
            return ended
        begun = ended


class Turns:
    """Decides which of the two methods goes on.

    Parameters
    ----------
    problem : Problem
        What the solver was told.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._confirms = False

    def lbfgs_goes_on(
        self, here: Place, active: NDArray[np.bool_], iteration: int, has_claim: bool
    ) -> bool:
        """Whether L-BFGS goes on: its model has these active parameters, and may promise nothing.

        Once it promises no more than ``tol`` allows, Newton's method confirms that if one of its
        iterations costs at most as much as all so far. A diagonal and few pairs promise too
        little: of 23 fits with ``tol=1e-4`` that ended by themselves 4 were 1.6 to 9.5 times as
        far above the optimum as allowed, and none was where the judge is stricter and an end is
        confirmed.
        """
        n_active = int(active.sum())
        if n_active > FIRST_ENTRY:  # Newton's method would not move all of them at once
            n_active = int(active_at(self._problem.penalty, here, FIRST_ENTRY)[0].sum())
        ratio = newton_over_lbfgs(self._problem, n_active)
        self._confirms = has_claim and ratio <= iteration
        return not self._confirms and ratio > self._worth(iteration)

    def newton_goes_on(self, n_active: int, iteration: int) -> bool:
        """Whether Newton's method goes on, with a Hessian among so many parameters."""
        if self._problem.start.size <= FEW_PARAMETERS:
            return True
        ratio = newton_over_lbfgs(self._problem, n_active)
        return self._confirms or ratio <= LEAVING * self._worth(iteration)

    def _worth(self, iteration: int) -> float:
        """Return how many iterations of L-BFGS one of Newton's method is worth."""
        is_dense = self._problem.density == 1
        first = WORTH_DENSE if is_dense else WORTH_SPARSE
        return first * max(1.0, iteration / PATIENCE)


def newton_over_lbfgs(problem: Problem, n_active: int) -> float:
    """Return how many iterations of L-BFGS take as long as one of Newton's method.

    ``n_active`` is how many parameters the Hessian is about.
    """
    n_rows, size, density = problem.n_rows, problem.start.size, problem.density
    n_values = density * n_rows * size
    if density == 1:
        evaluation, of_values = 4 * n_values * DENSE, 0.0
        an_entry = n_rows * DENSE_PAIR + DENSE_ENTRY
    else:
        evaluation, of_values = 4 * n_values * SPARSE, n_values * SPARSE_VALUE
        an_entry = n_rows * density**2 * SPARSE_PAIR + SPARSE_ENTRY
    newton = of_values + an_entry * float(n_active) ** 2
    return newton / (evaluation + ITERATION + PARAMETER * size)
