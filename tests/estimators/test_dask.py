"""dask collections through the estimator, on dask's threads: fits of the same rows in memory."""

import logging
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path

dask = pytest.importorskip("dask", reason="dask is not installed")
da = pytest.importorskip("dask.array", reason="dask.array is not installed")
dd = pytest.importorskip("dask.dataframe", reason="dask.dataframe is not installed")

N_ROWS = 400
CHUNKS = (3, 147, 0, 249, 1)
EDGES = np.concatenate([[0], np.cumsum(CHUNKS)])


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 5))
    y = (X @ rng.normal(size=(5, 3)) + rng.gumbel(size=(N_ROWS, 3))).argmax(axis=1)
    return X, y, rng.uniform(0.2, 3, N_ROWS)


def in_chunks(values, chunks=CHUNKS):
    """A dask array cut so, with all columns of a row in one chunk."""
    return da.from_array(values, chunks=(chunks, *((n,) for n in values.shape[1:])))


def unknown(values):
    """The same dask array, whose numbers of rows dask does not know."""
    blocks = [
        da.from_delayed(block, (np.nan, *values.shape[1:]), dtype=values.dtype)
        for block in values.to_delayed().ravel()
    ]
    return da.concatenate(blocks, allow_unknown_chunksizes=True)


def in_partitions(frame, edges=EDGES):
    """A dask frame or series with the rows between these numbers in its partitions."""
    some = [frame.iloc[a:b] for a, b in pairwise(edges)]
    return dd.from_delayed([dask.delayed(part) for part in some], meta=frame.iloc[:0])


def fitted(*data, **options):
    fitting = {
        name: options.pop(name) for name in list(options) if name in ("X_val", "y_val", "offset")
    }
    return SoftmaxRegression(**{"tol": 1e-10} | options).fit(*data, **fitting)


def assert_equal_models(found, expected, atol=1e-6):
    np.testing.assert_array_equal(found.classes_, expected.classes_)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=atol)
    np.testing.assert_allclose(found.intercept_, expected.intercept_, atol=atol)
    assert found.coef_.dtype == expected.coef_.dtype
    assert isinstance(found.coef_, np.ndarray)
    assert found.n_features_in_ == expected.n_features_in_
    abs_ = 1e-12 if found.coef_.dtype == np.float64 else 1e-6
    assert found.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], abs=abs_)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_arrays(table, known, weighted):
    X, y, weights = table
    given = [in_chunks(X), in_chunks(y), in_chunks(weights)][: 3 if weighted else 2]
    given = given if known else [unknown(values) for values in given]
    assert_equal_models(fitted(*given), fitted(*table[: len(given)]))


def test_columns_in_chunks_and_targets_cut_otherwise(table):
    X, y, weights = table
    dX = da.from_array(X, chunks=(130, 2))
    found = fitted(dX, da.from_array(y, chunks=90), da.from_array(weights, chunks=77))
    assert_equal_models(found, fitted(X, y, weights))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kind", [np.asarray, list, pd.Series])
def test_targets_and_weights_in_memory(table, known, kind):
    X, y, weights = table
    dX = in_chunks(X) if known else unknown(in_chunks(X))
    labels = np.array(["a", "b", "c"])[y]
    found = fitted(dX, kind(labels.tolist()), kind(weights))
    np.testing.assert_array_equal(found.classes_, ["a", "b", "c"])
    np.testing.assert_allclose(found.coef_, fitted(X, y, weights).coef_, atol=1e-6)


def test_one_weight_for_all_rows(table):
    X, y, _ = table
    assert_equal_models(fitted(in_chunks(X), in_chunks(y), 2.5), fitted(X, y, 2.5))


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix, sp.csr_array])
def test_sparse_chunks(table, kind):
    X, y, weights = table
    X = X * (np.abs(X) > 0.5)
    found = fitted(in_chunks(X).map_blocks(kind), in_chunks(y), in_chunks(weights))
    assert_equal_models(found, fitted(kind(X), y, weights))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, bool])
def test_widths(table, dtype):
    X, y, _ = table
    X = (X * 2).astype(dtype)
    assert_equal_models(fitted(in_chunks(X), in_chunks(y), tol=1e-5), fitted(X, y, tol=1e-5), 1e-4)


def test_frames(table):
    X, y, weights = table
    frame = pd.DataFrame(X, columns=list("abcde")).astype({"a": np.float32, "b": "Float64"})
    frame["c"] = (frame["c"] * 10).astype(int)
    frame["y"], frame["w"] = np.array(["no", "perhaps", "yes"])[y], weights
    whole = in_partitions(frame)
    columns = list("abcde")
    found = fitted(whole[columns], whole["y"], whole["w"])
    expected = fitted(frame[columns], frame["y"].to_numpy(dtype=object), weights)
    assert_equal_models(found, expected)
    assert list(found.feature_names_in_) == columns


def test_a_source_of_rows_and_labels_is_read_once_for_both(table):
    X, y, _ = table
    read = []

    def part(number):
        read.append(number)
        some = slice(100 * number, 100 * (number + 1))
        return pd.DataFrame(X[some], columns=list("abcde")).assign(y=y[some])

    whole = dd.from_map(part, range(4), meta=part(0))
    read.clear()
    fitted(whole[list("abcde")], whole["y"])
    # Once for the summaries, and once for the parts that are kept: sizes were unknown before.
    assert sorted(read) == sorted([*range(4)] * 2)

    def block(number):
        read.append(number)
        return np.column_stack([y, X])[100 * number : 100 * (number + 1)]

    blocks = [dask.delayed(block)(number) for number in range(4)]
    both = da.concatenate([da.from_delayed(one, (100, 6), dtype=float) for one in blocks])
    read.clear()
    fitted(both[:, 1:], both[:, 0])
    assert sorted(read) == [*range(4)]


def test_categories_may_differ_between_partitions(table):
    X, y, _ = table
    order = np.argsort(y, kind="stable")
    X, labels = X[order], np.array(["x", "y", "z"])[y[order]]
    parts = [
        pd.DataFrame(X[a:b]).assign(y=pd.Series(labels[a:b]).astype("category"))
        for a, b in pairwise(EDGES)
    ]
    assert len({tuple(part["y"].cat.categories) for part in parts}) > 1
    parts = [part.rename(columns=str) for part in parts]
    meta = parts[0].iloc[:0].assign(y=pd.Series([], dtype="category"))
    whole = dd.from_delayed([dask.delayed(p) for p in parts], meta=meta, verify_meta=False)
    found = fitted(whole[list("01234")], whole["y"])
    expected = fitted(pd.DataFrame(X).rename(columns=str), labels.astype(object))
    assert_equal_models(found, expected)


@pytest.mark.parametrize("is_frame", [False, True])
def test_probabilities(table, is_frame):
    X, y, weights = table
    targets = np.random.default_rng(1).dirichlet(np.ones(3), N_ROWS)
    targets[:150] = np.eye(3)[y[:150]]
    frame = pd.DataFrame(targets, columns=["b", "c", "a"])
    given = in_partitions(frame) if is_frame else in_chunks(targets)
    found = fitted(in_chunks(X), given, in_chunks(weights), class_weight="balanced")
    expected = fitted(X, frame if is_frame else targets, weights, class_weight="balanced")
    assert_equal_models(found, expected)


def test_offset_and_validation_rows(table):
    X, y, _ = table
    offset = np.random.default_rng(2).normal(size=(N_ROWS, 3))
    for given in (in_chunks(offset), da.from_array(offset, chunks=(99, 2)), offset):
        found = fitted(in_chunks(X), in_chunks(y), offset=given)
        assert_equal_models(found, fitted(X, y, offset=offset))
    options = {"solver": "lbfgs", "early_stopping": True, "n_iter_no_change": 2, "tol": 1e-6}
    expected = fitted(X[:300], y[:300], X_val=X[300:], y_val=y[300:], **options)
    cut = [da.from_array(v, chunks=(130, *v.shape[1:])) for v in (X[:300], y[:300])]
    held_out = [da.from_array(v, chunks=(30, *v.shape[1:])) for v in (X[300:], y[300:])]
    for X_val, y_val in (held_out, (X[300:], y[300:])):
        found = fitted(*cut, X_val=X_val, y_val=y_val, **options)
        assert found.best_iteration_ == expected.best_iteration_
        losses = [model.history_["validation_loss"] for model in (found, expected)]
        np.testing.assert_allclose(*losses, rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"l1_ratio": 1.0, "C": 0.05},
        {"l1_ratio": 1.0, "grouped": True, "C": 0.05},
        {"lower_bounds": 0.0},
        {"C": np.inf},
        {"solver": "newton-cholesky"},
        {"label_smoothing": 0.1, "fit_intercept": False, "n_jobs": 2},
    ],
)
def test_kinds_of_fits(table, options):
    X, y, weights = table
    found = fitted(*(in_chunks(values) for values in table), **options)
    assert_equal_models(found, fitted(X, y, weights, **options), 1e-5)


def test_separated_rows_are_found_out(table):
    X = table[0]
    y = (X[:, 0] > 0).astype(int)
    with pytest.warns(ConvergenceWarning, match="separate"):
        found = SoftmaxRegression(C=np.inf).fit(in_chunks(X), in_chunks(y))
    assert not found.converged_


def test_warm_start_path_and_verbose(table, capsys):
    X, y, _ = table
    model = SoftmaxRegression(max_iter=2, warm_start=True, keep_path=True, verbose=1, tol=1e-9)
    with pytest.warns(ConvergenceWarning):
        model.fit(in_chunks(X), in_chunks(y))
    first = model.loss_curve_[-1]
    assert "|gradient|" in capsys.readouterr().out
    assert len(model.path_) == 3
    with pytest.warns(ConvergenceWarning):
        model.fit(in_chunks(X), in_chunks(y))
    assert model.loss_curve_[-1] < first


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_any_scheduler_gives_the_same_bits(table, scheduler):
    given = [in_chunks(values) for values in table]
    expected = fitted(*given)
    with dask.config.set(scheduler=scheduler):
        found = fitted(*given)
    np.testing.assert_array_equal(found.coef_, expected.coef_)


def test_rows_are_read_anew_where_they_do_not_fit(table, monkeypatch, caplog):
    from sk_softmax.parts import dask_memory

    given = [in_chunks(values) for values in table]
    expected = fitted(*given)
    monkeypatch.setattr(dask_memory, "MOST_FILLED", 0.0)
    with caplog.at_level(logging.INFO, logger="sk_softmax"):
        found = fitted(*given)
    assert "exceed half of the memory of this process" in caplog.text
    np.testing.assert_array_equal(found.coef_, expected.coef_)
    np.testing.assert_array_equal(found.loss_curve_, expected.loss_curve_)


def with_value(X, row, value):
    X = X.copy()
    X[row, 1] = value
    return X


def frame_of(X, y):
    return pd.DataFrame(X, columns=list("abcde")).assign(y=y)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        (
            lambda X, y, w: (in_chunks(with_value(X, 200, np.nan)), in_chunks(y)),
            ValueError,
            "Partition 3: row 50 of X there is the first with NaN",
        ),
        (
            lambda X, y, w: (in_chunks(X), in_chunks(y, (200, 200))[:390]),
            ValueError,
            "X has 400 rows and y has 390",
        ),
        (lambda X, y, w: (in_chunks(X), y[:390]), ValueError, "X has 400 rows and y has 390"),
        (
            lambda X, y, w: (in_chunks(X), in_chunks(y), in_chunks(w)[1:]),
            ValueError,
            "X has 400 rows and sample_weight has 399",
        ),
        (
            lambda X, y, w: (unknown(in_chunks(X)), in_chunks(y, (200, 200))),
            ValueError,
            r"X has 5 partitions and y has 2: .* compute_chunk_sizes\(\) on X and y",
        ),
        (
            lambda X, y, w: (in_chunks(X), unknown(in_chunks(y, (200, 200)))),
            ValueError,
            r"X has 5 partitions and y has 2: .* call y\.compute_chunk_sizes\(\)",
        ),
        (
            lambda X, y, w: (in_chunks(X), in_partitions(pd.Series(y), [0, 200, 400])),
            ValueError,
            r"y has 2: .* y\.to_dask_array\(lengths=True\)\.rechunk\(X\.chunks\[0\]\)",
        ),
        (
            lambda X, y, w: (
                in_chunks(X),
                in_partitions(pd.Series(y), [0, 4, 150, 150, 399, 400]),
            ),
            ValueError,
            "Partition [01]: X has 1?[34]7? rows there and y has 1?46?",
        ),
        (lambda X, y, w: (in_chunks(X[:, 0]), in_chunks(y)), ValueError, "Expected 2D array"),
        (lambda X, y, w: (in_partitions(pd.Series(y)), in_chunks(y)), TypeError, "X is a Series"),
        (lambda X, y, w: (dask.delayed(X), in_chunks(y)), TypeError, "X is a Delayed.* of dask"),
        (lambda X, y, w: (in_chunks(X), dask.delayed(y)), TypeError, "y is a Delayed.* of dask"),
        (lambda X, y, w: (in_chunks(X), None), ValueError, "y is missing"),
        (
            lambda X, y, w: (in_chunks(X), in_chunks(np.zeros(N_ROWS))),
            ValueError,
            "at least 2 classes",
        ),
        (
            lambda X, y, w: (in_chunks(X), in_chunks(y), in_chunks(0 * w)),
            ValueError,
            "sample_weight is zero in every row",
        ),
        (
            lambda X, y, w: (
                in_chunks(X),
                in_chunks(y),
                in_chunks(w - 3 * (np.arange(400) == 160)),
            ),
            ValueError,
            "Partition 3: sample_weight must not be negative, but row 10",
        ),
        (
            lambda X, y, w: (
                in_partitions(pd.DataFrame(X)),
                in_partitions(pd.Series(np.where(np.arange(400) < 200, "a", None))),
            ),
            ValueError,
            "Partition [34]: Row (50|0) of y is (nan|<NA>)",
        ),
    ],
)
def test_errors_name_what_is_wrong_and_the_remedy(table, given, kind, message):
    model = SoftmaxRegression()
    with pytest.raises(kind, match=message):
        model.fit(*given(*table))
    assert not hasattr(model, "classes_")
    assert not hasattr(model, "n_features_in_")


def test_what_needs_single_rows_says_what_to_do(table):
    given = [in_chunks(values) for values in table[:2]]
    with pytest.raises(ValueError, match=r"draws rows one by one.*partial_fit"):
        SoftmaxRegression(solver="sgd").fit(*given)
    with pytest.raises(ValueError, match="pass the validation rows as X_val and y_val"):
        SoftmaxRegression(early_stopping=True).fit(*given)


@pytest.mark.slow
def test_nothing_else_imports_dask():
    import subprocess
    import sys

    program = (
        "import sys, numpy as np; from sk_softmax import SoftmaxRegression;"
        "X, y = np.eye(3), [0, 1, 2]; m = SoftmaxRegression().fit(X, y); m.score(X, y);"
        "assert not {'dask', 'distributed'} & set(sys.modules), 'dask was imported'"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("cv", [3, KFold(3)])
@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "f1_macro"])
def test_a_cross_validation_where_the_partitions_lie(table, cv, scoring):
    """Folds and scores are those of scikit-learn's splitters of the same rows in memory."""
    X, y, weights = table
    options = {"Cs": 3, "cv": cv, "scoring": scoring, "tol": 1e-9}
    expected = SoftmaxRegressionCV(**options).fit(X, y, weights)
    given = [in_chunks(values) for values in (X, y, weights)]
    found = SoftmaxRegressionCV(**options).fit(*given)
    np.testing.assert_allclose(found.scores_, expected.scores_, atol=1e-6)
    assert found.C_ == expected.C_
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-6)


def test_a_path_where_the_partitions_lie(table):
    X, y, weights = table
    expected = softmax_path(X, y, sample_weight=weights, Cs=5)
    X, y, weights = (in_chunks(values) for values in (X, y, weights))
    found = softmax_path(X, y, sample_weight=weights, Cs=5)
    np.testing.assert_allclose(found.Cs, expected.Cs, rtol=1e-12)
    np.testing.assert_allclose(found.coefs, expected.coefs, atol=1e-5)
