"""The penalties that a cross-validation tries, and which of them it chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.solvers.options import is_integer

LOWEST, HIGHEST = -4, 4  # powers of ten, as in LogisticRegressionCV

Choice = tuple[int, int]
"""Where a penalty is in ``l1_ratios`` and ``Cs``."""


@dataclass(frozen=True)
class PenaltyGrid:
    """Every C with every share of L1."""

    Cs: NDArray[np.float64]
    l1_ratios: NDArray[np.float64]

    @classmethod
    def of(cls, Cs: Any, l1_ratios: Any) -> PenaltyGrid:
        """Return what the parameters stand for, or raise an error that names the wrong one."""
        is_number = is_number_of_penalties(Cs)
        grid = np.logspace(LOWEST, HIGHEST, int(Cs)) if is_number else listed_Cs(Cs)
        shares = _numbers("l1_ratios", l1_ratios)
        if not ((shares >= 0) & (shares <= 1)).all():
            raise ValueError(f"l1_ratios={l1_ratios!r} must be numbers in [0, 1].")
        return cls(grid, shares)

    def from_strongest(self) -> NDArray[np.intp]:
        """Return the order of the Cs that begins with the strongest penalty."""
        return np.argsort(self.Cs, kind="stable")

    def best(self, scores: NDArray[np.float64]) -> Choice:
        """Return the penalty with the best mean score over the first axis, the folds.

        Of several, that with the smallest C, and of those the first in ``l1_ratios``.
        """
        means = scores.mean(axis=0)
        order = self.from_strongest()
        number, share = np.unravel_index(
            np.argmax(np.nan_to_num(means[:, order].T, nan=-np.inf)), means.T.shape
        )
        return int(share), int(order[number])

    def within_one_standard_error(self, scores: NDArray[np.float64]) -> Choice:
        """Return the smallest C whose mean score is within one standard error of the best.

        Of several shares of L1 with that C, the one that scores best.
        """
        best = self.best(scores)
        means = scores.mean(axis=0)
        enough = means[best] - standard_errors(scores)[best]
        for number in self.from_strongest():
            share = int(np.argmax(np.nan_to_num(means[:, number], nan=-np.inf)))
            if means[share, number] >= enough:
                return share, int(number)
        return best


def standard_errors(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard error of the mean over the folds, the first axis; 0 of a single fold."""
    n_folds = len(scores)
    if n_folds == 1:
        return np.zeros(scores.shape[1:])
    return np.asarray(scores.std(axis=0, ddof=1) / np.sqrt(n_folds))


def is_number_of_penalties(Cs: Any) -> bool:
    """Whether ``Cs`` says how many penalties, and not which; an error if there are none."""
    if not is_integer(Cs):
        return False
    if Cs < 1:
        raise ValueError(f"Cs={Cs!r} is no number of penalties: it must be positive.")
    return True


def listed_Cs(Cs: Any) -> NDArray[np.float64]:
    """Return penalties given one by one, in the order given."""
    listed = _numbers("Cs", Cs)
    if not (listed > 0).all():
        raise ValueError(f"Cs={Cs!r} must be positive numbers; numpy.inf is no penalty.")
    return listed


def _numbers(name: str, values: Any) -> NDArray[np.float64]:
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}={values!r} must hold numbers: {error}") from error
    if numbers.ndim != 1 or len(numbers) == 0:
        raise ValueError(f"{name}={values!r} must be a list of at least one number.")
    return numbers
