"""The data term of rows on a device: its questions are answered there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Rows
from sk_softmax.objective import DataTerm, Targets
from sk_softmax.objective.approximate_hessian import each_class
from sk_softmax.objective.cross_entropy import CrossEntropy
from sk_softmax.objective.data_term import DataQuestion, Matrices
from sk_softmax.parts.device_arrays import on_host
from sk_softmax.parts.device_cross_entropy import DeviceCrossEntropy
from sk_softmax.parts.device_rows import DeviceBlock, DeviceRows
from sk_softmax.parts.device_targets import DeviceTargets
from sk_softmax.rows import rows_of

Answers: TypeAlias = Mapping[Callable[..., Any], Callable[..., tuple[Any, ...]]]
"""From the function of a question to that which answers it on a device.

Its arguments are NumPy's and those of the question, with a :class:`DeviceData` in the place of the
data term, and so are its sums.
"""


class DeviceData(DataTerm):
    """``sum_i s_i CE_i / sum_i s_i`` over rows on a device.

    Rows, targets, weights and offset stay there. Params go in, and sums of the size of params, or
    of a matrix between them, come out. Rows are copied to the host only where a sample of them is
    asked for: to measure which columns are far from zero or can be narrowed (up to 512), for a
    proof that an optimum without penalty is finite, and wide data with fewer rows than 2,000. The
    margins that a search for a separating direction asks for have ``n_rows * n_classes`` numbers.

    Parameters
    ----------
    rows : DeviceRows
        The rows.
    targets : DeviceTargets
        Probabilities of the classes for each row.
    loss : CrossEntropy
        The form of the loss.
    answers : mapping
        What each question is answered by.
    relative_weight : array of shape (n_rows,), optional
        On the device: weights divided by their mean; None if all are equal.
    offset : array of shape (n_outputs, n_rows), optional
        On the device: what is added to the logits.
    """

    rows: Any
    targets: Any

    def __init__(
        self,
        rows: DeviceRows,
        targets: DeviceTargets,
        loss: CrossEntropy,
        answers: Answers,
        relative_weight: Any = None,
        offset: Any = None,
    ) -> None:
        probabilities: Any = targets
        super().__init__(rows, probabilities, loss, relative_weight, offset=offset)
        self.keeps_spread = False
        self.place = rows.place
        self.entropy = DeviceCrossEntropy(rows.place, loss.n_outputs)
        self.answers = answers

    def ask(self, question: DataQuestion, passes: float = 1.0) -> tuple[Any, ...]:
        """Return the answer that is computed on the device, and count the passes it takes."""
        self.count(passes)
        function = question.func if isinstance(question, partial) else question
        arguments = question.keywords if isinstance(question, partial) else {}
        answer = self.answers.get(function)
        if answer is None:
            name = f"{function.__module__}.{function.__name__}"
            raise NotImplementedError(f"Rows on a device have no answer to the question {name}.")
        return answer(self, **arguments)

    @property
    def number_of_targets(self) -> int:
        """A number that two terms have in common if they share their targets."""
        return id(self.targets.given)

    @property
    def least_weight(self) -> float:
        """The least positive weight of a row, divided by the mean."""
        weight, xp = self.relative_weight, self.place.xp
        if weight is None:
            return 1.0
        largest = xp.max(weight)
        return float(xp.min(xp.where(weight > 0, weight, largest)))

    @property
    def largest_difference(self) -> float:
        """By how much an offset's logits of two classes differ in a row at most, in nats."""
        xp, offset = self.place.xp, self.offset
        if offset is None:
            return 0.0
        if offset.shape[0] == 1:
            return float(xp.max(xp.abs(offset)))
        return float(xp.max(xp.max(offset, axis=0) - xp.min(offset, axis=0)))

    # --- other rows -----------------------------------------------------------------------------

    def on(self, rows: Rows, indices: NDArray[np.intp] | None = None) -> DataTerm:
        """Return the term on other rows: see ``DataTerm.on``."""
        assert isinstance(rows, DeviceRows)
        xp, width = self.place.xp, self.place.width(rows.dtype)
        targets, weight, offset = self.targets, self.relative_weight, self.offset
        if indices is not None:
            there = self.place.indices(indices)
            targets = targets.at(there)
            weight = None if weight is None else xp.take(weight, there, axis=0)
            offset = None if offset is None else xp.take(offset, there, axis=1)
        other = DeviceData(
            rows,
            targets,
            self.loss,
            self.answers,
            None if weight is None else xp.astype(weight, width, copy=False),
            None if offset is None else xp.astype(offset, width, copy=False),
        )
        other._all_rows = self._all_rows
        return other

    def _in_another_form(self, rows: Any) -> DataTerm:
        return self.on(rows)

    def at(self, numbers: NDArray[np.intp]) -> DataTerm:
        """Return the term on some rows, of a sample's size, which are copied to the host."""
        rows = rows_of(
            self.rows.values(numbers),
            self.loss.n_outputs,
            has_intercept=self.rows.n_columns > self.rows.n_features,
            n_threads=1,
        )
        weight, offset = self.weight_and_offset_of(numbers)
        return DataTerm(rows, self.targets_of(numbers), self.loss, weight, offset=offset)

    def targets_of(self, numbers: NDArray[np.intp]) -> Targets:
        """Return the targets of some rows, of a sample's size, on the host."""
        return self.targets.on_host(numbers)  # type: ignore[no-any-return]

    def weight_and_offset_of(self, numbers: NDArray[np.intp]) -> tuple[Array | None, Array | None]:
        """Return weights ``(n,)`` and offset ``(n_outputs, n)`` of some rows on the host."""
        there, take = self.place.indices(numbers), self.place.xp.take
        weight, offset = self.relative_weight, self.offset
        return (
            None if weight is None else on_host(take(weight, there, axis=0)),
            None if offset is None else on_host(take(offset, there, axis=1)),
        )

    def design_at(self, numbers: NDArray[np.intp]) -> Array:
        """Return some rows, of a sample's size, on the host, a constant column included."""
        values = self.rows.values(numbers)
        if self.rows.n_columns == self.rows.n_features:
            return np.asarray(values)
        return np.column_stack([values, np.ones(len(values), dtype=values.dtype)])

    # --- for the functions that answer ----------------------------------------------------------

    def logits(self, block: Any, prepared: Any) -> Any:
        """Return a block's class-major logits with its offset, ``(n_outputs, n_rows)``."""
        return self._with_offset(block.logits(prepared), block)

    def _with_offset(self, logits: Any, block: DeviceBlock) -> Any:
        """Return logits with the offset of a block's rows; they may be changed."""
        if self.offset is not None:
            logits += self._offset_of(block)
        return logits

    def weighted_loss(self, product: Any, block: DeviceBlock) -> tuple[Any, Any]:
        """Return the sum of a block's weighted losses, and its weighted residuals.

        Both are on the device; residuals have the shape of ``product``, ``(n_outputs, n_rows)``,
        which is that of params and the rows, and may be changed.
        """
        losses, residuals = self.entropy.loss_and_residuals(
            self._with_offset(product, block), self.targets_at(block)
        )
        return self.place.total(self.weighted(losses, block)), self.weighted(residuals, block)

    def curvatures(self, block: Any, prepared: Any, matrices: Matrices) -> Any:
        """Return the weight of each of a block's rows in each matrix, ``(n_matrices, n_rows)``."""
        return self.curvatures_of(block.logits(prepared), block, matrices)

    def curvatures_of(self, product: Any, block: DeviceBlock, matrices: Matrices) -> Any:
        """Return the same from the product of params and rows, which may be changed."""
        found = self.entropy.curvatures(self._with_offset(product, block))
        if matrices is not each_class:  # their mean
            directions = max(self.loss.n_outputs - 1, 1)
            found = self.place.xp.sum(found, axis=0, keepdims=True) / directions
        return self.weighted(found, block)

    def _offset_of(self, block: DeviceBlock) -> Any:
        if isinstance(block.rows, slice):
            return self.offset[:, block.rows]  # type: ignore[index]
        return self.place.xp.take(self.offset, block.rows, axis=1)

    def weighted(self, values: Any, block: Any) -> Any:
        """Return values times the weights of a block's rows, which are their last axis."""
        weights = self.weights_of(block)
        if weights is None:
            return values
        return values * self.place.xp.astype(weights, values.dtype, copy=False)

    def weights_of(self, block: Any) -> Any:
        """Return the weights of a block's rows, shape ``(n_rows,)``; None if all are equal."""
        weight = self.relative_weight
        if weight is None or isinstance(block.rows, slice):
            return None if weight is None else weight[block.rows]
        return self.place.xp.take(weight, block.rows, axis=0)

    def targets_at(self, block: Any) -> DeviceTargets:
        """Return the targets of a block's rows."""
        return self.targets.at(block.rows)  # type: ignore[no-any-return]
