"""scikit-learn's LogisticRegression; the effort is the limit on its iterations."""

from __future__ import annotations

import re
import warnings
from functools import partial
from typing import Any

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

from benchmarks.competitors.competitor import PENALTIES, Competitor, Task, doubling

FROM_1_8 = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) >= (1, 8)
"""Whether ``l1_ratio`` alone chooses the penalty, and naming it is deprecated."""

SLOW_NEWTON = [1, 2, 4, 8, 16, 32, 64, 128, 256]
"""Limits for methods of which one iteration is worth many of the others."""


def fit(
    task: Task,
    max_iter: int,
    n_threads: int = 1,
    *,
    solver: str,
    kind: Any = LogisticRegression,
    **options: Any,
) -> tuple[np.ndarray, np.ndarray]:
    if task.penalty == "l1":
        options |= {"l1_ratio": 1} if FROM_1_8 else {"penalty": "l1"}
    model = kind(solver=solver, C=task.C, max_iter=max_iter, tol=1e-12, random_state=0, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(task.X, task.y)
    return model.coef_, model.intercept_


def solvers() -> list[str]:
    """Return the solvers that the installed scikit-learn accepts.

    It lists them in its message on one that it does not: new ones take part without a change here.
    """
    try:
        LogisticRegression(solver="?").fit([[0.0], [1.0]], [0, 1])
    except ValueError as error:
        return sorted(set(re.findall(r"'([a-z][a-z-]+)'", str(error))) - {"solver"})
    raise AssertionError('LogisticRegression accepts solver="?"')


def _competitor(solver: str) -> Competitor:
    """Return a solver with what its kind can do, as far as its name tells."""
    fit_by = partial(fit, solver=solver)
    name = f"sklearn {solver}"
    if solver == "newton-cholesky":
        return Competitor(name, fit_by, SLOW_NEWTON[:7], most_hessian_columns=4000)
    if solver == "saga":
        return Competitor(name, fit_by, doubling(), PENALTIES)
    if solver == "newton-cd-gram":
        return Competitor(name, fit_by, SLOW_NEWTON[:7], PENALTIES, most_hessian_columns=4000)
    return Competitor(name, fit_by, SLOW_NEWTON if "newton" in solver else doubling())


def _liblinear() -> list[Competitor]:
    """Return liblinear as it comes, and with an intercept that it hardly penalises.

    Its objective has the penalty ``(intercept / intercept_scaling)^2`` beside that of the others.
    """
    return [
        Competitor(
            f"sklearn liblinear{note}",
            partial(fit, solver="liblinear", intercept_scaling=scaling),
            doubling(1),
            ("l2", "l1"),
            most_classes=2,
        )
        for note, scaling in (("", 1.0), (", intercept_scaling=100", 100.0))
    ]


def competitors() -> list[Competitor]:
    return [_competitor(solver) for solver in solvers() if solver != "liblinear"] + _liblinear()
