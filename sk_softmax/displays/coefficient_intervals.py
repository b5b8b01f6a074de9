"""How sure each coefficient is: a forest plot, estimates with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_softmax.displays.drawing import COLOURS, grid_of_axes
from sk_softmax.displays.interactive.forest import UNSURE, forest_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


LONGEST = 36
"""Most characters of a name."""

LONGEST_TITLE = 28
"""Most characters of a title in one line."""


class CoefficientIntervalDisplay:
    """Coefficients of each class with their confidence intervals, one panel a class.

    All panels have the same rows and the same scale. Intervals that hold zero (one, for ratios)
    are grey.

    Parameters
    ----------
    coefficients : ndarray of shape (n_shown, n_features)
        One row a class, in nats per unit of the feature; NaN is not drawn.
    ends : ndarray of shape (n_shown, n_features, 2)
        Lower and upper ends of the intervals.
    titles : sequence of str
        Name of each row.
    feature_names : sequence of str
        Names of the features.
    level : float
        Level of the intervals.
    label : str, default="coefficient (nats a unit)"
        What is drawn.
    ratio_label : str, optional
        What exponentiated coefficients are called; without it there are none.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure, after ``plot``.
    axes_ : list of matplotlib Axes
        One per class.
    artists_ : list of list of ErrorbarContainer
        Of each class the intervals that do not hold zero, and those that do.
    order_ : ndarray of int
        Numbers of the features drawn, from the top.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.displays import CoefficientIntervalDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y = X[50:], y[50:]
    >>> inference = SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y)
    >>> display = CoefficientIntervalDisplay.from_inference(inference)
    >>> [axes.get_title() for axes in display.axes_]
    ['2 against 1']
    """

    figure_: Any
    axes_: list[Any]
    artists_: list[Any]
    order_: Any

    def __init__(
        self,
        coefficients: NDArray[Any],
        ends: NDArray[Any],
        titles: Sequence[str],
        feature_names: Sequence[str] | NDArray[Any],
        level: float,
        label: str = "coefficient (nats a unit)",
        ratio_label: str | None = None,
    ) -> None:
        self.coefficients = coefficients
        self.ends = ends
        self.titles = titles
        self.feature_names = feature_names
        self.level = level
        self.label = label
        self.ratio_label = ratio_label

    @classmethod
    def from_inference(
        cls,
        inference: Any,
        *,
        level: float = 0.95,
        intercept: bool = False,
        draw: bool = True,
        **plot: Any,
    ) -> Self:
        """Draw the coefficients of an inference.

        Parameters
        ----------
        inference : Inference
            From ``SoftmaxRegression.inference``.
        level : float, default=0.95
            Level of the intervals.
        intercept : bool, default=False
            Whether to draw the intercepts too.
        draw : bool, default=True
            Whether to draw it with matplotlib, which :meth:`to_plotly` does not need.
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : CoefficientIntervalDisplay
            Already drawn, with ``draw``.
        """
        names = inference.columns if intercept else inference.features
        shown = slice(len(names))
        against = inference.reference
        if len(inference.outcomes) == len(inference.classes):
            against = "the mean of all classes"
        display = cls(
            np.asarray(inference.coef)[:, shown],
            np.asarray(inference.conf_int(level))[:, shown],
            [f"{outcome} against {against}" for outcome in inference.outcomes],
            names,
            level,
            ratio_label=inference.odds_ratios(level).name,
        )
        return display.plot(**plot) if draw else display

    @classmethod
    def from_effects(
        cls, effects: Any, *, level: float = 0.95, draw: bool = True, **plot: Any
    ) -> Self:
        """Draw marginal effects on the probability of each class.

        Parameters
        ----------
        effects : Quantities
            From ``Inference.marginal_effects``.
        level : float, default=0.95
            Level of the intervals.
        draw : bool, default=True
            Whether to draw it with matplotlib, which :meth:`to_plotly` does not need.
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : CoefficientIntervalDisplay
            Already drawn, with ``draw``.
        """
        names, classes = (
            list(dict.fromkeys(labels)) for labels in zip(*effects.index, strict=True)
        )
        ends = np.asarray(effects.conf_int(level))
        display = cls(
            np.asarray(effects.estimate).T,
            ends.transpose(1, 0, 2),
            [str(label) for label in classes],
            names,
            level,
            "change of probability a unit",
        )
        return display.plot(**plot) if draw else display

    def plot(
        self,
        *,
        n_features: int = 30,
        sort: bool = True,
        ratios: bool = False,
        n_columns: int = 3,
        ax: Axes | None = None,
    ) -> Self:
        """Draw one panel per class.

        Parameters
        ----------
        n_features : int, default=30
            Number of features to draw: those that are furthest from zero in some class, measured
            in the width of their intervals.
        sort : bool, default=True
            Whether these stand at the top; otherwise the features keep their order.
        ratios : bool, default=False
            Whether to draw exponentiated coefficients, on a logarithmic axis.
        n_columns : int, default=3
            Panels side by side.
        ax : matplotlib Axes, optional
            Where to draw all panels; by default in a new figure.

        Returns
        -------
        self : CoefficientIntervalDisplay
            With ``figure_``, ``axes_``, ``artists_`` and ``order_``.
        """
        self._check(ratios)
        self.order_ = self._order(n_features, sort)
        n_shown = len(self.coefficients)
        cell = (3.2 if n_shown > 1 else 4.8, 0.8 + 0.22 * len(self.order_))
        self.figure_, self.axes_ = grid_of_axes(self, ax, n_shown, n_columns, cell)
        limits = self._limits(ratios)
        self.artists_ = []
        for number, axes in enumerate(self.axes_):
            self.artists_.append(self._intervals(axes, number, ratios))
            axes.set_title(_in_lines(self.titles[number]), fontsize=10)
            axes.set_xlim(limits)
            if ratios:
                _mark_ratios(axes, limits)
            else:
                axes.locator_params(axis="x", nbins=4)  # more run into one another in three panels
            self._label(axes, ratios, with_names=number % max(n_columns, 1) == 0)
        return self

    def to_plotly(
        self,
        *,
        n_features: int = 30,
        sort: bool = True,
        ratios: bool = False,
        n_columns: int = 3,
    ) -> Any:
        """Return the picture as a Plotly figure, which shows the numbers of what is pointed at.

        Parameters
        ----------
        n_features, sort, ratios, n_columns : int, bool, bool, int
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
        self._check(ratios)
        self.order_ = self._order(n_features, sort)
        return forest_figure(self, self.order_, self._limits(ratios), n_columns, ratios=ratios)

    def _check(self, ratios: bool) -> None:
        """Raise a ``ValueError`` if what is drawn has no ratios."""
        if ratios and self.ratio_label is None:
            raise ValueError("ratios=True needs coefficients: effects have no ratios.")

    def _order(self, n_features: int, sort: bool) -> Any:
        """Return the numbers of the features to draw, from the top."""
        width = self.ends[..., 1] - self.ends[..., 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            surest = np.nan_to_num(np.abs(self.coefficients) / width, nan=-1.0).max(axis=0)
        order = np.argsort(-surest, kind="stable")
        order = order[surest[order] >= 0][:n_features]
        return order if sort else np.sort(order)

    def _limits(self, ratios: bool) -> tuple[float, float]:
        """Return the ends of the axis that all panels share: zero and all intervals are within."""
        ends = self.ends[:, self.order_]
        low = min(float(np.nanmin(ends, initial=0.0)), 0.0)
        high = max(float(np.nanmax(ends, initial=0.0)), 0.0)
        margin = 0.04 * (high - low) or 1.0
        limits = low - margin, high + margin
        return (float(np.exp(limits[0])), float(np.exp(limits[1]))) if ratios else limits

    def _intervals(self, axes: Any, number: int, ratios: bool) -> list[Any]:
        """Draw the intervals of one class; return the artists of sure ones, and of others."""
        values = self.coefficients[number, self.order_]
        ends = self.ends[number, self.order_]
        is_sure = (ends[:, 0] > 0) | (ends[:, 1] < 0)
        if ratios:
            values, ends = np.exp(values), np.exp(ends)
            axes.set_xscale("log")
        places = np.arange(len(values))
        axes.axvline(1.0 if ratios else 0.0, color="black", linewidth=0.8)
        artists = []
        for shown, colour in ((is_sure, COLOURS[0]), (~is_sure, UNSURE)):
            artists.append(
                axes.errorbar(
                    values[shown],
                    places[shown],
                    xerr=np.abs(ends[shown].T - values[shown]),
                    fmt="o",
                    markersize=3.5,
                    linewidth=1.2,
                    color=colour,
                )
            )
        return artists

    def _label(self, axes: Any, ratios: bool, *, with_names: bool) -> None:
        """Name the rows and the axis."""
        names = [_shortened(str(self.feature_names[i])) for i in self.order_]
        axes.set_yticks(np.arange(len(names)), names if with_names else [""] * len(names))
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.grid(axis="y", linewidth=0.3)
        axes.tick_params(labelsize=8)
        what = self.ratio_label if ratios else self.label
        axes.set_xlabel(f"{what}, {100 * self.level:g} % interval", fontsize=8)


def _shortened(name: str) -> str:
    """Return the name, or its first and last characters: names of one encoder begin alike."""
    return name if len(name) <= LONGEST else f"{name[:20]}…{name[-(LONGEST - 21) :]}"


def _in_lines(title: str) -> str:
    """Return a title that a panel has room for, in two lines if it is long."""
    if len(title) <= LONGEST_TITLE:
        return title
    lines = title.replace(" against ", "\nagainst ", 1).split("\n")
    return "\n".join(map(_shortened, lines))


def _mark_ratios(axes: Any, limits: tuple[float, float]) -> None:
    """Mark plain numbers on a logarithmic axis, few enough to be read."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    span = limits[1] / limits[0]
    factors = (1.0,) if span > 200 else (1.0, 3.0) if span > 20 else (1.0, 2.0, 5.0)
    few = MaxNLocator(4) if span < 6 else LogLocator(10, factors, numticks=8)
    axes.xaxis.set_major_locator(few)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
