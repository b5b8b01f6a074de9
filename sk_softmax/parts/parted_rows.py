"""Rows that lie in parts, as far as they can be known without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NoReturn

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, CollectedTerm, Index, Term
from sk_softmax.objective import DataTerm
from sk_softmax.parts.part import Step, View, answer
from sk_softmax.parts.protocol import Parts
from sk_softmax.parts.summary import ColumnMoments


@dataclass(frozen=True, eq=False)
class Outline:
    """What is known of all rows in the form in which they are given."""

    n_rows: int
    n_features: int
    has_intercept: bool
    dtype: np.dtype[Any]
    n_outputs: int
    """How many logits each row has."""

    stored: NDArray[np.bool_]
    """Which features can be shifted, shape ``(n_features,)``."""

    is_sparse: bool
    n_threads: int
    """With which rows are read that are gathered here."""

    moments: ColumnMoments | None = None
    """Of the columns as they are read; None if they are not known."""


class PartedRows:
    """Rows in parts: their size and form, and some of them gathered by their numbers.

    They cannot be summed here: only the parts read their rows.

    Parameters
    ----------
    parts : Parts
        Where the rows are; each part is a :class:`Part`.
    outline : Outline
        What is known of all rows.
    view : sequence of Step
        The form in which they are read.
    """

    def __init__(self, parts: Parts, outline: Outline, view: View = ()) -> None:
        self.parts, self.outline, self.view = parts, outline, view
        self.n_rows, self.n_features = outline.n_rows, outline.n_features
        self.n_columns = outline.n_features + outline.has_intercept
        self.dtype = outline.dtype
        self._narrowed: PartedRows | None = None

    @property
    def density(self) -> float:
        """What share of the values is stored: how sparse parts are is not known here."""
        return 1.0

    @property
    def moments(self) -> ColumnMoments | None:
        """Of the columns in this form; None if they are not known."""
        return self.outline.moments

    def ask(self, question: Callable[[Any], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Return the answer of all parts to a question about their rows in this form."""
        return self.parts.ask(partial(answer, view=self.view, question=question))

    def narrowed(self) -> PartedRows:
        """Return the same rows in float32: always the same object, whose form parts keep."""
        if self._narrowed is None:
            self._narrowed = self._after("narrowed", dtype=np.dtype(np.float32))
        return self._narrowed

    def widened(self) -> PartedRows:
        """Return the same rows in float64."""
        return self._after("widened", dtype=np.dtype(np.float64))

    def shifted(self, shift: Array) -> PartedRows:
        """Return the rows less ``shift``, shape ``(n_features,)``."""
        moments = None if self.moments is None else self.moments.less(shift)
        return self._after("shifted", shift, moments=moments)

    def folded(self, plan: Any) -> PartedRows:
        """Return rows that are split among folds, as the data terms of all folds."""
        return self._after("folded", plan)

    def columns(self, features: NDArray[np.intp]) -> PartedRows:
        """Return the rows with these features alone."""
        return self._after(
            "columns",
            features,
            n_features=len(features),
            stored=self.outline.stored[features],
            moments=None if self.moments is None else self.moments.of_features(features),
        )

    def _after(self, kind: Any, value: Any = None, **changes: Any) -> PartedRows:
        """Return the rows after one more step, which changes what is known of them."""
        view = (*self.view, Step(kind, value))
        return PartedRows(self.parts, replace(self.outline, **changes), view)

    def mostly_stored(self) -> NDArray[np.bool_]:
        """Return which features can be shifted, shape ``(n_features,)``."""
        return self.outline.stored

    def values(self, rows: Index = slice(None), features: Index = slice(None)) -> Any:
        """Return the rows of these numbers, ascending, gathered from the parts.

        Shape ``(n_rows, n_features)``; sparse if the rows are.
        """
        numbers = np.arange(self.n_rows)[rows] if isinstance(rows, slice) else rows
        (values,) = self.ask(partial(values_at, numbers=numbers))
        return stacked(values)[:, features]

    # --- what only the parts can do: they multiply their own rows -------------------------------

    def prepare(self, params: Array) -> NoReturn:
        """Raise an error."""
        _refuse()

    def sum(self, term: Term, rows_per_block: int = 0) -> NoReturn:
        """Raise an error."""
        _refuse()

    def collect(self, term: CollectedTerm, rows_per_block: int = 0) -> NoReturn:
        """Raise an error."""
        _refuse()

    def take(self, indices: NDArray[np.intp]) -> NoReturn:
        """Raise an error."""
        _refuse()

    def subset(self, indices: NDArray[np.intp]) -> NoReturn:
        """Raise an error."""
        _refuse()

    def sums_of_subsets(
        self, subsets: Sequence[NDArray[np.intp]], terms: Sequence[Term]
    ) -> NoReturn:
        """Raise an error."""
        _refuse()

    def copied(self, indices: NDArray[np.intp]) -> NoReturn:
        """Raise an error."""
        _refuse()


def _refuse() -> NoReturn:
    raise NotImplementedError("Rows in parts answer questions and are not multiplied elsewhere.")


def values_at(data: DataTerm, numbers: NDArray[np.intp]) -> tuple[Any, ...]:
    """Question: the rows of these numbers among all rows, ascending; a list of matrices."""
    here = data.here(numbers)
    return ([data.rows.values(here)] if len(here) or not len(numbers) else [],)


def stacked(matrices: list[Any]) -> Any:
    """Return matrices with the same columns as one: CSR if one is sparse."""
    if any(map(sp.issparse, matrices)):
        return sp.vstack(matrices, format="csr")
    return np.concatenate(matrices)
