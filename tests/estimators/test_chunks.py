"""Fits to chunks that are read anew in each pass are those to all rows in memory."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from chunked_rows import EDGES, N_ROWS, Reads, assert_same_fit, fitted, table
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import Chunks, SoftmaxRegression

KINDS = {
    "L-BFGS": {"solver": "lbfgs"},
    "Newton": {"solver": "newton-cholesky"},
    "gradient descent": {"solver": "gd", "max_iter": 30},
    "L1": {"l1_ratio": 1.0, "C": 0.05},
    "elastic net by proximal L-BFGS": {"l1_ratio": 0.5, "solver": "proximal-lbfgs"},
    "grouped": {"l1_ratio": 1.0, "grouped": True, "C": 0.05},
    "bounds": {"lower_bounds": 0.0},
    "no penalty": {"C": np.inf},
    "no intercept": {"fit_intercept": False},
    "balanced classes": {"class_weight": "balanced"},
    "classes by hand": {"class_weight": {0: 2.0, 1: 0.5}},
    "smoothed": {"label_smoothing": 0.1},
    "bias reduction": {"bias_reduction": "firth", "C": np.inf},
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_kind_of_fit(name, n_classes):
    X, y, weights = table(n_classes)
    reads, found = assert_same_fit(KINDS[name], X, y, weights)
    # One pass for the summary, and each that is counted.
    assert reads.n_passes <= 1 + found.records_[-1].passes + 5  # for gap and proof
    assert reads.n_chunks == 6 * reads.n_passes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array, sp.csc_array])
@pytest.mark.parametrize("options", [{}, {"l1_ratio": 1.0, "C": 0.05}])
def test_widths_sparse_chunks_and_columns_far_from_zero(kind, dtype, options):
    X, y, weights = table()
    X[:, 4] += 2015
    X[:, 1] *= np.abs(X[:, 1]) > 0.1
    X = sp.csr_array(X) if kind is not np.asarray else X
    expected = fitted({"tol": 1e-7} | options, kind(X.astype(dtype)), y, weights)

    def read():
        for a, b in [(0, 1), (1, 350), (350, N_ROWS)]:
            yield kind(X[a:b].astype(dtype)), y[a:b], weights[a:b]

    found = fitted({"tol": 1e-7} | options, Chunks(read))
    rtol = 2e-5 if dtype == np.float32 else 1e-8
    assert found.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], rel=rtol)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=2e-3)
    assert found.coef_.dtype == dtype


def test_probabilities_and_an_offset():
    X, y, weights = table()
    rng = np.random.default_rng(1)
    targets = 0.8 * np.eye(3)[y] + 0.2 * rng.dirichlet(np.ones(3), N_ROWS)
    offset = rng.normal(size=(N_ROWS, 3))
    assert_same_fit({}, X, targets, weights, offset)
    assert_same_fit({"l1_ratio": 1.0, "C": 0.1}, X, targets, None, offset)
    _, found = assert_same_fit({}, X, y, None, offset)
    with pytest.raises(ValueError, match="fitted with an offset"):
        found.predict(X)


def test_separation_is_found_out():
    X, _, _ = table(2)
    y = (X[:, 0] > 0).astype(int)
    for labels in (y, np.where((X[:, 1] > 0) & (y == 0), 2, y)):
        with pytest.warns(ConvergenceWarning, match="finite"):
            model = SoftmaxRegression(C=np.inf).fit(Chunks(Reads(X, labels)))
        assert not model.converged_


def test_many_margins_are_not_held(monkeypatch):
    from sk_softmax.fitting import finite_optimum

    X, _, _ = table(3)
    coins = np.random.default_rng(1).integers(1, 3, N_ROWS)
    y = np.where(X[:, 0] + X[:, 1] > 0, 0, coins)
    with pytest.warns(ConvergenceWarning, match="finite"):
        assert not SoftmaxRegression(C=np.inf).fit(Chunks(Reads(X, y))).converged_
    monkeypatch.setattr(finite_optimum, "MOST_MARGINS", 3 * N_ROWS - 1)
    monkeypatch.setattr(finite_optimum.Margins, "__init__", None)  # is not called
    SoftmaxRegression(C=np.inf, max_iter=30).fit(Chunks(Reads(X, y)))


def test_the_same_chunks_give_the_same_bits():
    X, y, weights = table()
    for options in ({"solver": "lbfgs"}, {"l1_ratio": 1.0, "C": 0.05}):
        first, *others = (
            fitted(options | {"n_jobs": n_jobs}, Chunks(Reads(X, y, weights))).coef_
            for n_jobs in (1, 1, 2)
        )
        for coef in others:
            np.testing.assert_array_equal(coef, first)


# --- how often the rows are read ---


def test_a_smooth_fit_reads_for_its_summary_a_sample_its_iterations_and_the_gap(monkeypatch):
    from sk_softmax.objective import cheaper

    monkeypatch.setattr(cheaper, "FEWEST_NUMBERS", 1000)
    X, y, weights = (np.tile(a, (20, 1)[: a.ndim]) for a in table())
    reads = Reads(X, y, weights, edges=[20 * edge for edge in EDGES])
    model = SoftmaxRegression(solver="lbfgs", tol=1e-8).fit(Chunks(reads))
    on_sample = sum(record.passes < 1 for record in model.records_)
    assert on_sample > 1  # the draft asks no chunk
    # The stage on all rows begins with an evaluation, which is in the last record of the draft.
    assert reads.n_passes == 1 + 1 + (model.n_iter_[0] - on_sample + 1) + 1
    assert model.converged_
    expected = SoftmaxRegression(solver="lbfgs", tol=1e-8).fit(X, y, weights)
    assert model.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], rel=1e-7)
    assert model.duality_gap_ < 1e-4


def test_a_fit_to_very_many_rows_begins_on_as_many_as_memory_may_hold(monkeypatch):
    from sk_softmax.objective import cheaper

    monkeypatch.setattr(cheaper, "FEWEST_NUMBERS", 1000)
    monkeypatch.setattr(cheaper, "SAMPLE_BYTES", 8 * 6 * 500)  # one row in 24
    X, y, _ = (np.tile(a, (20, 1)[: a.ndim]) for a in table())
    model = SoftmaxRegression(solver="lbfgs", tol=1e-8).fit(Chunks(Reads(X, y, edges=[0, 12_000])))
    on_sample = sum(record.passes < 1 for record in model.records_)
    assert on_sample > 1


@pytest.mark.parametrize("options", [{}, {"l1_ratio": 1.0, "C": 0.05}, {"lower_bounds": 0.0}])
def test_passes_that_are_counted_are_those_that_are_read(options):
    X, y, weights = table()
    reads = Reads(X, y, weights)
    model = SoftmaxRegression(tol=1e-6, **options).fit(Chunks(reads))
    # One is for the summary. After the last iteration the solver's end is judged, and the gap is
    # computed.
    assert 1 <= reads.n_passes - 1 - model.records_[-1].passes <= 2


def test_validation_chunks_are_read_once_an_iteration():
    X, y, _ = table()
    X_val, y_val, _ = table(seed=1)
    val = Reads(X_val, y_val)
    options = {"solver": "lbfgs", "early_stopping": True, "n_iter_no_change": 2}
    expected = SoftmaxRegression(**options).fit(X, y, X_val=X_val, y_val=y_val)
    for X_held, y_held in [(Chunks(val), None), (X_val, y_val)]:
        found = SoftmaxRegression(**options)
        found.fit(Chunks(Reads(X, y)), X_val=X_held, y_val=y_held)
        assert found.best_iteration_ == expected.best_iteration_
        np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-4)
        np.testing.assert_allclose(
            found.history_["validation_loss"], expected.history_["validation_loss"], rtol=1e-5
        )
    assert val.n_passes == 1 + len(found.records_)
    found = SoftmaxRegression(**options).fit(X, y, X_val=Chunks(val))
    assert found.best_iteration_ == expected.best_iteration_
    np.testing.assert_array_equal(found.coef_, expected.coef_)


# --- progress ---


def test_progress_tells_rows_a_second(capsys, monkeypatch):
    from sk_softmax.parts import reading_speed

    X, y, _ = table()
    model = SoftmaxRegression(verbose=1).fit(Chunks(Reads(X, y)))
    first, *iterations = capsys.readouterr().out.splitlines()
    assert first.split("rows, ")[0] == "        pass 1: 600 "
    assert len(iterations) == len(model.records_)
    assert all(line.endswith(" rows/s") for line in iterations)
    monkeypatch.setattr(reading_speed, "PERIOD", 0.0)
    model.fit(Chunks(Reads(X, y)))
    assert "        pass 2: so far 130 rows, " in capsys.readouterr().out
    model.fit(X, y)
    assert "rows/s" not in capsys.readouterr().out


# --- memory ---


def generated(n_chunks, n_rows, n_features, density):
    """Chunks that are made when they are read."""

    def read():
        for seed in range(n_chunks):
            rng = np.random.default_rng(seed)
            if density == 1:
                X = rng.normal(size=(n_rows, n_features))
            else:
                X = sp.random_array((n_rows, n_features), density=density, random_state=rng)
                X = X.tocsr()
            yield X, (X[:, [0]] @ [5.0] + rng.normal(size=n_rows) > 1).astype(int)

    return Chunks(read)


def peak_of(model, chunks):
    tracemalloc.start()
    try:
        model.fit(chunks)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("options", "n_features", "density"),
    [
        ({"solver": "lbfgs"}, 100, 1),
        ({"solver": "newton-cholesky"}, 30, 1),
        ({"l1_ratio": 1.0, "C": 0.01}, 100, 1),
        ({"solver": "lbfgs"}, 20_000, 1e-3),
        ({"l1_ratio": 1.0, "C": 0.1}, 5000, 1e-3),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_memory_does_not_grow_with_the_number_of_chunks(options, n_features, density, monkeypatch):
    from sk_softmax.fitting import curvature_sample

    monkeypatch.setattr(curvature_sample, "SAMPLE_BYTES_READ_ANEW", 2**16)
    model = SoftmaxRegression(max_iter=3, n_jobs=1, **options)
    few, many = (
        peak_of(model, generated(n_chunks, 500, n_features, density)) for n_chunks in (3, 12)
    )
    # The tree has two more levels: what is known of columns, six numbers each, waits at each.
    assert many < few + 3 * 6 * 8 * n_features + 0.1 * few
