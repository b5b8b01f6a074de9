"""From the splits of a cross-validation to folds: the rows to train on and the rows to score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.fold_path import AnyFolds, FoldFit
from sk_softmax.fitting.folded_set import Fold, given_of_present
from sk_softmax.fitting.folds_in_parts import FoldInParts
from sk_softmax.fitting.folds_on_device import FoldOnDevice, Split
from sk_softmax.fitting.settings import Weights
from sk_softmax.interfaces import Array, Evaluation, Solution, Status


def folds_of(
    splits: Sequence[tuple[Any, Any]], given: Any, weights: Weights | None, n_classes: int
) -> list[Fold]:
    """Return the folds for pairs of training and test rows.

    Parameters
    ----------
    splits : sequence of pairs of array-likes
        Indices or masks of the rows to train on and to score.
    given : ndarray of int, shape (n_rows,), or ndarray of float, shape (n_rows, n_classes)
        Labels as numbers, or probabilities.
    weights : ndarray of shape (n_rows,), or None
        Weight of each row; None if all are equal.
    n_classes : int
        Number of classes in all of the data.

    Raises
    ------
    ValueError
        If there is no split, or if a fold holds out no row or trains on no row with weight.
    """
    return [
        _fold(number, split, given, weights, n_classes)
        for number, split in enumerate(numbers_of_rows(splits))
    ]


def _fold(number: int, split: Split, given: Any, weights: Weights | None, n_classes: int) -> Fold:
    """Return the fold of one split; ``number`` is for errors."""
    train, held_out = split
    # A row that is drawn twice counts twice.
    own = np.bincount(train, minlength=len(given)).astype(np.float64)
    own = own if weights is None else own * weights
    mass = np.bincount(given, weights=own, minlength=n_classes) if given.ndim == 1 else own @ given
    present = np.flatnonzero(mass)
    check_trains(number, present)
    return Fold(own, held_out, present, given_of_present(given, present, n_classes))


def numbers_of_rows(splits: Sequence[tuple[Any, Any]]) -> list[Split]:
    """Return the numbers of the rows to train on and to score, ascending, of each split."""
    if not splits:
        raise ValueError("cv yields no split at all.")
    return [_numbers(number, split) for number, split in enumerate(splits)]


def _numbers(number: int, split: tuple[Any, Any]) -> Split:
    """Return the numbers of the rows of one split; ``number`` is for errors."""
    train, test = (_indices(part) for part in split)
    if len(test) == 0:
        raise ValueError(f"Fold {number} of cv holds out no row, so there is nothing to score.")
    return train, np.sort(test)


def check_trains(number: int, present: NDArray[np.intp]) -> None:
    """Raise an error if the fold of this number trains on none of the classes."""
    if len(present) == 0:
        raise ValueError(
            f"Fold {number} of cv trains on no row with weight: choose a cv whose folds have "
            "rows with weight, or fewer folds."
        )


def check_bounds_fit(
    bounds: Array | None,
    folds: Sequence[Fold | FoldInParts | FoldOnDevice],
    n_classes: int,
) -> None:
    """Raise an error if bounds have no meaning for a fold that misses a class.

    Parameters
    ----------
    bounds : ndarray of shape (n_features,) or (n_outputs, n_features), or None
        The lower bounds; the upper bounds have the same shape.
    folds : sequence of Fold, FoldInParts or FoldOnDevice
        All folds.
    n_classes : int
        Number of classes in all of the data.
    """
    for number, fold in enumerate(folds):
        n_present = len(fold.present)
        has_all, is_constant = n_present == n_classes, n_present == 1  # coefficients of zero
        if bounds is None or has_all or is_constant or (bounds.ndim == 1 and n_present > 2):
            continue
        raise ValueError(
            f"Fold {number} of cv trains on {n_present} of {n_classes} classes, so lower_bounds "
            "and upper_bounds have no meaning for its coefficients: give one bound per feature "
            "and choose a cv whose folds have all classes, such as StratifiedKFold."
        )


def _indices(part: Any) -> NDArray[np.intp]:
    """Return the numbers of the rows that indices or a mask select."""
    part = np.asarray(part)
    indices = np.flatnonzero(part) if part.dtype == bool else part.astype(np.intp)
    return np.asarray(indices)


def with_absent_classes(
    values: Array, present: NDArray[np.intp], n_classes: int, absent: float | Array
) -> Array:
    """Return logits or params of all classes from those of the classes present, class-major.

    ``values`` has shape ``(n_outputs, n)`` for the classes present, and the result ``(n_classes,
    n)``. ``absent`` is the row used for each absent class. If two classes are present, their
    single row of log-odds becomes one row for each of the two. If one of two classes is present,
    the result is a single row of log-odds.
    """
    if len(present) == n_classes:
        return values
    if len(present) == 2:
        values = np.concatenate([-0.5 * values, 0.5 * values])
    everything = np.empty((n_classes, values.shape[1]), dtype=values.dtype)
    everything[:] = absent
    everything[present] = values
    return everything if n_classes > 2 else everything[1:] - everything[:1]


def constant_fit(data: AnyFolds, number: int, n_columns: int) -> FoldFit:
    """Return the model of a fold that trains on one class: the class is certain, whatever the row.

    Parameters
    ----------
    data : FoldedSet, FoldsInParts or FoldsOnDevice
        The rows and the folds.
    number : int
        Number of the fold.
    n_columns : int
        Number of columns of params.
    """
    params = np.zeros((1, n_columns), data.dtype)
    here = Evaluation(0.0, np.zeros_like(params))
    solution = Solution(params, here, Status.CONVERGED, 0, 0.0)
    return FoldFit(params, data.held_out_of_constant(number), solution)
