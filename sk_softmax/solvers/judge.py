"""The judge of what solvers claim: it sits where the drivers take what a solver says."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np

from sk_softmax.interfaces import (
    ActiveHessianAt,
    Array,
    Claim,
    CurvatureAt,
    EvaluateAt,
    GapAt,
    JudgedSearch,
    Problem,
    Question,
    Solution,
    Solver,
    Status,
)
from sk_softmax.solvers.evidence import Evidence, Measured, Point
from sk_softmax.solvers.exact_model import decrease_in_model
from sk_softmax.solvers.proximal_steps import Place, active_at
from sk_softmax.solvers.stopping import left_at_this_pace, near_enough

# How much of the rows' mean curvature to add where the judge measures it: near the optimum the
# curvature hardly changes any more.
DAMPING = 0.02

# With kinks or bounds the judge measures a Hessian of at most so many parameters, if that takes no
# more than the multiplications of the search so far and of so many evaluations.
MOST_ACTIVE, SPARE_EVALUATIONS = 1000, 10

Answer = Generator[Question, Any, float]
"""Asks the objective, returns an estimate of ``F - F*`` in nats a row."""


def judged(solver: Solver, problem: Problem) -> JudgedSearch:
    """Run a solver, answer its claims, and let none end as converged that is not."""
    search, judge = solver.minimize(problem), Judge(problem)
    evidence = judge.evidence
    answer: Any = None
    while True:
        try:
            question = search.send(answer)
        except StopIteration as finished:
            solution = yield from judge.confirmed(finished.value)
            memory = solution.memory
            return replace(solution, memory=memory and replace(memory, evidence=evidence))
        evidence.make_room(question)
        if isinstance(question, Claim):
            answer = yield from judge.estimate(question)
        else:
            answer = yield question
            evidence.watch(question, answer)


class Judge:
    """Estimates how far above its minimum a search is, by what it has seen and may ask.

    A finite duality gap proves a claim; it is taken where what is at hand does not settle it, and
    before anything is measured for the judge alone. The exact Hessian at these very params is
    evidence enough: half the squared Newton decrement. Else the estimate is the largest of the
    solver's own, of the decrease that the pace of late foretells, and of what a curvature measured
    not long ago promises, taken as low as any of the last steps found it.

    Parameters
    ----------
    problem : Problem
        What the solver was told.
    """

    def __init__(self, problem: Problem) -> None:
        self.evidence = Evidence.before(problem)
        self._problem = problem
        self._penalty = problem.penalty
        self._granted_value, self._granted_estimate = -np.inf, np.nan
        self._gap_again, self._underrated = 0, 1.0

    def estimate(self, claim: Claim) -> Answer:
        """Return the judge's own estimate for a claim, and remember what is granted."""
        if self._problem.is_rough:
            return max(claim.suboptimality, left_at_this_pace(self.evidence.values))
        point = self.evidence.point_at(claim.params)
        if point is None:
            point = Point(claim.params, (yield EvaluateAt(claim.params)))
        left = yield from self._left_at(point, claim.suboptimality)
        value = self.evidence.value_at(point)
        if left <= near_enough(self._problem, value):
            self._granted_value, self._granted_estimate = value, left
        return left

    def confirmed(self, solution: Solution) -> JudgedSearch:
        """Return how a search ended: converged only where that was, or now is, granted."""
        if solution.status is not Status.CONVERGED or self._problem.is_rough:
            return solution
        point = self.evidence.point_at(solution.params)
        if point is None:
            point = Point(solution.params, (yield EvaluateAt(solution.params)))
        # What is no higher than a point that was granted is as near to the minimum.
        value = self.evidence.value_at(point)
        if value <= self._granted_value + self._problem.noise_at(value):
            return replace(solution, suboptimality=self._granted_estimate)
        left = yield from self._left_at(point, float(np.nan_to_num(solution.suboptimality)))
        is_there = left <= near_enough(self._problem, value)
        status = Status.CONVERGED if is_there else Status.CONTRADICTED
        return replace(solution, status=status, suboptimality=left)

    def _left_at(self, point: Point, claimed: float) -> Answer:
        """Return the estimate at a point; no value is below zero, so at most its value."""
        left = yield from self._estimate_at(point, claimed)
        return min(left, self.evidence.value_at(point))

    def _estimate_at(self, point: Point, claimed: float) -> Answer:
        # 1. Without a slope there is nothing left; the exact Hessian says how much there is.
        slope = self._slope(point)
        if not slope.any():
            return 0.0
        exact = self._by_hessian(point)
        if exact is not None:
            return max(claimed, exact)

        # 2. What is at hand: the pace, and a recent curvature.
        value = self.evidence.value_at(point)
        enough = near_enough(self._problem, value)
        doubt = max(claimed, left_at_this_pace(self.evidence.values))
        recent = self._recent()
        if recent is not None:
            doubt = max(doubt, self.evidence.steps.promise(slope, recent.curvature))
            if doubt <= enough and self._penalty.is_smooth:
                return doubt

        # 3. A proof.
        gap = yield from self._gap(point, value)
        if gap <= self._problem.tol * abs(value):
            return gap

        # 4. What is measured for this alone.
        scaled = doubt * self._underrated
        if scaled > enough:
            # Half as much the next time: how far the cheap estimates are off changes.
            self._underrated = max(self._underrated / 2, 1.0)
            return scaled
        exact = yield from self._by_active_hessian(point, enough)
        if exact is not None:
            self._underrated = max(exact / doubt, 1.0) if doubt > 0 else 1.0
            return max(claimed, exact)
        if recent is None:
            recent = yield from self._curvature(point.params)
        return max(doubt, self.evidence.steps.promise(slope, recent.curvature))

    def _slope(self, point: Point) -> Array:
        return self._penalty.shortest_subgradient(point.params, point.evaluation.gradient)

    def _place(self, point: Point) -> Place:
        return Place(point.params, point.evaluation, self.evidence.value_at(point))

    def _by_hessian(self, point: Point) -> float | None:
        """Half the squared Newton decrement (Boyd and Vandenberghe, 2004, section 9.5.1)."""
        if self.evidence.hessian is None or not self._penalty.is_smooth:
            return None
        question, hessian = self.evidence.hessian
        if not point.is_at(question.params):
            return None
        gradient = point.evaluation.gradient
        return 0.5 * float(np.vdot(gradient, hessian.solve(gradient)))

    def _by_active_hessian(
        self, point: Point, enough: float
    ) -> Generator[Question, Any, float | None]:
        """Return the decrease down to the minimum of the quadratic model with the kinks."""
        if self._penalty.is_smooth:
            return None
        place = self._place(point)
        # All of them where that is affordable: those that do not want in may want to later.
        active = np.ones_like(point.params, dtype=bool)
        if not self._is_affordable(active.size):
            active, _ = active_at(self._penalty, place)
        if self._is_affordable(int(active.sum())):
            self.evidence.active_hessian = None
            hessian = yield ActiveHessianAt(point.params, active, exact=True)
            return decrease_in_model(self._penalty, place, active, hessian, enough)
        if self.evidence.active_hessian is None:
            return None
        question, hessian = self.evidence.active_hessian
        is_here = not question.damping and point.is_at(question.params)
        if not is_here or (active & ~question.active).any():
            return None
        return decrease_in_model(self._penalty, place, question.active, hessian, enough)

    def _is_affordable(self, n_active: int) -> bool:
        """Whether a Hessian takes no more multiplications than the search so far."""
        evaluations = self.evidence.iteration + SPARE_EVALUATIONS
        spent = 4 * self._problem.start.size * evaluations
        return n_active <= MOST_ACTIVE and n_active**2 <= spent

    def _gap(self, point: Point, value: float) -> Answer:
        """Return the duality gap; infinity where one was too wide not long ago."""
        if self.evidence.iteration < self._gap_again:
            return np.inf
        at_most = self._problem.tol * abs(value)
        gap: float = yield GapAt(point.params, point.evaluation, at_most)
        self._gap_again = self.evidence.iteration + 1 + self.evidence.iteration // 10
        return gap

    def _recent(self) -> Measured | None:
        measured = self.evidence.measured
        if measured is None or 3 * measured.iteration < self.evidence.iteration:
            return None
        return measured

    def _curvature(self, params: Array) -> Generator[Question, Any, Measured]:
        """Measure the curvature, on cheaper rows where there are some."""
        self.evidence.measured = None
        question = CurvatureAt(params, DAMPING, as_diagonal=not self._penalty.is_smooth)
        measured = Measured((yield question), self.evidence.iteration)
        self.evidence.measured = measured
        return measured
