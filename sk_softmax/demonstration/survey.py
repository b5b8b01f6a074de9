"""What one pass over a file in pieces finds out: its classes, and how to standardise it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax.demonstration.columns import Numbers, Text, is_missing
from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.file_in_pieces import FileInPieces, SomeRows
from sk_softmax.demonstration.labels import as_classes
from sk_softmax.demonstration.table import LARGEST, SMALLEST

HELD_OUT = 10
"""One row in so many is not fitted to."""

GOLDEN = (5**0.5 - 1) / 2
"""Its multiples, modulo 1, are spread evenly whatever period the rows have."""


@dataclass
class Survey:
    """A file in pieces, and what is known of all its rows."""

    file: FileInPieces
    preprocess: Pipeline
    """Standardises numbers; a missing one becomes the mean of its column, which is zero then."""

    classes: dict[str, Any]
    """By label, as it is written."""

    dtype: np.dtype[Any]
    """Of classes: whole numbers, or objects."""

    n_rows: int
    """Rows with a label, those held out too."""

    n_missing: int
    n_unlabelled: int
    commonest: float
    """Share of the rows that are fitted to of the commonest class."""

    def rows(self, *, held_out: bool) -> Iterator[tuple[Numbers, NDArray[Any]]]:
        """Yield standardised rows, some at a time, and their classes.

        Those fitted to or those held out; of the latter without any class that no other row has.
        """
        for piece in self.file.pieces():
            picked = _picked(piece, held_out=held_out)
            classes = np.array(
                [self.classes.get(label) for label in piece.labels.distinct], dtype=object
            )
            picked &= np.array([*(c is not None for c in classes), False])[piece.labels.codes]
            if picked.any():
                y = classes[piece.labels.codes[picked]].astype(self.dtype)
                yield self.preprocess.transform(piece.X[picked]), y


def _picked(piece: SomeRows, *, held_out: bool) -> NDArray[np.bool_]:
    """Return which rows are held out, or fitted to; they all have labels."""
    numbers = np.arange(piece.first, piece.first + len(piece.X))
    is_held_out = (numbers + 1) * GOLDEN % 1 < 1 / HELD_OUT
    picked: NDArray[np.bool_] = ~is_missing(piece.labels) & (is_held_out == held_out)
    return picked


def surveyed(file: FileInPieces) -> Survey:
    """Read a file from its first to its last row, and return what is known of it then.

    Raises
    ------
    CommandError
        If its labels cannot be used, or a column cannot be standardised in float64.
    """
    scaler, labels = StandardScaler(), _Labels()
    n_rows = n_missing = n_unlabelled = 0
    largest: Any = 0.0
    for piece in file.pieces():
        gone, missing = is_missing(piece.labels), np.isnan(piece.X)
        picked = _picked(piece, held_out=False)
        n_unlabelled += int((~missing[gone]).any(axis=1).sum())
        n_rows += int((~gone).sum())
        n_missing += int(missing[~gone].sum())
        largest = np.maximum(largest, np.abs(piece.X).max(axis=0, initial=0.0, where=~missing))
        labels.add(piece.labels, picked)
        if picked.any():
            with np.errstate(over="ignore", invalid="ignore"):  # sizes are checked at the end
                scaler.partial_fit(piece.X[picked])
    if not labels.counts:
        raise CommandError(f"{file.path} has no row with a value in the column {file.target!r}")
    _check_sizes(file, largest)
    by_label, dtype = labels.classes(file.target)
    # It learns nothing but the number of columns.
    zero = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
    zero.fit(np.zeros((1, len(file.names))))
    return Survey(
        file,
        make_pipeline(scaler, zero),
        by_label,
        dtype,
        n_rows,
        n_missing,
        n_unlabelled,
        labels.commonest(by_label),
    )


class _Labels:
    """Labels as they are written, and how many rows have each."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._n_fitted: dict[str, int] = {}
        self._literal = False

    def add(self, labels: Text, picked: NDArray[np.bool_]) -> None:
        """Count the labels of some rows, of which those that are picked are fitted to."""
        self._literal = labels.literal
        _count(self.counts, labels, ~is_missing(labels))
        _count(self._n_fitted, labels, picked)

    def classes(self, target: str) -> tuple[dict[str, Any], np.dtype[Any]]:
        """Return the class of each label that rows are fitted to have, and the classes' type."""
        labels = list(self.counts)
        # As many rows of each label as the check of classes looks for.
        n_rows = np.minimum(list(self.counts.values()), 2)
        codes = np.repeat(np.arange(len(labels), dtype=np.int32), n_rows)
        classes = as_classes(Text(labels, codes, self._literal), target)
        by_label = {labels[code]: c for code, c in zip(codes, classes, strict=True)}
        return {label: by_label[label] for label in self._n_fitted}, classes.dtype

    def commonest(self, by_label: dict[str, Any]) -> float:
        """Return the share of the commonest class in the rows that are fitted to."""
        totals: dict[Any, int] = {}
        for label, n in self._n_fitted.items():
            totals[by_label[label]] = totals.get(by_label[label], 0) + n
        return max(totals.values()) / sum(totals.values())


def _count(counts: dict[str, int], labels: Text, picked: NDArray[np.bool_]) -> None:
    """Add how many of the rows that are picked have each label."""
    n_of_each = np.bincount(labels.codes[picked], minlength=len(labels.distinct))
    for label, n in zip(labels.distinct, n_of_each.tolist(), strict=True):
        if n:
            counts[label] = counts.get(label, 0) + n


def _check_sizes(file: FileInPieces, largest: Numbers) -> None:
    """Raise a :class:`CommandError` if a column cannot be standardised in float64."""
    for name, size in zip(file.names, largest, strict=True):
        if size > LARGEST or 0 < size < SMALLEST:
            raise CommandError(
                f"{file.path}: the largest value of column {name!r}, {size:g} without its sign, "
                f"is not between {SMALLEST:g} and {LARGEST:g}; state it in other units"
            )
