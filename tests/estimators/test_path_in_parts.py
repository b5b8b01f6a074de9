"""A path on rows in parts is the path on the same rows in one place."""

import importlib

import numpy as np
import pytest
import scipy.sparse as sp
from parted import given_in_parts

from sk_softmax import softmax_path
from sk_softmax.fitting import curvature_sample
from sk_softmax.objective import active_hessian
from sk_softmax.parts import PartedData
from sk_softmax.solvers import LBFGS

N_ROWS = 600
EDGES = [0, 1, 130, 130, 400, 401, N_ROWS]  # one row alone, and an empty part

module = importlib.import_module("sk_softmax.estimators.softmax_path")


@pytest.fixture
def rows(overlapping_classes):
    def make(n_classes):
        X, y = overlapping_classes(n_classes, n_rows=N_ROWS, n_features=7)
        X = X * np.geomspace(0.3, 5, 7)
        X[:, 3] += 2000
        return X, y, np.random.default_rng(1).uniform(0.2, 3, N_ROWS)

    return make


def both(monkeypatch, X, y, **parameters):
    expected = softmax_path(X, y, **parameters)
    with monkeypatch.context() as patch:
        given_in_parts(patch, module, EDGES)
        found = softmax_path(X, y, **parameters)
    return expected, found


def assert_same(found, expected, tolerance=1e-9):
    names = ("Cs", "objective", "deviance", "null_deviance", "coefs", "intercepts")
    for name in names:
        ours, theirs = getattr(found, name), getattr(expected, name)
        atol = tolerance * np.abs(theirs).max()
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=atol, err_msg=name)
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
    for name in ("n_nonzero", "n_iter", "converged", "classes"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"grouped": True},
        {"l1_ratio": 0.4, "class_weight": "balanced"},
        {"l1_ratio": 0.0, "Cs": [0.01, 1.0, 100.0]},
        {"penalty_factor": [0.0, 1, 1, 2, 1, 1, 1]},
        {"lower_bounds": 0.0},
        {"fit_intercept": False},
    ],
)
def test_every_kind_of_path(options, n_classes, rows, monkeypatch):
    # A share of each block's rows is left out otherwise, which depends on how rows are cut.
    monkeypatch.setattr(active_hessian, "NEGLIGIBLE", 0.0)
    X, y, weights = rows(n_classes)
    parameters = {"Cs": 5, "C_span": 200, "sample_weight": weights} | options
    # The columns are shifted by a mean of all rows, in one place by that of some of them.
    X = X - [0, 0, 0, 2000, 0, 0, 0]
    expected, found = both(monkeypatch, X, y, **parameters)
    assert expected.converged.all()
    assert_same(found, expected)


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
def test_columns_far_from_zero(kind, l1_ratio, rows, monkeypatch):
    X, y, _ = rows(3)
    parameters = {"Cs": [0.01, 0.1, 1.0], "l1_ratio": l1_ratio, "tol": 1e-12}
    expected, found = both(monkeypatch, kind(X), y, **parameters)
    np.testing.assert_allclose(found.objective, expected.objective, rtol=1e-10)
    np.testing.assert_allclose(found.coefs, expected.coefs, atol=2e-5)


def test_curvature_of_a_smooth_path_is_measured_on_one_sample(rows, monkeypatch):
    X, y, _ = rows(3)
    gathered = []
    copied = PartedData.copied
    monkeypatch.setattr(
        PartedData, "copied", lambda self, n: gathered.append(n.n_sampled) or copied(self, n)
    )
    monkeypatch.setattr(curvature_sample, "SAMPLE_BYTES", 4 * 7 * 200)
    asked = []
    ask = PartedData.ask
    monkeypatch.setattr(
        PartedData,
        "ask",
        lambda self, question, passes=1.0: asked.append(question) or ask(self, question, passes),
    )
    parameters = {"Cs": [0.01, 1.0, 100.0], "l1_ratio": 0.0, "tol": 1e-10, "solver": LBFGS()}
    expected, found = both(monkeypatch, X, y, **parameters)
    np.testing.assert_allclose(found.objective, expected.objective, rtol=1e-9)
    assert gathered == [200]
    names = {getattr(question, "func", question).__name__ for question in asked}
    assert "loss_and_gradient" in names
    assert not {name for name in names if "gram" in name or "hessian" in name}


def test_an_offset_and_probabilities(rows, monkeypatch):
    X, y, _ = rows(3)
    rng = np.random.default_rng(0)
    targets = 0.8 * np.eye(3)[y] + 0.2 * rng.dirichlet(np.ones(3), N_ROWS)
    offset = rng.normal(size=(N_ROWS, 3))
    expected, found = both(monkeypatch, X, targets, Cs=4, tol=1e-12, offset=offset)
    np.testing.assert_allclose(found.objective, expected.objective, rtol=1e-10)
    np.testing.assert_allclose(found.deviance, expected.deviance, rtol=1e-6)


def test_columns_out_of_range_are_named(rows, monkeypatch):
    X, y, _ = rows(3)
    X[7, 2] = 1e160
    given_in_parts(monkeypatch, module, EDGES)
    with pytest.raises(ValueError, match=r"The values of column 2 of X are up to 1e\+160"):
        softmax_path(X, y, Cs=[1.0], max_iter=3)


def test_what_is_kept_is_given_back(rows, monkeypatch):
    X, y, _ = rows(3)
    given_in_parts(monkeypatch, module, EDGES)
    released = []
    kind = importlib.import_module("sk_softmax.parts").LocalParts
    monkeypatch.setattr(kind, "release", lambda self: released.append(self))
    softmax_path(X, y, Cs=2)
    assert len(released) == 1
    with pytest.raises(ValueError, match="l1_ratio=0 makes no coefficient zero"):
        softmax_path(X, y, Cs=2, l1_ratio=0.0)
    with pytest.raises(ValueError, match="No feature distinguishes"):
        softmax_path(np.ones_like(X), y, Cs=2)
    assert len(released) == 2
