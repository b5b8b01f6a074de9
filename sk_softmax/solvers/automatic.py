"""The method that suits the shape of the problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sk_softmax.interfaces import Problem, Progress, Search, Solution, Status
from sk_softmax.solvers.lbfgs import LBFGS
from sk_softmax.solvers.newton_cholesky import NewtonCholesky
from sk_softmax.solvers.options import Options

# A Hessian takes about n_rows * n_parameters^2 multiplications. Below CHEAP of them, Newton's
# method alone; with more, up to MANY parameters, L-BFGS to a relative suboptimality of ROUGH and
# then Newton's method; beyond, L-BFGS alone. Measured on two threads, seconds to tol=1e-6 and the
# relative suboptimality reached:
#                                      Newton           L-BFGS           both
#   breast cancer (31 parameters)      0.003 (8e-10)    0.004 (3e-07)    0.003 (2e-07)
#   digits (650)                       0.372 (3e-08)    0.047 (2e-06)    0.143 (7e-11)
#   cover types (385)                  0.932 (4e-08)    0.691 (1e-06)    0.590 (2e-09)
#   cover types, standardised          1.035 (4e-08)    1.892 (5e-05)    0.816 (4e-07)
#   1,000,000 x 10, 3 classes (33)     0.916 (7e-07)    0.526 (1e-06)    0.743 (5e-08)
CHEAP, MANY, ROUGH = 1e7, 500, 1e-3


@dataclass
class Auto(Options):
    """Newton's method for small problems, L-BFGS for large, one after the other in between."""

    is_stochastic: ClassVar[bool] = False
    default_max_iter: ClassVar[int] = 1000

    def minimize(self, problem: Problem) -> Search:
        """Yield the chosen methods' questions and return the solution."""
        n_parameters = problem.start.size
        if n_parameters <= MANY and problem.n_rows * n_parameters**2 <= CHEAP:
            return (yield from NewtonCholesky().minimize(problem))
        if n_parameters > MANY or problem.tol >= ROUGH:
            return (yield from LBFGS().minimize(problem))
        rough = yield from LBFGS().minimize(replace(problem, tol=ROUGH))
        if rough.status is not Status.CONVERGED:
            return rough
        left = problem.max_iter - rough.n_iter
        rest = NewtonCholesky().minimize(replace(problem, start=rough.params, max_iter=left))
        return (yield from _continued(rest, rough.n_iter))


def _continued(search: Search, iterations_before: int) -> Search:
    """Count iterations on from those before; where those ended has been reported."""
    answer: Any = None
    while True:
        try:
            question = search.send(answer)
        except StopIteration as finished:
            solution: Solution = finished.value
            return replace(solution, n_iter=solution.n_iter + iterations_before)
        if not isinstance(question, Progress):
            answer = yield question
        elif question.iteration == 0:
            answer = False
        else:
            iteration = question.iteration + iterations_before
            answer = yield replace(question, iteration=iteration)
