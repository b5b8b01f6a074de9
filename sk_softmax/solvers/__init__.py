"""HOW it is minimised: one file per method, one table of names."""

from __future__ import annotations

from collections.abc import Callable

from sk_softmax.interfaces import Solver
from sk_softmax.solvers.adam import Adam
from sk_softmax.solvers.automatic import Auto
from sk_softmax.solvers.gradient_descent import GradientDescent
from sk_softmax.solvers.lbfgs import LBFGS
from sk_softmax.solvers.newton_cholesky import NewtonCholesky
from sk_softmax.solvers.proximal_lbfgs import ProximalLBFGS
from sk_softmax.solvers.proximal_newton import ProximalNewton
from sk_softmax.solvers.rmsprop import RMSprop
from sk_softmax.solvers.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "SOLVERS",
    "Adam",
    "Auto",
    "GradientDescent",
    "NewtonCholesky",
    "ProximalLBFGS",
    "ProximalNewton",
    "RMSprop",
]

SOLVERS: dict[str, Callable[[], Solver]] = {
    "auto": Auto,
    "lbfgs": LBFGS,
    "newton-cholesky": NewtonCholesky,
    "proximal-newton": ProximalNewton,
    "proximal-lbfgs": ProximalLBFGS,
    "gd": GradientDescent,
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
}
"""From the name that a user gives to a function that makes the solver with its default options."""


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
