"""Fits under an L1 penalty with few parameters: one stage, few Hessians, the right optimum."""

from collections import Counter

import numpy as np
import pytest
from conftest import overlapping
from oracle import Definition, Penalty, least_value

from sk_softmax import SoftmaxRegression
from sk_softmax.fitting import fit
from sk_softmax.objective import RegressionObjective


@pytest.fixture
def asked(monkeypatch):
    """How often any objective was asked for what."""
    counts = Counter()
    for name in ("evaluate", "active_hessian"):
        answer = getattr(RegressionObjective, name)

        def counted(self, *args, answer=answer, name=name, **kwargs):
            counts[name] += 1
            return answer(self, *args, **kwargs)

        monkeypatch.setattr(RegressionObjective, name, counted)
    return counts


def rows(*, units=1.0):
    X, y = overlapping(3, n_rows=2000, n_features=8)
    return X * units, y


@pytest.mark.parametrize("units", [1.0, 10.0 ** np.linspace(-3, 3, 8)])
@pytest.mark.parametrize("C", [0.01, 1.0])
def test_a_fit_goes_straight_to_its_penalty(asked, units, C):
    X, y = rows(units=units)
    model = SoftmaxRegression(C=C, l1_ratio=1.0).fit(X, y)
    assert model.converged_
    assert asked["active_hessian"] <= 6
    assert asked["evaluate"] <= 8
    # The first value is that of the best intercepts, with the penalty of this C from there on.
    shares = np.bincount(y) / len(y)
    assert model.loss_curve_[0] == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-9)
    assert (np.diff(model.loss_curve_) <= 1e-12).all()


def test_stages_take_more(asked, monkeypatch):
    X, y = rows()
    one = SoftmaxRegression(l1_ratio=1.0).fit(X, y)
    few = dict(asked)
    asked.clear()
    monkeypatch.setattr(fit, "FEW_PARAMETERS", 0)
    several = SoftmaxRegression(l1_ratio=1.0).fit(X, y)
    assert asked["active_hessian"] > few["active_hessian"]
    assert asked["evaluate"] > few["evaluate"]
    assert one.loss_curve_[-1] == pytest.approx(several.loss_curve_[-1], rel=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3, 6])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_it_is_the_least_value(n_classes, l1_ratio, C):
    X, y = overlapping(n_classes, n_rows=400, n_features=6)
    X = X * 10.0 ** np.arange(-2, 4)
    model = SoftmaxRegression(C=C, l1_ratio=l1_ratio).fit(X, y)
    assert model.converged_
    least = least_value(Definition(X, y, Penalty(C, l1_ratio)))
    assert model.loss_curve_[-1] <= least * (1 + 1.1e-6)
    assert model.loss_curve_[-1] >= least * (1 - 1e-9)


@pytest.mark.parametrize("n_classes", [3, 4, 5])
def test_half_of_the_classes_are_on_either_side_of_zero(n_classes):
    # Adding a number to all classes of a feature changes the penalty alone, which is least at a
    # median of zero.
    X, y = overlapping(n_classes, n_rows=400, n_features=6)
    coef = SoftmaxRegression(l1_ratio=1.0, tol=1e-9).fit(X, y).coef_
    assert ((coef > 0).sum(axis=0) <= n_classes / 2).all()
    assert ((coef < 0).sum(axis=0) <= n_classes / 2).all()


@pytest.mark.parametrize("grouped", [False, True])
def test_a_warm_start_is_where_the_fit_begins(asked, grouped):
    X, y = rows()
    model = SoftmaxRegression(l1_ratio=1.0, grouped=grouped, warm_start=True, tol=1e-6).fit(X, y)
    least = model.loss_curve_[-1]
    asked.clear()
    model.fit(X, y)
    assert model.loss_curve_[0] == pytest.approx(least, rel=1e-9)
    assert asked["active_hessian"] <= 1
