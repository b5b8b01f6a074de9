"""A training set whose rows lie on a device, and the objective on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.class_weight import balanced
from sk_softmax.fitting.device_answers import ANSWERS
from sk_softmax.fitting.settings import Settings, TrainingSet, Weights
from sk_softmax.fitting.shift import Shift, n_rows_for_shift, shift_by_sample
from sk_softmax.interfaces import Array
from sk_softmax.objective import RegressionObjective, spread_out
from sk_softmax.objective.cross_entropy import cross_entropy_of
from sk_softmax.parts.device_arrays import Place, on_host
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_row_space import DeviceRowSpace
from sk_softmax.parts.device_rows import DeviceRows
from sk_softmax.parts.device_targets import DeviceTargets


@dataclass(frozen=True, eq=False)
class DeviceTrainingSet:
    """Rows, their targets and their weights: arrays of one library on one device."""

    X: Any
    """Shape ``(n_rows, n_features)``, float32 or float64."""

    given: Any
    """Targets: labels ``0 .. n_classes - 1`` of shape ``(n_rows,)``, or probabilities."""

    weights: Any
    """Shape ``(n_rows,)``, in the widest type of the device; None if all rows weigh the same."""

    classes: NDArray[Any]
    """The labels as the user gave them, sorted, shape ``(n_classes,)``, on the host."""

    offset: Any = None
    """What is added to the logits, shape ``(n_rows, n_outputs)``, with the largest of each row
    zero where there are more than two classes; None without an offset."""

    @property
    def has_offset(self) -> bool:
        """Whether something is added to the logits."""
        return self.offset is not None

    @property
    def n_features(self) -> int:
        """How many features the rows have."""
        return int(self.X.shape[1])

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return int(self.X.shape[0])

    @cached_property
    def place(self) -> Place:
        """Where the arrays are."""
        return Place.of(self.X)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The width of the rows."""
        return np.dtype(np.float64 if self.X.dtype == self.place.xp.float64 else np.float32)

    @property
    def offset_of_classes(self) -> Any:
        """The offset with a column for each class, ``(n_rows, n_classes)``; None without one."""
        if self.offset is None or self.offset.shape[1] > 1:
            return self.offset
        xp = self.place.xp
        return xp.concat([xp.zeros_like(self.offset), self.offset], axis=1)

    def at(self, numbers: NDArray[np.intp]) -> DeviceTrainingSet:
        """Return the training set of these rows alone: a copy on the device."""
        there, take = self.place.indices(numbers), self.place.xp.take
        return replace(
            self,
            X=take(self.X, there, axis=0),
            given=take(self.given, there, axis=0),
            weights=None if self.weights is None else take(self.weights, there, axis=0),
            offset=None if self.offset is None else take(self.offset, there, axis=0),
        )

    def hard_labels(self) -> NDArray[np.intp]:
        """Return the number of each row's most probable class, ``(n_rows,)``, on the host."""
        labels = self._targets(0.0).most_probable()
        return on_host(labels).astype(np.intp)

    @cached_property
    def given_on_host(self) -> Any:
        """The targets of all rows on the host, for scores of rows held out."""
        given = on_host(self.given)
        return given.astype(np.intp) if given.ndim == 1 else given

    @property
    def has_weight(self) -> bool:
        """Whether any row has weight."""
        return self.weights is None or bool(self.place.xp.any(self.weights > 0))

    # --- weights --------------------------------------------------------------------------------

    @cached_property
    def weights_on_host(self) -> Weights | None:
        """The weights on the host, ``(n_rows,)``, for chunks of a stream; None if all are 1."""
        return None if self.weights is None else on_host(self.weights).astype(np.float64)

    def weighted_by_class(self, settings: Settings) -> DeviceTrainingSet:
        """Return the training set with class weights applied: see ``class_weight``.

        It is an error if they leave every row without weight.
        """
        weighted = self.weighted_chunk(settings)
        if weighted is not self and not weighted.has_weight:
            raise ValueError(
                "class_weight and sample_weight together leave every row without weight."
            )
        return weighted

    def weighted_chunk(self, settings: Settings) -> DeviceTrainingSet:
        """Return the same of a chunk of a stream, whose rows may all be without weight."""
        of_class = settings.class_weight
        if of_class is None:
            return self
        if isinstance(of_class, str):
            of_class = balanced(self.totals_of_classes())
        xp, place = self.place.xp, self.place
        there = place.wide(of_class)
        if self.given.ndim == 1:
            given, of_row = self.given, xp.take(there, self.given, axis=0)
        else:
            parts = xp.astype(self.given, place.widest) * there
            of_row = xp.sum(parts, axis=1)
            weighs = (of_row > 0)[:, None]
            safe = xp.where(weighs, of_row[:, None], xp.ones_like(of_row[:, None]))
            even = xp.full_like(parts, 1 / len(self.classes))  # these rows have weight zero
            given = xp.astype(xp.where(weighs, parts / safe, even), self.given.dtype)
        with np.errstate(over="ignore"):  # of libraries that compute with NumPy
            weights = of_row if self.weights is None else self.weights * of_row
            total = float(xp.sum(weights))
        if not np.isfinite(total):
            raise ValueError(
                "class_weight times sample_weight adds up to more than the largest number there "
                "is: divide either by a constant, which changes no more than the strength of the "
                "penalty."
            )
        return replace(self, given=given, weights=weights)

    def totals_of_classes(self) -> Array:
        """Return the total weight of the rows of each class, shape ``(n_classes,)``."""
        rows = self._rows(has_intercept=False)
        data = DeviceData(
            rows, self._targets(0.0), cross_entropy_of(len(self.classes)), ANSWERS, self.weights
        )
        return data.class_totals

    @cached_property
    def _total_weight(self) -> float:
        return float(self.n_rows if self.weights is None else self.place.total(self.weights))

    def _relative_weight(self, dtype: Any) -> Any:
        """Return weights divided by their mean, ``(n_rows,)``; None if all are equal."""
        if self.weights is None:
            return None
        xp = self.place.xp
        if float(xp.max(self.weights) - xp.min(self.weights)) == 0:
            return None
        relative = self.weights / (self._total_weight / self.n_rows)
        return xp.astype(relative, self.place.width(dtype), copy=False)

    # --- folds of a cross-validation ------------------------------------------------------------

    def times(self, times: Array) -> DeviceTrainingSet:
        """Return the training set with weights times ``times``, ``(n_rows,)`` on the host."""
        own = self.place.wide(times)
        return replace(self, weights=own if self.weights is None else own * self.weights)

    def of_classes(self, present: NDArray[np.intp]) -> DeviceTrainingSet:
        """Return the training set in terms of some classes, by number; others have no weight.

        Rows of other classes get a number too. Of two classes left the offset is that of their
        log odds.
        """
        n_classes, xp = len(self.classes), self.place.xp
        if len(present) in (0, 1, n_classes):  # none is fitted to a single class
            return self
        there = self.place.indices(present)
        if self.given.ndim == 1:
            number = np.zeros(n_classes, dtype=np.intp)
            number[present] = np.arange(len(present))
            given = xp.take(self.place.indices(number), self.given, axis=0)
        else:
            given = xp.take(self.given, there, axis=1)
        offset = self.offset
        if offset is not None:
            offset = xp.take(offset, there, axis=1)
            offset = offset[:, 1:] - offset[:, :1] if len(present) == 2 else offset
        return replace(self, given=given, classes=self.classes[present], offset=offset)

    # --- what a fit is made of ------------------------------------------------------------------

    def rows(self, settings: Settings, n_models: int = 1) -> DeviceRows:
        """Return the rows as they are given, of which several models compute their logits."""
        return self._rows(has_intercept=settings.fit_intercept, n_models=n_models)

    def _rows(self, *, has_intercept: bool, n_models: int = 1) -> DeviceRows:
        n_outputs = len(self.classes) if len(self.classes) > 2 else 1
        return DeviceRows(self.X, n_models * n_outputs, has_intercept=has_intercept)

    def _targets(self, smoothing: float) -> DeviceTargets:
        return DeviceTargets(self.place, self.given, len(self.classes), smoothing)

    def data(self, settings: Settings, rows: Any) -> DeviceData:
        """Return the data term on these rows, in whatever form they are read."""
        return DeviceData(
            rows,
            self._targets(settings.label_smoothing),
            cross_entropy_of(len(self.classes)),
            ANSWERS,
            self._relative_weight(rows.dtype),
            self._class_major(rows.dtype),
        )

    def _class_major(self, dtype: Any) -> Any:
        """Return the offset as logits have it, ``(n_outputs, n_rows)``: see ``offset``."""
        xp = self.place.xp
        if self.offset is None or not bool(xp.any(self.offset != 0)):
            return None
        narrow = xp.astype(self.offset, self.place.width(dtype), copy=False)
        return xp.asarray(xp.matrix_transpose(narrow), copy=True)

    def objective(self, settings: Settings, rows: Any) -> RegressionObjective:
        """Return the objective on these rows."""
        data = self.data(settings, rows)
        return RegressionObjective.on_data(data, self._total_weight, settings.C, settings.form)

    def shift(self, settings: Settings, rows: DeviceRows) -> Shift:
        """Return what is subtracted from the columns, measured on a sample on the host."""
        n_some, weights = n_rows_for_shift(rows), self.weights
        if n_some >= rows.n_rows:
            some = None if weights is None else on_host(weights).astype(np.float64)
            return shift_by_sample(settings, rows, rows.values(), some)
        if weights is None:
            numbers = spread_out(rows.n_rows, n_some)
        else:
            numbers = self._at_equal_steps(n_some)
        return shift_by_sample(settings, rows, rows.values(numbers), None)

    def _at_equal_steps(self, n_some: int) -> NDArray[np.intp]:
        """Return numbers of rows at which the cumulative weight reaches equal steps."""
        xp, place = self.place.xp, self.place
        reached = xp.cumulative_sum(self.weights / xp.max(self.weights))
        steps = place.wide((np.arange(n_some) + 0.5) / n_some) * reached[-1]
        numbers = on_host(xp.searchsorted(reached, steps, side="right"))
        return np.asarray(np.minimum(numbers, self.n_rows - 1), dtype=np.intp)

    # --- fewer rows than features ---------------------------------------------------------------

    def row_space(self, objective: RegressionObjective, most_in_full_metric: int) -> Any:
        """Return coordinates of the rows of an objective in the space that they span.

        Coordinates are on the host: those of ``n_rows`` rows have at most ``n_rows ** 2`` numbers.
        """
        assert isinstance(objective.rows, DeviceRows)
        return DeviceRowSpace(objective.rows, most_in_full_metric=most_in_full_metric)

    def with_rows_on_host(self, X: Array) -> TrainingSet:
        """Return a training set of these rows with the targets, weights and offset of all here."""
        offset = self.offset
        return TrainingSet(
            X,
            self.given_on_host,
            self.weights_on_host,
            self.classes,
            None if offset is None else on_host(offset).astype(np.float64),
        )
