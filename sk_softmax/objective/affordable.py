"""What a measurement of curvature may cost: rows a matrix, and whether each class has its own."""

from __future__ import annotations

from sk_softmax.objective import cost
from sk_softmax.objective.data_term import DataTerm

# There is one matrix per class if all of them take at most as long to measure and factor as
# AFFORDABLE evaluations and those already made, and hold at most MOST_NUMBERS numbers (64 MiB).
# A fit that ends soon does not pay for them: on the first 1,000 rows of MNIST, where they take 150
# evaluations, a fit took 0.28 s with a shared matrix and 0.76 s with one a class. A fit that goes
# on does: on the first 10,000 (24 evaluations) it took 1.73 s (89 iterations) with a shared one,
# 1.28 s (28) with one a class from iteration 5 on, and 0.96 s (30) from iteration 15 on. Cheaper
# ones are better sooner: 4,000 rows of 300 columns (13 evaluations) took 0.15 s from iteration 5
# on and 0.19 s from iteration 15 on.
AFFORDABLE = 8
MOST_NUMBERS = 2**23

# A sampled Gram matrix is measured on the larger of two numbers of rows: some for each column,
# enough for its accuracy, and EVALUATIONS n_rows / n_columns, which cost as much as two
# evaluations. With a shared matrix standardised MNIST to 1e-3 with three different draws took 8 to
# 13 seconds with 3 rows per column and 7 to 9 with 6. With a matrix a class, where 2 rows per
# column take as long as the factor, the first 10,000 rows of MNIST took 30, 28, 27, 27 iterations
# with 1, 2, 3, 6. A shared one is measured on SHARED_ON times as many.
ROWS_PER_COLUMN, SHARED_ON = 2, 3
EVALUATIONS = 20

# Where several fits share a measurement it may cost as many times as much, up to SHARED_ROWS rows
# for each column. With ten penalties and five folds standardised digits (1,797 x 64) took 297, 257
# and 191 iterations from 8, 12 and 16 rows a column; the last are all rows. Beyond that it does
# not pay: optdigits (5,620 x 64), which have 27 in any case, took 390 iterations, and 386 from all
# rows, in 7.4 ms a measurement for 4.1.
SHARED_ROWS = 16

# The most rows drawn for all matrices together. Their numbers and weights, up to 32 MiB, are kept
# until the matrices are summed.
MOST_DRAWN = 2**21


def rows_drawn(data: DataTerm, n_matrices: int, n_sharing: int = 1) -> float:
    """Return on how many rows each of these Gram matrices is measured, for so many fits."""
    n_rows, (_, n_columns) = data.n_rows, data.shape
    per_column = ROWS_PER_COLUMN * (SHARED_ON if n_matrices == 1 else 1)
    cheap = EVALUATIONS * n_rows / n_columns
    wanted = max(per_column * n_columns, cheap)
    if n_sharing > 1:
        wanted = max(wanted, min(SHARED_ROWS * n_columns, n_sharing * cheap))
    wanted = min(wanted, MOST_DRAWN / n_matrices)
    return float(wanted if 2 * wanted < n_rows else n_rows)


def can_afford_one_a_class(data: DataTerm, evaluations: float, stands_for: float) -> bool:
    """Whether one matrix per class is worth its time, and fits in memory.

    A fit has made so many evaluations, each on ``stands_for`` times as many rows as ``data`` has.
    """
    n_outputs, n_columns = data.shape
    if n_outputs * n_columns**2 > MOST_NUMBERS:
        return False
    n_drawn = rows_drawn(data, n_outputs)
    taken = cost.evaluations(data.n_rows, n_outputs, n_columns, n_outputs, n_drawn)
    return taken <= AFFORDABLE * stands_for + evaluations
