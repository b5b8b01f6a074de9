"""What a user may set: every parameter checked, every error naming it."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn.utils

from sk_softmax.interfaces import Solver
from sk_softmax.objective import ElasticNet
from sk_softmax.solvers import SOLVERS
from sk_softmax.solvers.options import is_integer, is_real


def check_parameters(estimator: Any) -> None:
    """Raise an error that names the first parameter with an impossible value."""
    e = estimator
    _require(e, "C", is_real(e.C) and e.C > 0, "a positive number, or numpy.inf for no penalty")
    _require(e, "l1_ratio", is_real(e.l1_ratio) and 0 <= e.l1_ratio <= 1, "a number in [0, 1]")
    fraction = e.validation_fraction
    _require(
        e, "validation_fraction", is_real(fraction) and 0 < fraction < 1, "a number in (0, 1)"
    )
    patience = e.n_iter_no_change
    _require(e, "n_iter_no_change", is_integer(patience) and patience > 0, "a positive integer")
    for name in ("grouped", "warm_start", "early_stopping", "keep_path"):
        _require(e, name, isinstance(getattr(e, name), bool | np.bool_), "True or False")
    check_fit_parameters(e)


def check_fit_parameters(estimator: Any) -> None:
    """Check those parameters that every estimator has, whatever decides on its penalty."""
    e = estimator
    smoothing = e.label_smoothing
    _require(e, "label_smoothing", is_real(smoothing) and 0 <= smoothing < 1, "a number in [0, 1)")
    _require(e, "fit_intercept", isinstance(e.fit_intercept, bool | np.bool_), "True or False")
    weights = e.class_weight is None or isinstance(e.class_weight, dict)
    balanced = isinstance(e.class_weight, str) and e.class_weight == "balanced"
    _require(e, "class_weight", weights or balanced, 'a dict, "balanced" or None')
    _require(
        e,
        "max_iter",
        e.max_iter is None or (is_integer(e.max_iter) and e.max_iter > 0),
        "a positive integer, or None for the solver's own default",
    )
    _require(e, "tol", is_real(e.tol) and 0 < e.tol < np.inf, "a positive number")
    _require(e, "verbose", isinstance(e.verbose, bool) or _is_count(e.verbose), "0, 1 or larger")
    _require(
        e,
        "n_jobs",
        e.n_jobs is None or (is_integer(e.n_jobs) and e.n_jobs != 0),
        "an integer other than 0, or None",
    )


def _is_count(value: object) -> bool:
    return is_integer(value) and value >= 0  # type: ignore[operator]


def _require(estimator: Any, name: str, holds: bool, expected: str) -> None:
    if not holds:
        value = getattr(estimator, name)
        raise ValueError(
            f"{name}={value!r} is not a value that {type(estimator).__name__} takes: "
            f"{name} must be {expected}."
        )


def solver_of(choice: Any) -> Solver:
    """Return the solver of this name, or the solver itself, with its options checked."""
    if isinstance(choice, str):
        if choice not in SOLVERS:
            raise ValueError(
                f"solver={choice!r} is not a solver: choose one of "
                f"{', '.join(map(repr, SOLVERS))}, or an object from sk_softmax.solvers."
            )
        return SOLVERS[choice]()
    if isinstance(choice, type) or not hasattr(choice, "minimize"):
        raise ValueError(
            f"solver={choice!r} is not a solver: give a name ({', '.join(map(repr, SOLVERS))}) "
            "or an object from sk_softmax.solvers, such as SGD(batch_size=256)."
        )
    solver: Solver = choice
    solver.check()
    return solver


def penalty_of(estimator: Any, n_features: int) -> ElasticNet:
    """Return the form of the penalty on this many features."""
    factors = estimator.penalty_factor
    if factors is not None:
        try:
            factors = np.asarray(factors, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"penalty_factor must hold one number a feature: {error}") from error
        if factors.shape != (n_features,):
            raise ValueError(
                f"penalty_factor has shape {factors.shape}, expected one factor a feature: "
                f"({n_features},)."
            )
        if not (np.isfinite(factors).all() and (factors >= 0).all()):
            feature = int(np.argmin(np.isfinite(factors) & (factors >= 0)))
            raise ValueError(
                f"penalty_factor must be zero or positive, but that of feature {feature} is "
                f"{factors[feature]:g}."
            )
    return ElasticNet(float(estimator.l1_ratio), factors, bool(estimator.grouped))


def check_solver_takes(estimator: Any, solver: Solver) -> None:
    """Raise an error if the penalty has a kink that the solver cannot take."""
    if estimator.l1_ratio > 0 and not solver.takes_l1:
        able = ", ".join(repr(name) for name, kind in SOLVERS.items() if kind().takes_l1)
        raise ValueError(
            f"solver={estimator.solver!r} needs a smooth penalty, l1_ratio=0; with "
            f"l1_ratio={estimator.l1_ratio!r} choose one of: {able}."
        )


def generator_of(random_state: Any) -> np.random.Generator:
    """Return a generator that scikit-learn's ``random_state`` determines."""
    return np.random.default_rng(seed_of(random_state))


def seed_of(random_state: Any) -> int:
    """Return a seed that scikit-learn's ``random_state`` determines."""
    try:
        legacy = sklearn.utils.check_random_state(random_state)
    except ValueError as error:
        raise ValueError(f"random_state={random_state!r} is no seed: {error}") from error
    return int(legacy.randint(np.iinfo(np.int32).max))
