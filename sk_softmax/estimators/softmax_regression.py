"""Softmax regression as a scikit-learn classifier."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sk_softmax.estimators import callbacks, records
from sk_softmax.estimators.convergence import SILENT, warn_of_coarse_columns, warn_of_fit
from sk_softmax.estimators.dispatched_predictions import (
    classes_like,
    coefficients_in_place,
    in_place_of,
)
from sk_softmax.estimators.equal_estimator import equal_parameters, taken_over
from sk_softmax.estimators.inferred import InferenceMixin
from sk_softmax.estimators.input.chunks import checked_chunk
from sk_softmax.estimators.input.collections import check_solver
from sk_softmax.estimators.input.offsets import require_offset
from sk_softmax.estimators.input.parameters import (
    for_data,
    is_steps,
    seed_of,
    settings_of,
    solver_of,
)
from sk_softmax.estimators.input.rows import check_range, unchanged_on_error
from sk_softmax.estimators.input.starts import checked_start
from sk_softmax.estimators.input.training_set import training_set, training_set_anywhere
from sk_softmax.estimators.input.translations import explained
from sk_softmax.estimators.input.validation_rows import with_held_out
from sk_softmax.estimators.interruption import interruptible
from sk_softmax.estimators.kept_path import KeptPath
from sk_softmax.estimators.linear_classifier import LinearClassifier, dense_coefficients
from sk_softmax.estimators.profiled import BiasReducedInferenceMixin
from sk_softmax.estimators.progress import progress_of
from sk_softmax.fitting.driver import Observer
from sk_softmax.fitting.fit import Fitted, fit_params
from sk_softmax.fitting.prepared import objective_values
from sk_softmax.fitting.stream import Chunk, Stream, learn_chunk, with_weight
from sk_softmax.interfaces import Array, IterationRecord, Status
from sk_softmax.interfaces.given import ClassWeight, MatrixLike, RandomState, SolverChoice
from sk_softmax.objective import Seen
from sk_softmax.parts import Chunks
from sk_softmax.parts.device_arrays import on_host


def _learns_from_minibatches(estimator: Any) -> bool:
    """Whether the solver learns from minibatches; an AttributeError explains if it does not."""
    with suppress(ValueError):  # the name of no solver: fit raises that error
        if solver_of(estimator.solver).is_stochastic:
            return True
    raise AttributeError(
        f"partial_fit needs a solver that learns from minibatches, such as solver='sgd', "
        f"'rmsprop' or 'adam'; this one is {estimator.solver!r}, which needs all rows at once."
    )


class SoftmaxRegression(
    callbacks.CallbackSupportMixin,  # type: ignore[misc]
    InferenceMixin,
    BiasReducedInferenceMixin,
    LinearClassifier,
):
    """Softmax (multinomial logistic) regression.

    Minimises over ``coef`` and ``intercept``, in nats a row,

    ``F = sum_i s_i CE_i / sum_i s_i + P(coef) / (C sum_i s_i)``,
    ``P = sum_j f_j [(1 - l1_ratio) / 2 |coef_j|_2^2 + l1_ratio |coef_j|_1]``

    with ``CE_i = -sum_k y_ik log softmax(coef x_i + intercept + offset_i)[k]``, where ``y_i`` is
    one-hot for a label and otherwise a row of probabilities, ``s_i`` the sample weight times the
    class weight of row ``i``, and ``offset_i`` zero unless ``fit`` is given one. This is the
    objective of :class:`sklearn.linear_model.LogisticRegression` divided by ``C sum_i s_i``, with
    the same minimum. Two classes share one row of coefficients, the log-odds of the second class.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the penalty, in the units of the features; ``numpy.inf`` is none.
    l1_ratio : float, default=0.0
        Share of L1 in the penalty, in [0, 1]: 0 is pure L2, 1 the lasso, in between the elastic
        net. With any L1 many coefficients are exactly zero.
    grouped : bool, default=False
        Whether the L1 part is ``|coef_j|_2``, the norm over the classes, so that a feature enters
        for all classes or for none: the group lasso. For two classes it makes no difference.
    penalty_factor : array-like of shape (n_features,), default=None
        ``f_j``, how much each feature is penalised: 0 is no penalty, 2 is twice the penalty; None
        is 1 for all. (The factors are not rescaled; glmnet rescales such factors to a mean of 1.)
    lower_bounds, upper_bounds : float or array-like, default=-numpy.inf and numpy.inf
        The least and the largest value of each coefficient: one for all, one per feature, of shape
        (n_features,), or one per coefficient, of shape (n_outputs, n_features) with a single row
        for two classes. Zero must be allowed; a coefficient whose bounds are both zero is zero.
        The intercept is free. The coefficients of a bounded feature need not add up to zero over
        the classes. With ``C=numpy.inf`` and more than two classes, a one-sided bound that is the
        same for all classes does not make the fit worse: it only chooses among equal solutions.
    fit_intercept : bool, default=True
        Whether to add an intercept, which is never penalised.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class by its label; ``"balanced"`` gives every class the same total weight.
    label_smoothing : float, default=0.0
        Share of each row's probability that is spread evenly over all classes, in [0, 1): the
        targets become ``(1 - label_smoothing) y_i + label_smoothing / K``.
    bias_reduction : {"firth"} or None, default=None
        With ``"firth"`` the penalty is Jeffreys', ``- log det I / (2 sum_i s_i)`` for the Fisher
        information ``I`` (less its value at zero coefficients), in place of ``P``: set
        ``C=numpy.inf``. It removes most of the bias of small samples, and the coefficients are
        finite for separated classes too (Firth, 1993; for more than two classes Kosmidis and
        Firth, 2011). The fit takes Newton steps (``solver="auto"`` or ``"newton-cholesky"``) and
        up to 1,000 parameters. A row of weight 2 counts like two rows, also beside the penalty:
        weights that add up to another number give another fit.
    solver : str or solver object, default="auto"
        ``"auto"`` chooses ``"lbfgs"`` or ``"newton-cholesky"``, which find the same optimum, by
        the shape of the problem; with fewer rows than features it works in the space that the
        rows span. With ``l1_ratio > 0`` or bounds it chooses ``"proximal-newton"`` or
        ``"proximal-lbfgs"``, the only solvers that take them; with L1 it fits only features whose
        coefficients may differ from zero.
        ``"gd"`` is batch gradient descent, and ``"sgd"``, ``"rmsprop"`` and ``"adam"`` learn from
        minibatches. An object from :mod:`sk_softmax.solvers`, such as ``SGD(batch_size=256)``,
        sets options. A hyperparameter search tunes them as ``solver__batch_size``.
    max_iter : int or None, default=None
        The most iterations (epochs, for a minibatch solver). None is the solver's own default:
        10,000 for ``"auto"``, ``"lbfgs"``, ``"proximal-lbfgs"`` and ``"gd"``, 1,000 for
        ``"proximal-newton"``, 100 for ``"newton-cholesky"``, and 100 epochs for ``"sgd"``,
        ``"rmsprop"`` and ``"adam"``. With 0 the start is the model, whatever the solver: zeros,
        ``coef_init`` and ``intercept_init`` of ``fit``, or with ``warm_start`` the coefficients of
        the previous fit. A warning says so. (``LogisticRegression`` takes one step.)
    early_stopping : bool, default=False
        Whether to stop once the loss on validation rows has not improved for
        ``n_iter_no_change`` iterations (epochs, for a minibatch solver), and to keep the
        coefficients with the least validation loss. The validation rows are ``X_val`` and
        ``y_val`` if they are passed to ``fit``; otherwise they are ``validation_fraction`` of each
        class, which are then not trained on. The rows left are a copy, but those of a
        memory-mapped array are read from it a block at a time.
    validation_fraction : float, default=0.1
        Share of the rows to hold out if ``early_stopping`` is set and no validation rows are
        passed.
    n_iter_no_change : int, default=5
        How many iterations without improvement end the fit with ``early_stopping``.
    tol : float, default=1e-6
        Stop when the estimated relative suboptimality ``(F - F*) / F`` is at most this. The units
        of the features do not change its meaning. Minibatch solvers run all their epochs.
    warm_start : bool, default=False
        Whether to start from the coefficients of the previous fit, which must have had the same
        classes and features. Where their loss is above 30 nats a row, solvers that step by
        curvature start from zeros instead: there is none at such coefficients.
    keep_path : bool or "steps", default=False
        Whether ``fit`` keeps the parameters of every iteration as ``path_``. For a minibatch
        solver that is one entry an epoch; with ``"steps"`` there is one after each minibatch.
    random_state : int, RandomState or None, default=None
        Determines the order of rows and the initial coefficients of the minibatch solvers.
    verbose : int, default=0
        Print one line per iteration if positive.
    n_jobs : int or None, default=None
        Number of threads; -1 is one per processor and None as many as BLAS may use. The result is
        the same for any number.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (n_classes, n_features), or (1, n_features) for two classes
        Coefficients, in the width (float32 or float64) of the rows. With more than two classes
        those of each feature add up to zero, except with an L1 penalty or bounds.
    intercept_ : ndarray of shape (n_classes,), or (1,) for two classes
        Intercepts, zero without ``fit_intercept``. Where a column of float32 rows is far from zero
        they are in float64, and so are predictions: float32 cannot hold their digits.
    n_iter_ : ndarray of shape (1,)
        Iterations done (epochs, for a minibatch solver).
    converged_ : bool
        Whether ``tol`` was reached; always False for a minibatch solver, which does not test it.
        With features that have no penalty it is False too if these tell all rows or some apart
        with certainty: then no finite optimum exists, and the coefficients grow as ``tol``
        shrinks. Each such fit is proven to have one, or a linear programme decides. (Not with
        bounds; and above 500 parameters, if the proof fails, only single columns that separate
        are noticed.) See
        :func:`sk_softmax.inference.detect_separation`.
    loss_curve_ : ndarray of shape ``(n_iter_ + 1,)``
        The objective in nats a row, at the start and after each iteration; for a minibatch solver
        its mean over each epoch's batches. On a large problem ``"lbfgs"`` begins with cheaper
        rows: the first values may be those of a sample of the rows or have the rounding of
        float32, the last is of the rows themselves. With L1, a fit begins with the best intercepts
        and passes through stronger penalties; all values are those with the penalty asked for.
    records_ : list of IterationRecord
        One record for the start and for each iteration (after ``partial_fit``, for each of the
        last 10,000 calls): the value of the objective, the norm of its gradient, the step size,
        passes over the data and seconds since the start, and with validation rows their loss (mean
        cross-entropy in nats, without penalty) and accuracy.
    history_ : dict of lists
        The records by column: ``pandas.DataFrame(model.history_)``.
    path_ : ndarray of shape ``(n_iter_ + 1, n_outputs, n_columns)``
        With ``keep_path``, the coefficients of every iteration with the intercept as last column:
        one row per class, for two classes a single row. With ``keep_path="steps"`` and a
        minibatch solver those after each minibatch, ``ceil(n_rows / batch_size)`` an epoch, so
        that entry ``e * ceil(n_rows / batch_size)`` belongs to record ``e``.
    params_ : ndarray of shape (n_outputs, n_columns)
        The fitted coefficients, with the intercept as last column.
    best_iteration_ : int
        The iteration whose coefficients were kept: the last, except with ``early_stopping``.
    duality_gap_ : float
        A proven bound of ``F - F*`` in nats a row (in float32 up to rounding), often far above
        the real difference; infinite where a coefficient has neither a penalty nor a finite bound
        on both sides.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape ``(n_features_in_,)``
        Names of the features, if X has names that are all strings.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : The classifier that this one can replace, be made
        of by ``from_logistic_regression`` and be turned into by ``to_logistic_regression``.
    KeepOnInterrupt : Lets Ctrl-C end a fit with the best coefficients so far.

    Notes
    -----
    With ``sklearn.set_config(array_api_dispatch=True)`` X may be an array of PyTorch, CuPy, dpnp,
    JAX or another library with the array API, on any device (extra ``array-api``; SciPy 1.14 or
    later, and ``SCIPY_ARRAY_API=1`` in the environment before it is imported). Rows stay there.
    Labels, weights, probabilities and offset may lie anywhere and follow them. ``coef_``,
    ``intercept_``, ``n_iter_`` and ``path_`` are in the place of X, ``classes_`` in that of y, and
    predictions in the place of X, except labels that are text. Everything else is NumPy's or a
    number, ``params_`` too. ``partial_fit`` takes such chunks too, each in a place of its own; the
    model is in that of the last.

    An array that lies in the host's memory is viewed by NumPy (DLPack), without a copy: fits have
    the speed, the features and the bits of NumPy's, ``inference`` included, and results have no
    gradient. JAX without float64 holds them in float32. On a device the functions of the array API
    compute. Each pass copies the parameters there and sums of their size back; solvers run on the
    host. On a device without float64 (MPS), X is float32, and fits that need float64 are an error:
    without a penalty, with bias reduction, or to columns of extreme size. ``inference`` takes no
    rows of a device.

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

    n_iter_: NDArray[np.int32]
    converged_: bool
    duality_gap_: float
    records_: list[IterationRecord]
    best_iteration_: int

    @explained
    def __init__(
        self,
        *,
        C: float = 1.0,
        l1_ratio: float = 0.0,
        grouped: bool = False,
        penalty_factor: ArrayLike | None = None,
        lower_bounds: ArrayLike = -np.inf,
        upper_bounds: ArrayLike = np.inf,
        fit_intercept: bool = True,
        class_weight: ClassWeight = None,
        label_smoothing: float = 0.0,
        bias_reduction: Literal["firth"] | None = None,
        solver: SolverChoice = "auto",
        max_iter: int | None = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        tol: float = 1e-6,
        warm_start: bool = False,
        keep_path: bool | Literal["steps"] = False,
        random_state: RandomState = None,
        verbose: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.C = C
        self.l1_ratio = l1_ratio
        self.grouped = grouped
        self.penalty_factor = penalty_factor
        self.lower_bounds = lower_bounds
        self.upper_bounds = upper_bounds
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.bias_reduction = bias_reduction
        self.solver = solver
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.keep_path = keep_path
        self.random_state = random_state
        self.verbose = verbose
        self.n_jobs = n_jobs

    @classmethod
    def from_logistic_regression(cls, estimator: LogisticRegression) -> Self:
        """Return the SoftmaxRegression that has the optimum of a scikit-learn LogisticRegression.

        Parameters
        ----------
        estimator : sklearn.linear_model.LogisticRegression
            Fitted or not. It stays as it is.

        Returns
        -------
        model : SoftmaxRegression
            ``C``, ``l1_ratio`` and ``penalty`` become ``C`` and ``l1_ratio``; ``fit_intercept``,
            ``class_weight``, ``random_state``, ``verbose``, ``warm_start`` and ``n_jobs`` (threads
            here) are taken over. All solvers have the same optimum, so only ``"newton-cholesky"``
            stays, and others become ``"auto"``. Other values of ``tol`` than their default are
            squared, to at least 1e-12, because theirs bounds the gradient; other values of
            ``max_iter`` than their default are taken over. If the estimator is fitted, so is the
            model: it has copies of the coefficients, and is not called converged.

        Raises
        ------
        TypeError
            If it is no LogisticRegression.
        ValueError
            If the optimum is that of no SoftmaxRegression: ``solver="liblinear"``, which
            penalises the intercept, and before version 1.8 of scikit-learn some values of
            ``multi_class``.

        Examples
        --------
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sk_softmax import SoftmaxRegression
        >>> SoftmaxRegression.from_logistic_regression(LogisticRegression(C=0.1, solver="saga"))
        SoftmaxRegression(C=0.1)
        """
        return cast(Self, taken_over(cls(**equal_parameters(estimator)), estimator))

    @callbacks.with_callbacks  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: MatrixLike | Chunks,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
        X_val: MatrixLike | Chunks | None = None,
        y_val: ArrayLike | None = None,
        offset_val: ArrayLike | None = None,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows. An array in C or F order or a matrix in CSR or CSC format, of float32 or
            float64, is not copied (CSC if its indices are sorted, and not for a minibatch solver,
            which needs rows one by one). So an array that is memory-mapped,
            ``numpy.load(path, mmap_mode="r")``, may be larger than memory: a fit reads it some
            rows at a time (200 MiB took 24 MiB of its own). Rows in several files or formats
            are given as :class:`sk_softmax.Chunks`, with nothing else but ``X_val``. A dask array
            or frame is fitted where its partitions lie; ``y``, ``sample_weight`` and ``offset``
            then have as many partitions, or are in memory.
            With ``sklearn.set_config(array_api_dispatch=True)`` an array of PyTorch, CuPy or
            another library with the array API stays where it lies, in memory or on a device, and
            is fitted to there: see the notes.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            The label of each row, numbers or strings; or the probability of each class, in rows
            that add up to 1 (for counts see :func:`sk_softmax.functional.proportions`). The
            classes of the columns are the column names of a frame, otherwise ``0 .. n_classes -
            1``. Labels and their one-hot form give the same fit.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, not negative; a row of weight 2 counts like two equal rows.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            What is added to the logits, with no coefficient to fit: for two classes to the
            log-odds of the second, or to the logit of each class, in the order of ``classes_``
            (columns of a frame with the names of the classes may be in any order). What is the
            same for all classes of a row changes nothing, and -1e6 rules a class out. Predictions
            then need the offset of their rows. scikit-learn's tools pass it to ``fit`` and
            ``score`` where metadata routing is on, and its scorers by name pass none on.
        X_val : array-like or sparse matrix of shape (n_val, n_features), optional
            Rows to validate each iteration on, with or without ``early_stopping``; or Chunks,
            without ``y_val``.
        y_val : array-like of shape (n_val,) or (n_val, n_classes), optional
            Targets of the validation rows: labels among those of ``y``, or probabilities.
        offset_val : array-like of shape (n_val,) or (n_val, n_classes), optional
            Offset of the validation rows, needed beside ``offset``.
        coef_init, intercept_init : array-like, optional
            Where to begin, in the shapes of ``coef_`` and ``intercept_``: (n_classes, n_features)
            and (n_classes,), or (1, n_features) and (1,) for two classes. If one of them is given
            alone, the other is zero, or with ``warm_start`` that of the previous fit; what is
            given replaces it. A coefficient outside its bounds begins at the nearer bound. The
            first entries of ``path_`` and ``records_`` are of this start, for every solver.
            Solvers that step by curvature (all but ``"gd"`` and those that learn from minibatches)
            begin only where the loss is at most 30 nats a row, or with L1 or bounds the objective.
            With more than two classes they remove the mean over the classes, which changes no
            probability, in their first step (not from coefficients with L1 or bounds); the others
            remove it from ``coef_`` at the end.

        Returns
        -------
        self : SoftmaxRegression
            The fitted model. If an error is raised, the model stays as it was; by Ctrl-C too,
            unless :class:`KeepOnInterrupt` lets that keep the best coefficients so far.

        Raises
        ------
        ValueError
            If an argument is not as described; the message names it and the remedy.
        """
        settings = settings_of(self)
        context = callbacks.begin(self, settings)
        with unchanged_on_error(self), interruptible() as interruption:
            training = training_set_anywhere(
                self, X, y, sample_weight, offset=offset, takes_devices=True
            )
            n_features, classes = training.n_features, training.classes
            settings = for_data(settings, n_features, classes)
            check_solver(settings, training)
            training, held_out = with_held_out(
                self,
                settings,
                training,
                (X_val, y_val, offset_val),
                has_offset=training.has_offset,
            )
            observers: list[Observer] = [interruption] if interruption.may_come else []
            if self.verbose:
                observers.append(progress_of(training))
            coefficients = partial(self._coefficients, width=training.dtype)
            coefficients = partial(coefficients_in_place, training, coefficients)
            tasks = callbacks.tasks_of(self, context, training, coefficients)
            path = KeptPath()
            if self.keep_path:
                observers.append(path.keep_iteration)
            start = self._start_of_fit(classes, n_features, coef_init, intercept_init)
            if coef_init is not None or intercept_init is not None:
                settings = replace(settings, start_is_given=True)
            observers += [tasks] if tasks else []
            see = path.keep_minibatch if is_steps(self.keep_path) else None
            fitted = fit_params(settings, training, start, held_out, observers, see)
            fitted = interruption.told(fitted)
            if fitted.solution.status not in SILENT:
                check_range(training, getattr(self, "feature_names_in_", None))
            self._keep(fitted, coefficients(fitted.params), classes, path.params)
            self._move_to(training, y)
            self._has_offset = training.has_offset
            if tasks:
                tasks.end(fitted.params)
        warn_of_fit(self, fitted.solution)
        warn_of_coarse_columns(self, fitted.shift.is_coarse, training.dtype)
        return self

    @available_if(_learns_from_minibatches)  # type: ignore[untyped-decorator]
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        offset: ArrayLike | None = None,
    ) -> Self:
        """Learn from the next rows of a stream; needs a minibatch solver.

        The rows are used once, in the order given, ``batch_size`` at a time. What the solver
        carries from update to update (its schedule, momentum or running means) is kept for the
        next call. So a stream that is cut into chunks of whole minibatches gives exactly the same
        model as the stream in one piece. The penalty is ``|coef|^2 / (2 C S)``, where ``S`` is the
        sum of the weights of all rows so far. After ``fit``, learning continues from the fitted
        coefficients, and the solver's schedule, momentum and running means begin anew.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows; with scikit-learn's array API dispatch they may be of another library, and
            lie on a device.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels among ``classes``, or probabilities.
        classes : array-like of shape (n_classes,), optional
            All labels that will ever occur; needed in the first call, unless ``y`` holds
            probabilities. A class that has not occurred yet has a positive probability, which
            shrinks as long as the class does not occur.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, not negative. Minibatches without weight are left out, and a call without
            any weight changes nothing; if it is the first, all coefficients are zero.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            What is added to the logits: see :meth:`fit`. If one call has an offset, all later
            calls need one.

        Returns
        -------
        self : SoftmaxRegression
            The model. If an error is raised, the model stays as it was.
        """
        known = on_host(self.classes_) if hasattr(self, "classes_") else None
        settings = settings_of(self, draw_seed=False, for_stream=True)
        with unchanged_on_error(self):
            require_offset(offset, needs=self._has_offset, what="further rows to learn from")
            chunk = checked_chunk(self, settings, X, y, classes, sample_weight, known, offset)
            settings = for_data(settings, chunk.n_features, chunk.classes)
            stream = self._stream(chunk)
            weighty = with_weight(settings, chunk)
            if weighty is not None:
                if stream.begins:  # random numbers are needed here only
                    settings = replace(settings, seed=seed_of(self.random_state))
                started = time.perf_counter()
                stream, params, value = learn_chunk(settings, weighty, stream)
                self._keep_chunk(chunk, stream, params, value, time.perf_counter() - started)
            elif known is None:
                self._keep_stream(chunk, stream, stream.params.astype(chunk.dtype), [])
            if weighty is not None or known is None:
                self._move_to(chunk, y)
            self._has_offset = offset is not None
        return self

    def objective(
        self,
        X: MatrixLike,
        y: ArrayLike,
        *,
        params: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
    ) -> NDArray[np.float64]:
        """Return the objective ``F`` that ``fit`` minimises, in nats a row.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels among ``classes_``, or probabilities.
        params : array-like of shape (n_points, n_outputs, n_columns), optional
            The points to evaluate ``F`` at, each in the form of ``params_``; by default the fitted
            parameters.
        sample_weight : array-like of shape (n_samples,), optional
            Weights, not negative.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            What is added to the logits; needed if the model was fitted with one.

        Returns
        -------
        values : ndarray of shape (n_points,), or () without ``params``
            One value per point.
        """
        check_is_fitted(self)
        settings = settings_of(self, draw_seed=False)
        require_offset(offset, needs=self._has_offset, what="values of its objective")
        data = training_set(
            self,
            X,
            y,
            sample_weight,
            classes=on_host(self.classes_),
            reset=False,
            offset=offset,
            takes_devices=True,
        )
        settings = for_data(settings, data.n_features, data.classes)
        points = self.params_ if params is None else np.asarray(params, dtype=np.float64)
        if points.shape[-2:] != self.params_.shape:
            raise ValueError(
                f"params has shape {points.shape}, expected (n_points, {self.params_.shape[0]}, "
                f"{self.params_.shape[1]})."
            )
        return objective_values(settings, data, points)

    def _start_of_fit(
        self, classes: NDArray[Any], n_features: int, coef_init: Any, intercept_init: Any
    ) -> Array:
        """Return where ``fit`` begins: what is given, and for the rest the previous fit or zeros.

        Shape ``(n_outputs, n_columns)``.
        """
        is_whole = coef_init is not None and not (intercept_init is None and self.fit_intercept)
        rest = self._start(classes, n_features, warm=self.warm_start and not is_whole)
        return checked_start(coef_init, intercept_init, rest, has_intercept=self.fit_intercept)

    def _start(self, classes: NDArray[Any], n_features: int, *, warm: bool) -> Array:
        """Return zeros, or the params of the previous fit if ``warm`` and if there is one.

        Shape ``(n_outputs, n_columns)``.
        """
        n_outputs = len(classes) if len(classes) > 2 else 1
        start = np.zeros((n_outputs, n_features + bool(self.fit_intercept)))
        if not (warm and hasattr(self, "coef_")):
            return start
        coef = dense_coefficients(self.coef_)
        before = on_host(self.classes_)
        if coef.shape != (n_outputs, n_features) or not np.array_equal(before, classes):
            raise ValueError(
                f"warm_start=True, but the previous fit had {coef.shape[1]} features and the "
                f"classes {before.tolist()!r}, and this one has {n_features} features and "
                f"the classes {classes.tolist()!r}. Fit a clone, or set warm_start=False."
            )
        start[:, :n_features] = coef
        if self.fit_intercept:
            start[:, n_features] = on_host(self.intercept_)
        return start

    def _keep(
        self,
        fitted: Fitted,
        coefficients: dict[str, Array],
        classes: NDArray[Any],
        path: list[Array],
    ) -> None:
        """Set the fitted attributes, and remove those that belong to an earlier fit."""
        solution = fitted.solution
        self.classes_ = classes
        for name, value in coefficients.items():
            setattr(self, name, value)
        for outdated in ("_last_stream", "path_"):
            if hasattr(self, outdated):
                delattr(self, outdated)
        if self.keep_path:
            self.path_ = np.array(path)
        self._seen = fitted.seen
        self._status = solution.status
        self.converged_ = solution.status is Status.CONVERGED
        self.records_ = list(solution.records)
        self.n_iter_ = np.array([solution.n_iter], dtype=np.int32)
        self.best_iteration_ = fitted.best_iteration
        self.duality_gap_ = fitted.duality_gap

    def _move_to(self, training: Any, y: Any) -> None:
        """Move the fitted arrays to where the rows of the fit are: see scikit-learn's dispatch."""
        self.classes_ = classes_like(y, training)
        names = [name for name in ("n_iter_", "path_") if hasattr(self, name)]
        for name, value in in_place_of(training, {n: getattr(self, n) for n in names}).items():
            setattr(self, name, value)

    def _stream(self, chunk: Chunk) -> Stream:
        """Return the stream as the last chunk left it, or one that begins with this chunk.

        A new stream continues from the coefficients of a fit, if there was one.
        """
        stream: Stream | None = getattr(self, "_last_stream", None)
        self._check_intercept(stream)
        if stream is not None:
            return stream
        start = self._start(chunk.classes, chunk.n_features, warm=hasattr(self, "coef_"))
        return Stream(getattr(self, "_seen", Seen()), start, None, "")

    def _check_intercept(self, stream: Stream | None) -> None:
        """Raise an error if ``fit_intercept`` was changed since the coefficients were found."""
        if stream is not None:
            had_one = stream.params.shape[1] > self.n_features_in_
        else:  # an intercept may begin at zero, but none is dropped
            had_one = bool(self.fit_intercept or np.any(on_host(getattr(self, "intercept_", 0.0))))
        if had_one != bool(self.fit_intercept):
            raise ValueError(
                f"fit_intercept={self.fit_intercept}, but the model that partial_fit continues "
                f"from was learned with fit_intercept={had_one}. Set it to {had_one}, or begin "
                "anew with a clone."
            )

    def _keep_chunk(
        self, chunk: Chunk, stream: Stream, params: Array, value: float, seconds: float
    ) -> None:
        """Set the fitted attributes after a chunk, with one record per call."""
        before = self.records_ if hasattr(self, "_last_stream") else []
        self._keep_stream(chunk, stream, params, records.with_chunk(before, value, seconds))

    def _keep_stream(
        self, chunk: Chunk, stream: Stream, params: Array, kept: list[IterationRecord]
    ) -> None:
        """Set the fitted attributes to these params; there may be no record yet."""
        self.records_ = kept
        n_calls = kept[-1].iteration if kept else 0
        self.classes_ = chunk.classes
        coefficients = self._coefficients(params, params.dtype)
        for name, attribute in in_place_of(chunk, coefficients).items():
            setattr(self, name, attribute)
        self._last_stream, self._seen = stream, stream.seen
        self.n_iter_ = np.array([n_calls], dtype=np.int32)
        self.best_iteration_ = n_calls
        self.converged_, self.duality_gap_ = False, np.inf
        self._status = Status.EPOCHS_DONE

    # Kept by its name: skops, which saves models without pickle, knows no enumerations.
    _why_stopped: str

    @property
    def _status(self) -> Status:
        """Why the fit stopped."""
        return Status[self._why_stopped]

    @_status.setter
    def _status(self, status: Status) -> None:
        self._why_stopped = status.name

    @property
    def loss_curve_(self) -> NDArray[np.float64]:
        """The value of the objective in every record."""
        check_is_fitted(self)
        return np.array([record.value for record in self.records_])

    @property
    def history_(self) -> dict[str, list[float]]:
        """The records by column, in the form that ``pandas.DataFrame`` accepts."""
        check_is_fitted(self)
        return records.by_column(self.records_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        return tags
