"""How coefficients become nonzero and grow as the penalty weakens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_softmax.displays.drawing import COLOURS, grid_of_axes
from sk_softmax.displays.edge_labels import label_at_right_edge
from sk_softmax.displays.interactive.coefficients_by_penalty import path_figure
from sk_softmax.displays.named_lines import colours_of, largest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MUTED = "#BBBBBB"
"""Colour of the lines without a name."""


class PathDisplay:
    """Coefficients of each class against C, and the deviance that they explain.

    Parameters
    ----------
    Cs : ndarray of shape (n_Cs,)
        Inverse strengths of the penalty, ascending.
    coefficients : ndarray of shape (n_Cs, n_shown, n_features)
        One row per class, in nats per unit of the feature.
    n_nonzero : ndarray of shape (n_Cs,)
        Number of nonzero coefficients, over all classes.
    deviance_ratio : ndarray of shape (n_Cs,)
        Share of the null deviance that is explained.
    titles : list of str
        Name of each row of coefficients.
    feature_names : ndarray of shape (n_features,)
        Names for the lines.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after ``plot``.
    axes_ : list of matplotlib Axes
        One per class, and a last one with the share of the deviance explained.
    count_ax_ : matplotlib Axes
        The axes with the number of nonzero coefficients, on the right of the last panel.
    artists_ : list
        The LineCollection of each class, then the two curves of the last panel.
    labels_ : list of list of matplotlib Text
        The names at the right edge of each class, from the bottom.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.preprocessing import scale
    >>> from sk_softmax import softmax_path
    >>> from sk_softmax.displays import PathDisplay
    >>> X, y = load_wine(return_X_y=True)
    >>> path = softmax_path(scale(X), y, Cs=20)
    >>> display = PathDisplay.from_path(path, feature_names=load_wine().feature_names)
    >>> [axes.get_title() for axes in display.axes_]
    ['0', '1', '2', 'all classes']
    """

    figure_: Any
    axes_: list[Any]
    count_ax_: Any
    artists_: list[Any]
    labels_: list[list[Any]]

    def __init__(
        self,
        Cs: NDArray[Any],
        coefficients: NDArray[Any],
        n_nonzero: NDArray[Any],
        deviance_ratio: NDArray[Any],
        titles: Sequence[str],
        feature_names: NDArray[Any],
    ) -> None:
        self.Cs = Cs
        self.coefficients = coefficients
        self.n_nonzero = n_nonzero
        self.deviance_ratio = deviance_ratio
        self.titles = titles
        self.feature_names = feature_names

    @classmethod
    def from_path(
        cls,
        path: Any,
        *,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        draw: bool = True,
        **plot: Any,
    ) -> Self:
        """Draw a path of solutions.

        Parameters
        ----------
        path : SoftmaxPath
            The result of :func:`softmax_path`, with at least two penalties.
        feature_names : sequence of str, optional
            By default ``x0``, ``x1``, ...
        class_names : sequence of str, optional
            By default the labels.
        draw : bool, default=True
            Whether to draw it with matplotlib, which :meth:`to_plotly` does not need.
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : PathDisplay
            Already drawn, with ``draw``.
        """
        if not hasattr(path, "coefs"):
            raise ValueError(
                f"This {type(path).__name__} has no coefs: pass what softmax_path returns."
            )
        if len(path.Cs) < 2:
            raise ValueError("A path with one C has no lines to draw: give softmax_path more Cs.")
        coefs = np.asarray(path.coefs, dtype=float)
        names = _names(feature_names, [f"x{i}" for i in range(coefs.shape[2])], "feature")
        classes = _names(class_names, path.classes, "class")
        titles = [str(name) for name in classes]
        if coefs.shape[1] == 1:
            titles = [f"{titles[1]} rather than {titles[0]}"]
        display = cls(path.Cs, coefs, path.n_nonzero, path.deviance_ratio, titles, names)
        return display.plot(**plot) if draw else display

    def plot(
        self,
        *,
        C: float | None = None,
        C_label: str | None = None,
        n_labels: int = 5,
        n_lines: int = 1000,
        n_columns: int | None = None,
        label: str = "coefficient (nats a unit)",
        ax: Axes | None = None,
    ) -> Self:
        """Draw one panel per class, and one for all classes.

        Parameters
        ----------
        C : float, optional
            Where to draw a dashed vertical line, such as at the C that was chosen.
        C_label : str, optional
            What the last panel says of that line; by default its C.
        n_labels : int, default=5
            Number of lines to name and colour in each class: those with the largest final
            coefficients. A feature has the same colour in all panels, unless another feature of
            the panel already has that colour.
        n_lines : int, default=1000
            Most lines in each class: first the named ones, then those with the largest
            coefficients anywhere on the path. A panel that leaves lines out says so. A feature
            whose coefficient is always zero has no line.
        n_columns : int, optional
            Panels side by side. By default up to three panels are in one row, and more of them
            form a square.
        label : str, default="coefficient (nats a unit)"
            What the vertical axis shows, in the units of the features.
        ax : matplotlib Axes, optional
            Where to draw all panels; by default in a new figure.

        Returns
        -------
        self : PathDisplay
            With ``figure_``, ``axes_``, ``count_ax_``, ``artists_`` and ``labels_``.
        """
        self._check(C)
        n_classes = self.coefficients.shape[1]
        n_columns = self._columns(n_columns)
        self.figure_, self.axes_ = grid_of_axes(self, ax, n_classes + 1, n_columns, (3.8, 3.0))
        if ax is None:
            # Inches between the names and the next panel.
            self.figure_.get_layout_engine().set(w_pad=0.1)
        named = [largest(np.abs(row), n_labels) for row in self.coefficients[-1]]
        colours = colours_of(named)
        self.artists_ = []
        for number in range(n_classes):
            self._class(number, named[number], colours[number], n_lines)
        self._summary()
        for number, axes in enumerate(self.axes_):
            axes.set_xscale("log")
            axes.set_xlim(self.Cs[0], self.Cs[-1])
            axes.set_xlabel("C (weaker penalty to the right)", fontsize=8)
            axes.tick_params(labelsize=8)
            if C is not None:
                there = f"C = {C:.3g}" if C_label is None else C_label
                line = axes.axvline(C, color="black", linestyle="--", linewidth=0.9, label=there)
            if number % n_columns == 0 and number < n_classes:
                axes.set_ylabel(label, fontsize=8)
        if C is not None:  # in the axes that are drawn last, so that no line runs through it
            self.count_ax_.legend(handles=[line], fontsize=8, loc="lower right")
        self._label(named, colours)
        return self

    def to_plotly(
        self,
        *,
        C: float | None = None,
        C_label: str | None = None,
        n_labels: int = 5,
        n_lines: int = 1000,
        n_columns: int | None = None,
        label: str = "coefficient (nats a unit)",
    ) -> Any:
        """Return the picture as a Plotly figure, in which each line names itself.

        Parameters
        ----------
        C, C_label, n_labels, n_lines, n_columns, label : float, str, int, int, int, str
            See :meth:`plot`; ``n_labels`` lines of each class have colours.

        Returns
        -------
        figure : plotly.graph_objects.Figure
            With the content of :meth:`plot`. A notebook shows it; ``write_html`` saves it.

        Raises
        ------
        ImportError
            If plotly is not installed: ``pip install "sk-softmax[explore]"``.
        """
        self._check(C)
        named = [largest(np.abs(row), n_labels) for row in self.coefficients[-1]]
        return path_figure(
            self,
            [(self._others(i, features, n_lines), features) for i, features in enumerate(named)],
            colours_of(named),
            C=C,
            C_label=f"C = {C:.3g}" if C_label is None and C is not None else str(C_label),
            label=label,
            n_columns=self._columns(n_columns),
        )

    def _check(self, C: float | None) -> None:
        """Raise a ``ValueError`` if C is not on the path."""
        if C is not None and not self.Cs[0] <= C <= self.Cs[-1]:
            raise ValueError(
                f"C={C!r} is not on the path, which goes from {self.Cs[0]:.3g} to "
                f"{self.Cs[-1]:.3g}."
            )

    def _columns(self, given: int | None) -> int:
        """Return how many panels are side by side."""
        n_panels = self.coefficients.shape[1] + 1
        if given is not None:
            return given
        return n_panels if n_panels <= 3 else int(np.ceil(np.sqrt(n_panels)))

    def _others(self, number: int, named: list[int], n_lines: int) -> list[int]:
        """Return the features of one class that are drawn without a name, the largest first."""
        heights = np.abs(self.coefficients[:, number]).max(axis=0)
        others = [i for i in largest(heights, len(heights)) if i not in set(named)]
        return others[: max(n_lines - len(named), 0)]

    def _class(self, number: int, named: list[int], colours: Sequence[str], n_lines: int) -> None:
        """Draw the panel of one class; ``named`` are the features to draw in ``colours``."""
        from matplotlib.collections import LineCollection

        axes, coefficients = self.axes_[number], self.coefficients[:, number]
        others = self._others(number, named, n_lines)
        # All lines are one artist, so that thousands are drawn as fast as a few. Named lines
        # are last, hence on top.
        shown = [*others[::-1], *named]
        lines = LineCollection(
            [np.column_stack([self.Cs, coefficients[:, i]]) for i in shown],
            colors=[MUTED] * len(others) + list(colours),
            linewidths=[0.7] * len(others) + [1.6] * len(named),
        )
        axes.axhline(0, color="black", linewidth=0.8)
        self.artists_.append(axes.add_collection(lines))
        # All classes share one scale. With a scale each, a class with weak coefficients would
        # look as sure as the others.
        low, high = self.coefficients.min(), self.coefficients.max()
        margin = 0.05 * (high - low) or 1.0
        axes.set_ylim(low - margin, high + margin)
        axes.set_title(self.titles[number], fontsize=10)
        n_entered = np.count_nonzero(np.abs(coefficients).max(axis=0))
        if len(shown) < n_entered:
            note = f"{len(shown):,} of {n_entered:,} lines"
            axes.annotate(note, (0.02, 0.02), xycoords="axes fraction", fontsize=7)

    def _summary(self) -> None:
        """Draw the share explained and the number of nonzero coefficients.

        Each vertical axis has the colour of its curve.
        """
        axes = self.axes_[-1]
        self.count_ax_ = axes.twinx()
        curves = [
            (axes, self.deviance_ratio, "share of the deviance explained", COLOURS[0], "-"),
            (self.count_ax_, self.n_nonzero, "nonzero coefficients", COLOURS[1], "--"),
        ]
        for side, values, label, colour, style in curves:
            self.artists_ += side.plot(self.Cs, values, style, color=colour, label=label)
            side.set_ylabel(label, color=colour, fontsize=8)
            side.tick_params(axis="y", colors=colour, labelsize=8)
            side.set_ylim(bottom=0)
        axes.set_ylim(0, 1.02)
        self.count_ax_.yaxis.get_major_locator().set_params(integer=True)
        axes.set_title("all classes" if len(self.titles) > 1 else "fit and size", fontsize=10)

    def _label(self, named: Sequence[list[int]], colours: Sequence[Sequence[str]]) -> None:
        """Write the names at the right edge of each panel, in the colours of their lines."""
        # Names are placed by the height of a panel, which is known once the figure is laid out.
        # A subfigure is laid out by the figure at its root.
        self.figure_.canvas.figure.draw_without_rendering()
        self.labels_ = [
            label_at_right_edge(
                self.axes_[number],
                self.coefficients[-1, number, features],
                [str(name) for name in self.feature_names[features]],
                colours[number],
            )
            for number, features in enumerate(named)
        ]


def _names(given: Sequence[str] | None, default: Sequence[Any], kind: str) -> Any:
    """Return the names given, or the default; raise a ``ValueError`` on a wrong number."""
    names = np.asarray(default if given is None else given, dtype=object)
    if len(names) != len(default):
        plural = {"class": "classes"}.get(kind, f"{kind}s")
        raise ValueError(f"{len(names)} {kind}_names were given for {len(default)} {plural}.")
    return names
