"""The least value of the objective, from its definition, with NumPy and SciPy alone.

Nothing of the package is used, so that a fit's claim to be at the optimum can be checked against
this value. Columns are centred exactly and scaled, and the penalty is rescaled to match: with
``w_j = v_j / d_j``, ``l2 w_j^2 / 2 + l1 |w_j|`` is ``l2 / d_j^2 v_j^2 / 2 + l1 / d_j |v_j|``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.optimize
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Largest duality gap of the oracle, relative to the value: a thousandth of the tolerance that a
# fit is asked for.
ACCURACY = 1e-9

# The most Newton steps of the oracle, and the passes over all coordinates in a step with kinks.
MOST_STEPS, SWEEPS = 100, 50


@dataclass(frozen=True)
class Penalty:
    """``C`` and ``l1_ratio`` of an elastic net."""

    C: float
    l1_ratio: float = 0.0


class Definition:
    """``F = sum_i CE_i / n + sum_j (l2 w_j^2 / 2 + l1 |w_j|)``, with ``l2 + l1 = 1 / (C n)``.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        The rows as they are.
    y : ndarray of int, shape (n_rows,)
        Classes ``0 .. n_classes - 1``.
    penalty : Penalty
        The penalty on the coefficients of these columns; intercepts have none.
    """

    def __init__(self, X: Floats, y: NDArray[np.intp], penalty: Penalty) -> None:
        self.X, self.n_rows = X, len(X)
        self.n_classes = int(y.max()) + 1
        self.is_single = self.n_classes == 2
        self.indicator = (y[:, None] == np.arange(self.n_classes)).astype(np.float64)
        strength = 1 / (penalty.C * self.n_rows)
        self.l2, self.l1 = strength * (1 - penalty.l1_ratio), strength * penalty.l1_ratio

    def log_probabilities(self, logits: Floats) -> Floats:
        """Return them in shape ``(n_rows, n_classes)``.

        ``logits`` has one column per class, or for two classes a single column of log-odds.
        """
        if self.is_single:
            logits = np.hstack([np.zeros_like(logits), logits])
        shifted = logits - logits.max(axis=1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def value(self, coef: Floats, intercept: Floats) -> float:
        """Return ``F``; shapes ``(n_outputs, n_features)`` and ``(n_outputs,)``."""
        log_p = self.log_probabilities(self.X @ coef.T + intercept)
        loss = -float((self.indicator * log_p).sum()) / self.n_rows
        return loss + self.l2 / 2 * float((coef**2).sum()) + self.l1 * float(np.abs(coef).sum())


class Scaled:
    """The same problem in centred columns, scaled to unit curvature where ``p = 1/2``.

    Params are flat: for each output its coefficients, then its intercept.
    """

    def __init__(self, problem: Definition) -> None:
        self.problem = problem
        X = problem.X[:, np.ptp(problem.X, axis=0) > 0]  # a constant column cannot lower F
        centred = X - X.mean(axis=0)
        centred -= centred.mean(axis=0)
        scale = np.sqrt(np.mean(centred**2, axis=0) / 4 + problem.l2)
        self.design = np.hstack([centred / scale, np.full((len(X), 1), 2.0)])
        self.n_outputs = 1 if problem.is_single else problem.n_classes
        self.shape = self.n_outputs, self.design.shape[1]
        self.l2 = np.tile(np.append(problem.l2 / scale**2, 0.0), self.n_outputs)
        self.l1 = np.tile(np.append(problem.l1 / scale, 0.0), self.n_outputs)

    def probabilities(self, flat: Floats) -> Floats:
        """Return the probabilities of all classes, shape ``(n_rows, n_classes)``."""
        logits = self.design @ flat.reshape(self.shape).T
        return np.exp(self.problem.log_probabilities(logits))

    def smooth(self, flat: Floats) -> tuple[float, Floats]:
        """Return value and gradient without the L1 part."""
        log_p = self.problem.log_probabilities(self.design @ flat.reshape(self.shape).T)
        residuals = (np.exp(log_p) - self.problem.indicator)[:, -self.n_outputs :]
        n_rows = self.problem.n_rows
        loss = -float((self.problem.indicator * log_p).sum()) / n_rows
        gradient = (residuals.T @ self.design).ravel() / n_rows + self.l2 * flat
        return loss + 0.5 * float(self.l2 @ flat**2), gradient

    def value(self, flat: Floats) -> float:
        """Return the value with the L1 part."""
        return self.smooth(flat)[0] + float(self.l1 @ np.abs(flat))

    def hessian(self, flat: Floats, free: NDArray[np.bool_]) -> Floats:
        """Return the Hessian of the smooth part among the free params, ``(n_free, n_free)``."""
        p = self.probabilities(flat)[:, -self.n_outputs :]
        parts = [
            self.design[:, own] * p_k[:, None]
            for own, p_k in zip(free.reshape(self.shape), p.T, strict=True)
        ]
        stacked = np.hstack(parts)
        matrix = -stacked.T @ stacked / self.problem.n_rows
        first = 0
        for own, part in zip(free.reshape(self.shape), parts, strict=True):
            block = slice(first, first := first + part.shape[1])
            matrix[block, block] += self.design[:, own].T @ part / self.problem.n_rows
        return matrix + np.diag(self.l2[free])

    def gap(self, flat: Floats) -> float:
        """Return ``F - D(q)``, a bound of ``F - F*``.

        ``D(q) = sum_i H(q_i) / n - sum_j max(|v_j| - l1_j, 0)^2 / (2 l2_j)`` with
        ``v = sum_i (q_i - y_i) x_i' / n``. Two ``q`` are tried if the penalty allows: the model's
        own ``q = p``, and, with L1, ``p`` moved towards the targets until no ``|v_j|`` exceeds
        ``l1_j``. Intercepts have no penalty, so their ``v_0`` must be zero; where it is not,
        ``|v_0| |b|`` is added.
        """
        p, y, n_rows = self.probabilities(flat), self.problem.indicator, self.problem.n_rows
        is_free = (self.l1 == 0) & (self.l2 == 0)

        def image(q: Floats) -> Floats:
            return ((q - y)[:, -self.n_outputs :].T @ self.design).ravel() / n_rows

        def bound(q: Floats, v: Floats) -> float:
            beyond = np.maximum(np.abs(v) - self.l1, 0)[~is_free] ** 2
            beyond[np.sqrt(beyond) <= 1e-15 * self.l1[~is_free]] = 0.0  # rounding
            conjugate = np.divide(
                beyond, 2 * self.l2[~is_free], out=np.zeros_like(beyond), where=beyond > 0
            )
            entropy = -float((q * np.log(np.maximum(q, 1e-300))).sum()) / n_rows
            slack = float(np.abs(v[is_free]) @ np.abs(flat[is_free]))
            return self.value(flat) - entropy + float(conjugate.sum()) + slack

        v = image(p)
        gaps = [bound(p, v)] if self.l2.any() else []
        if self.l1.any():
            excess = np.abs(v[~is_free]) / self.l1[~is_free]
            share = min(1.0, float(1 / excess.max()))
            gaps.append(bound(share * p + (1 - share) * y, share * v))
        return min(gaps)


def least_value(problem: Definition) -> float:
    """Return a value that ``F`` cannot fall below, within ``ACCURACY`` of its least.

    SciPy's L-BFGS-B comes near it. If the penalty has a kink, params are split into positive and
    negative parts for that. Newton steps go on from there.

    Raises
    ------
    AssertionError
        If the duality gap is larger than ``ACCURACY`` times the value.
    """
    scaled = Scaled(problem)
    flat = _shifted(scaled, _near_minimum(scaled))
    gap = scaled.gap(flat)
    for _ in range(MOST_STEPS):
        if gap <= ACCURACY * scaled.value(flat):
            break
        there = _newton_on_support(scaled, flat, gap)
        flat = _shifted(scaled, _proximal_newton(scaled, flat)) if there is None else there
        gap = scaled.gap(flat)
    assert gap <= ACCURACY * scaled.value(flat), f"the oracle is only known to be within {gap}"
    return scaled.value(flat) - max(gap, 0.0)


def _near_minimum(scaled: Scaled) -> Floats:
    """Return flat params near the minimum, by L-BFGS-B."""
    size = scaled.l1.size
    options = dict(maxiter=200, maxcor=20, ftol=1e-10, gtol=1e-10)
    if not scaled.l1.any():
        found = scipy.optimize.minimize(
            scaled.smooth, np.zeros(size), jac=True, method="L-BFGS-B", options=options
        )
        return np.asarray(found.x)

    def split(both: Floats) -> tuple[float, Floats]:
        value, gradient = scaled.smooth(both[:size] - both[size:])
        slopes = np.concatenate([scaled.l1 + gradient, scaled.l1 - gradient])
        return value + float(scaled.l1 @ (both[:size] + both[size:])), slopes

    found = scipy.optimize.minimize(
        split,
        np.zeros(2 * size),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (2 * size),
        options=options,
    )
    return np.asarray(found.x[:size] - found.x[size:])


def _shifted(scaled: Scaled, flat: Floats) -> Floats:
    """Subtract from each column's coefficients the number that makes their penalty least.

    The loss does not change if one number is added to a column's coefficients of all classes. So
    its curvature does not show this descent.
    """
    if scaled.n_outputs == 1 or not scaled.l1.any():
        return flat
    params = flat.reshape(scaled.shape)[:, :-1]
    l1, l2 = (part.reshape(scaled.shape)[0, :-1] for part in (scaled.l1, scaled.l2))
    # The least penalty is at a kink, or at a zero of the slope. For each number of coefficients
    # above it the slope has one zero.
    above = np.arange(scaled.n_outputs + 1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        level = params.mean(axis=0) + (2 * above / scaled.n_outputs - 1) * l1 / l2
    shifts = np.concatenate([params, np.where(np.isfinite(level), level, 0.0)])
    moved = params - shifts[:, None]
    costs = (l1 * np.abs(moved) + l2 / 2 * moved**2).sum(axis=1)
    best = shifts[costs.argmin(axis=0), np.arange(params.shape[1])]
    shifted = flat.reshape(scaled.shape).copy()
    shifted[:, :-1] -= best
    return shifted.ravel()


def _newton_on_support(scaled: Scaled, flat: Floats, gap: float) -> Floats | None:
    """Return params after a Newton step among those that are not zero or have no L1 penalty.

    Return None if the gap is not at least halved. The gap decides, because rounding can hide the
    change of the value.
    """
    free = (flat != 0) | (scaled.l1 == 0)
    _, gradient = scaled.smooth(flat)
    slope = (gradient + scaled.l1 * np.sign(flat))[free]
    there = flat.copy()
    there[free] -= scipy.linalg.solve(_ridged(scaled.hessian(flat, free)), slope, assume_a="pos")
    there[(there * flat < 0) & (scaled.l1 > 0)] = 0.0
    return there if scaled.gap(there) < 0.5 * gap else None


def _proximal_newton(scaled: Scaled, flat: Floats) -> Floats:
    """Return params after a step to the minimum of the quadratic model plus the kinks.

    The minimum is found coordinate by coordinate. The step is halved until the value is no higher.
    """
    everything = np.ones(flat.shape, dtype=bool)
    matrix = _ridged(scaled.hessian(flat, everything))
    _, gradient = scaled.smooth(flat)
    target, slope = flat.copy(), gradient.copy()
    for _ in range(SWEEPS):
        for j, curvature in enumerate(matrix.diagonal()):
            aim = target[j] - slope[j] / curvature
            moved = np.sign(aim) * max(abs(aim) - scaled.l1[j] / curvature, 0.0) - target[j]
            if moved:
                target[j] += moved
                slope += moved * matrix[j]
    here, step = scaled.value(flat), target - flat
    while scaled.value(flat + step) > here:
        step = step / 2
    return flat + step


def _ridged(matrix: Floats) -> Floats:
    """Add a ridge of 1e-12, in place.

    It is needed for equal shifts of all classes, and too small to change other directions.
    """
    matrix[np.diag_indices_from(matrix)] += 1e-12
    return matrix
