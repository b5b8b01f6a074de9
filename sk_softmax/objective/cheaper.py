"""Cheaper objectives with nearly the same optimum, for a fit to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sk_softmax.interfaces import Rows
from sk_softmax.objective.regression import RegressionObjective
from sk_softmax.objective.sampling import spread_out

# A sample of the rows: one in so many, and so many a parameter that the optimum of the sample is
# close to that of all. If that takes more than one in FEWEST_LEFT_OUT, or too many bytes, none.
SAMPLE_SHARE, FEWEST_LEFT_OUT = 16, 8
ROWS_PER_PARAMETER = 20
SAMPLE_BYTES = 2**25

# Float32 rows give about seven digits of the value.
NARROW_TRUST = 1e-5

# Iterations on each at most, in case it leads nowhere.
MOST_ON_SAMPLE, MOST_ON_NARROWED = 50, 1000

# Features that float32 has at least three digits for, and whose squares it can hold.
RESOLVED, SMALLEST, LARGEST = 1e-4, 1e-15, 1e15
ROWS_CHECKED, NUMBERS_CHECKED = 512, 2**18

# Below so many numbers the rows are in cache, and there is little to save.
FEWEST_NUMBERS = 2**18


@dataclass(frozen=True)
class Cheaper:
    """An objective that costs less than another, with nearly the same optimum."""

    objective: RegressionObjective

    trust: float
    """The relative suboptimality down to which it stands for the other."""

    max_iter: int
    """Iterations after which to leave it in any case."""

    has_all_rows: bool
    """Whether its values can be compared with those of the other."""


def cheaper_objectives(
    objective: RegressionObjective, *, with_sample: bool = True
) -> list[Cheaper]:
    """Return objectives that pay off before this one, the cheapest first.

    First a sample of the rows, where there are far more rows than parameters; then the rows of
    float64 narrowed to float32, which takes about half the time. The objective has its curvature
    measured on the cheapest of them.

    Parameters
    ----------
    objective : RegressionObjective
        What is minimised.
    with_sample : bool, default=True
        Whether a sample is wanted too.
    """
    found: list[Cheaper] = []
    if not _pay_off(objective.rows):
        return found
    sample = _sample(objective) if with_sample else None
    if sample is not None:
        found.append(sample)
    if objective.rows.dtype == np.float64:
        found.append(_narrowed(objective))
        found[-1].objective.measure_on([c.objective for c in found[:-1]])
    objective.measure_on([c.objective for c in found])
    return found


def cheaper_together(objectives: Sequence[RegressionObjective]) -> list[Cheaper]:
    """Return several objectives, on the same rows, with these narrowed to float32; or none."""
    rows = objectives[0].rows
    if rows.dtype != np.float64 or not _pay_off(rows):
        return []
    narrow = [_narrowed(objective) for objective in objectives]
    for objective, cheaper in zip(objectives, narrow, strict=True):
        objective.measure_on([cheaper.objective])
    return narrow


def _sample(objective: RegressionObjective) -> Cheaper | None:
    """Return the objective on a sample of its rows, None where that does not pay off."""
    rows, penalty = objective.rows, objective.penalty
    n_parameters = int(np.prod(objective.shape))
    n_sampled = max(rows.n_rows // SAMPLE_SHARE, ROWS_PER_PARAMETER * n_parameters)
    fits = 8 * n_sampled * rows.n_features <= SAMPLE_BYTES
    is_few = FEWEST_LEFT_OUT * n_sampled <= rows.n_rows
    if not (fits and is_few and penalty.is_smooth and penalty.is_strongly_convex):
        return None
    indices = spread_out(rows.n_rows, n_sampled)
    sample = objective.on(rows.copied(indices), indices)
    # The mean log-likelihood of a maximum likelihood fit is on average too high by half a
    # parameter a row (Akaike, 1974, IEEE Transactions on Automatic Control 19).
    trust = 0.5 * n_parameters / n_sampled
    return Cheaper(sample, trust, MOST_ON_SAMPLE, has_all_rows=False)


def _narrowed(objective: RegressionObjective) -> Cheaper:
    narrow = objective.on(objective.rows.narrowed())
    return Cheaper(narrow, NARROW_TRUST, MOST_ON_NARROWED, has_all_rows=True)


def _pay_off(rows: Rows) -> bool:
    """Whether there is something to save, and float32 can hold the rows."""
    is_large = rows.n_rows * rows.n_features >= FEWEST_NUMBERS
    return is_large and (rows.dtype != np.float64 or _bear_narrowing(rows))


def _bear_narrowing(rows: Rows) -> bool:
    """Whether float32 can tell the values of each feature apart, going by a sample of the rows.

    It cannot where values are all but equal beside their size, like dates in seconds within a
    day, nor where squares overflow or underflow.
    """
    n_checked = min(rows.n_rows, ROWS_CHECKED, max(NUMBERS_CHECKED // rows.n_features, 2))
    design = rows.take(spread_out(rows.n_rows, n_checked)).design()
    varies = (design != design[0]).any(axis=0)
    values = design[:, varies]
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        square = np.mean(values**2, axis=0)
        told_apart = values.std(axis=0) > RESOLVED * np.sqrt(square)
        in_range = (square > SMALLEST**2) & (square < LARGEST**2)
    return bool(told_apart.all() and in_range.all())
