"""No solver says that it has converged where it has not, whatever its options and the columns.

Every full-batch solver of the table is asked, with every field of its options at its default and
at another value: a solver or an option that is added is tested without being named here.
"""

from dataclasses import dataclass

import pytest
from truth import TABLES, outcome, penalties_of, variations

from sk_softmax.solvers import SOLVERS
from sk_softmax.solvers.options import Options

pytestmark = pytest.mark.slow

LOOSE, TIGHT = 1e-3, 1e-6

# Iterations after which a fit that would take thousands of them is given up, by solver and table.
MOST_ITERATIONS = {"gd": 300, "lbfgs": 1500, "proximal-lbfgs": 400}
MOST_ON_DIGITS = {"proximal-lbfgs": 100}

# Where a fit may be given up: anywhere else all of them have to end converged.
MAY_BE_GIVEN_UP = {
    "gd": (set(TABLES) - {"one unit"}, "its pace is that of the worst conditioned direction"),
    "lbfgs precondition=False": (
        {"wine", "breast cancer", "digits", "many units"},
        "without a curvature to begin from it has to learn the units of the columns",
    ),
    "proximal-lbfgs": ({"digits"}, "its diagonal sees nothing of how alike pixels are"),
}


def options(name, solver):
    """Return a solver's name and those of its options that are not at their defaults."""
    default = SOLVERS[name]().get_params()
    other = {key: value for key, value in solver.get_params().items() if value != default[key]}
    return " ".join([name, *(f"{key}={value}" for key, value in other.items())])


def may_be_given_up(label, table):
    return any(
        label.startswith(start) and table in tables
        for start, (tables, _) in MAY_BE_GIVEN_UP.items()
    )


def most_iterations(name, table):
    most = MOST_ITERATIONS.get(name, 3000)
    return MOST_ON_DIGITS.get(name, most) if table == "digits" else most


def case(name, solver, table, tol):
    return pytest.param(name, solver, table, tol, id=f"{options(name, solver)}-{table}-{tol}")


CASES = [
    case(name, solver, table, tol)
    for name, make in SOLVERS.items()
    if not make().is_stochastic
    for solver in variations(make)
    for table in TABLES
    for tol in (LOOSE, TIGHT)
]


@pytest.mark.parametrize(("name", "solver", "table", "tol"), CASES)
def test_what_is_said_to_have_converged_has(name, solver, table, tol):
    for penalty in penalties_of(solver):
        fit = outcome(solver, table, penalty, tol, most_iterations(name, table))
        assert not fit.converged or fit.above <= fit.allowed, (penalty, fit)
        assert fit.converged or may_be_given_up(options(name, solver), table), (penalty, fit)


def test_options_of_a_kind_that_cannot_be_varied_are_not_passed_over():
    @dataclass
    class Unknown(Options):
        order: str = "cyclic"

    with pytest.raises(AssertionError, match="order='cyclic' is of a kind"):
        list(variations(Unknown))


def test_options_that_need_another_are_varied_with_it():
    found = [solver.get_params() for solver in variations(SOLVERS["gd"])]
    assert dict(learning_rate="auto", momentum=0.5, nesterov=True) in found
