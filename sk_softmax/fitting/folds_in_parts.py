"""Folds of rows in parts: masks within the parts, all of which are asked in one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.curvature_sample import measure_on, numbers_sampled
from sk_softmax.fitting.folds_alike import AskedFolds, HeldOutQuestion, ObjectivesOfFolds
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.row_splits import RowSplit, Tally
from sk_softmax.fitting.settings import Settings
from sk_softmax.fitting.shift import shift_by_summary
from sk_softmax.fitting.split_part import FoldPlan, masses_of, split_part, tally_part
from sk_softmax.interfaces import Array, Rows
from sk_softmax.objective import (
    Cheaper,
    DataTerm,
    FoldObjectives,
    RegressionObjective,
)
from sk_softmax.objective.cross_entropy import cross_entropy_of
from sk_softmax.parts import (
    FoldedData,
    KnownOfTargets,
    PartedFold,
    PartedFoldObjectives,
    PartedRows,
    copied_for_folds,
    known_of_terms,
)


@dataclass(frozen=True, eq=False)
class FoldInParts:
    """What is known of a fold whose rows lie in parts."""

    number: int
    present: NDArray[np.intp]
    """Numbers of the classes that the fold trains on, shape ``(n_present,)``."""

    total_weight: float
    """Of the rows that it trains on."""


@dataclass(frozen=True, eq=False)
class FoldsInParts(AskedFolds):
    """A training set in parts and its folds, each row held out by one of them."""

    training: PartedTrainingSet
    folds: Sequence[FoldInParts]
    """Some of the folds or all of them."""

    rows: PartedRows
    """The rows as they are given, as the data terms of all folds."""

    terms: Sequence[PartedFold]
    """The data terms of all folds, and last that of all rows."""

    pooled_weight: float
    """The weight of all rows together."""

    question: HeldOutQuestion
    """What is asked about the rows held out when the fits for a penalty have ended."""

    @classmethod
    def of(
        cls,
        settings: Settings,
        training: PartedTrainingSet,
        split: RowSplit,
        question: HeldOutQuestion,
        check: Callable[[Sequence[FoldInParts]], None],
    ) -> FoldsInParts:
        """Split the rows where they lie.

        Parameters
        ----------
        settings : Settings
            Those of the fits, apart from the penalty.
        training : PartedTrainingSet
            The rows.
        split : RowSplit
            Which fold holds out which row.
        question : callable
            See :data:`HeldOutQuestion`.
        check : callable
            Called with all folds as soon as they are known; it may raise an error.
        """
        making = partial(split_part, making=training.making(settings), split=split)
        outline = training.outline(settings, split.n_folds)
        with ExitStack() as kept:
            rows = PartedRows(training.given_parts.made_into(making), outline)
            kept.callback(rows.parts.release)
            (held_out,) = rows.ask(masses_of)
            # Not a difference of totals, in which rounding would leave a class without rows some.
            masses = [np.delete(held_out, n, axis=0).sum(axis=0) for n in range(split.n_folds)]
            folds = [
                FoldInParts(number, np.flatnonzero(mass), float(mass.sum()))
                for number, mass in enumerate(masses)
            ]
            check(folds)
            means = np.array([fold.total_weight for fold in folds]) / outline.n_rows
            rows = rows.folded(FoldPlan([fold.present for fold in folds], means))
            terms = _terms(training, folds, rows)
            kept.pop_all()
        return cls(training, folds, rows, terms, float(held_out.sum()), question)

    def shifted(self, settings: Settings) -> FoldsOnParts:
        """Return what makes the objectives: one shift for all folds."""
        return FoldsOnParts(self, settings)

    def ask(self, question: Callable[[FoldedData], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Return the answers of all parts to a question, added up."""
        return self.rows.ask(question)

    def release(self) -> None:
        """Give back what the parts keep."""
        self.rows.parts.release()


def _terms(
    training: PartedTrainingSet, folds: Sequence[FoldInParts], rows: PartedRows
) -> list[PartedFold]:
    """Return the data terms of all folds and that of all rows."""
    everything = np.arange(len(training.classes))
    presents = [fold.present if len(fold.present) > 1 else everything for fold in folds]
    of_parts, *totals = rows.ask(known_of_terms)
    known = np.array(of_parts)
    terms = []
    for number, present in enumerate([*presents, everything]):
        own = KnownOfTargets(
            bool(known[:, number, 0].all()),
            float(known[:, number, 1].min()),
            training.has_offset,
            float(known[:, number, 2].max()),
        )
        has_all = len(present) == len(everything)
        like = len(folds) if has_all else number
        loss = cross_entropy_of(len(present))
        terms.append(PartedFold(rows, loss, own, number, like, totals[number]))
    return terms


class FoldsOnParts(ObjectivesOfFolds):
    """The objectives of some folds on rows in parts.

    Parameters
    ----------
    data : FoldsInParts
        The rows and the folds.
    settings : Settings
        Those of the fits, apart from ``C``.
    """

    def __init__(self, data: FoldsInParts, settings: Settings) -> None:
        self._data = data
        self.n_folds = len(data.folds)
        self.shift = shift_by_summary(settings, data.rows, data.training.summary.columns)
        self.rows: Rows = self.shift.rows(data.rows)
        self._terms = [term.on(self.rows) for term in data.terms]
        self._pooled = RegressionObjective.on_data(
            self._terms[-1], data.pooled_weight, settings.C, settings.form
        )
        self._samples: list[DataTerm] = []

    def objective(self, settings: Settings, number: int) -> RegressionObjective:
        """Return the objective of the fold with this number, for one penalty."""
        fold = self._data.folds[number]
        term = self._terms[fold.number].counting_anew()
        objective = RegressionObjective.on_data(term, fold.total_weight, settings.C, settings.form)
        objective.damp_like(self._pooled)
        return objective

    def measure_on_sample(
        self, folds: Sequence[RegressionObjective], narrowed: Sequence[Cheaper]
    ) -> None:
        """Have curvature measured on a sample of the rows, which is gathered once."""
        if not self._samples:
            numbers = numbers_sampled(self._pooled)
            own = [term for term in self._terms if isinstance(term, PartedFold)]
            self._samples = copied_for_folds(own, numbers)
        for number, (info, fold) in enumerate(zip(self._data.folds, folds, strict=True)):
            sample = self._samples[info.number].counting_anew()
            measure_on(sample, fold, narrowed[number : number + 1])

    def together(
        self, folds: Sequence[RegressionObjective], *, are_scored: bool = False
    ) -> FoldObjectives:
        """Return objectives that are evaluated together; held-out rows are asked for instead."""
        return PartedFoldObjectives(folds)

    def held_out(self, whole: FoldObjectives, params: Sequence[Array]) -> list[Any]:
        """Return what the parts answer about the rows that each fold holds out.

        ``params`` has those of each fold, ``(n_outputs, n_columns)``.
        """
        numbers = [fold.number for fold in self._data.folds]
        there: Mapping[int, Array] = dict(zip(numbers, params, strict=True))
        question = partial(self._data.question, params=there)
        assert isinstance(self.rows, PartedRows)
        return list(self.rows.ask(question))


def tallies_of(training: PartedTrainingSet) -> list[Tally]:
    """Return how many rows of each class each part has: their labels are read once for it."""
    parts = training.given_parts.made_into(partial(tally_part, read=training.read))
    try:
        return parts.each(_itself)
    finally:
        parts.release()


def _itself(tally: Tally) -> Tally:
    return tally
