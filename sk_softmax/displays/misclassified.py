"""Images of mistakes, the most confident first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_softmax.displays.drawing import grid_of_axes, image_size
from sk_softmax.displays.interactive.templates import mistakes_figure
from sk_softmax.interfaces.given import MatrixLike

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class MisclassifiedDisplay:
    """Images of rows that were predicted wrongly, with both labels and the probability.

    Parameters
    ----------
    images : ndarray of shape (n_shown, height, width)
        The rows, as images.
    true, predicted : ndarray of shape (n_shown,)
        Their true labels and their predicted labels.
    probabilities : ndarray of shape (n_shown,)
        Predicted probability of the predicted label, descending.
    indices : ndarray of shape (n_shown,)
        Their row numbers in the data.
    n_wrong, n_rows : int
        Number of rows that were predicted wrongly, and of all rows.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after ``plot``.
    axes_ : list of matplotlib Axes
        One per image.
    artists_ : list of matplotlib AxesImage
        The images.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.displays import MisclassifiedDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SoftmaxRegression(C=0.001).fit(X[:900] / 16, y[:900])
    >>> display = MisclassifiedDisplay.from_estimator(
    ...     model, X[900:] / 16, y[900:], image_shape=(8, 8), n_images=5
    ... )
    >>> display.images.shape
    (5, 8, 8)
    """

    figure_: Any
    axes_: list[Any]
    artists_: list[Any]

    def __init__(
        self,
        images: NDArray[Any],
        true: NDArray[Any],
        predicted: NDArray[Any],
        probabilities: NDArray[Any],
        indices: NDArray[Any],
        n_wrong: int,
        n_rows: int,
    ) -> None:
        self.images = images
        self.true = true
        self.predicted = predicted
        self.probabilities = probabilities
        self.indices = indices
        self.n_wrong = n_wrong
        self.n_rows = n_rows

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: MatrixLike,
        y: ArrayLike,
        *,
        image_shape: Sequence[int],
        offset: ArrayLike | None = None,
        n_images: int = 15,
        draw: bool = True,
        **plot: Any,
    ) -> Self:
        """Draw the rows on which a classifier is most confidently wrong.

        Parameters
        ----------
        estimator : fitted classifier
            A classifier, or a Pipeline that ends in one, with ``predict_proba``.
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Rows. Their features are drawn as pixels, before any step of a Pipeline.
        y : array-like of shape (n_samples,)
            Their labels.
        image_shape : tuple of int
            ``(height, width)``.
        offset : array-like of shape (n_samples,) or (n_samples, n_classes), optional
            What is added to the logits of the rows; needed if the classifier was fitted with one.
        n_images : int, default=15
            Most images to show.
        draw : bool, default=True
            Whether to draw it with matplotlib, which :meth:`to_plotly` does not need.
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : MisclassifiedDisplay
            Already drawn, with ``draw``.
        """
        y = np.asarray(y)
        added = {} if offset is None else {"offset": offset}  # others know no such option
        probabilities = estimator.predict_proba(X, **added)
        best = probabilities.argmax(axis=1)
        predicted = estimator.classes_[best]
        if y.shape != predicted.shape:
            raise ValueError(f"y has shape {y.shape}, expected a label a row: {predicted.shape}.")
        sureness = probabilities.max(axis=1)
        wrong = np.flatnonzero(predicted != y)
        chosen = wrong[np.argsort(-sureness[wrong], kind="stable")][:n_images]
        pixels = np.asarray(X) if not hasattr(X, "tocsr") else X.tocsr()
        shape = image_size(image_shape, pixels.shape[1])
        shown = pixels[chosen]
        shown = shown.toarray() if hasattr(shown, "toarray") else shown
        display = cls(
            shown.reshape(-1, *shape),
            y[chosen],
            predicted[chosen],
            sureness[chosen],
            chosen,
            len(wrong),
            len(y),
        )
        return display.plot(**plot) if draw else display

    def plot(self, *, n_columns: int = 5, cmap: str = "gray_r", ax: Axes | None = None) -> Self:
        """Draw all images in a grid.

        Parameters
        ----------
        n_columns : int, default=5
            Images side by side.
        cmap : str, default="gray_r"
            Matplotlib's name of the colours, from a pixel's smallest value to its largest.
        ax : matplotlib Axes, optional
            Where to draw all images; by default in a new figure.

        Returns
        -------
        self : MisclassifiedDisplay
            With ``figure_``, ``axes_`` and ``artists_``.
        """
        n_shown = len(self.images)
        self.figure_, self.axes_ = grid_of_axes(self, ax, max(n_shown, 1), n_columns, (1.5, 2.0))
        self.artists_ = []
        for axes, image, true, predicted, probability in zip(
            self.axes_, self.images, self.true, self.predicted, self.probabilities, strict=False
        ):
            self.artists_.append(axes.imshow(image, cmap=cmap))
            axes.set_title(f"{true}, taken for {predicted}\n({probability:.0%} sure)", fontsize=9)
        for axes in self.axes_:
            axes.set_xticks([])
            axes.set_yticks([])
        if not n_shown:
            self.axes_[0].text(0.5, 0.5, "no mistakes", ha="center", va="center")
        if ax is None:
            self.figure_.suptitle(self.summary, fontsize=10)
        return self

    def to_plotly(self, *, n_columns: int = 5) -> Any:
        """Return the picture as a Plotly figure, which shows the numbers of what is pointed at.

        Parameters
        ----------
        n_columns : int, default=5
            Images side by side.

        Returns
        -------
        figure : plotly.graph_objects.Figure
            With the content of :meth:`plot`. A notebook shows it; ``write_html`` saves it.

        Raises
        ------
        ImportError
            If plotly is not installed: ``pip install "sk-softmax[explore]"``.
        """
        return mistakes_figure(self, n_columns)

    @property
    def summary(self) -> str:
        """How many rows are wrong, and which of them are shown."""
        share = self.n_wrong / max(self.n_rows, 1)
        title = f"{self.n_wrong} of {self.n_rows} rows are wrong ({share:.1%})"
        if len(self.images) < self.n_wrong:
            title += f"; the {len(self.images)} most confident"
        return title
