"""Options by name, checked when a fit starts."""

import pytest
from sklearn.base import clone

from sk_softmax.solvers import LBFGS, SGD, SOLVERS, Adam, GradientDescent, RMSprop


@pytest.mark.parametrize("name", SOLVERS)
def test_options_round_trip(name):
    solver = SOLVERS[name]()
    solver.check()
    assert clone(solver, safe=False) == solver
    assert clone(solver, safe=False) is not solver
    assert type(solver)(**solver.get_params()) == solver
    assert solver.set_params() is solver


def test_set_params_knows_the_options():
    solver = SGD().set_params(batch_size=7)
    assert solver.get_params()["batch_size"] == 7
    with pytest.raises(ValueError, match="SGD has no option 'batchsize'; it has: batch_size, le"):
        solver.set_params(batchsize=7)
    with pytest.raises(ValueError, match="NewtonCholesky has no option 'x'; it has: none"):
        SOLVERS["newton-cholesky"]().set_params(x=1)


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        (LBFGS(history=0), r"LBFGS\(history=0\): history must be a positive integer"),
        (LBFGS(precondition="yes"), "precondition must be True or False"),
        (GradientDescent(learning_rate=-1), 'learning_rate must be a positive number or "auto"'),
        (GradientDescent(learning_rate="fast"), "learning_rate='fast'"),
        (GradientDescent(momentum=1.0), r"momentum must be a number in \[0, 1\)"),
        (GradientDescent(nesterov=True), "nesterov must be False without momentum"),
        (SGD(batch_size=2.5), "batch_size must be a positive integer"),
        (SGD(batch_size=True), "batch_size must be a positive integer"),
        (SGD(learning_rate=float("nan")), "learning_rate must be a positive number"),
        (SGD(learning_rate=float("inf")), "learning_rate must be a positive number"),
        (
            SGD(schedule="linear"),
            "schedule must be one of 'auto', 'constant', 'inverse_sca",
        ),
        (SGD(shuffle=1), "shuffle must be True or False"),
        (SGD(initial_scale=-0.1), "initial_scale must be zero or a positive number"),
        (SGD(momentum=0, nesterov=True), "nesterov must be False without momentum"),
        (RMSprop(decay=1), r"decay must be a number in \[0, 1\)"),
        (RMSprop(epsilon=0), "epsilon must be a positive number"),
        (Adam(beta_1=-0.1), "beta_1 must be"),
        (Adam(beta_2=1), "beta_2 must be"),
    ],
    ids=lambda value: repr(value) if not isinstance(value, str) else "",
)
def test_impossible_options_are_named(solver, message):
    with pytest.raises(ValueError, match=message):
        solver.check()


@pytest.mark.parametrize("name", SOLVERS)
def test_repr_shows_what_was_changed_as_a_call(name):
    solver = SOLVERS[name]()
    assert repr(solver) == f"{type(solver).__name__}()"
    for option, default in solver.get_params().items():
        changed = type(solver)(**{option: "other"})
        assert repr(changed) == f"{type(solver).__name__}({option}='other')"
        assert default != "other"


def test_repr_of_several_options_is_in_their_order():
    assert repr(SGD(momentum=0.5, batch_size=7)) == "SGD(batch_size=7, momentum=0.5)"
    assert repr(LBFGS(precondition=1)) == "LBFGS(precondition=1)"  # not a bool, which fit refuses
