"""Labels as they are written in a file, as classes."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from reprlib import repr as shortened
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.demonstration.columns import Text, as_number
from sk_softmax.demonstration.errors import CommandError

INTEGERS = (np.dtype(np.int64), np.dtype(np.uint64))
"""Types of classes that are whole numbers; the first that holds all of them is taken."""


def as_classes(labels: Text, target: str) -> NDArray[Any]:
    """Return the class of each row: integers if all are whole numbers, strings otherwise.

    Parameters
    ----------
    labels : Text
        The labels, of which none is missing.
    target : str
        The name of their column.

    Raises
    ------
    CommandError
        If labels have fractions or need more than 64 bits, if there are fewer than 2 classes, or
        if a class has fewer than 2 rows.
    """
    numbers = None if labels.literal else _whole_numbers(labels.distinct, target)
    values: list[Any] = labels.distinct if numbers is None else numbers
    distinct = sorted(set(values))
    position = {value: i for i, value in enumerate(distinct)}
    codes = np.array([position[value] for value in values])[labels.codes]
    if len(distinct) < 2:
        raise CommandError(
            f"the target column {target!r} holds a single class, {shortened(distinct[0])}; at "
            "least 2 are needed"
        )
    counts = np.bincount(codes)
    if counts.min() < 2:
        raise CommandError(
            f"class {shortened(distinct[counts.argmin()])} of the target column {target!r} has a "
            "single row; cross-validation needs at least 2 rows a class"
        )
    kind = np.dtype(object) if numbers is None else _type_of(numbers, target)
    classes: NDArray[Any] = np.array(distinct, dtype=kind)
    return np.take(classes, codes)


def _whole_numbers(labels: list[str], target: str) -> list[int] | None:
    """Return labels as whole numbers, None if one is no number; 7 and 7.0 are the same.

    They are decimal numbers on the way, because 2**53 and 2**53 + 1 are the same float.
    """
    if any(as_number(label) is None for label in labels):
        return None
    try:
        numbers = [Decimal(label) for label in labels]
    except InvalidOperation:  # an exponent of more than 18 digits
        return None
    for label, number in zip(labels, numbers, strict=True):
        if number != number.to_integral_value():
            raise CommandError(
                f"the target column {target!r} holds numbers with fractions, such as {label}; "
                "classes are names or whole numbers"
            )
    return [int(number) for number in numbers]


def _type_of(numbers: list[int], target: str) -> np.dtype[Any]:
    low, high = min(numbers), max(numbers)
    for kind in INTEGERS:
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return kind
    raise CommandError(
        f"the target column {target!r} holds whole numbers from {low:g} to {high:g}, which no "
        "type of 64 bits holds; write such classes as names"
    )
