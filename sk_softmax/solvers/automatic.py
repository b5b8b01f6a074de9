"""A choice of method by the shape of the problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sk_softmax.interfaces import Problem, Search, Solver
from sk_softmax.solvers.lbfgs import LBFGS
from sk_softmax.solvers.newton_cholesky import NewtonCholesky
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.proximal_choice import by_cost
from sk_softmax.solvers.proximal_lbfgs import ProximalLBFGS
from sk_softmax.solvers.proximal_newton import ProximalNewton

# Newton's method is chosen if a Hessian takes at most CHEAP multiplications. It takes about n_rows
# * n_parameters^2 of them. Milliseconds of a default fit, measured on two threads:
#                                     multiplications   Newton   L-BFGS
#   iris (15 parameters)                        3e+04      2.3      3.1
#   wine (42)                                   3e+05      2.1      3.5
#   breast cancer (31)                          6e+05      2.0      5.4
#   3,000 x 10, 3 classes (33)                  3e+06      4.8      4.4
#   1,000 x 30, 5 classes (155)                 2e+07      8.0      3.6
#   digits (650)                                8e+08      323       27
#   1,000,000 x 10, 3 classes (33)              1e+09      638      196
#   cover types (385)                           3e+09      937      165
# Hessians by products of rows with one another cost far less, and who provides them has compared.
CHEAP = 3e6

# Parameters up to which proximal Newton is chosen with bounds and no L1. Most parameters are then
# free, so the cost of Newton's method grows with the cube of their number. Seconds of a fit to
# tol=1e-6 with nonnegative coefficients, and with bounds at -0.2 and 0.3, measured on one thread:
#                                             Newton       L-BFGS
#   2,000 x 50, 5 classes (250)           0.03, 0.03   0.06, 0.02
#   cover types, standardised (378)         1.1, 0.8     3.2, 1.0
#   5,000 x 100, 5 classes (500)          0.15, 0.12   0.12, 0.05
#   5,000 x 100, 10 classes (1,000)       0.43, 0.29   0.19, 0.06
#   5,000 x 590, 10 classes (5,900)         27, 29       1.0, 0.6
#   MNIST / 255, 5,000 rows (7,840)         11, 41       5.7, 5.0
MANY_PARAMETERS = 500


@dataclass(repr=False)
class Auto(Options):
    """Newton's method if a Hessian is cheap, L-BFGS otherwise.

    For penalties with kinks or bounds these are proximal Newton and proximal L-BFGS. Under an L1
    penalty a fit may begin with one and go on with the other; see
    :mod:`sk_softmax.solvers.proximal_choice`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> SoftmaxRegression(solver="auto").fit(X, y).converged_  # the default
    True
    """

    is_stochastic: ClassVar[bool] = False
    asks_curvature: ClassVar[bool] = True
    takes_nonsmooth: ClassVar[bool] = True
    default_max_iter: ClassVar[int] = 10_000

    @property
    def has_full_metric(self) -> bool:
        """Whether steps under a smooth penalty are the same in any shifted columns: yes."""
        return True

    def begins_cheaply(self, problem: Problem) -> bool:
        """Whether the chosen method begins on cheaper objectives."""
        return self._chosen(problem).begins_cheaply(problem)

    def minimize(self, problem: Problem) -> Search:
        """Yield the chosen method's questions and return the solution."""
        if problem.penalty.makes_sparse:
            return (yield from by_cost(problem))
        solver = self._chosen(problem)
        return (yield from solver.minimize(problem))

    @staticmethod
    def _chosen(problem: Problem) -> Solver:
        """Return the solver for a problem without L1, with its default options."""
        n_rows, start = problem.n_rows, problem.start
        if not problem.penalty.is_smooth:
            return ProximalNewton() if start.size <= MANY_PARAMETERS else ProximalLBFGS()
        is_cheap = problem.has_kernel or n_rows * start.size**2 <= CHEAP
        return NewtonCholesky() if is_cheap else LBFGS()
