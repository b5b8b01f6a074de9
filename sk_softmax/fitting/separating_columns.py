"""Single columns that tell a class from all others: one pass finds them among any number."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.fitting.margins import most_probable
from sk_softmax.interfaces import Array, Block
from sk_softmax.objective import DataTerm


def tells_a_class_apart(data: DataTerm, free: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which columns separate on their own, shape ``(n_columns,)``.

    A column does so if its values in some class are all on one side of its values in the others,
    or at their end, and are not all equal: then the coefficient of that class has no finite
    estimate. A category that never occurs with some class, or with one class alone, is such a
    column. With targets that are no labels none is found.

    Parameters
    ----------
    data : DataTerm
        Rows, targets and weights.
    free : ndarray of bool, shape (n_columns,)
        The columns to look at. Without an intercept the sides are those of zero.
    """
    has_intercept = data.rows.n_columns > data.rows.n_features
    separates = np.zeros(len(free), dtype=bool)
    if not data.are_labels:
        return separates
    of_parts = data.ask(extremes_of_classes)
    lowest, highest = np.min(of_parts[0], axis=0), np.max(of_parts[1], axis=0)
    for k in np.flatnonzero(np.isfinite(lowest).all(axis=1)):
        others = np.arange(len(lowest)) != k
        low, high = lowest[others].min(axis=0), highest[others].max(axis=0)
        differs = np.maximum(highest[k], high) > np.minimum(lowest[k], low)
        if has_intercept:
            is_apart = (lowest[k] >= high) | (highest[k] <= low)
        else:
            is_apart = (lowest[k] >= 0) & (high <= 0) | (highest[k] <= 0) & (low >= 0)
        separates |= is_apart & differs
    return separates & free


def extremes_of_classes(data: DataTerm) -> tuple[Any, ...]:
    """Question: the least and the largest value of each column, by class of the row.

    Two lists of an array of shape ``(n_classes, n_columns)``; infinite, of the wrong sign, for a
    class without weight.
    """
    n_classes, n_columns = data.loss.n_classes, data.rows.n_columns

    def term(block: Block) -> tuple[tuple[Any, ...], Any]:
        own = most_probable(data, block)
        if data.relative_weight is not None:
            own = np.where(data.relative_weight[block.rows] > 0, own, -1)
        extremes = np.full((2, n_classes, n_columns), np.inf)
        extremes[1] = -np.inf
        for k in np.unique(own[own >= 0]):
            part = block.part(np.flatnonzero(own == k), np.arange(n_columns))
            extremes[0, k], extremes[1, k] = _flat(part.min(axis=0)), _flat(part.max(axis=0))
        return (), extremes

    _, extremes = data.rows.collect(term)
    lowest = np.min([of_block[0] for of_block in extremes], axis=0)
    return [lowest], [np.max([of_block[1] for of_block in extremes], axis=0)]


def _flat(values: Any) -> Array:
    """Return values of shape ``(n_columns,)``, which may be sparse, as an array."""
    return np.asarray(values.toarray().ravel() if sp.issparse(values) else values)
