"""Softmax regression with its penalty chosen by cross-validation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import get_scorer
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    process_routing,
)

from sk_softmax.estimators import callbacks
from sk_softmax.estimators.convergence import warn_of_coarse_columns, warn_of_fits
from sk_softmax.estimators.cross_validation import metadata
from sk_softmax.estimators.cross_validation.default_scoring import (
    NOT_SET,
    chosen_scoring,
    warn_of_default,
)
from sk_softmax.estimators.cross_validation.fits import cross_validate, mean_of_known
from sk_softmax.estimators.cross_validation.penalty_tasks import PenaltyTasks
from sk_softmax.estimators.cross_validation.scored_folds import ScoredFolds
from sk_softmax.estimators.cross_validation.undefined_scores import warn_of_undefined, with_nan
from sk_softmax.estimators.dispatched_predictions import (
    classes_like,
    coefficients_in_place,
    in_place_of,
)
from sk_softmax.estimators.input.dispatch import as_numpy
from sk_softmax.estimators.input.features import Features
from sk_softmax.estimators.input.offsets import require_offset
from sk_softmax.estimators.input.parameters import check_solver_takes, for_data, settings_of
from sk_softmax.estimators.input.rows import check_range, unchanged_on_error
from sk_softmax.estimators.input.training_set import any_training_set
from sk_softmax.estimators.input.translations import explained
from sk_softmax.estimators.interruption import Interruption, interruptible
from sk_softmax.estimators.linear_classifier import LinearClassifier
from sk_softmax.estimators.penalty_grid import Choice, PenaltyGrid, check_rule
from sk_softmax.estimators.progress import print_progress
from sk_softmax.estimators.softmax_regression import SoftmaxRegression
from sk_softmax.fitting.driver import Observer
from sk_softmax.fitting.fit import fit_params
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.fitting.settings import Settings
from sk_softmax.fitting.stages import has_wide_shape
from sk_softmax.interfaces import Array, Status
from sk_softmax.interfaces.given import ClassWeight, MatrixLike, RandomState, SolverChoice

MOST_REFIT_TOL = 1e-6
"""The largest ``tol`` of the fit of all rows: the default of :class:`SoftmaxRegression`."""


class SoftmaxRegressionCV(callbacks.CallbackSupportMixin, LinearClassifier):  # type: ignore[misc]
    """Softmax (multinomial logistic) regression with its penalty chosen by cross-validation.

    It can replace :class:`sklearn.linear_model.LogisticRegressionCV`. All folds are fitted
    together: every pass over the rows evaluates the models of all folds that are still running,
    and also gives the logits of the rows that they hold out, from which the folds are scored. Each
    fit begins at the solution with the next stronger penalty.

    The model of a fold is the one that :class:`SoftmaxRegression` fits to the rows that the fold
    trains on. A class that has no row with weight among them is unknown to the fold: the class has
    probability zero, a held-out row of it counts as a mistake, and ``neg_log_loss`` charges 36
    nats (16 in float32) for the row, as :func:`sklearn.metrics.log_loss` does for a probability of
    zero. The model of a fold that knows one class alone gives it the probability one.

    Parameters
    ----------
    Cs : int or array-like of float, default=10
        Inverse strengths of the penalty to try. A number means so many values from 1e-4 to 1e4,
        equally spaced on a logarithmic scale. See :class:`SoftmaxRegression`.
    l1_ratios : array-like of float, default=(0.0,)
        Shares of L1 in the penalty to try, each with every C.
    grouped : bool, default=False
        Whether a feature enters for all classes or for none with an L1 penalty.
    penalty_factor : array-like of shape (n_features,), default=None
        How much each feature is penalised. See :class:`SoftmaxRegression`.
    lower_bounds, upper_bounds : float or array-like, default=-numpy.inf and numpy.inf
        See :class:`SoftmaxRegression`. If a fold misses a class, bounds of shape (n_outputs,
        n_features) are an error; so are any bounds if only two of several classes are left, whose
        model is a single row of log-odds.
    fit_intercept : bool, default=True
        Whether to add an intercept, which is never penalised.
    cv : int, splitter, iterable of (train, test) or None, default=None
        How to split the rows: None means 5 stratified folds, and a number means so many.
        Probability targets are split by the most probable class. Rows that lie in parts are split
        where they lie: by a number, ``KFold`` (blocks of rows) or ``StratifiedKFold`` (counts of
        each class) without ``shuffle``, and other splitters are an error.
    scoring : str, callable or None, default="warn"
        The score to choose by, the higher the better: the name of a scorer, or a callable
        ``scorer(estimator, X, y)``. None is the accuracy, and so is the default, with a
        ``FutureWarning``: the default becomes ``"neg_log_loss"`` as soon as scikit-learn 1.11,
        where that of ``LogisticRegressionCV`` does, is the lowest version supported.
        ``"accuracy"`` and ``"neg_log_loss"`` cost almost nothing; any other scorer is passed a
        fitted :class:`SoftmaxRegression` and the rows held out, with one label per row. Of rows
        that lie in parts or on a device the first two are sums over the rows. Another scorer must
        be one of predictions; these are collected, up to 256 MiB of logits.

        Rows held out may lack a class. A scorer whose metric takes ``labels`` is told all of them
        (with two classes, and if the metric takes ``pos_label``, also that the second is the
        positive one). A score that is not defined, because a class or all weight is missing from
        the rows, is NaN and left out of the means, with a warning; if all are, that is an error.
    refit : bool, default=True
        Whether to fit all rows with the penalty chosen. Otherwise ``coef_``, ``intercept_``,
        ``C_`` and ``l1_ratio_`` are means over the folds, each fold with the penalty that is best
        for it; a fold adds nothing to the coefficients of a class that it does not know, and a
        fold without any score adds nothing at all.
    rule : {"best", "one_standard_error"}, default="best"
        Which penalty to choose: the one with the best mean score, or the strongest, by ``C``,
        whose mean score is at most one standard error below the best, the standard error being
        that of the best (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning,
        2009, section 7.10). Of equal mean scores, the one with the smallest C counts as best.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class by its label; ``"balanced"`` gives every class the same total weight
        in all of the data, as ``LogisticRegressionCV`` does, and not separately in each fold.
    label_smoothing : float, default=0.0
        Share of each row's probability that is spread evenly over all classes, in [0, 1). Scores
        use the targets without smoothing.
    solver : str or solver object, default="auto"
        See :class:`SoftmaxRegression`.
    max_iter : int or None, default=None
        The most iterations of each fit; None is the solver's own default, which
        :class:`SoftmaxRegression` lists. With 0 all coefficients are zero, and a warning says so.
    tol : float, default=1e-4
        Stop the fit of a fold when its estimated suboptimality ``F - F*``, in nats a row, is at
        most this share of ``min(max(F, 0.01), F_0 - F)``. ``F_0`` is the objective of the best
        model without features, so ``F_0 - F`` is what the features have gained: little under a
        strong penalty, whose scores need the more care. Under a weak penalty ``F`` itself is
        little. Below 0.01 it no longer counts, because a fold that is so sure of its rows changes
        no accuracy by it. If bounds keep coefficients from zero, ``F_0 - F`` is left out.

        The last fit, of all rows, stops when ``(F - F*) / F`` is at most ``tol`` or 1e-6,
        whichever is less, like that of :class:`SoftmaxRegression`.

        With the default, mean accuracies on digits and on 3,000 rows of MNIST differ from those at
        the optimum by at most 0.004, and mean log losses by at most 0.5 % up to the C that is best
        for them. Beyond it log losses differ by up to 8 %, because the logits still grow there;
        with ``tol=1e-7`` by less than 1 %.
    random_state : int, RandomState or None, default=None
        Determines the random numbers of a minibatch solver. Splitters have their own.
    verbose : int, default=0
        Print one line per penalty if positive.
    n_jobs : int or None, default=None
        Number of threads; -1 is one per processor and None as many as BLAS may use. The result is
        the same for any number.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        Coefficients.
    intercept_ : ndarray of shape (n_classes,), or (1,) for two classes
        Intercepts, zero without ``fit_intercept``.
    C_ : float
        The C chosen.
    l1_ratio_ : float
        The share of L1 chosen.
    Cs_ : ndarray of shape (n_Cs,)
        All C that were tried, in the order given.
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        All shares of L1 that were tried.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        Score of each fold on the rows that it holds out; NaN if it is not defined there, or if
        the penalty was not tried, because a callback or Ctrl-C (see :class:`KeepOnInterrupt`)
        ended the search.
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs, n_outputs, n_columns)
        Coefficients of each fold, with the intercept, if there is one, as last column: one row per
        class, for two classes a single row. A class that a fold does not know has coefficients of
        zero and the intercept ``-inf``; without an intercept all its coefficients are NaN. If a
        fold knows one class alone, all its coefficients are zero; the intercept of the class is
        zero too, but of two classes the single intercept is ``inf`` for the second and ``-inf``
        for the first (without an intercept the row is NaN).
    n_iter_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        Iterations of each fit, counted from the end of the fit before it.
    best_index_ : tuple of int
        The index in ``l1_ratios_`` and that in ``Cs_`` of the penalty with the best mean score.
    one_standard_error_index_ : tuple of int
        The two indices of the penalty that the one-standard-error rule chooses.
    converged_ : bool
        Whether all fits, of folds and of all rows, reached their tolerance: see ``tol``.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape ``(n_features_in_,)``
        Names of the features, if X has names that are all strings.

    Notes
    -----
    scikit-learn's callbacks (from its version 1.9 on), such as ``ProgressBar``, see each penalty
    as a task, in which all folds are fitted, and each iteration of the last fit, of all rows. One
    that asks to stop after a penalty ends the search: the best of the penalties tried is chosen.

    See Also
    --------
    sk_softmax.displays.CVDisplay : Draws scores against C.
    sklearn.linear_model.LogisticRegressionCV : The classifier that this one can replace.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegressionCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegressionCV(Cs=[0.01, 1, 100], scoring="neg_log_loss").fit(X, y)
    >>> model.C_
    100.0
    >>> model.scores_.mean(axis=0).round(3)
    array([[-0.641, -0.14 , -0.055]])
    """

    C_: float
    l1_ratio_: float
    scores_: NDArray[np.float64]
    coefs_paths_: Array
    n_iter_: NDArray[np.int32]
    best_index_: Choice
    one_standard_error_index_: Choice
    converged_: bool

    # ``score`` passes weights on to the scorer and does not use them itself.
    __metadata_request__score = {"sample_weight": UNUSED}  # noqa: RUF012

    @explained
    def __init__(
        self,
        *,
        Cs: int | ArrayLike = 10,
        l1_ratios: ArrayLike = (0.0,),
        grouped: bool = False,
        penalty_factor: ArrayLike | None = None,
        lower_bounds: ArrayLike = -np.inf,
        upper_bounds: ArrayLike = np.inf,
        fit_intercept: bool = True,
        cv: int | BaseCrossValidator | Iterable[tuple[ArrayLike, ArrayLike]] | None = None,
        scoring: str | Callable[..., float] | None = NOT_SET,
        refit: bool = True,
        rule: Literal["best", "one_standard_error"] = "best",
        class_weight: ClassWeight = None,
        label_smoothing: float = 0.0,
        solver: SolverChoice = "auto",
        max_iter: int | None = None,
        tol: float = 1e-4,
        random_state: RandomState = None,
        verbose: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.grouped = grouped
        self.penalty_factor = penalty_factor
        self.lower_bounds = lower_bounds
        self.upper_bounds = upper_bounds
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.rule = rule
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    @callbacks.with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        **params: Any,
    ) -> Self:
        """Fit all folds for all penalties, choose one, and fit all rows with it.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows. With scikit-learn's array API dispatch they may be of another library, and
            lie on a device: they stay there, and ``coef_`` and ``intercept_`` are put beside them.
            Other fitted arrays are NumPy's. NumPy views what lies in the host's memory, and so do
            scorers. From a device labels, weights and the logits of rows held out are copied to
            the host.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            The label of each row, or the probability of each class.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, not negative. They are passed to scorers too (with metadata routing, only to
            scorers that request them).
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            What is added to the logits: see :meth:`SoftmaxRegression.fit`. The rows that a fold
            holds out are scored with theirs, whatever the scorer.
        **params : dict
            ``groups`` of shape (n_samples,) for the splitter; with scikit-learn's metadata
            routing enabled, all metadata that the splitter and the scorer request.

        Returns
        -------
        self : SoftmaxRegressionCV
            The fitted model. If an error is raised, the model stays as it was.
        """
        settings = settings_of(self)
        grid = self._checked_grid(settings)
        scoring = chosen_scoring(self.scoring)
        warn_of_default(self.scoring)
        n_penalties = len(grid.Cs) * len(grid.l1_ratios)
        context = callbacks.begin_with(self, n_penalties + bool(self.refit))
        with unchanged_on_error(self), interruptible() as interruption:
            training = any_training_set(self, X, y, sample_weight, offset=offset)
            settings = for_data(settings, training.n_features, training.classes)
            with ExitStack() as kept:
                route = partial(metadata.routed, self)
                plan = ScoredFolds(self.cv, scoring, settings, self._model, params, route)
                folds, scores = plan.of(training)
                kept.callback(folds.release)
                tasks = PenaltyTasks(self, context, training, n_penalties)
                result = cross_validate(
                    settings,
                    grid,
                    folds,
                    scores,
                    verbose=self.verbose,
                    observe=lambda: tasks() or interruption.requested,
                )
            statuses = [*result.statuses, *interruption.of_search(result.is_tried)]
            self._has_offset = training.has_offset
            self.scores_ = with_nan(scoring, result.scores, scores.last_error)
            self.classes_ = training.classes
            self.Cs_, self.l1_ratios_ = grid.Cs, grid.l1_ratios
            self.coefs_paths_, self.n_iter_ = result.coefs_paths, result.n_iter
            self.best_index_ = grid.best(self.scores_)
            self.one_standard_error_index_ = grid.within_one_standard_error(self.scores_)
            if self.refit:
                statuses.append(self._choose_and_refit(settings, training, tasks, interruption))
            else:
                self._average_the_best()
            self._move_to(training, y)
            tasks.end()
            self.converged_ = all(status is Status.CONVERGED for status in statuses)
            if not self.converged_:
                check_range(training, getattr(self, "feature_names_in_", None))
        warn_of_undefined(scoring, np.where(result.is_tried, self.scores_, 0.0), scores.last_error)
        warn_of_fits(self, statuses)
        return self

    def score(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        **score_params: Any,
    ) -> float:
        """Return the score, by ``scoring``, of the predictions for these rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,)
            The labels of the rows.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, passed to the scorer.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            See :meth:`decision_function`. The scorer sees predictions with it.
        **score_params : dict
            With metadata routing enabled, other metadata that the scorer requests.

        Returns
        -------
        score : float
            The higher the better.
        """
        if sample_weight is not None:
            score_params["sample_weight"] = sample_weight
        if metadata.routing_is_enabled():
            score_params = process_routing(self, "score", **score_params).scorer.score
        # An unfitted estimator is refused by the scorer, which looks at the other arguments first.
        require_offset(offset, needs=getattr(self, "_has_offset", False))
        seen = self
        if offset is not None:
            seen = copy.copy(self)
            seen._offset_of_rows = Features(self).read_offset(as_numpy(offset), np.shape(X)[0])
        return float(self._scorer()(seen, X, y, **score_params))

    def get_metadata_routing(self) -> MetadataRouter:
        """Return which metadata go where: see scikit-learn's guide to metadata routing.

        Returns
        -------
        routing : MetadataRouter
            ``fit`` passes metadata to the splitter and the scorer, ``score`` to the scorer.
        """
        return metadata.router_of(self, self.cv, self._scorer())

    def _scorer(self) -> Any:
        """Return the scorer that ``scoring`` names."""
        return get_scorer(chosen_scoring(self.scoring))

    def _checked_grid(self, settings: Settings) -> PenaltyGrid:
        """Return the penalties to try, after a check of all parameters of the choice."""
        check_rule(self.rule, self.refit)
        grid = PenaltyGrid.of(self.Cs, self.l1_ratios)
        has_bounds = settings.lower_bounds is not None
        check_solver_takes(self.solver, float(grid.l1_ratios.max()), has_bounds=has_bounds)
        self._scorer()
        return grid

    def _model(self, C: float, l1_ratio: float) -> SoftmaxRegression:
        """Return a model for a scorer that needs one, with this penalty and not fitted yet."""
        return SoftmaxRegression(
            C=float(C),
            l1_ratio=float(l1_ratio),
            grouped=self.grouped,
            penalty_factor=self.penalty_factor,
            lower_bounds=self.lower_bounds,
            upper_bounds=self.upper_bounds,
            fit_intercept=self.fit_intercept,
            class_weight=self.class_weight,
            label_smoothing=self.label_smoothing,
            solver=self.solver,
            max_iter=self.max_iter,
            tol=min(self.tol, MOST_REFIT_TOL),
            random_state=self.random_state,
            n_jobs=self.n_jobs,
        )

    def _choose_and_refit(
        self,
        settings: Settings,
        training: AnyTrainingSet,
        tasks: PenaltyTasks,
        interruption: Interruption,
    ) -> Status:
        """Fit all rows with the penalty that the rule chooses; return why the fit stopped."""
        chosen = self.best_index_ if self.rule == "best" else self.one_standard_error_index_
        self.l1_ratio_, self.C_ = float(self.l1_ratios_[chosen[0]]), float(self.Cs_[chosen[1]])
        settings = settings.with_penalty(self.C_, self.l1_ratio_)
        settings = replace(settings, tol=min(settings.tol, MOST_REFIT_TOL))
        start = mean_of_known(self.coefs_paths_[:, *chosen]).astype(np.float64)
        is_in_parts = isinstance(training, PartedTrainingSet)
        if not is_in_parts and has_wide_shape(training.n_rows, training.n_features):
            start[:] = 0  # a fit in the space of the rows begins at zero
        width = training.dtype
        coefficients = partial(self._coefficients, width=width)
        coefficients = partial(coefficients_in_place, training, coefficients)
        iterations = tasks.of_refit(partial(callbacks.attributes_at, training, coefficients))
        observers: list[Observer] = [interruption]
        observers += [print_progress] if self.verbose > 1 else []
        observers += [iterations] if iterations else []
        fitted = interruption.told(fit_params(settings, training, start, observers=observers))
        self._set_coefficients(fitted.params, width)
        if iterations:
            iterations.end(fitted.params)
        warn_of_coarse_columns(self, fitted.shift.is_coarse, width)
        return fitted.solution.status

    def _average_the_best(self) -> None:
        """Set means over the folds, each with its best penalty.

        ``LogisticRegressionCV`` sets the same means without ``refit``. A fold without any score
        has no best penalty and is left out.
        """
        grid = PenaltyGrid(self.Cs_, self.l1_ratios_)
        scored = np.flatnonzero(~np.isnan(self.scores_).all(axis=(1, 2)))
        best = [grid.best(self.scores_[[number]]) for number in scored]
        self.l1_ratio_ = float(np.mean([self.l1_ratios_[i_ratio] for i_ratio, _ in best]))
        self.C_ = float(np.mean([self.Cs_[i_C] for _, i_C in best]))
        chosen = zip(scored, best, strict=True)
        paths = np.array([self.coefs_paths_[number][choice] for number, choice in chosen])
        # In the width of the intercepts: a mean that is rounded does not fit to theirs.
        self._set_coefficients(mean_of_known(paths), paths.dtype)

    def _move_to(self, training: AnyTrainingSet, y: Any) -> None:
        """Move what predicts to where the rows of the fit are: see scikit-learn's dispatch."""
        self.classes_ = classes_like(y, training)
        predicting = {"coef_": self.coef_, "intercept_": self.intercept_}
        for name, value in in_place_of(training, predicting).items():
            setattr(self, name, value)

    def _set_coefficients(self, params: Array, width: np.dtype[Any]) -> None:
        """Set ``coef_`` and ``intercept_`` from params of shape ``(n_outputs, n_columns)``."""
        for name, value in self._coefficients(params, width).items():
            setattr(self, name, value)
