"""Warnings about fits that did not converge."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from sk_softmax.interfaces import Solution, Status

SILENT = {Status.CONVERGED, Status.EPOCHS_DONE, Status.STOPPED}
"""Reasons to stop that cause no warning."""


def warn_of_fit(estimator: Any, solution: Solution) -> None:
    """Warn if a fit did not converge, and why; called by the estimator's ``fit``."""
    if solution.status not in SILENT:
        warnings.warn(
            f"{type(estimator).__name__} stopped after {solution.n_iter} iterations: "
            f"{solution.status.message}.",
            ConvergenceWarning,
            stacklevel=3,
        )


def warn_of_fits(estimator: Any, statuses: Sequence[Status]) -> None:
    """Warn how many fits did not converge, and why the last of them did not.

    Called by the estimator's ``fit``.
    """
    wrong = [status for status in statuses if status not in SILENT]
    if wrong:
        warnings.warn(
            f"{len(wrong)} of the {len(statuses)} fits of {type(estimator).__name__} stopped "
            f"early, the last of them because {wrong[-1].message}.",
            ConvergenceWarning,
            stacklevel=3,
        )
