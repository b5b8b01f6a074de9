"""Signatures say what they take."""

import inspect
import typing

import pytest

import sk_softmax
from sk_softmax.interfaces.given import SolverName
from sk_softmax.solvers import SOLVERS

ROOMS = [sk_softmax, *(getattr(sk_softmax, name) for name in sk_softmax._ROOMS)]
PUBLIC = {
    f"{room.__name__}.{name}": getattr(room, name)
    for room in ROOMS
    for name in room.__all__
    if inspect.isclass(getattr(room, name)) or inspect.isfunction(getattr(room, name))
}
OBJECTS_OF_OTHERS = {"estimator", "context", "pipeline", "inference", "effects", "path", "dtype"}
"""Parameters for objects that other packages make, or that make the display they are given to."""

LABELS = {"reference"}
"""Parameters for a label, which may be anything."""

OF_THE_PACKAGE = {"learn"}
"""Public methods that the package alone calls."""


def functions_of(thing):
    if inspect.isfunction(thing):
        return {thing.__name__: thing}
    return {
        name: inspect.unwrap(getattr(member, "__func__", member))
        for name, member in inspect.getmembers(thing, callable)
        if (name == "__init__" or not name.startswith("_")) and name not in OF_THE_PACKAGE
    }


@pytest.mark.parametrize("name", PUBLIC)
def test_no_parameter_takes_just_anything(name):
    for method, function in functions_of(PUBLIC[name]).items():
        if not getattr(function, "__module__", "").startswith("sk_softmax"):
            continue
        for parameter in inspect.signature(function).parameters.values():
            is_variadic = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
            known = {"self", "cls", *OBJECTS_OF_OTHERS, *LABELS}
            if is_variadic or parameter.name in known:
                continue
            hint = parameter.annotation
            assert hint not in (inspect.Parameter.empty, "Any", "Any | None"), (method, parameter)


def test_the_names_of_solvers_are_those_of_the_table():
    assert list(typing.get_args(SolverName)) == list(SOLVERS)
