"""A walk from a penalty that makes all coefficients zero to a weak penalty."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from sk_softmax.estimators.input.parameters import for_data, settings_from
from sk_softmax.estimators.input.rows import check_range
from sk_softmax.estimators.input.training_set import any_training_set
from sk_softmax.estimators.penalty_grid import is_number_of_penalties, listed_Cs
from sk_softmax.estimators.solutions import SoftmaxPath
from sk_softmax.fitting.curvature_sample import with_kept_sample
from sk_softmax.fitting.driver import run
from sk_softmax.fitting.fit import task_of_some_features
from sk_softmax.fitting.prepared import AnyTrainingSet, Prepared, prepared
from sk_softmax.fitting.reported import reported
from sk_softmax.fitting.settings import Settings
from sk_softmax.fitting.staged import staged
from sk_softmax.fitting.stages import Views
from sk_softmax.fitting.working_set import Place, WorkingSet
from sk_softmax.interfaces import Solution, Status
from sk_softmax.interfaces.given import ClassWeight, MatrixLike, RandomState, SolverChoice
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.rows import single_threaded_blas
from sk_softmax.solvers.options import is_real


def softmax_path(
    X: MatrixLike,
    y: ArrayLike | None = None,
    *,
    Cs: int | ArrayLike = 100,
    C_span: float = 1e3,
    l1_ratio: float = 1.0,
    grouped: bool = False,
    penalty_factor: ArrayLike | None = None,
    lower_bounds: ArrayLike = -np.inf,
    upper_bounds: ArrayLike = np.inf,
    fit_intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    class_weight: ClassWeight = None,
    label_smoothing: float = 0.0,
    solver: SolverChoice = "auto",
    max_iter: int | None = None,
    tol: float = 1e-6,
    random_state: RandomState = None,
    n_jobs: int | None = None,
) -> SoftmaxPath:
    """Fit a grid of penalties from the strongest to the weakest.

    Each fit starts at the solution before it. The path begins with the weakest penalty that makes
    all coefficients zero: the largest such ``C`` is ``l1_ratio min_j f_j / |g_j|``, where ``g_j``
    is the summed gradient of feature ``j`` when only intercepts (and features without a penalty)
    are fitted. At each penalty, features that the sequential strong rule excludes (Tibshirani et
    al., 2012, Journal of the Royal Statistical Society B 74) are left out at first. A pass over
    all features then checks whether the rule was right.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        The rows; with scikit-learn's array API dispatch they may be of another library, and lie
        on a device. The path itself is NumPy's, and predicts where the rows of its predictions
        lie.
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels, or the probability of each class.
    Cs : int or array-like of float, default=100
        The number of penalties, or the penalties themselves in any order.
    C_span : float, default=1000
        The last C divided by the first, if ``Cs`` is a number.
    l1_ratio : float, default=1.0
        Share of L1 in the penalty. With 0 no C makes all coefficients zero, so ``Cs`` must be a
        list.
    grouped, penalty_factor, lower_bounds, upper_bounds, fit_intercept, class_weight, \
label_smoothing, solver, max_iter, tol, random_state, n_jobs
        See :class:`SoftmaxRegression`. With ``max_iter=0`` all solutions are where the path
        begins: the best intercepts, and coefficients of zero.
    sample_weight : array-like of shape (n_samples,), optional
        Weights, not negative.
    offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
        What is added to the logits: see :meth:`SoftmaxRegression.fit`.

    Returns
    -------
    path : SoftmaxPath
        The solutions, which predict at any C on the way. ``path.converged`` tells which of them
        converged; there is no warning.

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
    parameters = dict(
        l1_ratio=l1_ratio,
        grouped=grouped,
        penalty_factor=penalty_factor,
        lower_bounds=lower_bounds,
        upper_bounds=upper_bounds,
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
    settings = settings_from(parameters, "softmax_path")
    features = _Features()
    training = any_training_set(features, X, y, sample_weight, offset=offset)
    settings = for_data(settings, training.n_features, training.classes)
    path = _path(settings, training, Cs, C_span)
    if not path.converged.all():
        check_range(training)
    return replace(
        path,
        parameters=parameters,
        feature_names=getattr(features, "feature_names_in_", None),
        has_offset=training.has_offset,
    )


def _path(settings: Settings, training: AnyTrainingSet, Cs: Any, C_span: float) -> SoftmaxPath:
    """Return the solutions for the Cs that the user asked for."""
    with single_threaded_blas(), quiet(), ExitStack() as kept:
        fit = prepared(replace(settings, C=np.inf), training, may_prove=False)
        kept.callback(fit.release)
        walk = _Walk(settings, fit, training.classes)
        return walk.along(_grid(Cs, C_span, walk))


class _Features(BaseEstimator):  # type: ignore[misc]
    """An estimator that is never fitted: scikit-learn needs one to validate rows."""


def _check_grid(Cs: Any, C_span: Any, l1_ratio: Any) -> None:
    """Raise an error if these parameters define no path."""
    if not (is_real(C_span) and 1 < C_span < np.inf):
        raise ValueError(f"C_span={C_span!r} must be a number above 1.")
    if is_number_of_penalties(Cs) and l1_ratio == 0:
        raise ValueError(
            "l1_ratio=0 makes no coefficient zero, so there is no C at which the path begins: "
            "give Cs as a list of numbers."
        )


def _grid(Cs: Any, C_span: float, walk: _Walk) -> NDArray[np.float64]:
    """Return the Cs of the path, ascending, shape ``(n_Cs,)``."""
    if is_number_of_penalties(Cs):
        first = walk.first_C
        if not np.isfinite(first):
            raise ValueError(
                "No feature distinguishes the classes, or none is penalised, so there is no C at "
                "which the path begins: give Cs as a list of numbers."
            )
        return np.geomspace(first, first * C_span, int(Cs))
    return np.unique(listed_Cs(Cs))


class _Walk:
    """A walk along the path: each fit starts at the solution before it.

    Parameters
    ----------
    settings : Settings
        The settings of all fits, apart from ``C``.
    fit : Prepared
        What is fitted to, without a penalty.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    """

    def __init__(self, settings: Settings, fit: Prepared, classes: NDArray[Any]) -> None:
        self._shift, self._objective = fit.shift, fit.objective
        self._classes = classes
        self._solver = settings.solver
        self._views = Views(self._objective)
        task = with_kept_sample(settings, partial(task_of_some_features, settings))
        self._working = WorkingSet(self._objective, task, self._views, is_path=True)
        run(staged(self._solver, self._working.null()), self._views)
        self._null, self.first_C = self._working.place, self._working.first_C()

    def along(self, Cs: NDArray[np.float64]) -> SoftmaxPath:
        """Return the solutions for these Cs, which must be ascending, shape ``(n_Cs,)``."""
        before = self.first_C
        places, solutions = [], []
        for C in Cs:
            stages = self._working.fit(C, before)
            solutions.append(run(staged(self._solver, stages), self._views))
            places.append(self._working.place)
            before = C
        return self._path(Cs, places, solutions)

    def _path(
        self, Cs: NDArray[np.float64], places: Sequence[Place], solutions: Sequence[Solution]
    ) -> SoftmaxPath:
        """Return the solutions for these Cs as one object."""
        rows, total = self._objective.rows, self._objective.total_weight
        # The kind of penalty of each column is the same for all C.
        objective = self._objective.with_penalty(1.0)
        params = np.array([reported(objective, self._shift, place.params) for place in places])
        coefs = params[:, :, : rows.n_features]
        intercepts = params[:, :, rows.n_features :].sum(axis=2)  # zero where there is none
        return SoftmaxPath(
            Cs=Cs,
            coefs=coefs.astype(rows.dtype, copy=False),
            intercepts=intercepts,
            classes=self._classes,
            objective=np.array([s.evaluation.value for s in solutions]),
            deviance=np.array([2 * total * place.loss.value for place in places]),
            null_deviance=2 * total * self._null.loss.value,
            n_nonzero=np.count_nonzero(coefs, axis=(1, 2)),
            n_iter=np.array([s.n_iter for s in solutions]),
            suboptimality=np.array([s.suboptimality for s in solutions]),
            converged=np.array([s.status is Status.CONVERGED for s in solutions]),
            l1_ratio=self._objective.form.l1_ratio,
        )
