"""Softmax regression as a scikit-learn classifier."""

from __future__ import annotations

import os
import warnings
from functools import partial
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from sk_softmax import functional
from sk_softmax.estimators.data import Weights, unchanged_on_error, validated
from sk_softmax.estimators.parameters import check_parameters, generator_of, solver_of
from sk_softmax.estimators.targets import column_names, encoded, with_class_weight
from sk_softmax.estimators.wide import is_wide, minimize_wide
from sk_softmax.interfaces import (
    Array,
    IterationRecord,
    Problem,
    Progress,
    Solution,
    Solver,
    Status,
)
from sk_softmax.objective import (
    RegressionObjective,
    Targets,
    begin_with_drafts,
    duality_gap,
    targets_of,
)
from sk_softmax.rows import rows_of, single_threaded_blas, threads_in_force
from sk_softmax.solvers import Auto, minimize

SILENT = {Status.CONVERGED, Status.EPOCHS_DONE, Status.STOPPED}


class SoftmaxRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Softmax (multinomial logistic) regression.

    Minimises over ``coef`` and ``intercept``, in nats a row,

    ``F = sum_i s_i CE_i / sum_i s_i + |coef|^2 / (2 C sum_i s_i)``

    with ``CE_i = -sum_k y_ik log softmax(coef x_i + intercept)[k]``, where ``y_i`` is one-hot
    for a label and otherwise a row of probabilities, and ``s_i`` the sample weight times the
    class weight of row ``i``. This is the objective of
    :class:`sklearn.linear_model.LogisticRegression` divided by ``C sum_i s_i``, with the same
    minimum. Two classes share one row of coefficients, the log-odds of the second class.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the penalty, in the units of the features; ``numpy.inf`` is none.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty. Only 0 (pure L2) is supported so far.
    fit_intercept : bool, default=True
        Whether to add an intercept, which is never penalised.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class by its label; ``"balanced"`` gives every class the same total weight.
    label_smoothing : float, default=0.0
        Share of each row's probability that is spread evenly over all classes, in [0, 1): the
        targets become ``(1 - label_smoothing) y_i + label_smoothing / K``.
    solver : str or solver object, default="auto"
        ``"auto"`` chooses ``"lbfgs"`` or ``"newton-cholesky"``, which find the same optimum, by
        the shape of the problem; with fewer rows than features it works in the space that the
        rows span. ``"gd"`` is batch gradient descent, and ``"sgd"``, ``"rmsprop"`` and ``"adam"``
        learn from minibatches. An object from
        :mod:`sk_softmax.solvers`, such as ``SGD(batch_size=256)``, sets options, which a search
        tunes as ``solver__batch_size``.
    max_iter : int or None, default=None
        The most iterations (epochs, for a minibatch solver); None leaves it to the solver.
    tol : float, default=1e-6
        Stop when the estimated relative suboptimality ``(F - F*) / F`` is at most this. It does
        not change its meaning when features change units. Minibatch solvers run all their epochs.
    warm_start : bool, default=False
        Whether to start from the coefficients of the fit before, which must have had the same
        classes and features.
    random_state : int, RandomState or None, default=None
        Decides the order of rows and the first weights of the minibatch solvers.
    verbose : int, default=0
        Print a line an iteration if positive.
    n_jobs : int or None, default=None
        Threads; -1 is one a processor and None as many as BLAS may use. The result is the same
        for any number.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        Coefficients, in the width (float32 or float64) of the rows. With more than two classes
        those of each feature add up to zero.
    intercept_ : ndarray of shape (n_classes,), or (1,) for two classes
        Intercepts, zero without ``fit_intercept``.
    n_iter_ : ndarray of shape (1,)
        Iterations done (epochs, for a minibatch solver).
    converged_ : bool
        Whether ``tol`` was reached; always False for a minibatch solver, which does not test it.
    loss_curve_ : ndarray of shape (n_iter_ + 1,)
        The objective in nats a row, at the start and after each iteration; for a minibatch solver
        its mean over each epoch's batches. ``"lbfgs"`` begins on drafts of a large problem: the
        first values may be those of a sample of the rows, and those before the last few carry the
        rounding of float32.
    duality_gap_ : float
        A proven bound of ``F - F*`` in nats a row (in float32 up to rounding), often far above
        the real difference; infinite without a penalty.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X has names that are all strings.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : The classifier this one can stand in for.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> model.predict(X[[0, 75, 149]])
    array([0, 1, 2])
    >>> model.predict_proba(X[[75]]).round(3)
    array([[0.005, 0.92 , 0.075]])
    >>> model.converged_
    True
    """

    classes_: NDArray[Any]
    coef_: Any
    intercept_: Array
    n_iter_: NDArray[np.int32]
    converged_: bool
    loss_curve_: NDArray[np.float64]
    duality_gap_: float
    n_features_in_: int

    def __init__(
        self,
        *,
        C: float = 1.0,
        l1_ratio: float = 0.0,
        fit_intercept: bool = True,
        class_weight: Any = None,
        label_smoothing: float = 0.0,
        solver: Any = "auto",
        max_iter: int | None = None,
        tol: float = 1e-6,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.C = C
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            The label of each row, numbers or strings; or the probability of each class, in rows
            that add up to 1 (for counts see :func:`sk_softmax.functional.proportions`). The
            columns' classes are a frame's column names, else ``0 .. n_classes - 1``. Labels and
            their one-hot form give the same fit.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, not negative; a weight of 2 equals the row twice.

        Returns
        -------
        self : SoftmaxRegression
            The fitted model. If anything raises an error, it stays as it was.
        """
        with unchanged_on_error(self):
            check_parameters(self)
            solver = solver_of(self.solver)
            names = column_names(y)
            X, y = validated(self, X, y, reset=True)
            classes, given = encoded(self, y, names)
            given, weights = with_class_weight(given, sample_weight, self.class_weight, classes)
            targets = targets_of(given, len(classes), self.label_smoothing)
            objective_on = partial(self._objective, targets, len(classes), weights)
            objective = objective_on(X)
            problem = self._problem(solver, objective, classes)
            observe = _print_progress if self.verbose else None
            with single_threaded_blas():
                if isinstance(solver, Auto) and is_wide(objective, problem):
                    solution = minimize_wide(solver, objective, problem, X, objective_on, observe)
                else:
                    solution = minimize(solver, objective, problem, observe)
                params = _centred(solution.params)
                self.duality_gap_ = duality_gap(objective, params, solution.evaluation)
            self._keep(solution, params.astype(objective.rows.dtype, copy=False), classes)
        if solution.status not in SILENT:
            warnings.warn(
                f"{type(self).__name__} stopped after {solution.n_iter} iterations: "
                f"{solution.status.message}.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def decision_function(self, X: Any) -> Array:
        """Return the logits.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            For two classes the log-odds of the second class.
        """
        check_is_fitted(self)
        X = validated(self, X, reset=False)
        logits: Array = safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable class of each row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Members of ``classes_``.
        """
        logits = self.decision_function(X)
        best = (logits > 0).astype(np.intp) if logits.ndim == 1 else logits.argmax(axis=1)
        return np.asarray(self.classes_[best])

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``; each row adds up to 1.
        """
        logits = self.decision_function(X)
        if logits.ndim == 1:
            return np.column_stack([functional.sigmoid(-logits), functional.sigmoid(logits)])
        return functional.softmax(logits, axis=1)

    def predict_log_proba(self, X: Any) -> Array:
        """Return the log-probability of each class in nats.

        Computed from the logits, so that a probability too small to be represented still has a
        finite logarithm.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        logits = self.decision_function(X)
        if logits.ndim == 1:
            return np.column_stack(
                [functional.log_sigmoid(-logits), functional.log_sigmoid(logits)]
            )
        return functional.log_softmax(logits, axis=1)

    def sparsify(self) -> Self:
        """Turn ``coef_`` into a CSR matrix, which saves memory if most of it is zero.

        Returns
        -------
        self : SoftmaxRegression
            The fitted model.
        """
        check_is_fitted(self)
        self.coef_ = sp.csr_matrix(self.coef_)
        return self

    def densify(self) -> Self:
        """Turn ``coef_`` back into an array.

        Returns
        -------
        self : SoftmaxRegression
            The fitted model.
        """
        check_is_fitted(self)
        self.coef_ = _dense(self.coef_)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _objective(
        self, targets: Targets, n_classes: int, weights: Weights | None, X: Any
    ) -> RegressionObjective:
        """Return what to minimise, over these rows."""
        rows = rows_of(
            X, n_classes, has_intercept=bool(self.fit_intercept), n_threads=_threads(self.n_jobs)
        )
        return RegressionObjective(rows, targets, n_classes, self.C, weights)

    def _problem(
        self, solver: Solver, objective: RegressionObjective, classes: NDArray[Any]
    ) -> Problem:
        """Return what the solver is told beside the answers to its questions."""
        return Problem(
            start=self._start(classes, objective.shape),
            n_rows=objective.rows.n_rows,
            tol=self.tol,
            max_iter=self.max_iter or solver.default_max_iter,
            resolution=objective.resolution,
            separated_below=objective.separated_below,
            random=generator_of(self.random_state),
            drafts=begin_with_drafts(objective) if solver.begins_on_drafts else (),
        )

    def _start(self, classes: NDArray[Any], shape: tuple[int, int]) -> Array:
        """Return zeros, or with ``warm_start`` the params of the fit before."""
        start = np.zeros(shape)
        if not (self.warm_start and hasattr(self, "coef_")):
            return start
        coef = _dense(self.coef_)
        n_features = shape[1] - bool(self.fit_intercept)
        if coef.shape != (shape[0], n_features) or not np.array_equal(self.classes_, classes):
            raise ValueError(
                f"warm_start=True, but the fit before had {coef.shape[1]} features and the "
                f"classes {self.classes_.tolist()!r}, and this one has {n_features} features and "
                f"the classes {classes.tolist()!r}. Fit a clone, or set warm_start=False."
            )
        start[:, :n_features] = coef
        if self.fit_intercept:
            start[:, n_features] = self.intercept_
        return start

    def _keep(self, solution: Solution, params: Array, classes: NDArray[Any]) -> None:
        """Turn a solution into attributes."""
        self.classes_ = classes
        if self.fit_intercept:
            self.coef_, self.intercept_ = params[:, :-1], params[:, -1]
        else:
            self.coef_, self.intercept_ = params, np.zeros(len(params), dtype=params.dtype)
        self.n_iter_ = np.array([solution.n_iter], dtype=np.int32)
        self.converged_ = solution.status is Status.CONVERGED
        self.loss_curve_ = np.array([record.value for record in solution.records])


def _centred(params: Array) -> Array:
    """Return equivalent params that add up to zero over the classes.

    Softmax does not change when the same vector is added to every class, and the penalty is least
    where the classes' mean is zero.
    """
    return params if len(params) == 1 else params - params.mean(axis=0)


def _dense(coef: Any) -> Array:
    return np.asarray(coef.toarray() if sp.issparse(coef) else coef)


def _threads(n_jobs: int | None) -> int:
    if n_jobs is None:
        return threads_in_force()
    processors = os.cpu_count() or 1
    return n_jobs if n_jobs > 0 else max(processors + 1 + n_jobs, 1)


def _print_progress(record: IterationRecord, report: Progress) -> bool:
    print(
        f"{record.iteration:6d}  F {record.value:.8g}  |gradient| {record.gradient_norm:.2e}  "
        f"step {record.step_size:.2e}  {record.passes:.1f} passes  {record.seconds:.2f} s"
    )
    return False
