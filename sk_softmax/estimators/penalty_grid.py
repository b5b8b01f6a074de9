"""The penalties that a cross-validation tries, and the choice among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.solvers.options import is_integer

# Exponents of ten of the first and the last C if Cs is a number, as in LogisticRegressionCV.
LOWEST, HIGHEST = -4, 4

Choice = tuple[int, int]
"""The index of a penalty in ``l1_ratios``, and that in ``Cs``."""

RULES = ("best", "one_standard_error")
"""Values of ``rule``, which says how a penalty is chosen."""


@dataclass(frozen=True)
class PenaltyGrid:
    """All pairs of a C, shape ``(n_Cs,)``, and a share of L1, shape ``(n_l1_ratios,)``."""

    Cs: NDArray[np.float64]
    l1_ratios: NDArray[np.float64]

    @classmethod
    def of(cls, Cs: Any, l1_ratios: Any) -> PenaltyGrid:
        """Return the grid for these parameters; an error names the wrong parameter."""
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
        """Return the penalty with the best mean score over the folds.

        ``scores`` has shape ``(n_folds, n_l1_ratios, n_Cs)``. Of equal scores the one with the
        smallest C is best, and of those the first in ``l1_ratios``. Scores of NaN are left out.
        """
        means = mean_scores(scores)
        order = self.from_strongest()
        nth, i_ratio = np.unravel_index(
            np.argmax(np.nan_to_num(means[:, order].T, nan=-np.inf)), means.T.shape
        )
        return int(i_ratio), int(order[nth])

    def within_one_standard_error(self, scores: NDArray[np.float64]) -> Choice:
        """Return the smallest C whose mean score is within one standard error of the best.

        ``scores`` has shape ``(n_folds, n_l1_ratios, n_Cs)``. Of several shares of L1 with that C,
        the one with the best score is returned.
        """
        best = self.best(scores)
        means = mean_scores(scores)
        enough = means[best] - standard_errors(scores)[best]
        for i_C in self.from_strongest():
            i_ratio = int(np.argmax(np.nan_to_num(means[:, i_C], nan=-np.inf)))
            if means[i_ratio, i_C] >= enough:
                return i_ratio, int(i_C)
        return best


def check_rule(rule: Any, refit: Any) -> None:
    """Raise an error if ``rule`` or ``refit`` has an impossible value, or both contradict."""
    if not isinstance(refit, bool | np.bool_):
        raise ValueError(f"refit={refit!r} must be True or False.")
    if rule not in RULES:
        raise ValueError(f"rule={rule!r} must be one of {', '.join(map(repr, RULES))}.")
    if rule != "best" and not refit:
        raise ValueError(
            f"rule={rule!r} chooses one penalty for all rows, so it needs refit=True; with "
            "refit=False every fold takes the one that is best for it."
        )


def mean_scores(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the folds, which are the first axis, of all scores but NaN.

    It is NaN if no fold has a score.
    """
    known = ~np.isnan(scores)
    n_known = known.sum(axis=0)
    totals = np.where(known, scores, 0).sum(axis=0)
    return np.where(n_known > 0, totals / np.maximum(n_known, 1), np.nan)


def standard_errors(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard error of :func:`mean_scores`.

    It is 0 if a single fold has a score, and NaN if none has.
    """
    known = ~np.isnan(scores)
    n_known = known.sum(axis=0)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        squares = np.where(known, scores - mean_scores(scores), 0) ** 2
    variances = squares.sum(axis=0) / np.maximum(n_known - 1, 1)
    return np.where(n_known > 0, np.sqrt(variances) / np.sqrt(np.maximum(n_known, 1)), np.nan)


def is_number_of_penalties(Cs: Any) -> bool:
    """Whether ``Cs`` is a number of penalties and not a list; an error if it is below 1."""
    if not is_integer(Cs):
        return False
    if Cs < 1:
        raise ValueError(f"Cs={Cs!r} is not a number of penalties: it must be positive.")
    return True


def listed_Cs(Cs: Any) -> NDArray[np.float64]:
    """Return penalties given as a list, in the order given, shape ``(n_Cs,)``."""
    listed = _numbers("Cs", Cs)
    if not (listed > 0).all():
        raise ValueError(f"Cs={Cs!r} must be positive numbers; numpy.inf is no penalty.")
    return listed


def _numbers(name: str, values: Any) -> NDArray[np.float64]:
    """Return a list of at least one number as an array; an error names the parameter."""
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}={values!r} must hold numbers: {error}") from error
    if numbers.ndim != 1 or len(numbers) == 0:
        raise ValueError(f"{name}={values!r} must be a list of at least one number.")
    return numbers
