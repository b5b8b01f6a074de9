"""From a view and its data to the rows, targets and names that the fits are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from sk_softmax.explore.datasets import DataSet
from sk_softmax.explore.parsers import ImpossibleValue
from sk_softmax.explore.view import View
from sk_softmax.functional import one_hot
from sk_softmax.interfaces import Array

NEIGHBOURS = 15
"""Rows whose classes are counted for a target that is a probability."""

Numbers = Array
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Prepared:
    """Rows to fit and rows to validate on, with two classes or more."""

    X: Numbers
    """Shape ``(n_rows, n_features)``: the chosen columns."""

    labels: Codes
    targets: Numbers | None
    """Shape ``(n_rows, n_classes)``, if the targets are probabilities and not the labels."""

    X_val: Numbers
    labels_val: Codes
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    chosen: tuple[int, ...]
    """The numbers of the columns in the data."""

    mean: Numbers
    deviation: Numbers
    """What was subtracted from each column, and what it was divided by."""

    @property
    def y(self) -> Any:
        """What ``fit`` is given: labels, or the probability of each class."""
        return self.labels if self.targets is None else self.targets

    @property
    def Y(self) -> Numbers:
        """The targets as the lecture writes them, shape ``(n_rows, n_classes)``."""
        if self.targets is None:
            return np.asarray(one_hot(self.labels, len(self.classes)))
        return self.targets

    @property
    def n_outputs(self) -> int:
        """Rows of ``coef_``: one a class, and a single one for two classes."""
        return len(self.classes) if len(self.classes) > 2 else 1


def prepared(view: View, data: DataSet) -> Prepared:
    """Return the rows of a view.

    Raises
    ------
    ImpossibleValue
        If the data have no such column or class, or too few rows of a class.
    """
    asked = data.usual_classes if view.classes is None else view.classes
    kept, labels, classes = _classes(asked, data)
    chosen = data.usual_columns if view.features is None else view.features
    if chosen[-1] >= data.X.shape[1]:
        raise ImpossibleValue(
            "features", f"There is no column {chosen[-1]}: the data have {data.X.shape[1]}."
        )
    X: Numbers = data.X[kept][:, chosen]
    X, X_val, labels, labels_val = _split(X, labels, view.validation)
    mean, deviation = np.zeros(len(chosen)), np.ones(len(chosen))
    if view.scale == "standard":
        mean, deviation = X.mean(axis=0), X.std(axis=0)
        deviation[deviation == 0] = 1
    X, X_val = (X - mean) / deviation, (X_val - mean) / deviation
    targets = None
    if view.targets == "shares":
        neighbours = KNeighborsClassifier(min(NEIGHBOURS, len(X))).fit(X, labels)
        targets = np.asarray(neighbours.predict_proba(X))
    return Prepared(
        np.ascontiguousarray(X),
        labels,
        targets,
        np.ascontiguousarray(X_val),
        labels_val,
        classes,
        tuple(data.columns[j] for j in chosen),
        tuple(chosen),
        mean,
        deviation,
    )


def _classes(asked: str, data: DataSet) -> tuple[NDArray[np.bool_], Codes, tuple[str, ...]]:
    """Return which rows are kept, their labels from 0, and the names of the classes.

    ``asked`` is ``"all"``, the number of a class to tell from the rest, or two numbers.
    """
    everything = np.ones(len(data.labels), dtype=bool)
    if asked == "all":
        return everything, data.labels, data.classes
    try:
        numbers = [int(part) for part in asked.split("-")]
    except ValueError:
        numbers = []
    n_classes = len(data.classes)
    if len(numbers) not in (1, 2) or not all(0 <= number < n_classes for number in numbers):
        raise ImpossibleValue(
            "classes",
            f"{asked!r} chooses no classes: write all, the number of one to tell from the rest, "
            f"or two such as 0-1; the data have classes 0 to {n_classes - 1}.",
        )
    if len(numbers) == 1:
        name = data.classes[numbers[0]]
        return everything, (data.labels == numbers[0]).astype(np.intp), (f"not {name}", name)
    first, second = numbers
    if first == second:
        raise ImpossibleValue("classes", "Two different classes are needed.")
    kept = (data.labels == first) | (data.labels == second)
    labels = (data.labels[kept] == second).astype(np.intp)
    return kept, labels, (data.classes[first], data.classes[second])


def _split(X: Numbers, labels: Codes, share: float) -> tuple[Numbers, Numbers, Codes, Codes]:
    """Return rows to fit and to validate on, with the same shares of the classes."""
    if share == 0:
        return X, X[:0], labels, labels[:0]
    try:
        X, X_val, labels, labels_val = train_test_split(
            X, labels, test_size=share, stratify=labels, random_state=0
        )
    except ValueError as error:
        raise ImpossibleValue(
            "validation", f"The rows cannot be split: {error} With 0 all of them are fitted."
        ) from None
    return X, X_val, labels, labels_val
