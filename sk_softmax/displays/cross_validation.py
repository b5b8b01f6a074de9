"""How the score of a cross-validation depends on the strength of the penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_softmax.displays.drawing import COLOURS, single_axes
from sk_softmax.displays.interactive.folds_and_penalties import scores_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class CVDisplay:
    """Mean score of the folds against C, plus and minus one standard error.

    Parameters
    ----------
    Cs : ndarray of shape (n_Cs,)
        Inverse strengths of the penalty. Infinity means no penalty and is drawn at the right end.
    l1_ratios : ndarray of shape (n_l1_ratios,)
        Shares of L1 in the penalty. Each has its own line.
    scores : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        Score of each fold on the rows that it holds out.
    choices : dict of str to tuple of int
        Two penalties to mark, ``"best"`` first. The key is the label in the legend; the value is
        the penalty's index in ``l1_ratios`` and its index in ``Cs``.
    score_name : str
        Name of the score, for the vertical axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The picture, after ``plot``.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        Mean scores, one line per share of L1.
    fold_lines_ : list of matplotlib Line2D
        Scores of single folds, in a faint colour. Empty if there are several shares of L1.
    bands_ : list of matplotlib PolyCollection
        Standard errors of the means.
    marks_ : list of matplotlib Line2D
        Marks of the choices.
    floor_ : matplotlib Line2D
        The best mean score minus its standard error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegressionCV
    >>> from sk_softmax.displays import CVDisplay
    >>> model = SoftmaxRegressionCV(scoring="neg_log_loss").fit(*load_iris(return_X_y=True))
    >>> display = CVDisplay.from_estimator(model)
    >>> sorted(display.choices)
    ['best', 'within one standard error']
    """

    ax_: Any
    figure_: Any
    lines_: list[Any]
    fold_lines_: list[Any]
    bands_: list[Any]
    marks_: list[Any]
    floor_: Any

    def __init__(
        self,
        Cs: NDArray[Any],
        l1_ratios: NDArray[Any],
        scores: NDArray[Any],
        choices: dict[str, tuple[int, int]],
        score_name: str = "score",
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.scores = scores
        self.choices = choices
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator: Any, *, draw: bool = True, **plot: Any) -> Self:
        """Draw the scores of a fitted cross-validation.

        Parameters
        ----------
        estimator : fitted SoftmaxRegressionCV
            With ``scores_``.
        draw : bool, default=True
            Whether to draw it with matplotlib, which :meth:`to_plotly` does not need.
        **plot : dict
            Passed to :meth:`plot`.

        Returns
        -------
        display : CVDisplay
            Already drawn, with ``draw``.
        """
        if not hasattr(estimator, "scores_"):
            raise ValueError(
                f"This {type(estimator).__name__} has no scores_: fit it first. If it is a "
                "Pipeline, pass its fitted SoftmaxRegressionCV, such as pipeline[-1]."
            )
        choices = {
            "best": estimator.best_index_,
            "within one standard error": estimator.one_standard_error_index_,
        }
        display = cls(
            estimator.Cs_, estimator.l1_ratios_, estimator.scores_, choices, _name(estimator)
        )
        return display.plot(**plot) if draw else display

    def plot(self, *, folds: bool = True, ax: Axes | None = None) -> Self:
        """Draw all scores in one picture.

        Parameters
        ----------
        folds : bool, default=True
            Whether to draw the scores of every fold too. They are drawn only if there is a
            single share of L1.
        ax : matplotlib Axes, optional
            Where to draw; by default in a new figure.

        Returns
        -------
        self : CVDisplay
            With ``ax_``, ``figure_`` and the artists.
        """
        self.ax_ = single_axes(self, ax, (6.0, 4.0))
        self.figure_ = self.ax_.figure
        self.lines_, self.fold_lines_, self.bands_, self.marks_ = [], [], [], []
        order = np.argsort(self.Cs)
        x = _positions(np.asarray(self.Cs, dtype=float))
        several = len(self.l1_ratios) > 1
        means, errors = _means_and_standard_errors(self.scores)
        for number, share in enumerate(self.l1_ratios):
            colour = COLOURS[number % len(COLOURS)]
            self._line(x[order], means[number, order], errors[number, order], colour, share)
            if folds and not several:
                self.fold_lines_ = self._folds(x[order], self.scores[:, number, order], colour)
        self._mark(x, means, errors)
        self._scales(x)
        return self

    def to_plotly(self, *, folds: bool = True) -> Any:
        """Return the picture as a Plotly figure, which shows the numbers of what is pointed at.

        Parameters
        ----------
        folds : bool, default=True
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
        x = _positions(np.asarray(self.Cs, dtype=float))
        means, errors = _means_and_standard_errors(self.scores)
        return scores_figure(self, x, means, errors, folds=folds)

    def _folds(self, x: Any, scores: Any, colour: str) -> list[Any]:
        """Draw one faint line per fold, the first of them with a label.

        ``x`` has shape (n_Cs,) and ``scores`` (n_folds, n_Cs).
        """
        lines = self.ax_.plot(x, scores.T, color=colour, alpha=0.35, linewidth=0.8, zorder=1)
        lines[0].set_label("each fold")
        return list(lines)

    def _line(self, x: Any, means: Any, errors: Any, colour: str, share: float) -> None:
        """Draw mean scores and their standard errors, of shape (n_Cs,), for one share of L1."""
        label = f"l1_ratio {share:g}" if len(self.l1_ratios) > 1 else "mean, one standard error"
        (line,) = self.ax_.plot(x, means, "o-", color=colour, markersize=3.5, label=label)
        band = self.ax_.fill_between(
            x, means - errors, means + errors, color=colour, alpha=0.2, linewidth=0
        )
        self.lines_.append(line)
        self.bands_.append(band)

    def _mark(self, x: Any, means: Any, errors: Any) -> None:
        """Mark the choices, and draw a line at the best mean score minus its standard error.

        ``means`` and ``errors`` have shape (n_l1_ratios, n_Cs).
        """
        share, number = self.choices["best"]
        floor = means[share, number] - errors[share, number]
        self.floor_ = self.ax_.axhline(
            floor,
            color="black",
            linewidth=0.8,
            linestyle=":",
            label="best mean less its standard error",
        )
        for (name, (share, number)), style in zip(self.choices.items(), ("*", "D"), strict=True):
            label = f"{name}: C = {self.Cs[number]:.3g}"
            if len(self.l1_ratios) > 1:
                label += f", l1_ratio = {self.l1_ratios[share]:g}"
            self.marks_ += self.ax_.plot(
                x[number],
                means[share, number],
                style,
                color="black",
                markersize=11 if style == "*" else 9,
                markerfacecolor="black" if style == "*" else "none",
                linestyle="none",
                label=label,
                zorder=3,
            )

    def _scales(self, x: Any) -> None:
        self.ax_.set_xscale("log")
        self.ax_.set_xlabel("C (inverse strength of the penalty)")
        self.ax_.set_ylabel(self.score_name)
        self.ax_.grid(alpha=0.3)
        self.ax_.legend(fontsize=9)
        for position in x[np.isinf(self.Cs)]:
            self.ax_.annotate(
                "no penalty",
                (position, 0.03),
                xycoords=self.ax_.get_xaxis_transform(),
                rotation=90,
                horizontalalignment="center",
                fontsize=8,
            )


def _positions(Cs: Any) -> Any:
    """Return the position of each C; infinity is one step beyond the largest finite C."""
    finite = np.sort(Cs[np.isfinite(Cs)])
    if len(finite) == len(Cs):
        return Cs
    step = finite[-1] / finite[-2] if len(finite) > 1 else 10.0
    return np.where(np.isfinite(Cs), Cs, finite[-1] * step if len(finite) else 1.0)


def _means_and_standard_errors(scores: Any) -> tuple[Any, Any]:
    """Return the mean over folds and its standard error, 0 for a single fold; NaN is left out."""
    scores = np.ma.masked_where(np.isnan(scores), scores)
    n_folds = scores.count(axis=0)
    means = scores.mean(axis=0)
    variances = ((scores - means) ** 2).sum(axis=0) / np.maximum(n_folds - 1, 1)
    errors = np.sqrt(variances / np.maximum(n_folds, 1))
    return np.ma.filled(means, np.nan), np.ma.filled(errors, np.nan)


def _name(estimator: Any) -> str:
    """Return the name of the scores."""
    scoring = "accuracy" if estimator.scoring is None else estimator.scoring
    if not isinstance(scoring, str):
        return "score"
    names = {"neg_log_loss": "minus log loss (nats a row)", "warn": "accuracy"}
    return names.get(scoring, scoring.replace("_", " "))
