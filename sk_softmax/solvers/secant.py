"""The curvature along a step, as far as rounding shows it."""

from __future__ import annotations

import numpy as np

from sk_softmax.interfaces import Array

# Squared norms above which squares that underflow do not count.
LEAST = 1e-30


def curvature_along(step: Array, change: Array) -> float:
    """Return ``s'y``, the curvature along a step, or zero if rounding hides it.

    The terms of the sum have no unit, and the rounding of each is relative to its size. So the
    units of the features do not decide whether a step is of use.

    Parameters
    ----------
    step, change : ndarray of shape (n_outputs, n_columns)
        The step ``s``, and the change ``y`` of the gradient along it.
    """
    product = float(np.vdot(step, change))
    # The norms bound the sizes, and take no arrays: 0.3 ms for 2.2 with a million parameters.
    squares = float(np.vdot(step, step)), float(np.vdot(change, change))
    eps = float(np.finfo(step.dtype).eps)
    bound = np.sqrt(squares[0]) * np.sqrt(squares[1])
    if min(squares) > LEAST and product > 2 * eps * bound:
        return product
    sizes = float(np.vdot(np.abs(step), np.abs(change)))
    return product if product > eps * sizes else 0.0
