"""The solvers of the page: from the sliders to an object of the package's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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

    takes_l1: bool = False
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


def _lbfgs(view: View) -> Any:
    return ProximalLBFGS() if has_l1(view) else LBFGS()


def _newton(view: View) -> Any:
    return ProximalNewton() if has_l1(view) else NewtonCholesky()


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
    "lbfgs": Method("L-BFGS", _lbfgs, ("epochs",), takes_l1=True),
    "newton": Method("Newton", _newton, ("epochs",), takes_l1=True),
}
"""From the name of a solver in a link to what it is; the names are :data:`parsers.SOLVERS`."""
