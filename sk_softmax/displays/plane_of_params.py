"""A plane in the space of the parameters: its two directions, and the names of its axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def leading_directions(centre: Any, paths: Mapping[str, Any]) -> Any:
    """Return the two orthonormal directions along which the paths differ most from ``centre``.

    ``centre`` has the shape of the parameters, each path (n_steps, *centre.shape), and the
    result (2, *centre.shape).
    """
    if not paths:
        raise ValueError(
            "Without paths there are no leading directions: pass paths, fit with keep_path=True, "
            "or choose two parameters."
        )
    steps = np.vstack([(path - centre).reshape(len(path), -1) for path in paths.values()])
    *_, directions = np.linalg.svd(steps, full_matrices=False)
    if len(directions) < 2:
        raise ValueError("Two directions need at least two steps and two parameters.")
    # The sign of a singular vector is arbitrary: make its largest entry positive.
    chosen = directions[:2]
    signs = np.sign(chosen[np.arange(2), np.abs(chosen).argmax(axis=1)])
    return (chosen * signs[:, None]).reshape(2, *centre.shape)


def unit_directions(centre: Any, parameters: Sequence[tuple[int, int]]) -> Any:
    """Return the directions of two single parameters, of shape (2, *centre.shape)."""
    directions = np.zeros((2, *centre.shape))
    for direction, parameter in zip(directions, parameters, strict=True):
        direction[parameter] = 1
    return directions


def coordinates(path: Any, centre: Any, directions: Any) -> Any:
    """Return the coordinates of each step along the two directions, of shape (n_steps, 2)."""
    return np.tensordot(path - centre, directions, axes=([1, 2], [1, 2]))


def names_of_axes(
    estimator: Any, centre: Any, parameters: Sequence[tuple[int, int]]
) -> tuple[str, str]:
    """Return the labels of two parameters."""
    features = getattr(estimator, "feature_names_in_", None)
    n_features = estimator.n_features_in_

    def name(row: int, column: int) -> str:
        column %= centre.shape[1]
        if column == n_features:
            what = "intercept"
        else:
            feature = f"x{column}" if features is None else features[column]
            what = f"coefficient of {feature}"
        return what if len(centre) == 1 else f"{what}, class {estimator.classes_[row]}"

    first, second = parameters
    return name(*first), name(*second)
