"""Cheaper objectives with nearly the same optimum: a fit begins with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.regression import RegressionObjective

# A sample holds one row in SAMPLE_SHARE, but at least ROWS_PER_PARAMETER rows for each parameter,
# so that its optimum is close to the optimum on all rows. There is no sample if it would hold more
# than one row in FEWEST_LEFT_OUT, or more than SAMPLE_BYTES bytes (32 MiB, counted in float64).
SAMPLE_SHARE, FEWEST_LEFT_OUT = 16, 8
ROWS_PER_PARAMETER = 20
SAMPLE_BYTES = 2**25

# Relative suboptimality down to which rows in float32 are used: they give about seven digits of
# the value.
NARROW_TRUST = 1e-5

# The most iterations on a sample and on rows in float32, in case they come no closer.
MOST_ON_SAMPLE, MOST_ON_NARROWED = 50, 1000

# A column may be narrowed to float32 if its standard deviation is at least RESOLVED of its root
# mean square, and if its root mean square lies between SMALLEST and LARGEST, so that float32 can
# hold its squares. In float32 the sum of squares of a column 10 deviations from zero loses 6e-6 of
# what the column varies by, and farther ones more than nearly dependent columns may have of their
# own. Without an intercept, which would absorb a shift, fits to 8,000 x 40 of those ended 1e-4
# above the optimum at 300 deviations, as converged with tol=1e-6, and to 3,000 x 500 took 90
# iterations for 20 at 30. Checked on ROWS_CHECKED rows, or on fewer with NUMBERS_CHECKED numbers.
RESOLVED, SMALLEST, LARGEST = 0.1, 1e-15, 1e15
ROWS_CHECKED, NUMBERS_CHECKED = 512, 2**18

# An objective has cheaper ones if its rows have FEWEST_NUMBERS numbers, n_rows * n_features, which
# take 2 MiB in float64. Fewer stay in cache, and have some only if an evaluation takes LEAST_WORK:
# n_rows * n_outputs, multiplied by n_features and by LOGIT more, for what is done to each logit
# beside the two products. To make them takes 0.3 to 0.5 ms. Milliseconds of a fit to tol=1e-4
# (1e-6 where rows are made up), on one loaded thread, by work:
#                                 work    float64   float32 first
#   990 x 10, 11 classes        0.28e6        4.8             5.1
#   2,000 x 30, 5 classes       0.46e6        6.6            10.2
#   segment                     0.57e6       28.4            22.5
#   8,000 x 8, 3 classes        0.58e6        9.2             6.7
#   16,000 x 4, 3 classes       0.96e6       11.5             8.1
#   digits, standardised        1.44e6       28.3            20.9
#   pendigits                   3.52e6       68              47
# Folds that are evaluated together are not narrowed for their work: each ends with evaluations of
# its own in float64. Cross-validations of digits took 204 ms for 195, standardised 247 for 223.
# But their curvature is measured on narrowed rows: a matrix of digits takes 0.16 ms for 0.33.
FEWEST_NUMBERS, LEAST_WORK, LOGIT = 2**18, 2**19, 16


@dataclass(frozen=True)
class Cheaper:
    """An objective that costs less than the one asked for, with nearly the same optimum."""

    objective: RegressionObjective

    trust: float
    """The relative suboptimality down to which its optimum is used for that asked for."""

    max_iter: int
    """Iterations after which the fit goes on to the next objective in any case."""

    has_all_rows: bool
    """Whether no row is left out, so that its values can be compared with those asked for."""


def cheaper_objectives(
    objective: RegressionObjective, *, with_sample: bool = True
) -> list[Cheaper]:
    """Return cheaper objectives that pay off before this one, the cheapest first.

    The first is on a sample of the rows, if there are far more rows than parameters. The second is
    on rows in float64 narrowed to float32, which take about half the time. From then on the
    curvature of the objective is measured on the cheapest of them.

    Parameters
    ----------
    objective : RegressionObjective
        The objective asked for.
    with_sample : bool, default=True
        Whether to include a sample.
    """
    found: list[Cheaper] = []
    data = objective.data
    is_large = _has_many_numbers(data) or _takes_work(data)
    if not (is_large and fits_float32(data)):
        return found
    sample = _sample(objective) if with_sample else None
    if sample is not None:
        found.append(sample)
    # Where rows are read anew, to read them takes longer than what is computed from them.
    if objective.rows.dtype == np.float64 and not data.is_read_anew:
        found.append(_narrowed(objective))
        found[-1].objective.measure_on([c.objective for c in found[:-1]])
    objective.measure_on([c.objective for c in found])
    return found


def cheaper_together(objectives: Sequence[RegressionObjective]) -> list[Cheaper]:
    """Return several objectives, on the same rows, narrowed to float32, which can hold them.

    From then on each has its curvature measured on its narrowed rows. An empty list if nothing
    else is cheaper on them.
    """
    narrow = [_narrowed(objective) for objective in objectives]
    for objective, cheaper in zip(objectives, narrow, strict=True):
        objective.measure_on([cheaper.objective])
    return narrow if _has_many_numbers(objectives[0].data) else []


def is_worth_narrowing(objective: RegressionObjective) -> bool:
    """Whether float32 saves time in several objectives like this one, if it can hold the rows."""
    data = objective.data
    is_measured = objective.penalty.is_smooth and _takes_work(data)
    return data.rows.dtype == np.float64 and (is_measured or _has_many_numbers(data))


def _sample(objective: RegressionObjective) -> Cheaper | None:
    """Return the objective on a sample of its rows; None if that does not pay off."""
    data, rows, penalty = objective.data, objective.rows, objective.penalty
    n_parameters = int(np.prod(objective.shape))
    n_sampled = rows.n_rows // SAMPLE_SHARE
    if data.is_read_anew:  # a smaller share of many rows spares passes too
        n_sampled = min(n_sampled, SAMPLE_BYTES // (8 * rows.n_features))
    n_sampled = max(n_sampled, ROWS_PER_PARAMETER * n_parameters)
    fits = 8 * n_sampled * rows.n_features <= SAMPLE_BYTES
    is_few = FEWEST_LEFT_OUT * n_sampled <= rows.n_rows
    if not (fits and is_few and penalty.is_smooth and penalty.is_strongly_convex):
        return None
    sample = objective.of_data(data.sampled(n_sampled))
    # On average the mean log-likelihood of a maximum likelihood fit is too high by half the number
    # of parameters divided by that of rows (Akaike, 1974, IEEE Transactions on Automatic Control
    # 19).
    trust = 0.5 * n_parameters / n_sampled
    return Cheaper(sample, trust, MOST_ON_SAMPLE, has_all_rows=False)


def _narrowed(objective: RegressionObjective) -> Cheaper:
    """Return the objective on its rows narrowed to float32."""
    narrow = objective.on(objective.rows.narrowed())
    return Cheaper(narrow, NARROW_TRUST, MOST_ON_NARROWED, has_all_rows=True)


def _has_many_numbers(data: DataTerm) -> bool:
    """Whether the rows are too large to stay in cache."""
    return data.n_rows * data.n_features >= FEWEST_NUMBERS


def _takes_work(data: DataTerm) -> bool:
    """Whether an evaluation takes so long that a cheaper one saves time."""
    n_outputs, _ = data.shape
    return data.n_rows * n_outputs * (data.n_features + LOGIT) >= LEAST_WORK


def fits_float32(data: DataTerm) -> bool:
    """Whether the rows are in float32 already, or can be narrowed to it."""
    return data.rows.dtype != np.float64 or _can_be_narrowed(data)


def _can_be_narrowed(data: DataTerm) -> bool:
    """Whether float32 can tell the values of each feature apart, judged by a sample of the rows.

    It cannot if values differ by little compared with their size, like a year or a date. It cannot
    either if squares overflow or underflow.
    """
    n_checked = min(data.n_rows, ROWS_CHECKED, max(NUMBERS_CHECKED // data.n_features, 2))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        square, deviation = data.square_and_deviation(n_checked)
        told_apart = deviation > RESOLVED * np.sqrt(square)
        in_range = (square > SMALLEST**2) & (square < LARGEST**2)
    return bool(told_apart.all() and in_range.all())
