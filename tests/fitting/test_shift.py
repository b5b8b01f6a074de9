"""Which columns are shifted, by how much, and the way back."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import SoftmaxRegression
from sk_softmax.estimators.input.parameters import settings_of
from sk_softmax.fitting.problems import rows_for
from sk_softmax.fitting.shift import Shift, shift_of
from sk_softmax.fitting.shift import _mean_and_ratio as mean_and_ratio
from sk_softmax.solvers import SOLVERS


def shift_for(X, weights=None, **parameters):
    settings = settings_of(SoftmaxRegression(**parameters))
    return shift_of(settings, rows_for(settings, X, 3), weights)


def columns(*origins, n_rows=5000):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, len(origins)))
    X -= X.mean(axis=0)
    return X / X.std(axis=0) + origins


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_rows", [100, 5000])
@pytest.mark.parametrize("parameters", [{}, {"l1_ratio": 0.5}, {"fit_intercept": False}])
def test_sums_of_squares_only_spare_means_and_deviations(
    parameters, n_rows, weighted, monkeypatch
):
    """They decide alone where all columns are near, and then like means and deviations."""
    measured = []
    monkeypatch.setattr(
        "sk_softmax.fitting.shift._mean_and_ratio",
        lambda *given: measured.append(1) or mean_and_ratio(*given),
    )
    weights = np.random.default_rng(1).random(n_rows) if weighted else None
    near, far = columns(0.0, 0.3, -0.8, n_rows=n_rows), columns(0.0, 2e3, 5.0, n_rows=n_rows)
    strange = [0 * near, 0 * near + 0.1, 1e-170 * far, 1e-170 * near, 1e160 * near, 1e160 * far]
    is_seen = []
    for X in [near, 1e-100 * near, 1e100 * near, far, *strange]:
        measured.clear()
        shift = shift_for(X, weights, **parameters)
        is_seen.append(not measured)
        with monkeypatch.context() as patch:
            patch.setattr("sk_softmax.fitting.shift._are_near", lambda *_: False)
            exact = shift_for(X, weights, **parameters)
        assert measured
        np.testing.assert_array_equal(shift.of_columns, exact.of_columns)
        np.testing.assert_array_equal(shift.is_coarse, exact.is_coarse)
        assert (shift.noise, shift.widens) == (exact.noise, exact.widens)
    assert is_seen == [True] * 3 + [False] * 7


def test_the_ratio_decides_and_the_metric_what_ratio():
    X = columns(0.5, 2.0, -20.0, 5e3)
    full, diagonal = [False, False, False, True], [False, True, True, True]
    in_float32 = [False, False, True, True]
    wide = np.hstack([X, np.zeros((5000, 1100))])
    cases = [
        ({}, X, full),
        ({"solver": "newton-cholesky"}, X, full),
        ({}, X.astype(np.float32), in_float32),
        ({"l1_ratio": 0.5}, X, diagonal),
        ({"lower_bounds": 0.0}, X, diagonal),
        ({"solver": "proximal-lbfgs"}, X, diagonal),
        ({}, wide, diagonal + 1100 * [False]),
    ]
    for parameters, rows, expected in cases:
        shift = shift_for(rows, **parameters)
        np.testing.assert_array_equal(shift.of_columns != 0, expected, str(parameters))
        np.testing.assert_allclose(
            shift.of_columns[:4][expected[:4]], X.mean(axis=0)[expected[:4]], atol=0.2
        )


def test_columns_that_depend_on_one_another_are_shifted_sooner():
    X = columns(5.0, 5.0, 5.0, 7.0, 50.0, n_rows=20_000)
    assert shift_for(X).of_columns.astype(bool).tolist() == [False, False, False, False, True]
    for expected in ([False, False, False, True, True], [True] * 5):
        X[:, 1] = X[:, 0] + 0.03 * (X[:, 1] - X[:, 0])
        assert shift_for(X).of_columns.astype(bool).tolist() == expected
    few = X[:1000]
    assert not shift_for(few).of_columns.any()


def test_nothing_is_shifted_where_nothing_absorbs_it_or_each_step_is_the_lecture():
    X = columns(1e6)
    assert shift_for(X, fit_intercept=False).is_none
    for name, make in SOLVERS.items():
        expected = name in ("gd", "sgd", "rmsprop", "adam")
        assert shift_for(X, solver=name).is_none == expected, name
        assert make().takes_shifted_rows != expected


def test_a_constant_is_subtracted_to_the_last_digit():
    for value in (0.1, -0.3, 1e8 / 3, 7e-300, 1e300):
        X = np.full((1000, 1), value)
        assert shift_for(X).of_columns[0] == value
        assert shift_for(X, np.linspace(0.1, 3, 1000)).of_columns[0] == value
    for value in (0.1, -0.3, 1e8 / 3, 7e-30, 1e30):
        narrow = np.full((1000, 1), value, dtype=np.float32)
        assert np.float32(shift_for(narrow).of_columns[0]) == narrow[0, 0]


@pytest.mark.parametrize("n_rows", [300, 5000])
def test_rows_count_by_their_weight(n_rows):
    X = columns(1e6, n_rows=n_rows)
    X[::2] = 0.0
    weights = np.ones(n_rows)
    weights[::2] = 0.0
    assert shift_for(X, weights).of_columns[0] == pytest.approx(1e6, abs=0.3)
    weights[1] = 1e300  # all but the whole weight
    assert shift_for(X, weights).of_columns[0] == pytest.approx(X[1, 0], abs=1e-9)


def test_the_way_back_is_linear_and_carries_a_covariance():
    rng = np.random.default_rng(0)
    shift = replace(Shift.none(3), of_columns=np.array([3.0, 0.0, -1e3]))
    params = rng.standard_normal((4, 3, 4))
    there = shift.given(params)
    np.testing.assert_array_equal(there[..., :3], params[..., :3])
    np.testing.assert_allclose(there[..., 3], params[..., 3] - params[..., :3] @ shift.of_columns)
    back = shift.params(there)
    np.testing.assert_allclose(back[..., 3].sum(axis=-1), 0, atol=1e-9)
    np.testing.assert_allclose(
        back - back.mean(axis=1, keepdims=True),
        params - params.mean(axis=1, keepdims=True),
        atol=1e-9,
    )
    root = rng.standard_normal((4, 4))
    linear = np.eye(4)
    linear[3, :3] = -shift.of_columns
    covariance = root @ root.T
    np.testing.assert_allclose(
        shift.given(shift.given(covariance).T), linear @ covariance @ linear.T
    )


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_without_a_column_that_is_stored(form, dtype):
    X = form(sp.random(300, 5, density=0.3, random_state=0), dtype=dtype)
    for parameters in ({}, {"l1_ratio": 1.0}, {"solver": "gd"}):
        shift = shift_for(X, np.linspace(0, 1, 300), **parameters)
        assert shift.is_none
        assert not shift.widens
    tiny = X.copy()
    tiny.data *= dtype(1e-30)
    assert shift_for(tiny).widens == (dtype == np.float32)
    model = SoftmaxRegression(C=1e30).fit(tiny, np.arange(300) % 3)
    assert model.converged_


def test_it_pickles_and_a_sparse_column_stays():
    X = sp.random(2000, 5, density=0.5, format="csr", random_state=0)
    X.data += 1e6
    assert shift_for(X, l1_ratio=1.0).is_none
    shift = shift_for(columns(1e6, 0.0))
    again = pickle.loads(pickle.dumps(shift))
    np.testing.assert_array_equal(again.of_columns, shift.of_columns)
    assert replace(shift, of_columns=np.zeros(2)).is_none
