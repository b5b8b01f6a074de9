"""Fits under an L1 penalty look at few features at a time, and check all of them now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    Array,
    Evaluation,
    IterationRecord,
    Problem,
    Solution,
    Solver,
    Status,
)
from sk_softmax.objective import RegressionObjective
from sk_softmax.solvers import minimize
from sk_softmax.solvers.driver import Observer, ParamsThere, Validate

LEAST_PROBABILITY = 1e-12

# Where a penalty is far from the one before, the strong rule lets everything in.
LEAST_LIKELY = 0.8

# A single fit passes through penalties so many times apart, each to within this of its minimum:
# from nothing at once to a weak penalty, most of what enters would leave again.
STEP, ON_THE_WAY = 8.0, 1e-2


@dataclass(frozen=True)
class Place:
    """All features' params, and the loss there without a penalty."""

    params: Array
    loss: Evaluation


class WorkingSet:
    """Fits to the features that may matter, and lets in those that turn out to.

    A feature is looked at from where the sequential strong rule no longer rules it out (Tibshirani
    et al., 2012, Journal of the Royal Statistical Society B 74). Whether it was right is checked
    with all features after every fit, in one pass.

    Parameters
    ----------
    objective : RegressionObjective
        With a penalty of any strength.
    solver : Solver
        The method.
    task : callable
        From an objective and a start to what the solver is told.
    """

    def __init__(
        self,
        objective: RegressionObjective,
        solver: Solver,
        task: Callable[[RegressionObjective, Array], Problem],
    ) -> None:
        self._objective = objective
        self._loss = objective.with_penalty(np.inf)
        self._solver = solver
        self._task = task
        self._n_features = objective.rows.n_features
        # How hard a gradient pulls depends on the kind of penalty and not on its strength.
        self._pull_of = objective.with_penalty(1.0).penalty.pull_from_zero
        self._l1_share = objective.form.l1_shares(self._n_features)
        # What is not penalised by L1 cannot be ruled out.
        self._features = np.flatnonzero(self._l1_share == 0)
        self._some = self._restricted() if len(self._features) else self._loss

    def null(self) -> Place:
        """Fit what is not penalised: intercepts in closed form, features by the solver."""
        params = np.zeros(self._loss.shape)
        if self._loss.rows.n_columns > self._n_features:
            totals = self._loss.targets.totals(self._loss.relative_weight)
            shares = np.log(np.maximum(totals / totals.sum(), LEAST_PROBABILITY))
            is_single = len(params) == 1
            params[:, -1] = shares[1] - shares[0] if is_single else shares - shares.mean()
        if len(self._features) and self._objective.form.l1_ratio > 0:
            free = self._some.with_penalty(np.inf)
            start = params[:, self._columns]
            params[:, self._columns] = minimize(self._solver, free, self._task(free, start)).params
        return self.place(params)

    def place(self, params: Array) -> Place:
        """Return the place of these params."""
        return Place(params, self._loss.evaluate(params))

    def first_C(self, null: Place) -> float:
        """Return the largest C at which every penalised coefficient is zero."""
        norms = self._pull_of(null.loss.gradient)
        pulled = (self._l1_share > 0) & (norms > 0)
        if not pulled.any():
            return np.inf
        # Where a coefficient is just about to leave zero, rounding decides; a little before it.
        least = float((self._l1_share[pulled] / norms[pulled]).min())
        return least / self._objective.total_weight * (1 - 1e-10)

    def fit(
        self, C: float, place: Place, C_before: float, search: Search, tol: float = 0.0
    ) -> Place:
        """Fit one C, from a place that is the optimum of another; to ``tol`` if that is more."""
        slopes = self._l1_share / C / self._objective.total_weight
        strong = 2 * slopes - self._l1_share / C_before / self._objective.total_weight
        norms = self._pull_of(place.loss.gradient)
        likely = norms >= np.maximum(strong, LEAST_LIKELY * slopes)
        likely |= place.params[:, : self._n_features].any(axis=0)
        likely[np.argmax(norms / np.where(slopes > 0, slopes, 1.0))] = True  # rows need a feature
        self._let_in(likely)
        while True:
            objective = self._some.with_penalty(C)
            problem = self._task(objective, place.params[:, self._columns])
            problem = replace(problem, tol=max(problem.tol, tol))
            search.go_on(self._solver, objective, problem, self._lift(), self._share)
            place = self.place(search.params)
            search.passes += 1
            missing = self._pull_of(place.loss.gradient) > slopes * (1 + 1e-8)
            missing[self._features] = False
            if not missing.any() or search.is_over:
                return place
            self._let_in(missing)

    def solution(self, C: float, place: Place, search: Search) -> Solution:
        """Return how a search for one C ended."""
        whole = self._objective.with_penalty(C)
        value = place.loss.value + whole.penalty.value(place.params)
        gradient = place.loss.gradient.copy()
        whole.penalty.add_smooth_gradient(place.params, gradient)
        return replace(
            search.solution,
            params=place.params,
            evaluation=Evaluation(value, gradient),
            n_iter=search.n_iter,
            records=search.records,
        )

    @property
    def _columns(self) -> NDArray[np.intp]:
        intercept = np.arange(self._n_features, self._loss.rows.n_columns)
        return np.concatenate([self._features, intercept])

    @property
    def _share(self) -> float:
        """Part of a pass over all features that one over those looked at is."""
        return len(self._features) / self._n_features

    def _lift(self) -> Callable[[Array], Array]:
        columns, shape = self._columns, self._loss.shape

        def lift(params: Array) -> Array:
            lifted = np.zeros(shape)
            lifted[:, columns] = params
            return lifted

        return lift

    def _let_in(self, features: NDArray[np.bool_]) -> None:
        """Add features to those looked at."""
        wanted = features.copy()
        wanted[self._features] = False
        if wanted.any():
            wanted[self._features] = True
            self._features = np.flatnonzero(wanted)
            self._some = self._restricted()

    def _restricted(self) -> RegressionObjective:
        return self._objective.of_features(self._features)


class Search:
    """One search made of several, which are about different features or penalties.

    Parameters
    ----------
    max_iter : int or None
        Iterations in all; None for as many in each part as its problem says.
    penalty : callable
        From params of all features to the penalty that records are to show.
    observe, validate : callable or None
        As :func:`sk_softmax.solvers.minimize` takes them, for params of all features.
    """

    solution: Solution

    def __init__(
        self,
        max_iter: int | None = None,
        penalty: Callable[[Array], float] | None = None,
        observe: Observer | None = None,
        validate: Validate | None = None,
    ) -> None:
        self.records: list[IterationRecord] = []
        self.passes = 0.0
        self._began = time.perf_counter()
        self._max_iter = max_iter
        self._penalty = penalty
        self._observe = observe
        self._validate = validate

    @property
    def n_iter(self) -> int:
        """Iterations so far."""
        return self.records[-1].iteration if self.records else 0

    @property
    def is_over(self) -> bool:
        """Whether the last part ended for another reason than that it was done."""
        return self.solution.status is not Status.CONVERGED

    def go_on(
        self,
        solver: Solver,
        objective: RegressionObjective,
        problem: Problem,
        lift: Callable[[Array], Array],
        share: float,
    ) -> None:
        """Search on, with some of the features; a pass over these is a share of one over all."""
        if self._max_iter is not None:
            problem = replace(problem, max_iter=self._max_iter - self.n_iter)
        n_before, is_first, passes_before = self.n_iter, not self.records, self.passes

        def watch(record: IterationRecord, params: ParamsThere) -> bool:
            self.passes = passes_before + share * record.passes
            if record.iteration == 0 and not is_first:
                return False  # where this begins has been reported
            value = record.value
            if self._penalty is not None:
                own, whole = objective.penalty.value(params()), self._penalty(lift(params()))
                value += whole - own
            moved = replace(
                record,
                iteration=n_before + record.iteration,
                value=value,
                passes=self.passes,
                seconds=time.perf_counter() - self._began,
            )
            self.records.append(moved)
            observe = self._observe
            return observe is not None and observe(moved, lambda: lift(params()))

        validate = self._validate
        check = None if validate is None else lambda params: validate(lift(params))
        self.solution = minimize(solver, objective, problem, watch, check)
        self.params = lift(self.solution.params)


def minimize_sparse(
    solver: Solver,
    objective: RegressionObjective,
    C: float,
    problem: Problem,
    task: Callable[[RegressionObjective, Array], Problem],
    observe: Observer | None,
    validate: Validate | None,
) -> Solution:
    """Fit one C, from nothing by way of stronger penalties or from the start given.

    Parameters
    ----------
    solver : Solver
        The method.
    objective : RegressionObjective
        What is minimised.
    C : float
        Inverse strength of its penalty.
    problem : Problem
        Where it starts and when it stops.
    task : callable
        From an objective on some of the features, and a start, to such a problem.
    observe, validate : callable or None
        As :func:`sk_softmax.solvers.minimize` takes them.
    """
    search = Search(problem.max_iter, objective.penalty.value, observe, validate)
    working = WorkingSet(objective, solver, task)
    is_warm = bool(problem.start.any())
    place = working.place(problem.start) if is_warm else working.null()
    search.passes += 1
    first = C if is_warm else min(working.first_C(place), C)
    before = first
    for stage in _stages(first, C):
        place = working.fit(stage, place, before, search, 0.0 if stage == C else ON_THE_WAY)
        before = stage
        if search.is_over:
            break
    return working.solution(C, place, search)


def _stages(first: float, last: float) -> Iterator[float]:
    """Yield penalties from the strongest that matters to the last."""
    n_stages = max(int(np.ceil(np.log(last / first) / np.log(STEP))), 1)
    yield from np.geomspace(first, last, n_stages + 1)[1:-1].tolist()
    yield last
