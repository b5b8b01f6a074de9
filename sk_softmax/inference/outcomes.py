"""Which coefficients are reported: log odds against one outcome, or deviations from the mean.

Softmax does not change when the same vector is added to every class, so ``n_classes - 1`` rows of
coefficients are determined. Inside they are the *contrasts* ``b_k - b_r`` with one class ``r``,
the base. What is reported is a linear map of the contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array

MEAN = "mean"


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The outcomes that have coefficients, and what they are compared with."""

    classes: NDArray[Any]
    """Shape ``(n_classes,)``."""

    base: int
    """Number of the class whose contrasts are used inside."""

    of_mean: bool
    """Whether coefficients are deviations from their mean over the classes."""

    @property
    def others(self) -> NDArray[np.intp]:
        """Numbers of the classes besides the base, shape ``(n_classes - 1,)``."""
        return np.delete(np.arange(len(self.classes)), self.base)

    @property
    def labels(self) -> tuple[Any, ...]:
        """Labels of the classes that have coefficients."""
        shown = self.classes if self.of_mean else self.classes[self.others]
        return tuple(shown.tolist())

    @property
    def reference(self) -> Any:
        """The label that coefficients are log odds against, or ``"mean"``."""
        return MEAN if self.of_mean else self.classes.tolist()[self.base]

    @property
    def map(self) -> Array:
        """From contrasts to what is reported, shape ``(n_outcomes, n_classes - 1)``."""
        n_classes = len(self.classes)
        if not self.of_mean:
            return np.eye(n_classes - 1)
        whole = np.zeros((n_classes, n_classes - 1))
        whole[self.others] = np.eye(n_classes - 1)
        return np.asarray(whole - whole.mean(axis=0))

    def contrasts(self, params: Array) -> Array:
        """Return contrasts with the base, ``(n_classes - 1, n_columns)``, from params.

        ``params`` has shape ``(n_outputs, n_columns)``; a single row holds the log odds of the
        second class.
        """
        whole = params if len(params) > 1 else np.vstack([np.zeros_like(params), params])
        return np.asarray(whole[self.others] - whole[self.base])

    def transposed(self, functions: Array) -> Array:
        """Return functions of params from functions of contrasts: the transpose of the map.

        From shape ``(n_classes - 1, n_columns)`` to ``(n_outputs, n_columns)``.
        """
        whole = np.zeros((len(self.classes), *functions.shape[1:]))
        whole[self.others] = functions
        whole[self.base] = -functions.sum(axis=0)
        return whole[1:] if len(whole) == 2 else whole

    def params(self, contrasts: Array) -> Array:
        """Return params from contrasts: the inverse of :meth:`contrasts`.

        With more than two classes they add up to zero over the classes.
        """
        n_classes = len(self.classes)
        whole = np.zeros((n_classes, *contrasts.shape[1:]))
        whole[self.others] = contrasts
        if n_classes == 2:
            return whole[1:] - whole[:1]
        return np.asarray(whole - whole.mean(axis=0))


def outcomes_of(classes: NDArray[Any], reference: Any) -> Outcomes:
    """Return the outcomes for a reference: a label, ``"mean"``, or None for the first label.

    Raises
    ------
    ValueError
        If there is no such class, or if ``"mean"`` has no meaning.
    """
    labels = classes.tolist()
    found = [number for number, label in enumerate(labels) if label == reference]
    if isinstance(reference, str) and reference == MEAN:
        if found:
            raise ValueError(
                "reference='mean' is ambiguous here: one of the classes is called 'mean'. Rename "
                "it to choose either."
            )
        if len(labels) == 2:
            raise ValueError(
                "reference='mean' needs three classes or more: two have one row of log odds, and "
                "their deviations from the mean are plus and minus half of it."
            )
        return Outcomes(classes, 0, of_mean=True)
    if reference is None:
        return Outcomes(classes, 0, of_mean=False)
    if not found:
        raise ValueError(
            f"reference={reference!r} is not one of the classes {labels!r}, nor 'mean'."
        )
    return Outcomes(classes, found[0], of_mean=False)
