"""What a model has learned about each class: an image, or bars for and against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_softmax.displays.drawing import (
    COLOURS,
    DIVERGING,
    dense_coefficients,
    grid_of_axes,
    image_size,
)
from sk_softmax.displays.interactive.templates import bars_figure, images_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class CoefficientDisplay:
    """Coefficients of each class: all of them as an image, or the largest as bars.

    Parameters
    ----------
    coefficients : ndarray of shape (n_shown, n_features)
        One row per class, in nats per unit of the feature.
    titles : list of str
        Name of each row.
    feature_names : ndarray of shape (n_features,)
        Names for the bars.
    image_shape : tuple of int or None
        Height and width if the features are pixels, None for bars.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after ``plot``.
    axes_ : list of matplotlib Axes
        One per class.
    artists_ : list
        The image of each class, or the container of its bars.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.displays import CoefficientDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SoftmaxRegression(C=0.1).fit(X / 16, y)
    >>> display = CoefficientDisplay.from_estimator(model, image_shape=(8, 8))
    >>> len(display.axes_)
    10
    """

    figure_: Any
    axes_: list[Any]
    artists_: list[Any]

    def __init__(
        self,
        coefficients: NDArray[Any],
        titles: Sequence[str],
        feature_names: Sequence[str] | NDArray[Any],
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.coefficients = coefficients
        self.titles = titles
        self.feature_names = feature_names
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image_shape: Sequence[int] | None = None,
        feature_names: Sequence[str] | None = None,
        draw: bool = True,
        **plot: Any,
    ) -> Self:
        """Draw the coefficients of a fitted linear classifier.

        Parameters
        ----------
        estimator : fitted classifier
            With ``coef_`` and ``classes_``. With two classes, ``coef_`` has a single row: the
            log-odds of the second class.
        image_shape : tuple of int, optional
            ``(height, width)`` to draw each class as an image of its coefficients; by default
            they are drawn as bars.
        feature_names : sequence of str, optional
            By default ``feature_names_in_``; without that, ``x0``, ``x1``, ...
        draw : bool, default=True
            Whether to draw it with matplotlib, which :meth:`to_plotly` does not need.
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : CoefficientDisplay
            Already drawn, with ``draw``.
        """
        coef = np.asarray(dense_coefficients(estimator), dtype=float)
        n_features = coef.shape[1]
        shape = None if image_shape is None else image_size(image_shape, n_features)
        if feature_names is None:
            feature_names = getattr(
                estimator, "feature_names_in_", [f"x{i}" for i in range(n_features)]
            )
        names = np.asarray(feature_names, dtype=object)
        if len(names) != n_features:
            raise ValueError(f"{len(names)} feature_names were given for {n_features} features.")
        titles = [str(label) for label in estimator.classes_]
        if len(coef) == 1:
            titles = [f"{titles[1]} rather than {titles[0]}"]
        display = cls(coef, titles, names, shape)
        return display.plot(**plot) if draw else display

    def plot(
        self,
        *,
        n_features: int = 10,
        n_columns: int = 5,
        label: str = "coefficient (nats a unit)",
        smooth: bool = False,
        ax: Axes | None = None,
    ) -> Self:
        """Draw one picture per class.

        Parameters
        ----------
        n_features : int, default=10
            Number of bars per class, for its largest coefficients.
        n_columns : int, default=5
            Pictures side by side; at most 3 for bars.
        label : str, default="coefficient (nats a unit)"
            What the scale shows, in the units of the features: "nats from blank to full ink".
        smooth : bool, default=False
            Whether images are drawn smooth between the middles of their pixels, which suits small
            ones.
        ax : matplotlib Axes, optional
            Where to draw all pictures; by default in a new figure.

        Returns
        -------
        self : CoefficientDisplay
            With ``figure_``, ``axes_`` and ``artists_``.
        """
        as_images = self.image_shape is not None
        columns = n_columns if as_images else min(n_columns, 3)
        n_shown = len(self.coefficients)
        cell = self._cell(n_features)
        self.figure_, self.axes_ = grid_of_axes(
            self, ax, n_shown, columns, cell, of_images=as_images
        )
        # All classes share one scale. With a scale each, a class with weak coefficients would
        # look as sure as the others.
        limit = float(np.abs(self.coefficients).max()) or 1.0
        self.artists_ = []
        for axes, row, title in zip(self.axes_, self.coefficients, self.titles, strict=True):
            if as_images:
                artist = self._image(axes, row, limit, smooth)
            else:
                artist = self._bars(axes, row, limit, n_features)
                axes.set_xlabel(label, fontsize=8)
            self.artists_.append(artist)
            axes.set_title(title, fontsize=10)
        if as_images:
            self.figure_.colorbar(
                self.artists_[0], ax=self.axes_, label=label, aspect=30, pad=0.02
            )
        return self

    def to_plotly(
        self,
        *,
        n_features: int = 10,
        n_columns: int = 5,
        label: str = "coefficient (nats a unit)",
        smooth: bool = False,
    ) -> Any:
        """Return the picture as a Plotly figure, which shows the numbers of what is pointed at.

        Parameters
        ----------
        n_features, n_columns, label, smooth : int, int, str, bool
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
        if self.image_shape is not None:
            return images_figure(self, n_columns, label, smooth=smooth)
        return bars_figure(self, n_features, min(n_columns, 3), label)

    def largest(self, row: NDArray[Any], n_features: int) -> NDArray[np.intp]:
        """Return the numbers of the largest coefficients of a class, the largest last."""
        return np.asarray(np.argsort(-np.abs(row), kind="stable")[:n_features][::-1])

    def _cell(self, n_features: int) -> tuple[float, float]:
        """Return the width and height of one picture in inches."""
        if self.image_shape is None:
            return 3.4, 0.6 + 0.24 * n_features
        height, width = self.image_shape
        return 1.75, 1.6 * height / width + 0.25

    def _image(self, axes: Any, row: Any, limit: float, smooth: bool) -> Any:
        """Draw one class as an image."""
        axes.set_xticks([])
        axes.set_yticks([])
        return axes.imshow(
            row.reshape(self.image_shape),
            cmap=DIVERGING,
            vmin=-limit,
            vmax=limit,
            interpolation="bicubic" if smooth else None,
        )

    def _bars(self, axes: Any, row: Any, limit: float, n_features: int) -> Any:
        """Draw the largest coefficients of one class as bars."""
        largest = self.largest(row, n_features)
        colours = [COLOURS[0] if row[i] > 0 else COLOURS[1] for i in largest]
        bars = axes.barh(np.arange(len(largest)), row[largest], color=colours)
        axes.set_yticks(np.arange(len(largest)), [str(self.feature_names[i]) for i in largest])
        axes.tick_params(labelsize=8)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlim(-1.05 * limit, 1.05 * limit)
        return bars
