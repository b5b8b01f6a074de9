"""The objective, and loss and accuracy on validation rows, in the course of a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from sk_softmax.displays.drawing import COLOURS, single_axes
from sk_softmax.displays.interactive.curves import curves_figure
from sk_softmax.interfaces import IterationRecord

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = {
    "iteration": "iteration (epoch, for minibatches)",
    "passes": "passes over the data",
    "seconds": "seconds",
}
"""What the horizontal axis may show: a field of ``IterationRecord`` and its label."""


class LossCurveDisplay:
    """Training loss, validation loss and accuracy of one or several fits.

    Parameters
    ----------
    curves : dict of str to dict of str to ndarray
        The columns of the records of each fit, by its name: ``iteration``, ``value``, ``passes``,
        ``seconds``, ``validation_loss`` and ``validation_accuracy``.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes with the losses, after ``plot``.
    accuracy_ax_ : matplotlib Axes or None
        The axes with the accuracies, on the right.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        All curves, losses first.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.displays import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> models = {name: SoftmaxRegression(solver=name) for name in ["lbfgs", "sgd"]}
    >>> display = LossCurveDisplay.from_records(
    ...     {name: model.fit(X, y).records_ for name, model in models.items()}
    ... )
    >>> sorted(display.curves)
    ['lbfgs', 'sgd']
    """

    ax_: Any
    accuracy_ax_: Any
    figure_: Any
    lines_: list[Any]

    def __init__(self, curves: Mapping[str, Mapping[str, Any]]) -> None:
        self.curves = curves

    @classmethod
    def from_records(cls, records: Mapping[str, Sequence[IterationRecord]]) -> Self:
        """Collect the records of several fits.

        Parameters
        ----------
        records : dict of str to list of IterationRecord
            ``model.records_`` of each fit, by the name to show for it.

        Returns
        -------
        display : LossCurveDisplay
            Not drawn yet.
        """
        columns = [*LABELS, "value", "validation_loss", "validation_accuracy"]
        return cls(
            {
                name: {c: np.array([getattr(r, c) for r in rows], dtype=float) for c in columns}
                for name, rows in records.items()
            }
        )

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, name: str | None = None, draw: bool = True, **plot: Any
    ) -> Self:
        """Draw the curves of one fit.

        Parameters
        ----------
        estimator : fitted SoftmaxRegression
            With ``records_``.
        name : str, optional
            Name of the fit; by default that of the estimator's class.
        draw : bool, default=True
            Whether to draw it with matplotlib, which :meth:`to_plotly` does not need.
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : LossCurveDisplay
            Already drawn, with ``draw``.
        """
        name = type(estimator).__name__ if name is None else name
        display = cls.from_records({name: estimator.records_})
        return display.plot(**plot) if draw else display

    def plot(
        self,
        *,
        x: Literal["iteration", "passes", "seconds"] = "iteration",
        accuracy: bool = True,
        log_scale: bool = False,
        ax: Axes | None = None,
    ) -> Self:
        """Draw all curves in one picture.

        Parameters
        ----------
        x : {"iteration", "passes", "seconds"}, default="iteration"
            What the horizontal axis shows.
        accuracy : bool, default=True
            Whether to draw the accuracy on validation rows, if there are any, on an axis on the
            right.
        log_scale : bool, default=False
            Whether losses are on a logarithmic scale.
        ax : matplotlib Axes, optional
            Where to draw; by default in a new figure.

        Returns
        -------
        self : LossCurveDisplay
            With ``ax_``, ``accuracy_ax_``, ``figure_`` and ``lines_``.
        """
        _check_axis(x)
        self.ax_ = single_axes(self, ax, (6.0, 4.0))
        self.figure_, self.lines_, self.accuracy_ax_ = self.ax_.figure, [], None
        several = len(self.curves) > 1
        for number, (name, curve) in enumerate(self.curves.items()):
            colour = COLOURS[number % len(COLOURS)]
            prefix = f"{name}: " if several else ""
            self._draw(self.ax_, curve, x, "value", f"{prefix}training loss", colour, "-")
            self._draw(
                self.ax_, curve, x, "validation_loss", f"{prefix}validation loss", colour, "--"
            )
        validated = any(np.isfinite(c["validation_accuracy"]).any() for c in self.curves.values())
        if accuracy and validated:
            self.accuracy_ax_ = self.ax_.twinx()
            for number, (name, curve) in enumerate(self.curves.items()):
                # Colours tell fits apart. A single fit needs none for that, so its accuracy has
                # a colour of its own.
                colour = COLOURS[number % len(COLOURS)] if several else COLOURS[1]
                label = f"{name}: validation accuracy" if several else "validation accuracy"
                column = "validation_accuracy"
                self._draw(self.accuracy_ax_, curve, x, column, label, colour, ":")
            self.accuracy_ax_.set_ylabel("accuracy")
        if log_scale:
            self.ax_.set_yscale("log")
        self.ax_.set_xlabel(LABELS[x])
        self.ax_.set_ylabel("loss (nats a row)")
        self.ax_.grid(alpha=0.3)
        self._legend(several)
        return self

    def to_plotly(
        self,
        *,
        x: Literal["iteration", "passes", "seconds"] = "iteration",
        accuracy: bool = True,
        log_scale: bool = False,
    ) -> Any:
        """Return the picture as a Plotly figure, which shows the numbers of what is pointed at.

        Parameters
        ----------
        x, accuracy, log_scale : str, bool, bool
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
        _check_axis(x)
        return curves_figure(self, x, LABELS[x], accuracy, log_scale)

    def _draw(
        self, ax: Any, curve: Any, x: str, column: str, label: str, colour: str, style: str
    ) -> None:
        """Draw the finite values of one column of a curve."""
        shown = np.isfinite(curve[column])
        if shown.any():
            self.lines_ += ax.plot(
                curve[x][shown], curve[column][shown], style, color=colour, label=label
            )

    def _legend(self, several: bool) -> None:
        """Name each curve of a single fit; of several fits, each colour and each line style."""
        top = self.accuracy_ax_ or self.ax_  # drawn last, so no curve runs through the legend
        labels = [line.get_label() for line in self.lines_]
        if not several:
            # Losses end near the bottom and accuracies near the top; the middle is free.
            top.legend(handles=self.lines_, labels=labels, loc="center right")
            return
        from matplotlib.lines import Line2D

        kinds = dict.fromkeys(
            (line.get_linestyle(), label.rpartition(": ")[2])
            for line, label in zip(self.lines_, labels, strict=True)
        )
        handles = [
            Line2D([], [], color=COLOURS[number % len(COLOURS)], linewidth=3, label=name)
            for number, name in enumerate(self.curves)
        ] + [Line2D([], [], color="0.3", linestyle=style, label=kind) for style, kind in kinds]
        n_columns = max(len(self.curves), 3)
        place = dict(loc="upper center", bbox_to_anchor=(0.5, -0.16))
        self.ax_.legend(handles=handles, ncols=min(n_columns, 4), fontsize=9, **place)


def _check_axis(x: str) -> None:
    """Raise a ``ValueError`` unless the horizontal axis may show this."""
    if x not in LABELS:
        raise ValueError(f"x={x!r} must be one of {', '.join(map(repr, LABELS))}.")
