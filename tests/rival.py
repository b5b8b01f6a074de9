"""The objective from its definition, and SciPy's search for a lower value than a fit has found.

Nothing of the package is used. A lower value at params that are allowed proves that a fit is not
at its minimum, so the search needs no proof of its own. It starts from zeros and from the fit
itself, in columns that are shifted to their means and scaled, with the penalty rescaled to match.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

Exact = NDArray[np.longdouble]
Floats = NDArray[np.float64]


@dataclass
class Problem:
    """``sum_i s_i CE_i / S + sum_j f_j (l2 |w_j|^2 / 2 + l1 |w_j|)``, ``l2 + l1 = 1 / (C S)``."""

    X: Floats
    targets: Floats
    """Shape ``(n_rows, n_classes)``."""

    weights: Floats
    C: float
    l1_ratio: float
    grouped: bool
    factors: Floats
    lower: Floats
    """Shape ``(n_outputs, n_features)``, like ``upper``."""

    upper: Floats
    has_intercept: bool

    def __post_init__(self) -> None:
        self.n_outputs = self.targets.shape[1] if self.targets.shape[1] > 2 else 1
        self.relative = self.weights / self.weights.max()
        self.relative = self.relative / self.relative.sum()
        strength = 1 / self.C / self.weights.sum()
        self.l2 = strength * (1 - self.l1_ratio) * self.factors
        self.l1 = strength * self.l1_ratio * self.factors
        # The mean of rows with weight, exact enough to leave what is left without rounding.
        self.shift = np.zeros(self.X.shape[1])
        if self.has_intercept:
            seen = self.X[self.weights > 0]
            self.shift = np.clip(seen.mean(axis=0), seen.min(axis=0), seen.max(axis=0))
        self.near = self.X.astype(np.longdouble) - self.shift
        spread = np.sqrt((self.near**2).mean(axis=0)).astype(np.float64)
        self.unit = np.where(spread > 0, spread, 1.0)

    def value(self, coef: Floats, intercept: Floats) -> float:
        """Return the objective at coefficients of the columns as they are, in extended digits."""
        w = coef.astype(np.longdouble)
        there = intercept.astype(np.longdouble) + w @ self.shift.astype(np.longdouble)
        if len(there) > 1:
            there = there - there.mean()
        return float(self._loss(self.near @ w.T + there) + self._penalty(w))

    def _loss(self, logits: Exact) -> Exact:
        if self.n_outputs == 1:
            logits = np.hstack([np.zeros_like(logits), logits])
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        each = -np.where(self.targets > 0, self.targets * log_p, 0.0).sum(axis=1)
        return self.relative @ each

    def _penalty(self, w: Exact) -> Exact:
        sizes = np.linalg.norm(w.astype(np.float64), axis=0) if self.grouped else np.abs(w).sum(0)
        return (self.l2 / 2 * (w**2).sum(axis=0) + self.l1 * sizes).sum()

    def lowest(self, coef: Floats, intercept: Floats) -> float:
        """Return the lowest value found, that at these params included."""
        here = self.value(coef, intercept)
        own = np.hstack([coef * self.unit, self._in_shifted(coef, intercept)])
        found = [here]
        for start in (np.zeros_like(own), own):
            params = self._descend(start)
            at = params[:, :-1] / self.unit
            at = np.clip(at, self.lower, self.upper)
            back = (params[:, -1].astype(np.longdouble) - at @ self.shift).astype(np.float64)
            found.append(self.value(at, back if self.has_intercept else np.zeros(len(back))))
        return min(value for value in found if np.isfinite(value))

    def _in_shifted(self, coef: Floats, intercept: Floats) -> Floats:
        there = intercept.astype(np.longdouble) + coef.astype(np.longdouble) @ self.shift
        there = there - there.mean() if len(there) > 1 else there
        return there.astype(np.float64)[:, None]

    def _descend(self, start: Floats) -> Floats:
        """Minimise in scaled columns, where kinks are at bounds of split variables."""
        Z = np.hstack([(self.near / self.unit).astype(np.float64), np.ones((len(self.X), 1))])
        Z[:, -1] *= self.has_intercept
        l2 = np.append(self.l2 / self.unit**2, 0.0)
        l1 = np.append(self.l1 / self.unit, 0.0)
        y = self.targets[:, -self.n_outputs :]

        def smooth(params: Floats) -> tuple[float, Floats]:
            logits = Z @ params.T
            logits = np.hstack([np.zeros_like(logits), logits]) if len(params) == 1 else logits
            shifted = logits - logits.max(axis=1, keepdims=True)
            log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            loss = -self.relative @ (self.targets * log_p).sum(axis=1)
            residuals = (np.exp(log_p)[:, -len(params) :] - y) * self.relative[:, None]
            value, gradient = loss + (l2 / 2 * params**2).sum(), residuals.T @ Z + l2 * params
            if self.grouped:
                norms = np.sqrt((params**2).sum(axis=0) + 1e-20)
                value, gradient = value + l1 @ norms, gradient + l1 * params / norms
            return float(value), gradient

        free = np.full((len(start), 1), np.inf)
        lower = np.hstack([self.lower * self.unit, -free])
        upper = np.hstack([self.upper * self.unit, free])
        shape, is_split = start.shape, l1.any() and not self.grouped

        def split(both: Floats) -> tuple[float, Floats]:
            up, down = both.reshape(2, *shape)
            value, gradient = smooth(up - down)
            slopes = np.stack([gradient + l1, l1 - gradient])
            return float(value + (l1 * (up + down)).sum()), slopes.ravel()

        options = dict(maxiter=200, maxfun=400, maxcor=20, ftol=1e-16, gtol=1e-14)
        if is_split:
            begin = np.stack([np.maximum(start, 0), np.maximum(-start, 0)]).ravel()
            bounds = np.concatenate([np.maximum(upper, 0).ravel(), np.maximum(-lower, 0).ravel()])
            result = scipy.optimize.minimize(
                split,
                begin,
                jac=True,
                method="L-BFGS-B",
                options=options,
                bounds=[(0, most) for most in bounds],
            )
            up, down = result.x.reshape(2, *shape)
            return np.asarray(up - down)

        def flat(x: Floats) -> tuple[float, Floats]:
            value, gradient = smooth(x.reshape(shape))
            return value, gradient.ravel()

        result = scipy.optimize.minimize(
            flat,
            np.clip(start, lower, upper).ravel(),
            jac=True,
            method="L-BFGS-B",
            options=options,
            bounds=list(zip(lower.ravel(), upper.ravel(), strict=True)),
        )
        return np.asarray(result.x.reshape(shape))
