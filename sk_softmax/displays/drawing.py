"""What all displays need from matplotlib, which is imported only when something is drawn."""

from __future__ import annotations

from typing import Any

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colours of Okabe and Ito (2008), which can be told apart with any colour vision."""

MARKERS = ("o", "s", "D", "^", "v", "P", "*")
"""Matplotlib's markers, which tell lines apart without colours."""

LINE_STYLES = ("-", (0, (5, 1.2)), (0, (1, 1)), (0, (6, 1, 1.5, 1)))
"""Matplotlib's styles of lines: whole, dashed, dotted, and both in turn."""

SEQUENTIAL = "YlGnBu"
"""Scale from pale yellow (least) to dark blue, on which all colours of lines but one stand out."""

DIVERGING = "RdBu"
"""Scale from red (against) to blue (for), which suits the common kinds of colour blindness."""


def pyplot(display: object) -> Any:
    """Return ``matplotlib.pyplot``.

    Without matplotlib the error names the display that needs it and says how to install it.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{type(display).__name__}.plot draws with matplotlib, which is not installed. "
            'Install it with: pip install "sk-softmax[plot]"'
        ) from error
    return plt


def single_axes(display: object, ax: Any, figsize: tuple[float, float]) -> Any:
    """Return the given axes, or those of a new figure of ``figsize`` inches."""
    plt = pyplot(display)
    return plt.subplots(figsize=figsize, layout="constrained")[1] if ax is None else ax


def grid_of_axes(
    display: object,
    ax: Any,
    n_axes: int,
    n_columns: int,
    cell: tuple[float, float],
    *,
    of_images: bool = False,
) -> tuple[Any, list[Any]]:
    """Return a figure and ``n_axes`` axes in a grid.

    The figure is new, or that of ``ax``, whose place the grid takes. In a new figure each of the
    axes has ``cell`` inches, width and height. Axes ``of_images`` keep their shape, without empty
    space between them.
    """
    plt = pyplot(display)
    n_columns = max(min(n_columns, n_axes), 1)
    n_rows = -(-n_axes // n_columns)
    if ax is None:
        size = (cell[0] * n_columns, cell[1] * n_rows)
        figure = plt.figure(figsize=size, layout="compressed" if of_images else "constrained")
        grid = figure.add_gridspec(n_rows, n_columns)
    else:
        figure = ax.figure
        ax.set_axis_off()
        grid = ax.get_subplotspec().subgridspec(n_rows, n_columns)
    return figure, [figure.add_subplot(grid[i // n_columns, i % n_columns]) for i in range(n_axes)]


def image_size(image_shape: Any, n_features: int) -> tuple[int, int]:
    """Return height and width; raise a ``ValueError`` unless they hold ``n_features`` pixels."""
    shape = tuple(int(side) for side in image_shape)
    if len(shape) != 2 or shape[0] * shape[1] != n_features:
        raise ValueError(
            f"image_shape={image_shape!r} must be (height, width) with {n_features} pixels, one a "
            "feature."
        )
    return shape


def dense_coefficients(estimator: Any) -> Any:
    """Return ``coef_`` of a fitted estimator as a dense array."""
    if not hasattr(estimator, "coef_"):
        raise ValueError(
            f"This {type(estimator).__name__} has no coef_: fit it first. If it is a Pipeline or "
            "a search, pass its fitted classifier, such as pipeline[-1]."
        )
    coef = estimator.coef_
    return coef.toarray() if hasattr(coef, "toarray") else coef
