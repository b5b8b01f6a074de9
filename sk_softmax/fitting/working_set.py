"""Fits under an L1 penalty on a working set of features, with checks of all features.

In the shapes ``n_columns`` counts the columns of all features and of the intercept, if there is
one, and ``n_working`` those of the features in the working set and of the intercept.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.staged import Stage, Stages
from sk_softmax.fitting.stages import Views
from sk_softmax.interfaces import Array, Evaluation, Memory, Penalty, Problem, Solution, Status
from sk_softmax.objective import RegressionObjective
from sk_softmax.objective.intercepts import best_intercepts
from sk_softmax.solvers.kept_hessian import SOON

# A share of a feature's L1 strength. At the start of a fit a feature enters the working set if its
# gradient pulls it from zero with at least this share and the strong rule does not exclude it. The
# strong rule alone excludes no feature if C is at least twice the C before.
LEAST_LIKELY = 0.8


@dataclass(frozen=True)
class Place:
    """Params of all features, and the loss there."""

    params: Array
    """Shape ``(n_outputs, n_columns)``."""

    loss: Evaluation
    """Value and gradient without any penalty, the gradient shaped like ``params``."""


class WorkingSet:
    """Fits to the features that may have coefficients off zero, and adds those that were missed.

    A feature enters when the sequential strong rule no longer excludes it (Tibshirani et al.,
    2012, Journal of the Royal Statistical Society B 74). After every fit one pass over all
    features checks whether the rule was right. A feature that has entered stays.

    Parameters
    ----------
    objective : RegressionObjective
        The objective on all features, with a penalty of any strength.
    task : callable
        From an objective on some of the features and a start, ``(n_outputs, n_working)``, to the
        problem that the solver is given.
    views : Views
        The objectives that answer questions; those on the working set are added.
    is_path : bool, default=False
        Whether many fits follow whose penalties differ little. Features then enter earlier, and
        what the solver keeps goes from fit to fit as long as none enters.
    """

    place: Place
    """Where the last fit ended."""

    def __init__(
        self,
        objective: RegressionObjective,
        task: Callable[[RegressionObjective, Array], Problem],
        views: Views,
        *,
        is_path: bool = False,
    ) -> None:
        self._objective = objective
        self._is_path = is_path
        self._memory: Memory | None = None
        self._loss = objective.with_penalty(np.inf)
        self._task = task
        self._views = views
        views.add(self._loss, 1.0)
        self._n_features = objective.rows.n_features
        # The pull of a gradient depends on the kind of penalty, not on its strength.
        self._pull_of = objective.with_penalty(1.0).penalty.pull_from_zero
        self._l1_share = objective.form.l1_shares(self._n_features)
        # Numbers of the features in the working set, ascending. Features without an L1 penalty are
        # always in it.
        self._features = np.flatnonzero(self._l1_share == 0)
        self._some = self._restricted() if len(self._features) else self._loss

    def begin_at(self, params: Array) -> None:
        """Begin at these params, of shape ``(n_outputs, n_columns)``."""
        self.place = Place(params, self._loss.evaluate(params))

    def null(self) -> Stages:
        """Fit the null model, in which every coefficient with an L1 penalty is zero.

        If features have no penalty, they are fitted by the solver.
        """
        self.begin_at(intercepts_alone(self._loss))
        n_iter, status = 0, Status.CONVERGED
        if len(self._features) and self._objective.form.l1_ratio > 0:
            solution = yield from self._solve(np.inf, None, 0.0, None)
            n_iter, status = solution.n_iter, solution.status
        return Solution(self.place.params, self.place.loss, status, n_iter, np.nan)

    def first_C(self) -> float:
        """Return the largest C at which every penalised coefficient is zero."""
        norms = self._pull_of(self.place.loss.gradient)
        pulled = (self._l1_share > 0) & (norms > 0)
        if not pulled.any():
            return np.inf
        # At exactly this C rounding decides whether a coefficient leaves zero, so C is a little
        # less.
        least = float((self._l1_share[pulled] / norms[pulled]).min())
        return least / self._objective.total_weight * (1 - 1e-10)

    def fit(
        self,
        C: float,
        C_before: float,
        *,
        tol: float = 0.0,
        max_iter: int | None = None,
        shown: Callable[[Array], float] | None = None,
    ) -> Stages:
        """Fit one C, starting at the optimum of another.

        Parameters
        ----------
        C, C_before : float
            The inverse strength of the penalty, and that of the penalty whose optimum
            :attr:`place` is.
        tol : float, default=0.0
            Relative suboptimality at which to stop, if it is larger than ``tol`` of the task; then
            the solver's word for it is enough.
        max_iter : int, optional
            The most iterations in all stages together; by default each stage may take as many as
            the task says.
        shown : callable, optional
            From params of all features, ``(n_outputs, n_columns)``, to the penalty that is part of
            the values in records; by default that of ``C``.
        """
        # Shapes (n_features,): the L1 strength in nats a row, and the pull that the strong rule
        # asks for.
        slopes = self._l1_share / C / self._objective.total_weight
        strong = 2 * slopes - self._l1_share / C_before / self._objective.total_weight
        norms = self._pull_of(self.place.loss.gradient)
        likely = norms >= np.maximum(strong, LEAST_LIKELY * slopes)
        likely |= self.place.params[:, : self._n_features].any(axis=0)
        likely[np.argmax(norms / np.where(slopes > 0, slopes, 1.0))] = True  # at least one
        if self._is_path and np.delete(likely, self._features).any():
            likely |= norms >= SOON * slopes  # they enter together with those that enter now
        self._let_in(likely)
        n_iter = 0
        while True:
            left = None if max_iter is None else max_iter - n_iter
            solution = yield from self._solve(C, left, tol, shown)
            n_iter += solution.n_iter
            missing = self._pull_of(self.place.loss.gradient) > slopes * (1 + 1e-8)
            missing[self._features] = False
            if not missing.any() or solution.status is not Status.CONVERGED:
                return self.solution(C, solution, n_iter)
            self._let_in(missing)

    def _solve(
        self,
        C: float,
        max_iter: int | None,
        tol: float,
        shown: Callable[[Array], float] | None,
    ) -> Generator[Stage, Solution, Solution]:
        """Solve the problem on the working set from :attr:`place`, which is one stage.

        The place is then where the stage ended. Params of the solution have shape ``(n_outputs,
        n_working)``. The parameters are those of :meth:`fit`.
        """
        objective, lift, columns = self._some.with_penalty(C), self._lift(), self._columns
        start, loss = self.place.params[:, columns], self.place.loss
        known = objective.evaluation_from(
            start, Evaluation(loss.value, loss.gradient[:, columns]), self._some.penalty
        )
        objective.measure_like(self._some)
        problem = self._task(objective, start)
        self._some.measure_like(objective)  # so that rows are narrowed once for all penalties
        problem = replace(problem, memory=self._memory)
        if tol > problem.tol:
            problem = replace(problem, tol=tol, is_rough=True)
        if self._is_path and objective.penalty.makes_sparse:
            problem = replace(problem, is_on_path=True)
        if max_iter is not None:
            problem = replace(problem, max_iter=max_iter)

        value_of = None
        if shown is not None:
            value_of = partial(_shown, own=objective.penalty.value, shown=shown, lift=lift)
        number = self._views.add(objective, len(self._features) / self._n_features)
        solution = yield Stage(number, problem, lift, value_of, known)
        self._views.drop(number)
        # Evidence is of one penalty: values of another cannot be compared with it.
        memory = solution.memory if problem.is_on_path else None
        self._memory = memory and replace(memory, evidence=None)
        self._end_at(solution, objective.penalty)
        return solution

    def _end_at(self, solution: Solution, penalty: Penalty) -> None:
        """Go to where a stage ended, by a pass over all features if some were left out."""
        params = self._lift()(solution.params)
        if len(self._features) < self._n_features:
            self.begin_at(params)
            return
        value = solution.evaluation.value - penalty.kink_value(params)
        here = Evaluation(value, solution.evaluation.gradient)
        self.place = Place(params, self._loss.evaluation_from(params, here, penalty))

    def solution(self, C: float, last: Solution, n_iter: int) -> Solution:
        """Return the solution of a fit of one C on all features, from that of its last stage.

        Params and gradient have shape ``(n_outputs, n_columns)``, and the value includes all of
        the penalty.
        """
        whole = self._objective.with_penalty(C)
        value = self.place.loss.value + whole.penalty.value(self.place.params)
        gradient = self.place.loss.gradient.copy()
        whole.penalty.add_smooth_gradient(self.place.params, gradient)
        return replace(
            last,
            params=self.place.params,
            evaluation=Evaluation(value, gradient),
            n_iter=n_iter,
            memory=None,
        )

    @property
    def _columns(self) -> NDArray[np.intp]:
        """Numbers of the columns in the working set, shape ``(n_working,)``."""
        intercept = np.arange(self._n_features, self._loss.rows.n_columns)
        return np.concatenate([self._features, intercept])

    def _lift(self) -> Callable[[Array], Array]:
        """Return a function from ``(n_outputs, n_working)`` to ``(n_outputs, n_columns)``."""
        return partial(_in_all_columns, columns=self._columns, shape=self._loss.shape)

    def _let_in(self, features: NDArray[np.bool_]) -> None:
        """Add the features of a mask, shape ``(n_features,)``, to the working set."""
        wanted = features.copy()
        wanted[self._features] = False
        if wanted.any():
            wanted[self._features] = True
            self._features = np.flatnonzero(wanted)
            self._some = self._loss  # so that a copy of fewer features goes before the next comes
            self._some = self._restricted()
            self._memory = None

    def _restricted(self) -> RegressionObjective:
        """Return the objective on the working set, without a penalty."""
        return self._objective.of_features(self._features)


def intercepts_alone(objective: RegressionObjective) -> Array:
    """Return the best params with coefficients of zero, shape ``(n_outputs, n_columns)``."""
    params = np.zeros(objective.shape)
    if objective.rows.n_columns > objective.rows.n_features:
        params[:, -1] = best_intercepts(objective.data)
    return params


def _in_all_columns(params: Array, columns: NDArray[np.intp], shape: tuple[int, int]) -> Array:
    """Return params of all columns, which are zero outside the working set.

    Parameters
    ----------
    params : ndarray of shape (n_outputs, n_working)
        Params of the working set.
    columns : ndarray of int, shape (n_working,)
        Numbers of its columns.
    shape : tuple of int
        ``(n_outputs, n_columns)``.
    """
    lifted = np.zeros(shape)
    lifted[:, columns] = params
    return lifted


def _shown(
    value: float,
    params: Array,
    own: Callable[[Array], float],
    shown: Callable[[Array], float],
    lift: Callable[[Array], Array],
) -> float:
    """Return a value with its own penalty replaced by the one that records show.

    ``params`` has shape ``(n_outputs, n_working)``; ``own`` takes the same, and ``shown`` takes
    ``(n_outputs, n_columns)``.
    """
    return value - own(params) + shown(lift(params))
