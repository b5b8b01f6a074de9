"""The objective over a plane of parameters, and the paths that solvers take on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_softmax.displays.contour_levels import few_of, round_levels
from sk_softmax.displays.drawing import (
    COLOURS,
    LINE_STYLES,
    MARKERS,
    SEQUENTIAL,
    single_axes,
)
from sk_softmax.displays.interactive.surface import landscape_figure
from sk_softmax.displays.path_animation import animated
from sk_softmax.displays.plane_of_params import (
    coordinates,
    leading_directions,
    names_of_axes,
    unit_directions,
)
from sk_softmax.interfaces.given import MatrixLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_MARKERS = 40
"""Steps of a path that are marked; of a longer path every second, third, ... step is."""


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
        x: NDArray[Any],
        y: NDArray[Any],
        values: NDArray[Any],
        paths: Mapping[str, Any],
        labels: tuple[str, str],
        optimum: NDArray[Any],
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
        X: MatrixLike,
        y: ArrayLike,
        *,
        paths: Mapping[str, Any] | None = None,
        parameters: tuple[tuple[int, int], tuple[int, int]] | None = None,
        sample_weight: ArrayLike | None = None,
        offset: ArrayLike | None = None,
        n_points: int = 50,
        margin: float = 0.3,
        draw: bool = True,
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
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            Their offset, if the fit had one.
        n_points : int, default=50
            Grid points on each side; the objective is evaluated at ``n_points ** 2`` of them.
        margin : float, default=0.3
            How far the picture reaches beyond the paths and the optimum, as a share of their
            extent.
        draw : bool, default=True
            Whether to draw it with matplotlib, which :meth:`to_plotly` does not need.
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : LossLandscapeDisplay
            Already drawn, with ``draw``.
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
            directions = leading_directions(centre, steps)
            labels = ("first principal direction", "second principal direction")
            origin = np.zeros(2)
        else:
            directions = unit_directions(centre, parameters)
            labels = names_of_axes(estimator, centre, parameters)
            origin = np.array([centre[p] for p in parameters])
        flat = {name: origin + coordinates(p, centre, directions) for name, p in steps.items()}
        reach = np.vstack([origin[None], *flat.values()])
        low, high = reach.min(axis=0), reach.max(axis=0)
        spare = np.where(high > low, margin * (high - low), np.maximum(np.abs(low), 1.0))
        x, y_axis = np.linspace(low - spare, high + spare, n_points).T
        steps_away = np.stack(np.meshgrid(x - origin[0], y_axis - origin[1]), axis=-1)
        points = centre + np.tensordot(steps_away.reshape(-1, 2), directions, axes=1)
        values = estimator.objective(
            X, y, params=points, sample_weight=sample_weight, offset=offset
        )
        grid = values.reshape(n_points, n_points)
        display = cls(x, y_axis, grid, flat, labels, origin)
        return display.plot(**plot) if draw else display

    def plot(self, *, n_levels: int = 20, ax: Axes | None = None) -> Self:
        """Draw the surface and the paths.

        Parameters
        ----------
        n_levels : int, default=20
            Most bands between contours. They cover about the same area of the plane each, and end
            at round numbers.
        ax : matplotlib Axes, optional
            Where to draw; by default in a new figure.

        Returns
        -------
        self : LossLandscapeDisplay
            With ``ax_``, ``figure_``, ``contour_`` and ``lines_``.
        """
        self.ax_ = single_axes(self, ax, (6.4, 4.8))
        self.figure_ = self.ax_.figure
        self._surface(n_levels)
        self.lines_ = [self._path(number) for number in range(len(self.paths))]
        self.ax_.plot(
            *self.optimum,
            "*",
            color="black",
            markersize=13,
            markeredgecolor="white",
            label="fitted",
            linestyle="none",
            zorder=5,
        )
        self.ax_.set_xlabel(self.labels[0])
        self.ax_.set_ylabel(self.labels[1])
        self.ax_.set_xlim(self.x[0], self.x[-1])
        self.ax_.set_ylim(self.y[0], self.y[-1])
        self.ax_.legend(fontsize=9, handlelength=3.5, framealpha=0.9)
        return self

    def to_plotly(self, *, n_levels: int = 20) -> Any:
        """Return the picture as a Plotly figure, which shows the numbers of what is pointed at.

        Parameters
        ----------
        n_levels : int, default=20
            See :meth:`plot`.

        Returns
        -------
        figure : plotly.graph_objects.Figure
            With the content of :meth:`plot`. A notebook shows it; ``write_html`` saves it.

        Raises
        ------
        ImportError
            If plotly is not installed: ``pip install "sk-softmax[explore]"``.
        """
        return landscape_figure(self, n_levels)

    def animate(self, *, n_frames: int = 100, interval: int = 100, **plot: Any) -> Any:
        """Return an animation in which the paths grow step by step.

        Only matplotlib is needed. ``animation.save("paths.gif", writer="pillow")`` saves a GIF
        image. ``animation.to_jshtml()`` is HTML with buttons for play, step and reset, whose icons
        alone come from the network: ``Path("paths.html").write_text(animation.to_jshtml())``
        saves it, and ``IPython.display.HTML(animation.to_jshtml())`` shows it in a notebook.

        Parameters
        ----------
        n_frames : int, default=100
            Most frames; of longer paths every second, third, ... step is shown, and the last.
        interval : int, default=100
            Milliseconds from frame to frame. Iterations, or epochs, of all paths are in step; a
            path that has ended waits for the others.
        **plot : dict
            Passed to :meth:`plot`, which draws a new picture.

        Returns
        -------
        animation : matplotlib.animation.FuncAnimation
            Keep a reference to it until it is saved or shown.

        Raises
        ------
        ValueError
            If there are no paths, or fewer than two frames.
        """
        if not self.paths:
            raise ValueError(
                "There are no paths to animate: pass paths, or fit with keep_path=True."
            )
        if n_frames < 2:
            raise ValueError(f"n_frames={n_frames!r} must be 2 or more.")
        return animated(self.plot(**plot), n_frames, interval)

    def _surface(self, n_levels: int) -> None:
        """Draw the objective as bands between contours, and the scale of their colours."""
        from matplotlib.colors import BoundaryNorm

        levels = round_levels(self.values, n_levels)
        norm = BoundaryNorm(levels, 256)  # evenly spaced shades, one per band
        grid = self.x, self.y, self.values
        self.contour_ = self.ax_.contourf(*grid, levels=levels, norm=norm, cmap=SEQUENTIAL)
        self.ax_.contour(*grid, levels=levels, colors="white", linewidths=0.4)
        bar = self.figure_.colorbar(self.contour_, ax=self.ax_, label="objective (nats a row)")
        ticks = few_of(levels, 8)
        bar.set_ticks(ticks, labels=[f"{tick:.15g}" for tick in ticks])
        bar.minorticks_off()

    def _path(self, number: int) -> Any:
        """Draw one path and return its line; colour, style and marker tell it from the others."""
        from matplotlib.patheffects import Normal, Stroke

        name, path = list(self.paths.items())[number]
        (line,) = self.ax_.plot(
            *path.T,
            color=COLOURS[number % len(COLOURS)],
            linestyle=LINE_STYLES[number % len(LINE_STYLES)],
            marker=MARKERS[number % len(MARKERS)],
            markersize=4.6,
            markeredgecolor="white",
            markeredgewidth=0.6,
            markevery=-(-len(path) // MOST_MARKERS),
            linewidth=1.8,
            label=name,
            path_effects=[Stroke(linewidth=2.8, foreground="white"), Normal()],
            zorder=4 - (number + 1) / (len(self.paths) + 1),  # the first on top
        )
        return line
