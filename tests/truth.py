"""Problems on rows that are not scaled, variations of a solver, and the outcomes of its fits.

Shared by the tests that compare what a solver claims with :mod:`oracle`.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import Field, fields
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from oracle import Definition, Penalty, least_value
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from sk_softmax import SoftmaxRegression
from sk_softmax.interfaces import Solver


def made_up(n_rows: int, n_features: int, units: Any = 1.0) -> tuple[Any, Any]:
    """Return rows, multiplied by ``units``, and their classes: three that overlap."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features))
    logits = X @ rng.standard_normal((n_features, 3)) * 2 / np.sqrt(n_features)
    return X * units, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


TABLES: dict[str, Callable[[], tuple[Any, Any]]] = {
    "iris": lambda: load_iris(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
    "breast cancer": lambda: load_breast_cancer(return_X_y=True),
    "digits": lambda: load_digits(return_X_y=True),
    "one unit": lambda: made_up(300, 5),
    "many units": lambda: made_up(300, 9, 10.0 ** np.arange(-4, 5)),
    "enough rows for drafts": lambda: made_up(20_000, 14),
    "fewer rows than features": lambda: made_up(60, 150),
}

# Values of C and of l1_ratio to try.
STRENGTHS, L1_RATIOS = (0.1, 1.0), (0.0, 0.5, 1.0)


def penalties_of(solver: Solver) -> list[Penalty]:
    """Return the penalties to try a solver with."""
    l1_ratios = L1_RATIOS if solver.takes_nonsmooth else L1_RATIOS[:1]
    return [Penalty(C, l1_ratio) for C, l1_ratio in itertools.product(STRENGTHS, l1_ratios)]


def variations(make: Callable[..., Solver]) -> Iterator[Solver]:
    """Yield a solver with its defaults, then with each of its options at another value.

    If the solver refuses an option's other value while all others have their defaults, one further
    option gets another value too.

    Raises
    ------
    AssertionError
        If an option is of a kind for which there is no other value here, or if the solver takes
        the other value in no combination.
    """
    default = make()
    yield default
    changed = {field.name: _other_value(field, default) for field in fields(default)}
    for name, value in changed.items():
        companions = [{}, *({other: changed[other]} for other in changed if other != name)]
        for companion in companions:
            solver = make(**companion | {name: value})
            if _is_possible(solver):
                yield solver
                break
        else:
            raise AssertionError(f"{make.__name__} takes no {name}={value!r}")


def _other_value(field: Field[Any], solver: Solver) -> Any:
    """Return a value of an option that is not its default."""
    value = getattr(solver, field.name)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return max(value // 3, 1) if value != 1 else 2
    if isinstance(value, float):
        return value / 2 if value else 0.5
    if value == "auto" and "float" in str(field.type):
        return 0.5
    if value is None and "int" in str(field.type):
        return 3
    raise AssertionError(
        f"{type(solver).__name__}.{field.name}={value!r} is of a kind that this test cannot vary: "
        "teach it another value"
    )


def _is_possible(solver: Solver) -> bool:
    try:
        solver.check()
    except ValueError:
        return False
    return True


class Outcome(NamedTuple):
    """How a fit ended."""

    converged: bool
    n_iter: int
    above: float
    """``F - F*`` in nats a row."""

    least: float
    """``F*``."""

    tol: float

    @property
    def allowed(self) -> float:
        """How far above ``F*`` a fit that claims to have converged may be, in nats a row.

        Three times the distance asked for, because the solver estimates it, plus rounding.
        """
        return 3 * self.tol * self.least + 16 * np.finfo(float).eps * max(self.least, 1.0)


@cache
def table(name: str) -> tuple[Any, Any]:
    """Return the rows and classes of a table, made once."""
    return TABLES[name]()


@cache
def _definition(name: str, penalty: Penalty) -> tuple[Definition, float]:
    """Return the problem of a table and its least value, computed once."""
    definition = Definition(*table(name), penalty)
    with threadpool_limits(1, user_api="blas"):
        return definition, least_value(definition)


def outcome(solver: Any, name: str, penalty: Penalty, tol: float, max_iter: int) -> Outcome:
    """Fit a table to ``tol`` and compare the value reached with the oracle's least value."""
    strength = dict(C=penalty.C, l1_ratio=penalty.l1_ratio)
    model = SoftmaxRegression(**strength, solver=solver, tol=tol, max_iter=max_iter, n_jobs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(*table(name))
    coef: NDArray[np.float64] = model.coef_
    definition, least = _definition(name, penalty)
    above = definition.value(coef, model.intercept_) - least
    return Outcome(model.converged_, int(model.n_iter_[0]), above, least, tol)
