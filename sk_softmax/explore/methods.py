"""The solvers of the page: from the sliders to an object of the package's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.explore.holding import Holding
from sk_softmax.explore.view import View
from sk_softmax.solvers import (
    LBFGS,
    SGD,
    Adam,
    GradientDescent,
    NewtonCholesky,
    ProximalLBFGS,
    ProximalNewton,
    RMSprop,
)


@dataclass(frozen=True)
class Method:
    """One solver of the page."""

    label: str
    make: Callable[[View], Any]
    """The solver with the options that a view says."""

    reads: tuple[str, ...]
    """The controls of a view that change it."""

    proximal: Callable[[], Any] | None = None
    """The same method for L1 and bounds, if there is one."""

    in_minibatches: bool = False


def _gd(view: View) -> Any:
    return GradientDescent(learning_rate=view.learning_rate)


def _momentum(view: View) -> Any:
    return GradientDescent(learning_rate=view.learning_rate, momentum=view.momentum)


def _minibatches(view: View) -> dict[str, Any]:
    return dict(
        batch_size=view.batch_size, learning_rate=view.learning_rate, schedule=view.schedule
    )


def _sgd(view: View) -> Any:
    return SGD(**_minibatches(view), momentum=0.0)


def _sgd_momentum(view: View) -> Any:
    return SGD(**_minibatches(view), momentum=view.momentum)


def _rmsprop(view: View) -> Any:
    return RMSprop(**_minibatches(view), decay=view.decay)


def _adam(view: View) -> Any:
    return Adam(**_minibatches(view), beta_1=view.momentum, beta_2=view.decay)


def has_l1(view: View) -> bool:
    """Whether the penalty of a view has a part with kinks."""
    return view.l1_ratio > 0 and float("inf") != view.C


STEPS = ("learning_rate", "epochs")
BATCHES = ("learning_rate", "epochs", "batch_size", "schedule", "seed")

METHODS: dict[str, Method] = {
    "gd": Method("gradient descent", _gd, STEPS),
    "momentum": Method("descent with momentum", _momentum, (*STEPS, "momentum")),
    "sgd": Method("minibatch SGD", _sgd, BATCHES, in_minibatches=True),
    "sgd_momentum": Method(
        "SGD with momentum", _sgd_momentum, (*BATCHES, "momentum"), in_minibatches=True
    ),
    "rmsprop": Method("RMSprop", _rmsprop, (*BATCHES, "decay"), in_minibatches=True),
    "adam": Method("Adam", _adam, (*BATCHES, "momentum", "decay"), in_minibatches=True),
    "lbfgs": Method("L-BFGS", lambda view: LBFGS(), ("epochs",), ProximalLBFGS),
    "newton": Method("Newton", lambda view: NewtonCholesky(), ("epochs",), ProximalNewton),
}
"""From the name of a solver in a link to what it is; the names are :data:`parsers.SOLVERS`."""


def solver_options(name: str, view: View, free: NDArray[np.bool_] | None) -> dict[str, Any]:
    """Return the solver of a method, and what else makes it move the free coefficients alone.

    ``free`` has the shape of ``coef_``; None if all are free.
    """
    method = METHODS[name]
    if free is None:
        return {
            "solver": method.proximal() if has_l1(view) and method.proximal else method.make(view)
        }
    if method.proximal is None:
        return {"solver": Holding(method.make(view), free)}
    return {
        "solver": method.proximal(),
        "lower_bounds": np.where(free, -np.inf, 0.0),
        "upper_bounds": np.where(free, np.inf, 0.0),
    }
