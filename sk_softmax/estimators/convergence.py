"""Warnings about fits that did not converge, and about columns without digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from sk_softmax.estimators.warned import warn
from sk_softmax.fitting.shift import ROUNDINGS
from sk_softmax.interfaces import Solution, Status

SILENT = {Status.CONVERGED, Status.EPOCHS_DONE, Status.STOPPED}
"""Reasons to stop that cause no warning."""


def warn_of_fit(estimator: Any, solution: Solution) -> None:
    """Warn if a fit did not converge, and why."""
    if solution.status not in SILENT:
        warn(
            f"{type(estimator).__name__} stopped after {solution.n_iter} iterations: "
            f"{solution.status.message}.",
            ConvergenceWarning,
        )


def warn_of_coarse_columns(
    estimator: Any, is_coarse: NDArray[np.bool_], width: np.dtype[Any]
) -> None:
    """Warn of columns that lost their digits before the fit.

    ``is_coarse`` has shape ``(n_features,)``, and ``width`` is that of the rows.
    """
    if not is_coarse.any():
        return
    columns = np.flatnonzero(is_coarse)
    names = getattr(estimator, "feature_names_in_", None)
    listed = ", ".join(repr(names[j]) if names is not None else str(j) for j in columns[:5])
    listed += ", ..." if len(columns) > 5 else ""
    warn(
        f"The values of column {listed} differ by less than {ROUNDINGS} roundings of {width}, so "
        "far from zero are they: most of their digits were lost before they came here. Subtract "
        "a constant from the column before it is rounded, or use a wider type.",
        UserWarning,
    )


def warn_of_fits(estimator: Any, statuses: Sequence[Status]) -> None:
    """Warn how many fits did not converge, and why the last of them did not."""
    wrong = [status for status in statuses if status not in SILENT]
    if wrong:
        warn(
            f"{len(wrong)} of the {len(statuses)} fits of {type(estimator).__name__} stopped "
            f"early, the last of them because {wrong[-1].message}.",
            ConvergenceWarning,
        )
