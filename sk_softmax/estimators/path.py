"""A whole path of solutions, from the penalty that leaves nothing to a weak one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.estimators.data import checked_weights, validated
from sk_softmax.estimators.fitting import (
    TrainingSet,
    centred,
    problem_of,
    rows_and_targets,
)
from sk_softmax.estimators.parameters import (
    check_parameters,
    check_solver_takes,
    penalty_of,
    solver_of,
)
from sk_softmax.estimators.softmax_regression import SoftmaxRegression
from sk_softmax.estimators.targets import column_names, encoded
from sk_softmax.interfaces import Array, Evaluation, Solution, Status
from sk_softmax.objective import RegressionObjective
from sk_softmax.rows import single_threaded_blas
from sk_softmax.solvers import minimize
from sk_softmax.solvers.options import is_integer, is_real

LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True)
class SoftmaxPath:
    """Solutions for a grid of penalties, the strongest first.

    Attributes
    ----------
    Cs : ndarray of shape (n_Cs,)
        Inverse strengths of the penalty, ascending.
    coefs : ndarray of shape (n_Cs, n_classes, n_features), or (n_Cs, 1, n_features)
        Coefficients; for two classes a single row, the log-odds of the second.
    intercepts : ndarray of shape (n_Cs, n_classes), or (n_Cs, 1)
        Intercepts.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    objective : ndarray of shape (n_Cs,)
        The least value of the objective in nats a row, with all of the penalty.
    deviance : ndarray of shape (n_Cs,)
        ``2 sum_i s_i CE_i`` in nats, twice the negative log-likelihood of labels.
    null_deviance : float
        The deviance of the intercepts alone (and of features without a penalty).
    n_nonzero : ndarray of shape (n_Cs,)
        How many coefficients are not zero.
    n_iter : ndarray of shape (n_Cs,)
        Iterations.
    suboptimality : ndarray of shape (n_Cs,)
        The solver's estimate of how far the objective is above its minimum, in nats a row.
    converged : ndarray of bool, shape (n_Cs,)
        Whether it is within ``tol``, relative to the objective.
    l1_ratio : float
        The share of L1 in the penalty.
    """

    Cs: NDArray[np.float64]
    coefs: Array
    intercepts: Array
    classes: NDArray[Any]
    objective: NDArray[np.float64]
    deviance: NDArray[np.float64]
    null_deviance: float
    n_nonzero: NDArray[np.intp]
    n_iter: NDArray[np.intp]
    suboptimality: NDArray[np.float64]
    converged: NDArray[np.bool_]
    l1_ratio: float

    @property
    def deviance_ratio(self) -> NDArray[np.float64]:
        """Share of the null deviance that each solution explains, shape ``(n_Cs,)``."""
        return 1 - self.deviance / self.null_deviance


def softmax_path(
    X: Any,
    y: Any,
    *,
    Cs: Any = 100,
    C_span: float = 1e3,
    l1_ratio: float = 1.0,
    grouped: bool = False,
    penalty_factor: Any = None,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    class_weight: Any = None,
    label_smoothing: float = 0.0,
    solver: Any = "auto",
    max_iter: int | None = None,
    tol: float = 1e-6,
    random_state: Any = None,
    n_jobs: int | None = None,
) -> SoftmaxPath:
    """Fit a grid of penalties from the strongest to the weakest, each from where the last ended.

    The path begins at the largest penalty that matters: the smallest ``C`` at which all
    coefficients are zero is ``l1_ratio max_j f_j / |g_j|``, with ``g_j`` the summed gradient of
    feature ``j`` where only intercepts (and features without a penalty) are fitted. A feature is
    looked at from where the sequential strong rule no longer rules it out (Tibshirani et al.,
    2012, Journal of the Royal Statistical Society B 74); whether the rule was right is checked
    with every feature at every penalty.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        The rows.
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels, or the probability of each class.
    Cs : int or array-like of float, default=100
        How many penalties, or which; in any order.
    C_span : float, default=1000
        The last C divided by the first, where ``Cs`` is a number.
    l1_ratio : float, default=1.0
        Share of L1 in the penalty; 0 has no C with all coefficients zero, and needs ``Cs``.
    grouped, penalty_factor, fit_intercept, class_weight, label_smoothing, solver, max_iter, \
tol, random_state, n_jobs
        See :class:`SoftmaxRegression`.
    sample_weight : array-like of shape (n_samples,), optional
        Weights, not negative.

    Returns
    -------
    path : SoftmaxPath
        The solutions. Whether each converged is in ``path.converged``; there is no warning.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sk_softmax import softmax_path
    >>> X, y = load_wine(return_X_y=True)
    >>> path = softmax_path(scale(X), y, Cs=5)
    >>> path.n_nonzero
    array([ 0, 10, 12, 15, 17])
    """
    model = SoftmaxRegression(
        l1_ratio=l1_ratio,
        grouped=grouped,
        penalty_factor=penalty_factor,
        fit_intercept=fit_intercept,
        class_weight=class_weight,
        label_smoothing=label_smoothing,
        solver=solver,
        max_iter=max_iter,
        tol=tol,
        random_state=random_state,
        n_jobs=n_jobs,
    )
    _check_grid(Cs, C_span, l1_ratio)
    check_parameters(model)
    check_solver_takes(model, solver_of(solver))
    names = column_names(y)
    X, y = validated(model, X, y, reset=True)
    classes, given = encoded(model, y, names)
    weights = None if sample_weight is None else checked_weights(sample_weight, len(given))
    with single_threaded_blas():
        walk = _Walk(model, TrainingSet(X, given, weights, classes))
        return walk.along(_grid(Cs, C_span, walk))


def _check_grid(Cs: Any, C_span: Any, l1_ratio: Any) -> None:
    if not (is_real(C_span) and 1 < C_span < np.inf):
        raise ValueError(f"C_span={C_span!r} must be a number above 1.")
    if is_integer(Cs):
        if Cs < 1:
            raise ValueError(f"Cs={Cs!r} is no number of penalties: it must be positive.")
        if l1_ratio == 0:
            raise ValueError(
                "l1_ratio=0 leaves no coefficient at zero, so no C begins the path: give Cs as a "
                "list of numbers."
            )


def _grid(Cs: Any, C_span: float, walk: _Walk) -> NDArray[np.float64]:
    if is_integer(Cs):
        first = walk.smallest_C()
        if not np.isfinite(first):
            raise ValueError(
                "No feature has anything to tell of the classes, or none is penalised, so no C "
                "begins the path: give Cs as a list of numbers."
            )
        return np.geomspace(first, first * C_span, int(Cs))
    try:
        grid = np.unique(np.asarray(Cs, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"Cs={Cs!r} must hold numbers: {error}") from error
    if grid.ndim != 1 or len(grid) == 0 or not (grid > 0).all():
        raise ValueError(f"Cs={Cs!r} must be positive numbers, at least one.")
    return grid


@dataclass(frozen=True)
class _Place:
    """Where a walk has come to: all features' params, and the loss there without a penalty."""

    params: Array
    loss: Evaluation


class _Walk:
    """Goes along the path; knows the features that the strong rule has let in so far."""

    def __init__(self, model: SoftmaxRegression, training: TrainingSet) -> None:
        self._model = model
        self._solver = solver_of(model.solver)
        self._rows, self._targets, self._weights = rows_and_targets(model, training)
        self._classes = training.classes
        self._form = penalty_of(model, self._rows.n_features)
        self._total = (
            float(self._rows.n_rows) if self._weights is None else float(self._weights.sum())
        )
        factors = self._form.factors
        self._factors: Array = np.ones(self._rows.n_features) if factors is None else factors
        self._loss = self._objective(np.inf)
        self._features = np.flatnonzero(self._is_free)
        self._some = self._restricted() if len(self._features) else self._loss
        self._start = self._null()

    @property
    def _is_free(self) -> NDArray[np.bool_]:
        """Which features are not penalised, or cannot be ruled out."""
        return np.asarray((self._factors == 0) | (self._form.l1_ratio == 0))

    def smallest_C(self) -> float:
        """Return the largest C at which every penalised coefficient is zero."""
        norms = self._norms(self._start.loss.gradient)
        slopes = self._form.l1_ratio * self._factors
        pulled = (slopes > 0) & (norms > 0)
        if not pulled.any():
            return np.inf
        # Where a coefficient is just about to leave zero, rounding decides; a little before it.
        return float((slopes[pulled] / norms[pulled]).min() / self._total) * (1 - 1e-10)

    def along(self, Cs: NDArray[np.float64]) -> SoftmaxPath:
        """Fit every C, ascending."""
        place, before = self._start, 1 / self.smallest_C() / self._total
        null = self._deviance(place)
        steps: list[tuple[Array, Solution, float]] = []
        for C in Cs:
            place, solution = self._fit(C, place, before)
            before = 1 / C / self._total
            params = centred(place.params, self._objective(C).l1)
            steps.append((params, solution, self._deviance(place)))
        return self._path(Cs, steps, null)

    def _path(
        self, Cs: NDArray[np.float64], steps: Sequence[tuple[Array, Solution, float]], null: float
    ) -> SoftmaxPath:
        params = np.array([step[0] for step in steps])
        coefs = params[:, :, : self._rows.n_features]
        intercepts = params[:, :, self._rows.n_features :].sum(axis=2)  # zero where there is none
        solutions = [step[1] for step in steps]
        width = self._rows.dtype
        return SoftmaxPath(
            Cs=Cs,
            coefs=coefs.astype(width, copy=False),
            intercepts=intercepts.astype(width, copy=False),
            classes=self._classes,
            objective=np.array([s.evaluation.value for s in solutions]),
            deviance=np.array([step[2] for step in steps]),
            null_deviance=null,
            n_nonzero=np.count_nonzero(coefs, axis=(1, 2)),
            n_iter=np.array([s.n_iter for s in solutions]),
            suboptimality=np.array([s.suboptimality for s in solutions]),
            converged=np.array([s.status is Status.CONVERGED for s in solutions]),
            l1_ratio=self._form.l1_ratio,
        )

    def _fit(self, C: float, place: _Place, before: float) -> tuple[_Place, Solution]:
        """Fit one C with the features that the strong rule lets in, until none is missing."""
        whole = self._objective(C)
        slopes = self._form.l1_ratio * self._factors / C / self._total
        norms = self._norms(place.loss.gradient)
        likely = norms >= 2 * slopes - before * self._form.l1_ratio * self._factors
        likely[np.argmax(norms / np.where(slopes > 0, slopes, 1.0))] = True  # rows need a feature
        self._let_in(likely | self._is_free)
        n_iter = 0
        while True:
            objective = self._some.with_penalty(C, self._form.of_features(self._features))
            problem = problem_of(
                self._model, self._solver, objective, place.params[:, self._columns]
            )
            solution = minimize(self._solver, objective, problem)
            n_iter += solution.n_iter
            params = np.zeros_like(place.params)
            params[:, self._columns] = solution.params
            place = _Place(params, self._loss.evaluate(params))
            missing = self._norms(place.loss.gradient) > slopes * (1 + 1e-8)
            missing[self._features] = False
            if not missing.any():
                break
            self._let_in(missing)
        value = place.loss.value + whole.penalty_at(params)
        final = Evaluation(value, place.loss.gradient)
        return place, replace(solution, params=params, evaluation=final, n_iter=n_iter)

    @property
    def _columns(self) -> NDArray[np.intp]:
        intercept = np.arange(self._rows.n_features, self._rows.n_columns)
        return np.concatenate([self._features, intercept])

    def _let_in(self, features: NDArray[np.bool_]) -> None:
        """Add features to those looked at."""
        new = features.copy()
        new[self._features] = False
        if new.any():
            new[self._features] = True
            self._features = np.flatnonzero(new)
            self._some = self._restricted()

    def _restricted(self) -> RegressionObjective:
        """Return the loss of the features looked at."""
        rows = self._rows.columns(self._features)
        return RegressionObjective(rows, self._targets, len(self._classes), np.inf, self._weights)

    def _objective(self, C: float) -> RegressionObjective:
        return RegressionObjective(
            self._rows, self._targets, len(self._classes), C, self._weights, self._form
        )

    def _null(self) -> _Place:
        """Fit what is not penalised: intercepts in closed form, features by a solver."""
        params = np.zeros(self._loss.shape)
        if self._rows.n_columns > self._rows.n_features:
            totals = self._targets.totals(self._loss.relative_weight)
            shares = np.log(np.maximum(totals / totals.sum(), LEAST_PROBABILITY))
            is_single = len(params) == 1
            params[:, -1] = shares[1] - shares[0] if is_single else shares - shares.mean()
        if len(self._features) and self._form.l1_ratio > 0:
            problem = problem_of(self._model, self._solver, self._some, params[:, self._columns])
            solution = minimize(self._solver, self._some, problem)
            params[:, self._columns] = solution.params
        return _Place(params, self._loss.evaluate(params))

    def _norms(self, gradient: Array) -> NDArray[np.float64]:
        """Return how hard each feature's gradient pulls: its largest entry, grouped its norm."""
        of_features = gradient[:, : self._rows.n_features]
        if self._form.grouped:
            return np.asarray(np.linalg.norm(of_features, axis=0))
        return np.asarray(np.abs(of_features).max(axis=0))

    def _deviance(self, place: _Place) -> float:
        return 2 * self._total * place.loss.value
