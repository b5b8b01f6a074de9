"""Margins: how far the logit of each row's own class is above those of the other classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Block
from sk_softmax.objective import DataTerm

# What a margin is, by class and row.
ABSENT, OUTSIDE, INSIDE = 0, 1, 2
"""No condition; of a class without probability in the row; of a class with probability."""

# A column that depends on others is off by some roundings where it was rounded itself.
ROUNDINGS = 64


@dataclass(frozen=True)
class Conditions:
    """Some of the conditions that a separating direction meets: numbers of rows and classes.

    The target of row ``rows[c]`` gives class ``classes[c]`` no probability, or some.
    """

    rows: NDArray[np.intp]
    classes: NDArray[np.intp]

    @classmethod
    def where(cls, mask: NDArray[np.bool_]) -> Conditions:
        """Return those that a mask of shape ``(n_classes, n_rows)`` picks."""
        classes, rows = np.nonzero(mask)
        return cls(rows, classes)

    def __len__(self) -> int:
        return len(self.rows)

    def joined(self, more: Conditions) -> Conditions:
        """Return these conditions and more of them."""
        return Conditions(
            np.concatenate([self.rows, more.rows]), np.concatenate([self.classes, more.classes])
        )


class Margins:
    """The margins ``(b_c - b_k)'x`` of all rows with weight, as functions of a direction.

    ``c`` is the most probable class of the row's target and ``k`` another class. A direction ``b``
    separates if no margin of a class without probability is negative, if those of classes with
    some probability are zero, and if one margin is positive.

    A direction is given by its entries in the free columns. They are scaled by the largest value
    of each column. With more than two classes the first class has none.

    Parameters
    ----------
    data : DataTerm
        Rows, targets and weights; rows in float32 are read in float64.
    free : ndarray of bool, shape (n_columns,)
        Columns in which directions may differ from zero.
    """

    def __init__(self, data: DataTerm, free: NDArray[np.bool_]) -> None:
        self.rounding = ROUNDINGS * float(np.finfo(data.rows.dtype).eps)
        """Logits of columns of size 1 that are smaller than this may be rounding alone."""
        self._data = data.in_float64()
        self._free = np.flatnonzero(free)
        self._n_outputs, self._n_columns = data.shape
        self._first_output = min(self._n_outputs - 1, 1)
        (kinds,) = self._data.ask(kinds_of_rows)
        self.kinds = np.concatenate(kinds, axis=1)
        (largest,) = self._data.ask(largest_values)
        largest = np.max(largest, axis=0)
        self._unit = 1 / np.where(largest > 0, largest, 1.0)[self._free]

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the entries of a direction: classes but the first, and free columns."""
        return self._n_outputs - self._first_output, len(self._free)

    def params(self, entries: Array) -> Array:
        """Return a direction as params of shape ``(n_outputs, n_columns)``."""
        params = np.zeros((self._n_outputs, self._n_columns))
        params[self._first_output :, self._free] = entries.reshape(self.shape) * self._unit
        return params

    def along(self, params: Array) -> Array:
        """Return all margins, shape ``(n_classes, n_rows)``; zero where there is no condition."""
        (margins,) = self._data.ask(partial(margins_of_rows, params=params))
        margins = np.concatenate(margins, axis=1)
        return np.asarray(np.where(self.kinds == ABSENT, 0.0, margins))

    def mean(self, mask: NDArray[np.bool_]) -> Array:
        """Return the mean of some margins as a linear function of a direction's entries.

        ``mask`` has shape ``(n_classes, n_rows)``; the result is flat.
        """
        (total,) = self._data.ask(partial(sum_of_margins, mask=mask))
        total = total[self._first_output :, self._free] * self._unit
        return np.asarray(total / max(mask.sum(), 1)).ravel()

    def matrix(self, conditions: Conditions) -> Any:
        """Return the matrix that takes a direction's entries to the margins of some conditions.

        CSR, shape ``(len(conditions), n_entries)``.
        """
        if not len(conditions):
            return sp.csr_array((0, int(np.prod(self.shape))))
        rows, number = np.unique(conditions.rows, return_inverse=True)
        some = self._data.at(rows)
        block = some.rows.take(np.arange(len(rows)))
        design = sp.csr_array(block.design()[:, self._free] * self._unit)[number]
        own = most_probable(some, block)[number]
        n_classes = self._data.loss.n_classes
        signs = [(own == k) * 1.0 - (conditions.classes == k) for k in range(1, n_classes)]
        return sp.hstack([design.multiply(sign[:, None]) for sign in signs], format="csr")

    def gram(self, mask: NDArray[np.bool_]) -> Array:
        """Return ``A'A`` for the matrix ``A`` of some margins, shape ``(n_entries, n_entries)``.

        ``mask`` has shape ``(n_classes, n_rows)``.
        """
        (grams,) = self._data.ask(partial(grams_of_pairs, mask=mask))
        grams = grams[:, :, self._free][:, :, :, self._free] * self._unit[:, None] * self._unit
        # Each margin adds (e_c - e_k)(e_c - e_k)' (x) xx', for the classes but the first.
        blocks = -grams - grams.transpose(1, 0, 2, 3)
        every = np.arange(len(grams))
        blocks[every, every] = (grams.sum(axis=0) + grams.sum(axis=1))[every]
        n_entries = int(np.prod(self.shape))
        return np.asarray(blocks[1:, 1:].transpose(0, 2, 1, 3).reshape(n_entries, n_entries))

    @property
    def unit(self) -> Array:
        """What the entries of each free column are multiplied by, shape ``(n_free,)``."""
        return self._unit


def most_probable(data: DataTerm, block: Block) -> NDArray[np.intp]:
    """Return the number of the most probable class of each row's target, shape ``(n_rows,)``."""
    return data.targets.at(block.rows).most_probable()


def _targets(data: DataTerm, block: Block) -> Array:
    """Return the targets of a block, shape ``(n_classes, n_rows)``."""
    targets = data.targets.at(block.rows)
    return np.array([targets.of_class(k) for k in range(data.loss.n_classes)])


def kinds_of_rows(data: DataTerm) -> tuple[Any, ...]:
    """Question: which margin each row has to each class, arrays ``(n_classes, n_rows)``."""
    _, kinds = data.rows.collect(lambda block: ((), kinds_of_block(data, block)))
    return (kinds,)


def kinds_of_block(data: DataTerm, block: Block) -> NDArray[np.int8]:
    """Return which margin each row of a block has to each class, shape ``(n_classes, n_rows)``."""
    targets = _targets(data, block)
    kinds = np.where(targets > 0, np.int8(INSIDE), np.int8(OUTSIDE))
    kinds[targets.argmax(axis=0), np.arange(block.n_rows)] = ABSENT
    if data.relative_weight is not None:
        kinds[:, data.relative_weight[block.rows] == 0] = ABSENT
    return kinds


def largest_values(data: DataTerm) -> tuple[Any, ...]:
    """Question: the largest size of the values in each column, arrays ``(n_columns,)``."""

    def term(block: Block) -> tuple[tuple[Any, ...], Any]:
        every, columns = np.arange(block.n_rows), np.arange(data.rows.n_columns)
        sizes = abs(block.part(every, columns)).max(axis=0)
        return (), sizes.toarray().ravel() if sp.issparse(sizes) else sizes

    _, largest = data.rows.collect(term)
    return ([np.max(largest, axis=0)],)


def margins_of_rows(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the margins along params, arrays of shape ``(n_classes, n_rows)``."""
    prepared = data.rows.prepare(params)

    def term(block: Block) -> tuple[tuple[Any, ...], Any]:
        logits = block.logits(prepared)  # without an offset: params are a direction
        if len(logits) == 1:
            logits = np.concatenate([np.zeros_like(logits), logits])
        own = most_probable(data, block)
        return (), logits[own, np.arange(block.n_rows)] - logits

    _, margins = data.rows.collect(term)
    return (margins,)


def sum_of_margins(data: DataTerm, mask: NDArray[np.bool_]) -> tuple[Any, ...]:
    """Question: the gradient of the sum of some margins, ``(n_outputs, n_columns)``.

    ``mask`` has shape ``(n_classes, n_rows)``.
    """

    def term(block: Block) -> tuple[Any, ...]:
        picked = mask[:, data.numbers(block)].astype(np.float64)
        signs = -picked
        signs[most_probable(data, block), np.arange(block.n_rows)] += picked.sum(axis=0)
        return (block.pull_back(signs[-data.loss.n_outputs :]),)

    return data.rows.sum(term)


def grams_of_pairs(data: DataTerm, mask: NDArray[np.bool_]) -> tuple[Any, ...]:
    """Question: ``sum x x'`` over some margins, by class of the row and other class.

    Shape ``(n_classes, n_classes, n_columns, n_columns)`` from a mask of ``(n_classes, n_rows)``.
    """
    n_classes, n_columns = data.loss.n_classes, data.rows.n_columns

    def term(block: Block) -> tuple[Any, ...]:
        grams = np.zeros((n_classes, n_classes, n_columns, n_columns))
        own, picked = most_probable(data, block), mask[:, data.numbers(block)]
        for c in range(n_classes):
            for k in np.flatnonzero((picked & (own == c)).any(axis=1)):
                grams[c, k] = block.gram(1.0 * (picked[k] & (own == c)))
        return (grams,)

    return data.rows.sum(term)
