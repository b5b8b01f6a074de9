"""The parameters that a user may set: each is checked once, and errors name the parameter."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sklearn.utils
from numpy.typing import NDArray

from sk_softmax.estimators.input import translations
from sk_softmax.estimators.input.bounds import any_bounds, checked_bounds
from sk_softmax.estimators.input.firth import newton_for_bias_reduction
from sk_softmax.fitting.settings import Settings
from sk_softmax.interfaces import Array, Solver
from sk_softmax.rows import threads_in_force
from sk_softmax.solvers import SOLVERS
from sk_softmax.solvers.no_step import NoStep
from sk_softmax.solvers.options import is_integer, is_real

# The largest seed and one more: what 32 bits hold.
SEEDS = 2**31 - 1

TRUTH_VALUES = ("grouped", "fit_intercept", "warm_start", "early_stopping")


def settings_of(estimator: Any, *, draw_seed: bool = True, for_stream: bool = False) -> Settings:
    """Return the settings of a fit from an estimator's parameters, before any data are read.

    Parameters
    ----------
    estimator : estimator
        An estimator with some or all of the parameters of :class:`SoftmaxRegression`.
    draw_seed : bool, default=True
        Whether to draw a seed from ``random_state``. A call that needs no random numbers draws
        none, so that the state of a ``RandomState`` does not change.
    for_stream : bool, default=False
        Whether a chunk of a stream is to be learned, for which ``max_iter`` has no meaning.
    """
    return settings_from(
        vars(estimator), type(estimator).__name__, draw_seed=draw_seed, for_stream=for_stream
    )


def settings_from(
    parameters: Mapping[str, Any],
    owner: str,
    *,
    draw_seed: bool = True,
    for_stream: bool = False,
) -> Settings:
    """Return the settings of a fit with these parameters.

    Parameters
    ----------
    parameters : mapping of str to object
        Parameters by name. Those of :class:`SoftmaxRegression` that are missing have no effect.
    owner : str
        Name of the class or function that has the parameters, for errors.
    draw_seed : bool, default=True
        Whether to draw a seed from ``random_state``.
    for_stream : bool, default=False
        Whether a chunk of a stream is to be learned. Otherwise ``max_iter=0`` means that the start
        is the model, whatever the solver.

    Raises
    ------
    ValueError
        If a value is impossible; it names the first such parameter.
    """
    p = {**DEFAULTS, **parameters}
    _check(p, owner)
    solver = solver_of(p["solver"])
    has_bounds = any_bounds(p["lower_bounds"], p["upper_bounds"])
    if has_bounds and p["grouped"]:
        raise ValueError(
            "grouped=True treats the coefficients of a feature as one, so it takes no "
            "lower_bounds and upper_bounds on each; set grouped=False."
        )
    check_solver_takes(p["solver"], p["l1_ratio"], has_bounds=has_bounds)
    max_iter = solver.default_max_iter if p["max_iter"] is None else int(p["max_iter"])
    if p["bias_reduction"] is not None:
        solver = newton_for_bias_reduction(p, solver, has_bounds=has_bounds)
    return Settings(
        solver=_own(solver, p["solver"]) if max_iter > 0 or for_stream else NoStep(),
        max_iter=max_iter,
        tol=float(p["tol"]),
        seed=seed_of(p["random_state"]) if draw_seed else 0,
        n_threads=threads_of(p["n_jobs"]),
        n_threads_of_parts=None if p["n_jobs"] is None else threads_of(p["n_jobs"]),
        C=float(p["C"]),
        l1_ratio=float(p["l1_ratio"]),
        grouped=bool(p["grouped"]),
        penalty_factor=p["penalty_factor"],
        lower_bounds=p["lower_bounds"] if has_bounds else None,
        upper_bounds=p["upper_bounds"] if has_bounds else None,
        fit_intercept=bool(p["fit_intercept"]),
        class_weight=p["class_weight"],
        label_smoothing=float(p["label_smoothing"]),
        bias_reduction=p["bias_reduction"],
        validation_fraction=float(p["validation_fraction"]),
        patience=int(p["n_iter_no_change"]) if p["early_stopping"] else None,
    )


def _own(solver: Solver, choice: Any) -> Solver:
    """Return a solver whose options nobody else can change: a copy, unless a name made it."""
    return solver if isinstance(choice, str) else copy.deepcopy(solver)


DEFAULTS: Mapping[str, Any] = {
    "C": 1.0,
    "l1_ratio": 0.0,
    "grouped": False,
    "lower_bounds": -np.inf,
    "upper_bounds": np.inf,
    "bias_reduction": None,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "n_iter_no_change": 5,
    "warm_start": False,
    "keep_path": False,
    "verbose": 0,
}
"""Values used for parameters that not every estimator has."""


def for_data(settings: Settings, n_features: int, classes: NDArray[Any]) -> Settings:
    """Return settings whose factors, bounds and class weights are checked against the data.

    Parameters
    ----------
    settings : Settings
        Settings from :func:`settings_of`.
    n_features : int
        Number of features.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    """
    given = (settings.penalty_factor, settings.lower_bounds, settings.class_weight)
    if all(value is None for value in given):
        return settings
    lower, upper = checked_bounds(
        settings.lower_bounds, settings.upper_bounds, n_features, len(classes)
    )
    return replace(
        settings,
        penalty_factor=_checked_factors(settings.penalty_factor, n_features),
        lower_bounds=lower,
        upper_bounds=upper,
        class_weight=_weight_of_classes(settings.class_weight, classes),
    )


def _check(p: Mapping[str, Any], owner: str) -> None:
    """Raise an error that names the first parameter with an impossible value."""

    def require(name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise ValueError(
                f"{name}={p[name]!r} is not a value that {owner} takes: {name} must be {expected}."
            )

    def is_count(value: object) -> bool:
        return is_integer(value) and value >= 0  # type: ignore[operator]

    C, ratio, tol, smoothing = p["C"], p["l1_ratio"], p["tol"], p["label_smoothing"]
    require("C", is_real(C) and C > 0, "a positive number, or numpy.inf for no penalty")
    require("l1_ratio", is_real(ratio) and 0 <= ratio <= 1, "a number in [0, 1]")
    fraction, patience = p["validation_fraction"], p["n_iter_no_change"]
    require("validation_fraction", is_real(fraction) and 0 < fraction < 1, "a number in (0, 1)")
    require("n_iter_no_change", is_count(patience) and patience > 0, "a positive integer")
    for name in TRUTH_VALUES:
        require(name, isinstance(p[name], bool | np.bool_), "True or False")
    keeps = isinstance(p["keep_path"], bool | np.bool_) or is_steps(p["keep_path"])
    require("keep_path", keeps, 'True, False or "steps"')
    require("label_smoothing", is_real(smoothing) and 0 <= smoothing < 1, "a number in [0, 1)")
    weight, n_jobs = p["class_weight"], p["n_jobs"]
    is_balanced = isinstance(weight, str) and weight == "balanced"
    is_weight = weight is None or isinstance(weight, dict) or is_balanced
    require("class_weight", is_weight, 'a dict, "balanced" or None')
    reduction = p["bias_reduction"]
    is_known = reduction is None or (isinstance(reduction, str) and reduction == "firth")
    require("bias_reduction", is_known, '"firth" or None')
    most = p["max_iter"]
    require(
        "max_iter",
        most is None or is_count(most),
        "a positive integer, 0 to keep the start as the model, or None for the solver's own "
        "default",
    )
    require("tol", is_real(tol) and 0 < tol < np.inf, "a positive number")
    verbose = p["verbose"]
    require("verbose", isinstance(verbose, bool) or is_count(verbose), "0, 1 or larger")
    is_number = n_jobs is None or (is_integer(n_jobs) and n_jobs != 0)
    require("n_jobs", is_number, "an integer other than 0, or None")


def is_steps(keep_path: object) -> bool:
    """Whether a path is to have every step of a minibatch solver."""
    return isinstance(keep_path, str) and keep_path == "steps"


def solver_of(choice: Any) -> Solver:
    """Return the solver with this name; a solver object is returned with its options checked."""
    if isinstance(choice, str):
        if choice in translations.SOLVERS:
            raise ValueError(translations.foreign_solver(choice))
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


def check_solver_takes(choice: Any, l1_ratio: float, *, has_bounds: bool) -> None:
    """Raise an error if the penalty has a kink or bounds and the solver takes smooth ones only."""
    if (l1_ratio > 0 or has_bounds) and not solver_of(choice).takes_nonsmooth:
        able = ", ".join(repr(name) for name, kind in SOLVERS.items() if kind().takes_nonsmooth)
        with_ = [f"l1_ratio={l1_ratio!r}"] if l1_ratio > 0 else []
        with_ += ["lower_bounds or upper_bounds"] if has_bounds else []
        raise ValueError(
            f"solver={choice!r} needs a smooth penalty, l1_ratio=0, and no bounds; with "
            f"{' and '.join(with_)} choose one of: {able}."
        )


def _checked_factors(factors: Any, n_features: int) -> Array | None:
    """Return penalty factors as an array of shape ``(n_features,)``; None if there are none."""
    if factors is None:
        return None
    try:
        factors = np.array(factors, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"penalty_factor must hold one number per feature: {error}") from error
    if factors.shape != (n_features,):
        raise ValueError(
            f"penalty_factor has shape {factors.shape}, expected one factor per feature: "
            f"({n_features},)."
        )
    if not (np.isfinite(factors).all() and (factors >= 0).all()):
        feature = int(np.argmin(np.isfinite(factors) & (factors >= 0)))
        raise ValueError(
            f"penalty_factor must be zero or positive, but that of feature {feature} is "
            f"{factors[feature]:g}."
        )
    return np.asarray(factors)


def _weight_of_classes(class_weight: Any, classes: NDArray[Any]) -> Any:
    """Return a dict of class weights as an array of shape ``(n_classes,)``; others unchanged."""
    if class_weight is None or isinstance(class_weight, str):
        return class_weight
    for label, weight in class_weight.items():
        if not _is_weight(weight):
            raise ValueError(
                f"class_weight={class_weight!r}: the weight of class {label!r} must be zero or a "
                f"positive finite number, and is {weight!r}."
            )
    known, missing = set(classes.tolist()), set(classes.tolist()) - class_weight.keys()
    unknown = [label for label in class_weight if label not in known]
    # Weights of further classes are allowed if every class here has one: rows may lack classes.
    if unknown and missing:
        raise ValueError(
            f"class_weight={class_weight!r} has a weight for {unknown[0]!r}, which is not one of "
            f"the classes {classes.tolist()!r}."
        )
    return np.array([float(class_weight.get(label, 1.0)) for label in classes.tolist()])


def _is_weight(value: Any) -> bool:
    """Whether this is a finite number that is not negative."""
    if isinstance(value, str | bytes) or np.ndim(value) > 0:
        return False
    try:
        return 0 <= float(value) < np.inf
    except (TypeError, ValueError, OverflowError):
        return False


def threads_of(n_jobs: int | None) -> int:
    """Return how many threads ``n_jobs`` stands for."""
    if n_jobs is None:
        return threads_in_force()
    processors = os.cpu_count() or 1
    return n_jobs if n_jobs > 0 else max(processors + 1 + n_jobs, 1)


def seed_of(random_state: Any) -> int:
    """Return a seed drawn from scikit-learn's ``random_state``."""
    try:
        legacy = sklearn.utils.check_random_state(random_state)
    except ValueError as error:
        raise ValueError(f"random_state={random_state!r} is not a seed: {error}") from error
    return int(legacy.randint(SEEDS))
