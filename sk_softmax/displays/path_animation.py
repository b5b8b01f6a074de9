"""Paths that grow over a loss surface, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np


def animated(display: Any, n_frames: int, interval: int) -> Any:
    """Return a matplotlib animation of a drawn :class:`LossLandscapeDisplay`.

    Parameters
    ----------
    display : LossLandscapeDisplay
        With ``ax_`` and ``lines_``, which the animation changes.
    n_frames : int
        Most frames; of longer paths every second, third, ... step is shown, and the last.
    interval : int
        Milliseconds from frame to frame.
    """
    from matplotlib.animation import FuncAnimation

    paths = list(display.paths.values())
    longest = max(map(len, paths))
    steps = np.unique(np.linspace(0, longest - 1, min(n_frames, longest)).round().astype(int))
    heads = [_head(display.ax_, line) for line in display.lines_]
    counter = display.ax_.text(
        0.02,
        0.02,
        "",
        transform=display.ax_.transAxes,
        bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none"},
        zorder=6,
    )

    def show(step: int) -> list[Any]:
        for path, line, head in zip(paths, display.lines_, heads, strict=True):
            line.set_data(*path[: step + 1].T)
            head.set_data(*path[min(step, len(path) - 1)][:, None])
        counter.set_text(f"iteration {step}")
        return [*display.lines_, *heads, counter]

    return FuncAnimation(
        display.figure_, show, frames=steps.tolist(), interval=interval, repeat_delay=2000
    )


def _head(axes: Any, line: Any) -> Any:
    """Return the mark of where a path is, larger than those of its steps."""
    (head,) = axes.plot(
        [],
        [],
        linestyle="none",
        marker=line.get_marker(),
        color=line.get_color(),
        markersize=10,
        markeredgecolor="black",
        zorder=5,
    )
    return head
