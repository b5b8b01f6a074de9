"""What a model has learned about each class: an image, or bars for and against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from sk_softmax.displays.drawing import (
    COLOURS,
    DIVERGING,
    dense_coefficients,
    grid_of_axes,
    image_size,
)


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
        coefficients: Any,
        titles: Sequence[str],
        feature_names: Any,
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
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : CoefficientDisplay
            Already drawn.
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
        return cls(coef, titles, names, shape).plot(**plot)

    def plot(self, *, n_features: int = 10, n_columns: int = 5, ax: Any = None) -> Self:
        """Draw one picture per class.

        Parameters
        ----------
        n_features : int, default=10
            Number of bars per class, for its largest coefficients.
        n_columns : int, default=5
            Pictures side by side; at most 3 for bars.
        ax : matplotlib Axes, optional
            Where to draw all pictures; by default in a new figure.

        Returns
        -------
        self : CoefficientDisplay
            With ``figure_``, ``axes_`` and ``artists_``.
        """
        as_images = self.image_shape is not None
        cell = (1.6, 1.8) if as_images else (3.4, 0.6 + 0.24 * n_features)
        columns = n_columns if as_images else min(n_columns, 3)
        n_shown = len(self.coefficients)
        self.figure_, self.axes_ = grid_of_axes(self, ax, n_shown, columns, cell)
        # All classes share one scale. With a scale each, a class with weak coefficients would
        # look as sure as the others.
        limit = float(np.abs(self.coefficients).max()) or 1.0
        self.artists_ = []
        for axes, row, title in zip(self.axes_, self.coefficients, self.titles, strict=True):
            draw = self._image if as_images else self._bars
            self.artists_.append(draw(axes, row, limit, n_features))
            axes.set_title(title, fontsize=10)
        if as_images:
            self.figure_.colorbar(
                self.artists_[0],
                ax=self.axes_,
                label="coefficient (nats a unit)",
                shrink=0.8,
            )
        return self

    def _image(self, axes: Any, row: Any, limit: float, n_features: int) -> Any:
        axes.set_xticks([])
        axes.set_yticks([])
        return axes.imshow(row.reshape(self.image_shape), cmap=DIVERGING, vmin=-limit, vmax=limit)

    def _bars(self, axes: Any, row: Any, limit: float, n_features: int) -> Any:
        largest = np.argsort(-np.abs(row), kind="stable")[:n_features][::-1]
        colours = [COLOURS[0] if row[i] > 0 else COLOURS[1] for i in largest]
        bars = axes.barh(np.arange(len(largest)), row[largest], color=colours)
        axes.set_yticks(np.arange(len(largest)), [str(self.feature_names[i]) for i in largest])
        axes.tick_params(labelsize=8)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_xlim(-1.05 * limit, 1.05 * limit)
        axes.set_xlabel("coefficient (nats a unit)", fontsize=8)
        return bars
