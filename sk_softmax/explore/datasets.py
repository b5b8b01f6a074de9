"""The data of the page: rows, classes, and the code that gives the same rows to a student."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits, load_iris, make_moons

from sk_softmax.explore import cars


@dataclass(frozen=True)
class DataSet:
    """Rows of numbers and the class of each."""

    title: str
    X: NDArray[np.float64]
    """Shape ``(n_rows, n_columns)``."""

    labels: NDArray[np.intp]
    """Shape ``(n_rows,)``: numbers of ``classes``."""

    classes: tuple[str, ...]
    columns: tuple[str, ...]
    note: str
    """Where the rows come from, in a sentence."""

    code: str
    """Python that sets ``X``, ``labels``, ``classes`` and ``columns`` to the same."""

    usual_classes: str
    """What the page asks at first: see :class:`sk_softmax.explore.view.View`."""

    usual_columns: tuple[int, ...]
    image_shape: tuple[int, int] | None = None
    """Height and width, if a row is an image."""

    is_made_up: bool = False
    """Whether there can be as many rows as are asked for."""


def _iris(n_rows: int) -> DataSet:
    bunch = load_iris()
    names = tuple(name.replace(" (cm)", "") + ", cm" for name in bunch.feature_names)
    return DataSet(
        title="iris",
        X=bunch.data,
        labels=bunch.target.astype(np.intp),
        classes=tuple(map(str, bunch.target_names)),
        columns=names,
        note="150 iris flowers of three species (Fisher, 1936).",
        code=(
            "X, labels = load_iris(return_X_y=True)\n"
            f"classes = {list(map(str, bunch.target_names))!r}\n"
            f"columns = {list(names)!r}\n"
        ),
        usual_classes="2",
        usual_columns=(2,),
    )


def _digits(n_rows: int) -> DataSet:
    bunch = load_digits()
    return DataSet(
        title="digits",
        X=bunch.data / 16,
        labels=bunch.target.astype(np.intp),
        classes=tuple(map(str, range(10))),
        columns=tuple(f"pixel {i // 8}:{i % 8}" for i in range(64)),
        note="1,797 handwritten digits of 8 x 8 pixels (Alpaydin and Kaynak, 1998), 0 to 1.",
        code=(
            "X, labels = load_digits(return_X_y=True)\n"
            "X = X / 16\n"
            "classes = [str(digit) for digit in range(10)]\n"
            'columns = [f"pixel {i // 8}:{i % 8}" for i in range(64)]\n'
        ),
        usual_classes="all",
        usual_columns=tuple(range(64)),
        image_shape=(8, 8),
    )


def _moons(n_rows: int) -> DataSet:
    X, labels = make_moons(n_rows, noise=0.3, random_state=0)
    return DataSet(
        title="two moons",
        X=X,
        labels=labels.astype(np.intp),
        classes=("upper moon", "lower moon"),
        columns=("east", "north"),
        note="Points drawn at random along two half circles, which overlap: no line separates "
        "them.",
        code=(
            f"X, labels = make_moons({n_rows}, noise=0.3, random_state=0)\n"
            'classes = ["upper moon", "lower moon"]\n'
            'columns = ["east", "north"]\n'
        ),
        usual_classes="all",
        usual_columns=(0, 1),
        is_made_up=True,
    )


def _cars(n_rows: int) -> DataSet:
    path = cars.table_of_cars()
    if path is None:
        features, miles = cars.made_up_cars(n_rows)
        note = "Cars made up after those of 1970 to 1982. Is it 30 miles to the gallon or more?"
        load = f"features, miles = cars.made_up_cars({n_rows})\n"
    else:
        features, miles = cars.read_cars(path)
        note = "Cars of 1970 to 1982 (Quinlan, 1993). Is it 30 miles to the gallon or more?"
        load = "features, miles = cars.read_cars(cars.table_of_cars())  # set SK_SOFTMAX_DATA\n"
    classes = ("below 30 mpg", "30 mpg or more")
    return DataSet(
        title="fuel efficiency",
        X=features,
        labels=(miles >= cars.MILES).astype(np.intp),
        classes=classes,
        columns=cars.COLUMNS,
        note=note,
        code=(
            f"{load}"
            "X, labels = features, (miles >= 30).astype(int)\n"
            f"classes = {list(classes)!r}\n"
            "columns = list(cars.COLUMNS)\n"
        ),
        usual_classes="all",
        usual_columns=(3,),
        is_made_up=path is None,
    )


DATA: dict[str, Callable[[int], DataSet]] = {
    "iris": _iris,
    "cars": _cars,
    "digits": _digits,
    "moons": _moons,
}
"""From the name in a link to a function of the number of rows, for data that are made up."""

OWN = "own"
"""The name in a link of the user's own file."""


@lru_cache(maxsize=8)
def data_set(name: str, n_rows: int) -> DataSet:
    """Return one of :data:`DATA`, made once; its arrays are read-only."""
    made = DATA[name](n_rows)
    made.X.flags.writeable = False
    made.labels.flags.writeable = False
    return made
