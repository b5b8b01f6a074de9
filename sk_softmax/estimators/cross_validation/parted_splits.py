"""From ``cv`` to a split of rows in parts, which no part has to bring together."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, check_cv

from sk_softmax.fitting.folds_in_parts import tallies_of
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.row_splits import BlocksOfRows, RowSplit, Stratified


def row_split(cv: Any, training: PartedTrainingSet) -> RowSplit:
    """Return the split of rows in parts that scikit-learn's splitter would make of all rows.

    Parameters
    ----------
    cv : int, KFold, StratifiedKFold or None
        The number of folds, stratified; or a splitter without ``shuffle``. None means 5.
    training : PartedTrainingSet
        The rows. Probability targets are split by the most probable class.

    Raises
    ------
    ValueError
        If it is another splitter, which may need all rows together, or has too many folds.
    """
    # Each class twice: as scikit-learn sees labels, of which a few belong to a class.
    splitter = check_cv(cv, np.repeat(training.classes, 2), classifier=True)
    is_known = type(splitter) in (KFold, StratifiedKFold) and not splitter.shuffle
    if not is_known:
        raise ValueError(
            f"cv={cv!r} may need all rows together, and they lie in parts: give a number of "
            "folds, KFold(n) (blocks of rows) or StratifiedKFold(n) (counts of each class), both "
            "without shuffle."
        )
    n_folds, n_rows = splitter.n_splits, training.summary.n_rows
    if n_folds > n_rows:
        raise ValueError(
            f"Cannot have number of splits n_splits={n_folds} greater than the number of samples: "
            f"n_samples={n_rows}."
        )
    if isinstance(splitter, StratifiedKFold):
        return _stratified(n_folds, training)
    return BlocksOfRows(n_rows, n_folds)


def _stratified(n_folds: int, training: PartedTrainingSet) -> Stratified:
    """Return the split by counts, after the checks of ``StratifiedKFold``."""
    tallies = tallies_of(training)
    counts = np.array([tally.counts for tally in tallies])
    n_rows = np.array(training.rows_of_parts)
    before = np.cumsum(n_rows) - n_rows
    first = np.array([tally.first for tally in tallies])
    first_rows = np.where(counts > 0, before[:, None] + first, n_rows.sum()).min(axis=0)
    of_class = counts.sum(axis=0)
    sizes = of_class[of_class > 0]
    if (sizes < n_folds).all():
        raise ValueError(
            f"n_splits={n_folds} cannot be greater than the number of members in each class."
        )
    if sizes.min() < n_folds:
        warnings.warn(
            f"The least populated class in y has only {sizes.min()} members, which is less than "
            f"n_splits={n_folds}.",
            UserWarning,
            stacklevel=5,
        )
    return Stratified.of(n_folds, counts, first_rows)
