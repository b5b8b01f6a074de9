"""The problems: data sets of the kinds that users have, each with a penalty."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

from benchmarks.competitors.competitor import Task
from benchmarks.data import (
    Load,
    bundled,
    covtype,
    from_openml,
    made_up,
    mnist,
    newsgroups,
    some_of_mnist,
    some_of_newsgroups,
)
from benchmarks.measure import Patience


@dataclass(frozen=True)
class Problem:
    """Data and a penalty, and how they are measured unless the command line says otherwise."""

    name: str
    load: Load
    C: float = 1.0
    l1_ratio: float = 0.0
    is_long: bool = False
    """Whether it takes too long for the table, and is measured when asked for by name."""

    patience: Patience = field(default_factory=Patience)
    others: tuple[str, ...] = ("",)
    """Parts of the names of those who take part: where single fits take seconds, those that came
    nearest in a run of all of them."""

    dtypes: tuple[str, ...] = ("float64",)
    """Widths of the data."""

    def task(self, dtype: Any) -> Task:
        """Return what is to be fitted, with rows in this width."""
        X, y = self.load()
        return Task(X.astype(dtype), np.unique(y, return_inverse=True)[1], self.C, self.l1_ratio)


def _standardised_mnist() -> Any:
    X, y = mnist()
    return StandardScaler().fit_transform(X), y


def _some(load: Any, *sizes: Any, **options: Any) -> Load:
    return partial(load, *sizes, **options)


_digits = datasets.load_digits
DIGITS_16, DIGITS_STANDARDISED = bundled(_digits, scale=16), bundled(_digits, standardised=True)
OPTDIGITS = partial(from_openml, "optdigits", "optdigits")
MANY_CLASSES = _some(made_up, 10_000, 500, 1000, spread=5.0)
BOTH_WIDTHS = ("float64", "float32")

PROBLEMS = [
    Problem("iris", bundled(datasets.load_iris)),
    Problem("wine", bundled(datasets.load_wine)),
    Problem(
        "breast cancer, standardised", bundled(datasets.load_breast_cancer, standardised=True)
    ),
    Problem("two classes, 1,000 x 10", _some(made_up, 1000, 10, 2)),
    Problem("two classes, 3,000 x 40", _some(made_up, 3000, 40, 2)),
    Problem("two classes, 200 x 500", _some(made_up, 200, 500, 2)),
    Problem("two classes, 150 x 2,000", _some(made_up, 150, 2000, 2)),
    Problem("100 x 1,000, 4 classes", _some(made_up, 100, 1000, 4)),
    Problem("350 rows of MNIST / 255", _some(some_of_mnist, 350)),
    Problem("1,500 rows of 20 newsgroups", _some(some_of_newsgroups, 1500)),
    Problem("digits", bundled(_digits)),
    Problem("digits, standardised", DIGITS_STANDARDISED),
    Problem("letter", partial(from_openml, "letter", "letter"), dtypes=BOTH_WIDTHS),
    Problem("optdigits", OPTDIGITS),
    Problem("pendigits", partial(from_openml, "pendigits", "pendigits")),
    Problem("segment", partial(from_openml, "segment", "segment")),
    Problem(
        "10,000 rows of MNIST / 255",
        _some(some_of_mnist, 10_000),
        patience=Patience(seconds=5.0),
        others=("lbfgs", "L-BFGS", "newton-cg", "saga"),
        dtypes=BOTH_WIDTHS,
    ),
    Problem("cover types", covtype),
    Problem("1,000,000 x 10, 3 classes", _some(made_up, 1_000_000, 10, 3), dtypes=BOTH_WIDTHS),
    Problem("20 newsgroups, C=1", newsgroups, 1.0),
    Problem(
        "20 newsgroups, C=100",
        newsgroups,
        100.0,
        patience=Patience(8.0, 25.0),
        others=("newton-cg",),
    ),
    Problem(
        "10,000 x 500, 1,000 classes",
        MANY_CLASSES,
        patience=Patience(seconds=1.0),
        others=("PyTorch",),
    ),
    Problem("no penalty, 5,000 x 10, 4 classes", _some(made_up, 5000, 10, 4), np.inf),
    Problem("L1, 10,000 x 10, 3 classes", _some(made_up, 10_000, 10, 3), 1.0, 1.0),
    Problem(
        "L1, 10,000 x 10, 3 classes, units apart",
        _some(made_up, 10_000, 10, 3, units=2.0),
        1.0,
        1.0,
        patience=Patience(100.0),
    ),
    Problem("L1, two classes, 3,000 x 40", _some(made_up, 3000, 40, 2), 0.1, 1.0),
    Problem(
        "L1, 5,000 rows of MNIST / 255",
        _some(some_of_mnist, 5000),
        0.1,
        1.0,
        patience=Patience(30.0, 15.0),
    ),
    Problem("MNIST / 255", _some(some_of_mnist, 60_000), is_long=True),
    Problem("MNIST raw", mnist, is_long=True),
    Problem("MNIST standardised, C=10", _standardised_mnist, 10.0, is_long=True),
    Problem("200 x 20,000, 5 classes", _some(made_up, 200, 20_000, 5, spread=10.0), is_long=True),
    Problem("L1, 20 newsgroups, C=1", newsgroups, 1.0, 1.0, is_long=True),
    Problem("L1, 20 newsgroups, C=10", newsgroups, 10.0, 1.0, is_long=True),
    Problem(
        "L1, 200 x 20,000, 5 classes",
        _some(made_up, 200, 20_000, 5, spread=10.0),
        1.0,
        1.0,
        is_long=True,
    ),
]


def chosen(parts: list[str] | None) -> list[Problem]:
    """Return the problems with these names; without any, all but long ones."""
    if parts is None:
        return [problem for problem in PROBLEMS if not problem.is_long]
    return [problem for problem in PROBLEMS if is_named(problem.name, parts)]


def is_named(name: str, parts: list[str]) -> bool:
    """Whether a name is one of the parts, or contains one that is no problem's whole name."""
    whole = {problem.name for problem in PROBLEMS}
    return any(part == name or (part in name and part not in whole) for part in parts)
