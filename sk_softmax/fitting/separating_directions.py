"""Directions in which the loss falls for ever: one joint linear programme over all classes.

There is no finite optimum if and only if some direction separates (Albert and Anderson, 1984,
Biometrika 71): if all its margins are at least zero, and one is positive. One pair of classes
after the other does not decide: two classes may be apart although the optimum is finite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from sk_softmax.fitting.margins import INSIDE, OUTSIDE, Conditions, Margins
from sk_softmax.interfaces import Array

# Columns are scaled to a largest value of 1 and entries of a direction are within [-1, 1]. The
# programme meets its conditions up to FEASIBLE, the least that HiGHS takes.
FEASIBLE = 1e-10

# A margin counts as zero if it is at most so many times the largest one. In a table that overlaps
# by less than this part of its range, the programme cannot tell the overlap from rounding.
ZERO = 1e-8

# Conditions in the first programme, and the most that are added to the next one, for each entry of
# a direction; and at least so many.
PER_ENTRY, AT_LEAST = 1, 300


class UndecidedError(ArithmeticError):
    """The linear programme ended without an answer."""


@dataclass(frozen=True)
class Separating:
    """A direction that separates, and its margins."""

    params: Array
    """Shape ``(n_outputs, n_columns)``."""

    margins: Array
    """Shape ``(n_classes, n_rows)``, scaled to a largest one of 1."""

    @property
    def strict(self) -> NDArray[np.bool_]:
        """Which margins are positive, shape ``(n_classes, n_rows)``."""
        return np.asarray(self.margins > ZERO)


class SeparatingDirections:
    """Looks for directions that separate the rows of a data term.

    The programme has a condition for each row and class. It is solved on few of them at first, and
    those that its solution violates most are added until none is violated: 20,000 rows of 20
    features in 4 classes have 60,000 conditions, of which a programme needs hundreds.

    Parameters
    ----------
    margins : Margins
        The margins of all rows.
    first : ndarray of shape (n_classes, n_rows), optional
        Margins along some direction. The programme begins with the conditions where they are
        least; by default with conditions spread over all of them.
    """

    def __init__(self, margins: Margins, first: Array | None = None) -> None:
        self._margins = margins
        self._is_outside, self._is_inside = margins.kinds == OUTSIDE, margins.kinds == INSIDE
        self._known = np.zeros(margins.kinds.shape, dtype=bool)
        self._at_once = max(PER_ENTRY * int(np.prod(margins.shape)), AT_LEAST)
        for mask in (self._is_outside, self._is_inside):
            self._learn(_least(first, mask, self._at_once))

    def any(self) -> Separating | None:
        """Return a direction that separates; None if there is none."""
        return self._greatest(self._is_outside)

    def most(self) -> Separating | None:
        """Return a direction along which every margin is positive that is so along any direction.

        None if no direction separates. Directions that separate form a cone, so their sum is one.
        """
        found = self.any()
        while found is not None:
            left = self._is_outside & ~found.strict
            more = self._greatest(left) if left.any() else None
            if more is None:
                return found
            margins = found.margins + more.margins
            found = Separating(found.params + more.params, margins / margins.max())
        return None

    def _learn(self, conditions: Conditions) -> None:
        """Add conditions to the programme."""
        self._known[conditions.classes, conditions.rows] = True

    def _greatest(self, wanted: NDArray[np.bool_]) -> Separating | None:
        """Return a separating direction with the greatest mean of some margins.

        ``wanted`` is a mask of shape ``(n_classes, n_rows)``. None if all of these are zero along
        every direction that separates.
        """
        mean = self._margins.mean(wanted)
        while True:
            params = self._margins.params(self._solved(mean))
            margins = self._margins.along(params)
            largest = margins[self._is_outside].max(initial=0.0)
            if largest <= max(FEASIBLE, self._margins.rounding):
                return None  # columns that depend on one another, up to rounding
            margins /= largest
            violation = np.where(self._is_outside, np.maximum(-margins, 0), 0.0)
            violation += np.where(self._is_inside, np.abs(margins), 0.0)
            violated = violation > ZERO
            new = violated & ~self._known
            if not new.any():
                is_one = not violated.any() and bool((margins[wanted] > ZERO).any())
                return Separating(params / largest, margins) if is_one else None
            self._learn(_least(-violation, new, self._at_once))

    def _solved(self, mean: Array) -> Array:
        """Return the entries of the direction that the programme finds, flat."""
        outside = self._margins.matrix(Conditions.where(self._known & self._is_outside))
        inside = self._margins.matrix(Conditions.where(self._known & self._is_inside))
        size = np.abs(mean).max(initial=0.0)
        answer = linprog(
            -mean / (size if size > 0 else 1.0),
            A_ub=-outside,
            b_ub=np.zeros(outside.shape[0]),
            A_eq=inside if inside.shape[0] else None,
            b_eq=np.zeros(inside.shape[0]) if inside.shape[0] else None,
            bounds=(-1, 1),
            method="highs",
            options={
                "primal_feasibility_tolerance": FEASIBLE,
                "dual_feasibility_tolerance": FEASIBLE,
            },
        )
        if answer.x is None:
            raise UndecidedError(
                "the linear programme that decides about separation ended without a solution: "
                f"{answer.message}"
            )
        return np.asarray(answer.x)


def _least(values: Any, mask: NDArray[np.bool_], n: int) -> Conditions:
    """Return the conditions of a mask with the least values, at most ``n``.

    ``values`` and ``mask`` have shape ``(n_classes, n_rows)``; without values the conditions are
    spread evenly.
    """
    conditions = Conditions.where(mask)
    if len(conditions) <= n:
        return conditions
    if values is None:
        chosen = np.linspace(0, len(conditions) - 1, n).astype(np.intp)
    else:
        chosen = np.argpartition(values[mask], n)[:n]
    return Conditions(conditions.rows[chosen], conditions.classes[chosen])
