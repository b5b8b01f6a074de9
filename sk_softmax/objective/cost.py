"""What it costs to measure curvature, in evaluations of the objective.

All constants are ratios to one multiplication or addition in the skinny products of an evaluation,
``W X'`` and ``R X``. They were measured on one core of an AMD EPYC of the fourth generation with
OpenBLAS's kernels for AVX-512, in float32, and carry over where ratios do: there an evaluation
does 40 such operations in a nanosecond, symmetric products ``X' X`` 115, and a Cholesky factor of
785 columns with its inverse 45.
"""

from __future__ import annotations

# An evaluation, ``4 n K p`` operations in two products, takes 0.25 ms more in Python: for block,
# solver and record.
EVALUATION = 1e7

# An operation of a Gram matrix; there are ``n p^2``, because the matrix is symmetric. The copy of
# the rows that are multiplied by their weights is part of it.
GRAM = 0.35

# A factor and its inverse: what grows with ``p^3`` and ``p^2``, copies and checks of the matrix
# among the latter, and what a matrix takes in Python (0.1 ms). Measured for 17, 65, 201, 361 and
# 785 columns.
FACTOR_CUBED, FACTOR_SQUARED, MATRIX = 0.27, 450.0, 4e6

# To decide whether a row is drawn, for each row and matrix: 15 ns when the rules that use these
# costs were measured, and 4 since a floor has taken the place of a remainder.
DRAW = 600.0


def evaluations(
    n_rows: int, n_outputs: int, n_columns: int, n_matrices: int, n_drawn: float
) -> float:
    """Return how many evaluations take as long as to measure and factor Gram matrices.

    Parameters
    ----------
    n_rows, n_outputs, n_columns : int
        The size of the problem.
    n_matrices : int
        How many matrices there are, of ``(n_columns, n_columns)``.
    n_drawn : float
        On how many of the rows each is measured.
    """
    pass_over_rows = 4.0 * n_rows * n_outputs * n_columns
    products = GRAM * n_drawn * n_columns**2
    factors = FACTOR_CUBED * n_columns**3 + FACTOR_SQUARED * n_columns**2 + MATRIX
    draws = DRAW * n_rows if n_drawn < n_rows else 0.0
    measurement = pass_over_rows / 2 + n_matrices * (products + factors + draws)
    return measurement / (pass_over_rows + EVALUATION)
