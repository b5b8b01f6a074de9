"""A table as a user gives it, read without an estimator that checks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.fitting.settings import TrainingSet, Weights

# How far the sum of a row of probabilities may be from 1: float32 rounds to less.
SUM_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Table:
    """Rows, targets and weights, and the names of the features."""

    training: TrainingSet
    names: tuple[Any, ...]
    """Names of a frame's columns; their numbers otherwise."""


def table_of(X: Any, y: Any, sample_weight: Any = None) -> Table:
    """Return rows, targets and weights as a fit takes them.

    Parameters
    ----------
    X : array-like, frame or sparse matrix of shape (n_rows, n_features)
        The rows.
    y : array-like of shape (n_rows,) or (n_rows, n_classes)
        Labels, or the probability of each class.
    sample_weight : array-like of shape (n_rows,), optional
        Weights, not negative.

    Raises
    ------
    ValueError
        If they do not fit together, or hold text in place of numbers, NaN or infinity.
    """
    columns = _columns_of(X)
    rows = _rows(X)
    names = tuple(range(rows.shape[1])) if columns is None else tuple(columns)
    classes, given = _classes_and_targets(y)
    if len(given) != rows.shape[0]:
        raise ValueError(f"X has {rows.shape[0]} rows and y has {len(given)}.")
    weights = None if sample_weight is None else _weights(sample_weight, rows.shape[0])
    return Table(TrainingSet(rows, given, weights, classes), names)


def _columns_of(frame: Any) -> list[Any] | None:
    """Return the names of a frame's columns; None if it is none."""
    columns = getattr(frame, "columns", None)
    return None if columns is None or callable(columns) else list(columns)


def _rows(X: Any) -> Any:
    """Return X as an array, CSR or CSC matrix of float32 or float64."""
    if sp.issparse(X):
        X = X if X.format in ("csr", "csc") else X.tocsr()
        values = X.data
    else:
        try:
            X = np.asarray(X)
            X = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"X must hold numbers: {error}") from error
        values = X
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(
            f"X has shape {X.shape}, expected (n_rows, n_features) with one or more of each."
        )
    if not np.isfinite(values).all():
        raise ValueError("X contains NaN or infinity.")
    return X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)


def _classes_and_targets(y: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the sorted classes, and labels by number or probabilities of the classes."""
    names, y = _columns_of(y), np.asarray(y)
    if y.ndim == 2 and y.shape[1] > 1:
        return _probabilities(y, names)
    if y.ndim != 1 and y.shape[1:] != (1,):
        raise ValueError(f"y has shape {y.shape}, expected (n_rows,) or (n_rows, n_classes).")
    try:
        classes, labels = np.unique(y.ravel(), return_inverse=True)
    except TypeError as error:
        raise ValueError(f"y mixes labels of different types: {error}") from error
    if classes.dtype.kind == "f" and np.isnan(classes).any():
        raise ValueError("y contains NaN, which is no label.")
    if len(classes) < 2:
        raise ValueError(f"y must hold two classes or more, and holds {classes.tolist()!r}.")
    return classes, labels


def _probabilities(y: NDArray[Any], names: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the sorted classes and the probabilities of each, shape ``(n_rows, n_classes)``."""
    if y.dtype.kind not in "iufb":
        raise ValueError("A y with two dimensions holds the probability of each class.")
    classes, order = np.unique(range(y.shape[1]) if names is None else names, return_index=True)
    y = y[:, order].astype(np.float64)
    sums = y.sum(axis=1)
    wrong = ~((y >= 0).all(axis=1) & (np.abs(sums - 1) <= SUM_TOLERANCE))
    if wrong.any() or len(classes) < y.shape[1]:
        raise ValueError(
            "A y with two dimensions holds the probability of each class, in columns of different "
            f"names and rows that add up to 1. Row {int(wrong.argmax())} is "
            f"{y[int(wrong.argmax())].tolist()}."
        )
    return classes, y / sums[:, None]


def _weights(sample_weight: Any, n_rows: int) -> Weights:
    """Return weights of shape ``(n_rows,)``: finite, not negative, and not all zero."""
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n_rows,) or not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(f"sample_weight must hold {n_rows} finite numbers, none negative.")
    if not weights.any():
        raise ValueError("sample_weight is zero in every row.")
    return weights
