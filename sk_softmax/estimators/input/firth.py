"""Which parameters bias reduction goes together with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sk_softmax.interfaces import Solver
from sk_softmax.solvers import Auto, NewtonCholesky


def newton_for_bias_reduction(p: Mapping[str, Any], solver: Solver, *, has_bounds: bool) -> Solver:
    """Return the solver of a fit with bias reduction; an error names a parameter that it excludes.

    Parameters
    ----------
    p : mapping of str to object
        Parameters by name, checked one by one.
    solver : Solver
        The solver that ``p["solver"]`` stands for.
    has_bounds : bool
        Whether coefficients have bounds.
    """
    reason = "bias_reduction='firth' "
    if np.isfinite(p["C"]):
        raise ValueError(
            f"{reason}has a penalty of its own, Jeffreys', in place of one on the coefficients, "
            f"but C={p['C']!r}: set C=numpy.inf."
        )
    if has_bounds:
        raise ValueError(f"{reason}takes no lower_bounds and upper_bounds; leave them out.")
    if p["label_smoothing"] > 0:
        raise ValueError(
            f"{reason}reduces the bias of a maximum of the likelihood, which smoothed labels have "
            "none of: set label_smoothing=0."
        )
    if p["early_stopping"]:
        raise ValueError(
            f"{reason}is a correction at the optimum, which early_stopping does not reach: set "
            "early_stopping=False."
        )
    if not isinstance(solver, Auto | NewtonCholesky):
        raise ValueError(
            f"{reason}is fitted by Newton's method, and not by solver={p['solver']!r}: set "
            "solver='auto' or 'newton-cholesky'."
        )
    return NewtonCholesky()
