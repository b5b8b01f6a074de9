"""What a link says: every control of the page, by the name that it has in the link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sk_softmax.explore.parsers import PARSERS, Parameter


@dataclass(frozen=True)
class View:
    """The choices on the page that decide what is computed; None is what the data suggest."""

    data: str = "iris"
    classes: str | None = None
    """``"all"``, ``"2"`` for class 2 against the rest, or ``"3-8"`` for these two alone."""

    features: tuple[int, ...] | None = None
    scale: str = "standard"
    rows: int = 400
    validation: float = 0.25
    targets: str = "labels"
    solvers: tuple[str, ...] = ("gd", "momentum", "sgd")
    learning_rate: float = 0.5
    momentum: float = 0.9
    decay: float = 0.9
    batch_size: int = 16
    epochs: int = 30
    schedule: str = "constant"
    C: float = 1.0
    l1_ratio: float = 0.0
    seed: int = 0
    across: Parameter | None = None
    up: Parameter | None = None
    start_x: float = 0.0
    start_y: float = 0.0
    others: str = "free"
    window: tuple[float, float, float, float] | None = None
    """Left, right, lower and upper end of the loss surface."""


def view_of(query: Mapping[str, str]) -> View:
    """Return the view that a link describes; other names in it, such as the step, are passed over.

    Raises
    ------
    ImpossibleValue
        For the first value that cannot be used.
    """
    known = {field.name for field in fields(View)}
    chosen: dict[str, Any] = {}
    for name, text in query.items():
        if name in known and text != "":
            chosen[name] = PARSERS[name](name, text)
    return View(**chosen)


def link_of(view: View) -> dict[str, str]:
    """Return the query of the link to a view, without what is as usual."""
    usual = View()
    texts = {}
    for field in fields(View):
        value = getattr(view, field.name)
        if value != getattr(usual, field.name):
            texts[field.name] = WRITERS.get(field.name, str)(value)
    return texts


def _written(parameter: Parameter) -> str:
    return f"{parameter[0]}.{'b' if parameter[1] < 0 else parameter[1]}"


def _joined(values: tuple[Any, ...]) -> str:
    return ",".join(map(str, values))


WRITERS: dict[str, Callable[[Any], str]] = {
    "features": _joined,
    "solvers": lambda names: _joined(names) or "none",
    "window": _joined,
    "across": _written,
    "up": _written,
}
"""How a control is written into a link, where that is not its own text."""
