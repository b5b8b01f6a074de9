"""How each control of the page is read from a link, and what is said of impossible values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from sk_softmax.explore.datasets import DATA, OWN

Parameter = tuple[int, int]
"""A row of ``coef_`` and the number of a chosen column, -1 for the intercept."""

SOLVERS = ("gd", "momentum", "sgd", "sgd_momentum", "rmsprop", "adam", "lbfgs", "newton")
"""The solvers of the page, in the order in which they are listed and fitted."""


class ImpossibleValue(Exception):
    """A control has a value that cannot be used; the message says why, and what can."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _number(name: str, text: str) -> float:
    """Return a number; infinite only if it is written as ``inf``."""
    try:
        value = float(text)
    except ValueError:
        raise ImpossibleValue(
            name, f"{text!r} is not a number: write one such as 0.5 or 2e-3."
        ) from None
    if math.isnan(value) or (math.isinf(value) and "inf" not in text.lower()):
        raise ImpossibleValue(name, f"{text!r} is not a number that a computer can hold.")
    return value


def _between(low: float, high: float, why: str) -> Callable[[str, str], float]:
    """Return a parser of numbers from ``low`` to ``high``."""

    def parse(name: str, text: str) -> float:
        value = _number(name, text)
        if not low <= value <= high:
            raise ImpossibleValue(name, f"{value:g} is not between {low:g} and {high:g}. {why}")
        return value

    return parse


def _fraction(why: str) -> Callable[[str, str], float]:
    """Return a parser of numbers in [0, 1)."""

    def parse(name: str, text: str) -> float:
        value = _number(name, text)
        if not 0 <= value < 1:
            raise ImpossibleValue(name, f"{value:g} is not in [0, 1). {why}")
        return value

    return parse


def _positive(why: str, *, may_be_infinite: bool = False) -> Callable[[str, str], float]:
    """Return a parser of numbers above zero."""

    def parse(name: str, text: str) -> float:
        value = _number(name, text)
        if not value > 0 or (math.isinf(value) and not may_be_infinite):
            raise ImpossibleValue(name, f"{value:g} is not a positive number. {why}")
        return value

    return parse


def _whole(low: int, high: int, why: str) -> Callable[[str, str], int]:
    """Return a parser of whole numbers from ``low`` to ``high``."""

    def parse(name: str, text: str) -> int:
        value = _number(name, text)
        if value != math.floor(value) or not low <= value <= high:
            raise ImpossibleValue(
                name, f"{value:g} is not a whole number from {low:,} to {high:,}. {why}"
            )
        return int(value)

    return parse


def _one_of(*names: str) -> Callable[[str, str], str]:
    """Return a parser of names."""

    def parse(name: str, text: str) -> str:
        if text not in names:
            raise ImpossibleValue(name, f"{text!r} is not one of: {', '.join(names)}.")
        return text

    return parse


def _solvers(name: str, text: str) -> tuple[str, ...]:
    """Return names of solvers, in the order of the table and each once."""
    asked = [] if text == "none" else text.split(",")
    for one in asked:
        if one not in SOLVERS:
            raise ImpossibleValue(
                name, f"{one!r} is no solver of this page. It has: {', '.join(SOLVERS)}."
            )
    return tuple(one for one in SOLVERS if one in asked)


def _numbers_of_columns(name: str, text: str) -> tuple[int, ...]:
    try:
        columns = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise ImpossibleValue(
            name, f"{text!r} does not name columns: write their numbers from 0, such as 0,2."
        ) from None
    if columns[0] < 0:
        raise ImpossibleValue(name, f"There is no column {columns[0]}: they are counted from 0.")
    return columns


def _parameter(name: str, text: str) -> Parameter:
    """Return the row and the column of ``0.2`` or ``0.b``, ``b`` for the intercept."""
    row, _, column = text.partition(".")
    try:
        parameter = int(row), -1 if column == "b" else int(column)
    except ValueError:
        parameter = (-1, -1)
    if parameter[0] < 0 or parameter[1] < -1:
        raise ImpossibleValue(
            name,
            f"{text!r} is no parameter: write class.column, such as 0.1, or 0.b for an intercept.",
        )
    return parameter


def _window(name: str, text: str) -> tuple[float, float, float, float]:
    ends = tuple(_number(name, part) for part in text.split(","))
    if len(ends) != 4 or not all(map(math.isfinite, ends)):
        raise ImpossibleValue(name, "A window has four finite ends: left, right, lower, upper.")
    left, right, low, high = ends
    if not (left < right and low < high):
        raise ImpossibleValue(
            name, "The left end of a window is below its right, and the lower below the upper."
        )
    return left, right, low, high


PARSERS: dict[str, Callable[[str, str], Any]] = {
    "data": _one_of(*DATA, OWN),
    "classes": lambda name, text: text,
    "features": _numbers_of_columns,
    "scale": _one_of("standard", "raw"),
    "rows": _whole(20, 100_000, "That many are made up."),
    "validation": _between(0, 0.5, "This share of the rows is kept from the fits."),
    "targets": _one_of("labels", "shares"),
    "solvers": _solvers,
    "learning_rate": _positive("A step is this number times the gradient, downhill. Try 0.1."),
    "momentum": _fraction(
        "A velocity keeps this share of itself at each step; with 1 it would never slow down."
    ),
    "decay": _fraction("A running mean keeps this share of itself at each step."),
    "batch_size": _whole(1, 10**9, "It is the number of rows in a step."),
    "epochs": _whole(0, 10_000, "It is the number of steps, or of rounds through all rows."),
    "schedule": _one_of("constant", "inverse_scaling", "cosine"),
    "C": _positive("The penalty is divided by it; inf is no penalty.", may_be_infinite=True),
    "l1_ratio": _between(0, 1, "0 is a penalty on squares, 1 on absolute values."),
    "seed": _whole(0, 2**31, "It decides the order of the rows."),
    "across": _parameter,
    "up": _parameter,
    "start_x": _between(-1e6, 1e6, "The descent begins there."),
    "start_y": _between(-1e6, 1e6, "The descent begins there."),
    "others": _one_of("free", "held"),
    "window": _window,
}
"""How each control is read from a link."""
