"""What folds have in common, wherever their rows lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Self, TypeAlias

import numpy as np

from sk_softmax.objective import (
    Cheaper,
    RegressionObjective,
    cheaper_together,
    fits_float32,
    is_worth_narrowing,
)
from sk_softmax.parts import FoldedData

HeldOutQuestion: TypeAlias = Callable[..., tuple[Any, ...]]
"""A question about the rows that folds hold out, from :class:`FoldedData` and ``params``.

``params`` has the params of some folds by their number, in shifted columns; None for a fold that
knows a single class. The answer has an entry for each.
"""


class SetOfFolds:
    """A training set and its folds: a dataclass with these fields."""

    training: Any
    folds: Sequence[Any]

    @property
    def n_classes(self) -> int:
        """Number of classes in all of the data."""
        return len(self.training.classes)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.training.n_features)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The width of the rows."""
        width: np.dtype[Any] = self.training.dtype
        return width

    def only(self, numbers: Sequence[int]) -> Self:
        """Return the same rows with some of the folds."""
        folds = [self.folds[number] for number in numbers]
        return replace(self, folds=folds)  # type: ignore[type-var]

    def release(self) -> None:
        """Nothing is to be given back."""


class AskedFolds(SetOfFolds):
    """Folds whose held-out rows are not copied, but asked about where they lie."""

    question: HeldOutQuestion

    def ask(self, question: Callable[[FoldedData], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Return the answer to a question about the targets of the rows held out."""
        raise NotImplementedError

    def held_out_of_constant(self, number: int) -> Any:
        """Return what is answered about the rows held out by a fold that knows one class."""
        (answer,) = self.ask(partial(self.question, params={self.folds[number].number: None}))
        return answer


class ObjectivesOfFolds:
    """The objectives of folds, and that of all rows."""

    _pooled: RegressionObjective

    @cached_property
    def _fits_float32(self) -> bool:
        """Whether float32 can hold the rows."""
        return fits_float32(self._pooled.data)

    def narrowed(self, folds: Sequence[RegressionObjective]) -> list[Cheaper]:
        """Return the objectives on narrowed rows; none if that does not pay off."""
        if not (is_worth_narrowing(folds[0]) and self._fits_float32):
            return []
        return cheaper_together([self._pooled, *folds])[1:]

    def measure_on_sample(
        self, folds: Sequence[RegressionObjective], narrowed: Sequence[Cheaper]
    ) -> None:
        """Nothing is done: curvature is measured on the rows, or on narrowed ones."""
