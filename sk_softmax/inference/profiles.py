"""Profile likelihood: tests and intervals of a single coefficient of a bias-reduced fit."""

from __future__ import annotations

import numpy as np

from sk_softmax.inference.constrained import Constrained, PenalisedLikelihood
from sk_softmax.interfaces import Array

# The end of an interval is found where the root of twice the fall in likelihood is this near to
# what the level asks for.
NEAR, MOST_TRIALS = 1e-9, 100


class Profile:
    """The profile of the penalised likelihood along one linear function of the parameters.

    Parameters
    ----------
    likelihood : PenalisedLikelihood
        The penalised likelihood.
    optimum : Constrained
        Its maximum.
    function : ndarray of shape (n_parameters,)
        A linear function of the parameters: one coefficient.
    """

    def __init__(
        self, likelihood: PenalisedLikelihood, optimum: Constrained, function: Array
    ) -> None:
        self._likelihood = likelihood
        self._optimum = optimum
        self._function = function
        self.estimate = float(function @ optimum.parameters)
        self.std_err = float(np.sqrt(function @ optimum.covariance @ function))

    def statistic(self, value: float = 0.0) -> float:
        """Return twice the fall of the penalised log likelihood if the coefficient is ``value``.

        It is nearly chi-squared with one degree of freedom if that is its true value. Infinity if
        the information is singular in floating point there.
        """
        there = self._at(value, self._optimum)
        return np.inf if there is None else self._root(there) ** 2

    def end(self, root: float, sign: int) -> float:
        """Return where the root of the statistic is ``root``, above (1) or below (-1).

        Infinite if the information becomes singular in floating point before.
        """
        last, value = self._optimum, self.estimate + sign * root * self.std_err
        inside, outside, is_singular = self.estimate, np.inf * sign, False
        for _ in range(MOST_TRIALS):
            there = self._at(value, last)
            if there is None:
                outside, is_singular = value, True
                value = (inside + outside) / 2
                if abs(outside - inside) <= NEAR * self.std_err:
                    break
                continue
            off = self._root(there) - root
            if abs(off) <= NEAR * root:
                return value
            last = there
            if off < 0:
                inside = value
            else:
                outside, is_singular = value, False
            value = self._next(value, there, off, sign, (inside, outside))
        if is_singular:
            return sign * np.inf
        raise ArithmeticError(
            f"The profile likelihood did not reach its level in {MOST_TRIALS} trials."
        )

    def _next(
        self, value: float, there: Constrained, off: float, sign: int, ends: tuple[float, float]
    ) -> float:
        """Return the value to try next: by Newton's method on the root, or between the ends.

        ``off`` is how far the root is above what is wanted; ``ends`` are the last values inside
        and outside.
        """
        inside, outside = ends
        root = self._root(there)
        steepness = sign * there.slope / max(root, np.finfo(float).tiny)
        step = -off / steepness if steepness > 0 else np.inf
        # A profile far from normal may bend: no more than twice as far at once.
        step = min(max(step, -abs(value)), 2 * abs(value - self.estimate) + self.std_err)
        ahead = value + sign * step
        low, high = sorted((inside, outside))
        if low < ahead < high:
            return ahead
        return (inside + outside) / 2

    def _root(self, there: Constrained) -> float:
        """Return the root of twice the fall of the penalised log likelihood."""
        return float(np.sqrt(max(2 * (there.loss - self._optimum.loss), 0.0)))

    def _at(self, value: float, last: Constrained) -> Constrained | None:
        """Return the maximum where the coefficient is ``value``, searched from an earlier one.

        None if the information is singular at the first point.
        """
        along = last.covariance @ self._function
        along /= self._function @ along
        move = value - float(self._function @ last.parameters)
        return self._likelihood.least(last.parameters + move * along, self._function)
