"""Everything a user may fit to: widths, layouts, frames, labels, shapes at the edge."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from sk_softmax import SoftmaxRegression
from sk_softmax.solvers import SOLVERS

FULL_BATCH = ["lbfgs", "newton-cholesky", "gd"]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_stays_float32(solver, n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    wide = SoftmaxRegression(solver=solver, random_state=0).fit(X, y)
    for narrow_X in (X.astype(np.float32), sp.csr_matrix(X, dtype=np.float32)):
        narrow = SoftmaxRegression(solver=solver, random_state=0).fit(narrow_X, y)
        assert narrow.coef_.dtype == narrow.intercept_.dtype == np.float32
        for method in ("decision_function", "predict_proba", "predict_log_proba"):
            assert getattr(narrow, method)(narrow_X).dtype == np.float32
            assert getattr(wide, method)(X).dtype == np.float64
        np.testing.assert_allclose(narrow.coef_, wide.coef_, rtol=2e-2, atol=2e-3)
        assert narrow.loss_curve_[-1] == pytest.approx(wide.loss_curve_[-1], rel=1e-4)


@pytest.mark.parametrize("name", ["iris", "wine", "breast cancer", "digits"])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
def test_float32_converges_by_default(solver, name, dataset):
    X, y = dataset(name)
    best = SoftmaxRegression(solver="newton-cholesky", tol=1e-12).fit(X, y).loss_curve_[-1]
    model = SoftmaxRegression(solver=solver).fit(X.astype(np.float32), y)
    assert model.converged_
    assert model.loss_curve_[-1] == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize(
    "solver",
    [pytest.param(s, marks=pytest.mark.slow) if s in {"adam", "rmsprop"} else s for s in SOLVERS],
)
def test_layouts_do_not_matter_and_stay_untouched(solver, overlapping_classes, tmp_path):
    X, y = overlapping_classes(3)
    expected = SoftmaxRegression(solver=solver, random_state=0).fit(X, y)
    np.save(tmp_path / "X.npy", X)
    wide = np.repeat(X, 2, axis=1)
    layouts = {
        "F order": np.asfortranarray(X),
        "strided": wide[:, ::2],
        "reversed": X[::-1][::-1],
        "memory-mapped": np.load(tmp_path / "X.npy", mmap_mode="r"),
        "list": X.tolist(),
        "CSR": sp.csr_matrix(X),
        "CSC": sp.csc_matrix(X),
        "CSR array": sp.csr_array(X),
        "COO": sp.coo_matrix(X),
        "pandas": pd.DataFrame(X, columns=list("abcd")),
        "polars": pl.DataFrame(X, schema=list("abcd")),
    }
    for name, layout in layouts.items():
        model = SoftmaxRegression(solver=solver, random_state=0).fit(layout, y)
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-5, atol=1e-7, err_msg=name)
        np.testing.assert_allclose(model.predict_proba(layout), expected.predict_proba(X), 1e-5)
    np.testing.assert_array_equal(wide[:, ::2], X)


@pytest.mark.parametrize("shape", [(3000, 20), (40, 200)])
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", ["auto", pytest.param("sgd", marks=pytest.mark.slow)])
def test_columns_give_what_rows_give(solver, early_stopping, shape):
    rng = np.random.default_rng(0)
    X = sp.csc_matrix(rng.normal(size=shape) * (rng.random(shape) < 0.3))
    y = (X[:, :3].toarray() + rng.gumbel(size=(shape[0], 3))).argmax(axis=1)
    before = X.copy()
    by_columns, by_rows = (
        SoftmaxRegression(solver=solver, early_stopping=early_stopping, random_state=0).fit(
            rows, y
        )
        for rows in (X, X.tocsr())
    )
    np.testing.assert_allclose(by_columns.coef_, by_rows.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(by_columns.predict_proba(X), by_rows.predict_proba(X.tocsr()))
    assert by_columns.objective(X, y) == pytest.approx(by_rows.objective(X.tocsr(), y))
    for ours, theirs in [(X.data, before.data), (X.indices, before.indices)]:
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_give_names_and_check_them(frame, overlapping_classes):
    X, y = overlapping_classes(3)
    named = frame({name: X[:, i] for i, name in enumerate("abcd")})
    model = SoftmaxRegression().fit(named, y)
    assert model.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame({name: X[:, i] for i, name in enumerate("abce")}))
    assert not hasattr(model.fit(X, y), "feature_names_in_")


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["setosa", "versicolor", "virginica"]),
        np.array(["a", "b", "c"], dtype=object),
        np.array([-5, 0, 7]),
        np.array([1.0, 2.0, 4.0]),
        np.array([10**12, 10**12 + 1, 10**12 + 2]),
        np.array([-(2**62), 0, 2**62]),
        np.array([-128, 0, 127], dtype=np.int8),
        np.array([0, 3, 255], dtype=np.uint8),
        np.array([2**63, 2**63 + 5, 2**64 - 1], dtype=np.uint64),
    ],
    ids=str,
)
def test_labels_of_any_kind(labels, overlapping_classes):
    X, y = overlapping_classes(3)
    plain = SoftmaxRegression().fit(X, y)
    model = SoftmaxRegression(class_weight={labels[0]: 1.0}).fit(X, labels[y])
    np.testing.assert_array_equal(model.classes_, labels)
    assert model.classes_.dtype == labels.dtype
    np.testing.assert_array_equal(model.predict(X), labels[plain.predict(X)])
    np.testing.assert_array_equal(model.coef_, plain.coef_)


def test_labels_as_series_and_truth_values(overlapping_classes):
    X, y = overlapping_classes(2)
    expected = SoftmaxRegression().fit(X, y).coef_
    for labels in (pd.Series(y), pl.Series(y), y.astype(bool), y.tolist()):
        np.testing.assert_array_equal(SoftmaxRegression().fit(X, labels).coef_, expected)


@pytest.mark.parametrize("solver", FULL_BATCH)
def test_whole_numbers_are_rows_too(solver):
    X = np.array([[0, 5], [1, 3], [4, 1], [5, 0]], dtype=np.uint8)
    model = SoftmaxRegression(solver=solver).fit(X, [0, 0, 1, 1])
    np.testing.assert_array_equal(model.predict(X), [0, 0, 1, 1])
    assert model.coef_.dtype == np.float64


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 20])
def test_one_row_a_class(solver, n_classes):
    X = np.eye(n_classes)
    model = SoftmaxRegression(solver=solver, C=1e3, random_state=0).fit(X, np.arange(n_classes))
    assert model.score(X, np.arange(n_classes)) == 1
    assert model.predict(X[:1]).shape == (1,)
    np.testing.assert_allclose(model.predict_proba(X[:1]).sum(), 1)


@pytest.mark.parametrize("solver", FULL_BATCH)
@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e100])
def test_features_of_any_scale_have_a_fit(solver, scale, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver=solver)
    with warnings.catch_warnings():
        if solver == "gd" and scale > 1:
            # One rate for all: the one that such features bear does not move the intercepts.
            warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X * scale, y)
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.predict_log_proba(X * scale)).all()
    if solver != "gd" and scale > 1:
        assert model.score(X * scale, y) == pytest.approx(
            SoftmaxRegression(C=np.inf).fit(X, y).score(X, y), abs=0.02
        )


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
def test_more_features_than_rows(solver):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 1500)), np.arange(30) % 3
    for rows in (X, sp.csr_matrix(np.where(np.abs(X) > 2, X, 0))):
        if solver == "newton-cholesky":
            rows = rows[:, :100]
        model = SoftmaxRegression(solver=solver).fit(rows, y)
        assert model.converged_
        assert model.score(rows, y) == 1


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
def test_a_class_without_weight_is_known_and_improbable(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver=solver).fit(X, y, sample_weight=(y != 2).astype(float))
    assert model.classes_.tolist() == [0, 1, 2]
    # Nothing keeps its intercept from going down and down but the tolerance.
    assert model.predict_proba(X)[:, 2].max() < 0.01
    balanced = SoftmaxRegression(solver=solver, class_weight="balanced")
    assert np.isfinite(balanced.fit(X, y, (y != 2).astype(float)).coef_).all()


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("layout", [np.asarray, sp.csr_matrix, sp.csc_matrix])
def test_the_result_is_bitwise_the_same_for_any_number_of_threads(solver, layout):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 6)) * (rng.random((40_000, 6)) < 0.5)
    y = (X @ rng.normal(size=(6, 3)) + rng.gumbel(size=(40_000, 3))).argmax(axis=1)
    X = layout(X)
    method = SOLVERS[solver]()
    if method.is_stochastic:
        method.set_params(batch_size=2000)
    model = SoftmaxRegression(solver=method, max_iter=3, tol=1e-2, random_state=0)
    fits = [_quietly(model.set_params(n_jobs=n), X, y) for n in (1, 2, 3, -1, None)]
    with threadpool_limits(1):
        fits.append(_quietly(model.set_params(n_jobs=None), X, y))
    for coef in fits[1:]:
        np.testing.assert_array_equal(coef, fits[0])


def _quietly(model, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y).coef_.copy()


@pytest.mark.parametrize("solver", ["sgd", "rmsprop", "adam"])
def test_random_state_decides_all_that_is_left_to_chance(solver, overlapping_classes):
    X, y = overlapping_classes(3)

    def coef(seed):
        return SoftmaxRegression(solver=solver, max_iter=3, random_state=seed).fit(X, y).coef_

    np.testing.assert_array_equal(coef(0), coef(0))
    np.testing.assert_array_equal(coef(np.random.RandomState(0)), coef(0))
    assert not np.array_equal(coef(0), coef(1))


def test_a_thousand_classes():
    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(1000, 20))
    y = np.repeat(np.arange(1000), 3)
    X = centres[y] + 0.1 * rng.normal(size=(3000, 20))
    model = SoftmaxRegression(tol=1e-3).fit(X, y)
    assert model.converged_
    assert model.score(X, y) > 0.99
