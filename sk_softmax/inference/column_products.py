"""The same sums for few columns, by one matrix product: class weights times column products.

The information and the products of scores are sums of ``w_i C_i (x) z_i z_i'``, with a symmetric
matrix ``C_i`` among the classes. So all of them are in the product of the distinct entries of
``C_i``, a row for each pair of classes, with the distinct products of two columns. That takes half
the multiplications of products of all classes and columns, and its partial sums a quarter of
their memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sk_softmax.interfaces import Array

# Columns up to which it is used. On 20,000 x 50 with 10 classes it took 0.4 s where the product of
# all classes and columns took 0.7 s, on 100,000 x 10 with 7 classes 0.13 and 0.24 s.
FEW_COLUMNS = 64

# Rows that are multiplied at a time: each thread has products of its own, 1 MiB in float64, or
# more where these rows are few. On 100,000 x 10 with 7 classes a sum took 66 to 70 ms so, 82 with
# 2 MiB and 120 with 256 KiB; with two classes 32, 32 and 50.
PRODUCTS_AT_ONCE, FEW_ROWS = 2**17, 128


def rows_at_once(n_columns: int) -> int:
    """Return how many rows of so many columns to multiply at a time."""
    return max(2 * PRODUCTS_AT_ONCE // (n_columns * (n_columns + 1)), FEW_ROWS)


def class_weights(factors: Sequence[Any], rows: slice) -> Array:
    """Return the distinct entries of ``C_i`` of some rows, shape ``(n_pairs, n_rows)``.

    Each factor has values ``v``, of shape ``(n_classes - 1, n_rows)``, whose products ``v v'`` are
    added or subtracted, and which with ``diagonal`` are added to the diagonal themselves.
    """
    total: Array | None = None
    for factor in factors:
        values = factor.at(rows)
        products = distinct_products(values)
        products *= factor.sign
        if factor.diagonal:
            first, second = np.triu_indices(len(values))
            products[first == second] += values
        total = products if total is None else total + products
    assert total is not None
    return total


def distinct_products(columns: Array) -> Array:
    """Return the products of each column with itself and those that follow.

    From shape ``(n_columns, n_rows)`` to ``(n_columns (n_columns + 1) / 2, n_rows)``.
    """
    n = len(columns)
    products = np.empty((n * (n + 1) // 2, columns.shape[1]))
    first = 0
    for number in range(n):
        last = first + n - number
        np.multiply(columns[number:], columns[number], out=products[first:last])
        first = last
    return products


def assembled(sums: Array, n_others: int, n_kept: int) -> Array:
    """Return the matrix of all parameters, from its distinct entries.

    From shape ``(n_pairs, n_kept (n_kept + 1) / 2)`` to ``(n_parameters, n_parameters)``. Blocks
    below the diagonal are zero.
    """
    matrix = np.zeros((n_others, n_kept, n_others, n_kept))
    upper = np.triu_indices(n_kept)
    pairs = zip(*np.triu_indices(n_others), strict=True)
    for (first, second), entries in zip(pairs, sums, strict=True):
        block = matrix[first, :, second]  # a view
        block[upper] = entries
        block.T[upper] = entries
    return matrix.reshape(n_others * n_kept, -1)
