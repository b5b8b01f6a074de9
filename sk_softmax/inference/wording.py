"""Linear constraints on coefficients, from words: ``"age = income"``, ``"income[6] = 0"``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from sk_softmax.interfaces import Array

NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

HELP = (
    "A constraint is like 'income = 0', 'age = income' or 'income[6] - 2 * income[5] = 0.1': "
    "names of columns, each for every outcome or for that in brackets."
)


class Constraints(NamedTuple):
    """Functions of the reported coefficients, and the values they have if a hypothesis is true."""

    functions: Array
    """Shape ``(n, n_outcomes, n_columns)``."""

    values: Array
    """Shape ``(n,)``."""


class _Term(NamedTuple):
    """A coefficient of a column, with its factor; the outcome is None if it is each in turn."""

    factor: float
    column: int
    outcome: int | None


class _Sum(NamedTuple):
    """One side of an equation."""

    terms: list[_Term]
    constant: float


def constraints_in_words(
    text: str | Sequence[str], columns: Sequence[str], outcomes: Sequence[Any]
) -> Constraints:
    """Return the constraints that one or several equations state.

    Parameters
    ----------
    text : str or sequence of str
        Equations; those in one string are separated by commas.
    columns : sequence of str
        Names of the columns of coefficients.
    outcomes : sequence
        Labels of the rows of coefficients.

    Raises
    ------
    ValueError
        If an equation cannot be read; it says at which character.
    """
    functions, values = [], []
    for line in [text] if isinstance(text, str) else text:
        for equation in _Reader(line, columns, outcomes).equations():
            own_functions, own_values = _rows_of(equation, len(columns), len(outcomes))
            functions += own_functions
            values += own_values
    if not functions:
        raise ValueError(f"No constraint was given. {HELP}")
    return Constraints(np.array(functions), np.array(values))


def _rows_of(difference: _Sum, n_columns: int, n_outcomes: int) -> tuple[list[Array], list[float]]:
    """Return the constraint that a sum is zero, once, or once for every outcome."""
    named = {term.outcome is not None for term in difference.terms}
    if len(named) != 1:
        raise ValueError(
            "Name the outcome of every coefficient of an equation in brackets, or of none. " + HELP
        )
    functions: list[Array] = []
    for outcome in [None] if named == {True} else range(n_outcomes):
        function = np.zeros((n_outcomes, n_columns))
        for term in difference.terms:
            row = term.outcome if outcome is None else outcome
            function[row, term.column] += term.factor
        functions.append(function)
    return functions, [-difference.constant] * len(functions)


@dataclass
class _Reader:
    """Reads equations from a line, from left to right."""

    line: str
    columns: Sequence[str]
    outcomes: Sequence[Any]
    place: int = 0

    def equations(self) -> list[_Sum]:
        """Return each equation as the difference of its sides; ``a = b = c`` is two of them."""
        found = []
        while True:
            sides = [self._sum()]
            while self._took("="):
                sides.append(self._sum())
            if len(sides) < 2:
                raise self._error("an equals sign was expected")
            for left, right in pairwise(sides):
                negative = [term._replace(factor=-term.factor) for term in right.terms]
                found.append(_Sum(left.terms + negative, left.constant - right.constant))
            if not self._took(","):
                break
        if self.place < len(self.line):
            raise self._error("the end, a sign, = or a comma was expected")
        return found

    def _sum(self) -> _Sum:
        terms, constant = [], 0.0
        sign = -1.0 if self._took("-") else 1.0
        while True:
            factor, term = self._product()
            if term is None:
                constant += sign * factor
            else:
                terms.append(_Term(sign * factor, *term))
            if self._took("+"):
                sign = 1.0
            elif self._took("-"):
                sign = -1.0
            else:
                return _Sum(terms, constant)

    def _product(self) -> tuple[float, tuple[int, int | None] | None]:
        """Return a number times a coefficient, ``2 * age`` or ``age``, or the number alone."""
        column = self._column()
        if column is not None:
            return 1.0, (column, self._outcome())
        found = NUMBER.match(self.line, self.place)
        if found is None:
            names = ", ".join(map(repr, self.columns[:8]))
            raise self._error(f"a number or the name of a column ({names}, ...) was expected")
        self.place = found.end()
        factor = float(found.group())
        if not self._took("*"):
            return factor, None
        column = self._column()
        if column is None:
            raise self._error("the name of a column was expected")
        return factor, (column, self._outcome())

    def _column(self) -> int | None:
        """Return the column whose name comes next, the longest that fits; None if none does."""
        self._skip()
        fits = [name for name in self.columns if self._is_next(name)]
        if not fits:
            return None
        name = max(fits, key=len)
        self.place += len(name)
        return list(self.columns).index(name)

    def _is_next(self, name: str) -> bool:
        """Whether a name comes next, and is not only the beginning of a longer word."""
        if not name or not self.line.startswith(name, self.place):
            return False
        after = self.line[self.place + len(name) : self.place + len(name) + 1]
        return not (_is_of_word(name[-1]) and _is_of_word(after))

    def _outcome(self) -> int | None:
        """Return the number of the outcome in brackets; None if there are none."""
        if not self._took("["):
            return None
        fits = [str(label) for label in self.outcomes if self._has(f"{label}]")]
        if not fits:
            labels = ", ".join(map(str, self.outcomes))
            raise self._error(f"an outcome that has coefficients ({labels}) was expected")
        label = max(fits, key=len)
        self.place += len(label) + 1
        return [str(label) for label in self.outcomes].index(label)

    def _has(self, text: str) -> bool:
        return self.line.startswith(text, self.place)

    def _took(self, sign: str) -> bool:
        """Whether a sign comes next; if so, go beyond it."""
        self._skip()
        if not self._has(sign):
            return False
        self.place += len(sign)
        self._skip()
        return True

    def _skip(self) -> None:
        while self.place < len(self.line) and self.line[self.place].isspace():
            self.place += 1

    def _error(self, expected: str) -> ValueError:
        return ValueError(
            f"{self.line!r} cannot be read from character {self.place} on: {expected}. {HELP}"
        )


def _is_of_word(character: str) -> bool:
    """Whether a character may be part of a name in the middle of a sentence."""
    return character.isalnum() or character == "_"
