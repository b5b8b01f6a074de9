"""The method that suits the shape of the problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sk_softmax.interfaces import Problem, Progress, Search, Solution, Status
from sk_softmax.solvers.lbfgs import LBFGS
from sk_softmax.solvers.newton_cholesky import NewtonCholesky
from sk_softmax.solvers.options import Options

# Up to FEW parameters Newton's method alone; up to MANY, L-BFGS to a relative suboptimality of
# ROUGH and then Newton's method; beyond, L-BFGS alone.
FEW, MANY, ROUGH = 256, 1000, 1e-3


@dataclass
class Auto(Options):
    """Newton's method for few parameters, L-BFGS for many, one after the other in between."""

    is_stochastic: ClassVar[bool] = False
    default_max_iter: ClassVar[int] = 1000

    def minimize(self, problem: Problem) -> Search:
        """Yield the chosen methods' questions and return the solution."""
        n_parameters = problem.start.size
        if n_parameters <= FEW:
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
