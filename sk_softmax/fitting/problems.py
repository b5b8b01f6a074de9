"""From settings and a training set to the objective, its rows, and what a solver is told."""

from __future__ import annotations

from typing import Any

import scipy.sparse as sp

from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.interfaces import Array, Problem, Rows
from sk_softmax.objective import RegressionObjective, Targets, targets_of
from sk_softmax.objective.jeffreys import JeffreysObjective
from sk_softmax.rows import rows_of

# Parameters of a bias-reduced fit, at most: each step forms and inverts their information.
MOST_PARAMETERS = 1000


def targets_for(settings: Settings, training: TrainingSet) -> Targets:
    """Return the targets of the rows, smoothed as the settings say."""
    return targets_of(training.given, len(training.classes), settings.label_smoothing)


def objective_of(
    settings: Settings,
    training: TrainingSet,
    *,
    rows: Rows | None = None,
    targets: Targets | None = None,
) -> RegressionObjective:
    """Return the objective that the settings describe.

    Parameters
    ----------
    settings : Settings
        The penalty, label smoothing and threads.
    training : TrainingSet
        The data, with class weights applied.
    rows, targets : Rows and Targets, optional
        Those of the training set, if they exist already and several objectives share them.
    """
    n_classes = len(training.classes)
    rows = rows_for(settings, training.X, n_classes) if rows is None else rows
    targets = targets_for(settings, training) if targets is None else targets
    return RegressionObjective(
        rows, targets, n_classes, settings.C, training.weights, settings.form, training.offset
    )


def jeffreys_of(objective: RegressionObjective) -> JeffreysObjective:
    """Return the objective of bias reduction on the rows of one without a penalty.

    It is an error if there are more than ``MOST_PARAMETERS`` parameters.
    """
    n_outputs, n_columns = objective.shape
    n_parameters = max(n_outputs - 1, 1) * n_columns
    if n_parameters > MOST_PARAMETERS:
        raise ValueError(
            f"bias_reduction='firth' takes up to {MOST_PARAMETERS:,} parameters, and this problem "
            f"has {n_parameters:,}. Leave out features, or use an L2 penalty in its place: "
            "bias_reduction=None with a finite C."
        )
    return JeffreysObjective(objective.data.counting_anew(), objective.total_weight)


def rows_for(settings: Settings, X: Any, n_outputs: int, *, in_short_blocks: bool = False) -> Rows:
    """Return the rows of a matrix; ``n_outputs`` logits of each row are computed at a time."""
    if sp.issparse(X) and X.format == "csc" and settings.solver.is_stochastic:
        # A minibatch reads single rows. With rows stored by columns, an epoch of SGD on MNIST took
        # 50 times as long with batches of 32, and 7.5 times as long with batches of 1,024.
        X = X.tocsr()
    return rows_of(
        X,
        n_outputs,
        has_intercept=settings.fit_intercept,
        n_threads=settings.n_threads,
        in_short_blocks=in_short_blocks,
    )


def problem_of(
    settings: Settings,
    objective: RegressionObjective,
    start: Array,
    value_at_zero: float | None = None,
) -> Problem:
    """Return what the solver is told besides the answers to its questions.

    ``value_at_zero`` is that of the objective, if it is known.
    """
    rows = objective.rows
    return Problem(
        start=start,
        n_rows=rows.n_rows,
        tol=settings.tol,
        max_iter=settings.max_iter,
        resolution=objective.resolution,
        separated_below=objective.separated_below,
        random=settings.generator(),
        penalty=objective.penalty,
        value_at_zero=objective.value_at_zero if value_at_zero is None else value_at_zero,
        most_noise=objective.noise,
        start_is_given=settings.start_is_given,
        has_kernel=objective.has_kernel,
        density=rows.density,
    )
