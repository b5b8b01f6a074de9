"""The objective over a plane of parameters, and the paths that solvers take on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from sk_softmax.displays.drawing import COLOURS, single_axes

MARKERS = "osD^vP*"
"""Matplotlib's markers of the steps, in turn for each path."""


class LossLandscapeDisplay:
    """Contours of the objective over a plane, with paths projected onto it.

    Parameters
    ----------
    x, y : ndarray of shape (n_points,)
        Coordinates of the grid.
    values : ndarray of shape (n_points, n_points)
        The objective in nats a row, ``values[j, i]`` at ``(x[i], y[j])``.
    paths : dict of str to ndarray of shape (n_steps, 2)
        Coordinates of each step of each path.
    labels : tuple of str
        Labels of the two axes.
    optimum : ndarray of shape (2,)
        Coordinates of the fitted parameters.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes, after ``plot``.
    figure_ : matplotlib Figure
        The figure.
    contour_ : matplotlib QuadContourSet
        The surface.
    lines_ : list of matplotlib Line2D
        The paths.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.displays import LossLandscapeDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> X = scale(X[:, 2:])
    >>> model = SoftmaxRegression(solver="gd", tol=1e-3, keep_path=True).fit(X, y)
    >>> display = LossLandscapeDisplay.from_estimator(model, X, y, n_points=10)
    >>> display.values.shape
    (10, 10)
    """

    ax_: Any
    figure_: Any
    contour_: Any
    lines_: list[Any]

    def __init__(
        self,
        x: Any,
        y: Any,
        values: Any,
        paths: Mapping[str, Any],
        labels: tuple[str, str],
        optimum: Any,
    ) -> None:
        self.x = x
        self.y = y
        self.values = values
        self.paths = paths
        self.labels = labels
        self.optimum = optimum

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        paths: Mapping[str, Any] | None = None,
        parameters: tuple[tuple[int, int], tuple[int, int]] | None = None,
        sample_weight: Any = None,
        n_points: int = 50,
        margin: float = 0.3,
        **plot: Any,
    ) -> Self:
        """Evaluate a fitted estimator's objective around its optimum, and draw it.

        Parameters
        ----------
        estimator : fitted SoftmaxRegression
            The estimator whose objective to draw. Parameters that are not on the axes keep their
            fitted values.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The rows it was fitted to.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Their labels or probabilities.
        paths : dict of str to ndarray of shape (n_steps, n_outputs, n_columns), optional
            Paths to draw by name, such as ``path_`` of estimators fitted with ``keep_path=True``;
            by default the estimator's own, if it has one.
        parameters : pair of (row, column), optional
            The two parameters on the axes: each a row of ``coef_`` and a feature's number, or -1
            for the intercept. By default the axes are the two leading directions of all steps of
            the paths (their first principal components), through the fitted parameters.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows.
        n_points : int, default=50
            Grid points on each side; the objective is evaluated at ``n_points ** 2`` of them.
        margin : float, default=0.3
            How far the picture reaches beyond the paths and the optimum, as a share of their
            extent.
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : LossLandscapeDisplay
            Already drawn.
        """
        centre = estimator.params_
        if paths is None:
            paths = {"path": estimator.path_} if hasattr(estimator, "path_") else {}
        steps = {name: np.asarray(path, dtype=float) for name, path in paths.items()}
        for name, path in steps.items():
            if path.ndim != 3 or path.shape[1:] != centre.shape:
                raise ValueError(
                    f"The path {name!r} has shape {path.shape}, expected (n_steps, "
                    f"{centre.shape[0]}, {centre.shape[1]}), as path_ of such an estimator has."
                )
        if parameters is None:
            directions = _leading_directions(centre, steps)
            labels = ("first principal direction", "second principal direction")
            origin = np.zeros(2)
        else:
            directions = _unit_directions(centre, parameters)
            labels = _names(estimator, centre, parameters)
            origin = np.array([centre[p] for p in parameters])
        flat = {name: origin + _coordinates(p, centre, directions) for name, p in steps.items()}
        reach = np.vstack([origin[None], *flat.values()])
        low, high = reach.min(axis=0), reach.max(axis=0)
        spare = np.where(high > low, margin * (high - low), np.maximum(np.abs(low), 1.0))
        x, y_axis = np.linspace(low - spare, high + spare, n_points).T
        offsets = np.stack(np.meshgrid(x - origin[0], y_axis - origin[1]), axis=-1)
        points = centre + np.tensordot(offsets.reshape(-1, 2), directions, axes=1)
        values = estimator.objective(X, y, params=points, sample_weight=sample_weight)
        grid = values.reshape(n_points, n_points)
        return cls(x, y_axis, grid, flat, labels, origin).plot(**plot)

    def plot(self, *, n_levels: int = 20, ax: Any = None) -> Self:
        """Draw the surface and the paths.

        Parameters
        ----------
        n_levels : int, default=20
            Number of bands between contours. Each covers the same area of the plane.
        ax : matplotlib Axes, optional
            Where to draw; by default in a new figure.

        Returns
        -------
        self : LossLandscapeDisplay
            With ``ax_``, ``figure_``, ``contour_`` and ``lines_``.
        """
        self.ax_ = single_axes(self, ax, (6.0, 4.5))
        self.figure_ = self.ax_.figure
        # Levels are quantiles, so that all bands cover the same area. Evenly spaced levels would
        # all lie on steep walls, and the valley between them would show no shape.
        levels = np.unique(np.quantile(self.values, np.linspace(0, 1, n_levels + 1)))
        from matplotlib.colors import BoundaryNorm

        norm = BoundaryNorm(levels, 256)  # evenly spaced shades, one per band
        self.contour_ = self.ax_.contourf(
            self.x, self.y, self.values, levels=levels, norm=norm, cmap="Greys", alpha=0.7
        )
        self.ax_.contour(
            self.x, self.y, self.values, levels=levels, colors="white", linewidths=0.5
        )
        self.figure_.colorbar(
            self.contour_, ax=self.ax_, label="objective (nats a row)", format="%.3g"
        )
        self.lines_ = []
        for number, (name, path) in enumerate(self.paths.items()):
            style = dict(color=COLOURS[number % len(COLOURS)], label=name, linewidth=1.4)
            marker = dict(marker=MARKERS[number % len(MARKERS)], markersize=3.5)
            self.lines_ += self.ax_.plot(path[:, 0], path[:, 1], **style, **marker)
        self.ax_.plot(
            *self.optimum, "*", color="black", markersize=11, label="fitted", linestyle="none"
        )
        self.ax_.set_xlabel(self.labels[0])
        self.ax_.set_ylabel(self.labels[1])
        self.ax_.set_xlim(self.x[0], self.x[-1])
        self.ax_.set_ylim(self.y[0], self.y[-1])
        self.ax_.legend(fontsize=9)
        return self


def _leading_directions(centre: Any, paths: Mapping[str, Any]) -> Any:
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


def _unit_directions(centre: Any, parameters: Sequence[tuple[int, int]]) -> Any:
    """Return the directions of two single parameters, of shape (2, *centre.shape)."""
    directions = np.zeros((2, *centre.shape))
    for direction, parameter in zip(directions, parameters, strict=True):
        direction[parameter] = 1
    return directions


def _coordinates(path: Any, centre: Any, directions: Any) -> Any:
    """Return the coordinates of each step along the two directions, of shape (n_steps, 2)."""
    return np.tensordot(path - centre, directions, axes=([1, 2], [1, 2]))


def _names(estimator: Any, centre: Any, parameters: Sequence[tuple[int, int]]) -> tuple[str, str]:
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
