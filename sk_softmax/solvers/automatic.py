"""The method that suits the shape of the problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sk_softmax.interfaces import Problem, Search
from sk_softmax.solvers.lbfgs import LBFGS
from sk_softmax.solvers.newton_cholesky import NewtonCholesky
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.proximal_newton import ProximalNewton

# A Hessian takes about n_rows * n_parameters^2 multiplications: up to CHEAP of them, Newton's
# method. Measured on two threads, milliseconds of a default fit:
#                                     multiplications   Newton   L-BFGS
#   iris (15 parameters)                        3e+04      2.3      3.1
#   wine (42)                                   3e+05      2.1      3.5
#   breast cancer (31)                          6e+05      2.0      5.4
#   3,000 x 10, 3 classes (33)                  3e+06      4.8      4.4
#   1,000 x 30, 5 classes (155)                 2e+07      8.0      3.6
#   digits (650)                                8e+08      323       27
#   1,000,000 x 10, 3 classes (33)              1e+09      638      196
#   cover types (385)                           3e+09      937      165
CHEAP = 3e6


@dataclass
class Auto(Options):
    """Newton's method where a Hessian is cheap, L-BFGS elsewhere; proximal Newton with L1."""

    is_stochastic: ClassVar[bool] = False
    begins_on_drafts: ClassVar[bool] = True
    takes_l1: ClassVar[bool] = True
    default_max_iter: ClassVar[int] = 10_000

    def minimize(self, problem: Problem) -> Search:
        """Yield the chosen method's questions and return the solution."""
        if problem.l1 is not None:
            return (yield from ProximalNewton().minimize(problem))
        is_cheap = problem.n_rows * problem.start.size**2 <= CHEAP
        solver = NewtonCholesky() if is_cheap else LBFGS()
        return (yield from solver.minimize(problem))
