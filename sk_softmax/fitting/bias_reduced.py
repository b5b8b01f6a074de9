"""Fits with Firth's bias reduction: Newton's method on the loss with Jeffreys' penalty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sk_softmax.fitting.driver import Observer, Validate, run
from sk_softmax.fitting.problems import jeffreys_of, problem_of
from sk_softmax.fitting.settings import Settings
from sk_softmax.interfaces import Array, Solution
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.objective import RegressionObjective
from sk_softmax.solvers.judge import judged


def bias_reduced_solution(
    settings: Settings,
    objective: RegressionObjective,
    start: Array,
    observe: Observer | None = None,
    validate: Validate | None = None,
) -> Solution:
    """Minimise the loss of an objective without a penalty with Jeffreys' penalty in its place.

    Parameters
    ----------
    settings : Settings
        Of the fit.
    objective : RegressionObjective
        Rows, targets and weights.
    start : ndarray of shape (n_outputs, n_columns)
        Where to begin. Where the information is singular zeros are taken, and a start that was
        given is an error.
    observe, validate : callable, optional
        See :func:`sk_softmax.fitting.driver.run`.
    """
    jeffreys = jeffreys_of(objective)
    zeros = np.zeros(objective.shape)
    with quiet():
        if not np.isfinite(jeffreys.evaluate(start).value):
            if settings.start_is_given:
                raise ValueError(
                    "The Fisher information is singular in floating point at the start that "
                    "coef_init and intercept_init give, so bias_reduction='firth' cannot begin "
                    "there. Give smaller coefficients."
                )
            start = zeros
        problem = replace(
            problem_of(settings, objective, start),
            separated_below=-np.inf,
            value_at_zero=jeffreys.evaluate(zeros).value,
        )
    return run(judged(settings.solver, problem), jeffreys, observe, validate)
