"""The method that suits the shape of the problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sk_softmax.interfaces import Problem, Search
from sk_softmax.solvers.lbfgs import LBFGS
from sk_softmax.solvers.newton_cholesky import NewtonCholesky
from sk_softmax.solvers.options import Options

NEWTON_PARAMETERS = 256


@dataclass
class Auto(Options):
    """Newton's method for a few hundred parameters, L-BFGS for more."""

    is_stochastic: ClassVar[bool] = False
    default_max_iter: ClassVar[int] = 1000

    def minimize(self, problem: Problem) -> Search:
        """Yield the chosen method's questions and return its solution."""
        return self.choose(problem).minimize(problem)

    def choose(self, problem: Problem) -> LBFGS | NewtonCholesky:
        """Return the method for this problem."""
        return NewtonCholesky() if problem.start.size <= NEWTON_PARAMETERS else LBFGS()
