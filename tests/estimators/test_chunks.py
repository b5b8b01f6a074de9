"""Fits to chunks that are read anew in each pass are those to all rows in memory."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import Chunks, SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.estimators.input.labels import numbers_of

N_ROWS = 600
EDGES = [0, 1, 130, 130, 400, 401, N_ROWS]  # one row alone, and an empty chunk


class Reads:
    """A factory of chunks that counts what is read."""

    def __init__(self, *arrays, edges=EDGES):
        self.arrays, self.edges = arrays, edges
        self.n_passes = self.n_chunks = 0

    def __call__(self):
        self.n_passes += 1
        for first, last in zip(self.edges, self.edges[1:], strict=False):
            self.n_chunks += 1
            yield tuple(None if a is None else a[first:last] for a in self.arrays)


def table(n_classes=3, n_rows=N_ROWS, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 6)) * np.geomspace(0.1, 30, 6)
    logits = X @ rng.normal(size=(6, n_classes)) + 2 * rng.gumbel(size=(n_rows, n_classes))
    return X, logits.argmax(axis=1), rng.uniform(0.2, 3, n_rows)


def fitted(options, X, *arguments, **others):
    return SoftmaxRegression(**{"tol": 1e-9} | options).fit(X, *arguments, **others)


def assert_same_fit(options, X, y, weights=None, offset=None, atol=1e-6, edges=EDGES):
    expected = fitted(options, X, y, weights, offset=offset)
    reads = Reads(X, y, weights, offset, edges=edges)
    found = fitted(options, Chunks(reads))
    np.testing.assert_array_equal(found.classes_, expected.classes_)
    assert found.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], rel=1e-9, abs=1e-12)
    size = 1 + np.abs(expected.coef_).max()
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=0, atol=atol * size)
    np.testing.assert_allclose(found.intercept_, expected.intercept_, rtol=0, atol=atol * size)
    assert found.coef_.dtype == expected.coef_.dtype
    assert found.converged_ == expected.converged_
    return reads, found


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
    on_sample = sum(record.passes == 0 for record in model.records_)
    assert on_sample > 1  # the draft asks no chunk
    # The stage on all rows begins with an evaluation of its own.
    assert reads.n_passes == 1 + 1 + (model.n_iter_[0] - on_sample + 2) + 1
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
    on_sample = sum(record.passes == 0 for record in model.records_)
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


# --- what chunks may be ---


def test_labels_may_be_text_and_occur_in_some_chunks_only():
    X, y, weights = table()
    order = np.argsort(y, kind="stable")
    for names in (np.array(["b", "a", "c"]), np.array(["bb", "a", "ccc"], dtype=object)):
        assert_same_fit({}, X[order], names[y[order]], weights)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_frames_give_names_to_features(make):
    X, y, _ = table()
    frame = make({f"x{j}": X[:, j] for j in range(6)})
    found = SoftmaxRegression().fit(Chunks([(frame[:200], y[:200]), (frame[200:], y[200:])]))
    assert list(found.feature_names_in_) == [f"x{j}" for j in range(6)]
    turned = frame[200:][["x1", "x0", "x2", "x3", "x4", "x5"]]
    with pytest.raises(ValueError, match=r"Chunk 1 has the columns \['x1', .*chunk 0 has \['x0'"):
        SoftmaxRegression().fit(Chunks([(frame[:200], y[:200]), (turned, y[200:])]))


def test_probabilities_in_a_frame_name_the_classes():
    X, _, _ = table()
    targets = np.random.default_rng(1).dirichlet(np.ones(3), N_ROWS)
    frame = pd.DataFrame(targets, columns=["b", "c", "a"])
    chunks = [(X[a:b], frame.iloc[a:b]) for a, b in ((0, 200), (200, N_ROWS))]
    expected = fitted({}, X, frame)
    found = fitted({}, Chunks(chunks))
    assert list(found.classes_) == ["a", "b", "c"]
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-6)
    # Without names it is said in advance whose they are.
    chunks = [(rows, np.asarray(some)) for rows, some in chunks]
    found = fitted({}, Chunks(chunks, classes=["b", "c", "a"]))
    assert list(found.classes_) == ["a", "b", "c"]
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-6)


@pytest.mark.parametrize("width", [np.int8, np.int16, np.int64])
@pytest.mark.parametrize(
    "classes", [[-100, 3, 100], [-1000, 3, 100], [-(2**63), 3 - 2**63], [2**62, 2**62 + 1]]
)
def test_whole_numbers_are_found_among_the_classes(classes, width):
    classes = np.array(classes)
    if np.abs(classes.astype(float)).max() > np.iinfo(width).max:
        width = np.int64
    y = np.random.default_rng(0).choice(classes, 50).astype(width)
    np.testing.assert_array_equal(classes[numbers_of(y, classes, "y")], y)
    for strange in (np.iinfo(width).max, 5):
        y[7] = strange
        with pytest.raises(ValueError, match=f"Row 7 of y has the label {strange}, which"):
            numbers_of(y, classes, "y")


def test_classes_may_be_declared():
    X, y, _ = table()
    chunks = [(X[:300], y[:300]), (X[300:], y[300:])]
    assert list(SoftmaxRegression().fit(Chunks(chunks, classes=[2, 1, 0])).classes_) == [0, 1, 2]
    with pytest.raises(ValueError, match=r"Chunk 0: Row \d+ of y has the label 2"):
        SoftmaxRegression().fit(Chunks(chunks, classes=[0, 1]))
    with pytest.raises(ValueError, match="no row has the label 7"):
        SoftmaxRegression().fit(Chunks(chunks, classes=[0, 1, 2, 7]))
    with pytest.raises(ValueError, match="fewer than 2 classes"):
        SoftmaxRegression().fit(Chunks(chunks, classes=[0]))


def test_arrays_may_be_written_to_again():
    X, y, _ = table()
    rows, labels = np.empty((100, 6)), np.empty(100, dtype=int)

    def read():
        for first in range(0, N_ROWS, 100):
            rows[:], labels[:] = X[first : first + 100], y[first : first + 100]
            yield rows, labels

    for options in ({"solver": "lbfgs"}, {"l1_ratio": 1.0, "C": 0.05}):
        np.testing.assert_allclose(
            fitted(options, Chunks(read)).coef_, fitted(options, X, y).coef_, atol=1e-5
        )


class Tensor:
    """As much of a tensor of another library as a chunk needs."""

    def __init__(self, values):
        self.values, self.shape, self.dtype = values, values.shape, "theirs.float32"

    def __len__(self):
        return len(self.values)

    def __getitem__(self, some):
        return Tensor(self.values[some])

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


def test_tensors_of_another_library_keep_their_width():
    """A list, as a loader of torch has it, is a chunk too."""
    X, y, _ = table()
    X = X.astype(np.float32)
    found = fitted({"tol": 1e-6}, Chunks([[Tensor(X[:200]), y[:200]], [Tensor(X[200:]), y[200:]]]))
    expected = fitted({"tol": 1e-6}, X, y)
    assert found.coef_.dtype == np.float32
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-3)


def test_rows_may_come_in_another_order_in_each_pass():
    """As from a loader that shuffles: sums of all rows do not depend on it."""
    X, y, _ = table()
    rng = np.random.default_rng(0)

    def read():
        order = rng.permutation(N_ROWS)
        for first in range(0, N_ROWS, 100):
            some = order[first : first + 100]
            yield X[some], y[some]

    found = fitted({"solver": "lbfgs", "tol": 1e-7}, Chunks(read))
    expected = fitted({}, X, y)
    assert found.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], rel=1e-6)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-3)


# --- what is wrong, and what to do ---


def read_once():
    yield np.zeros((2, 2)), np.arange(2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Chunks(read_once()), r"generator can be read once only: pass the function"),
        (lambda: Chunks(3), "needs a function that returns the chunks, .* and not a int"),
        (lambda: read_once(), r"X is a generator, .*Chunks\(read\)"),
    ],
)
def test_what_can_be_read_once_is_refused(make, message):
    with pytest.raises(TypeError, match=message):
        SoftmaxRegression().fit(make())


def changing(first, later):
    """A factory whose passes after the first are others."""
    passes = iter([first])
    return lambda: iter(next(passes, later))


def test_passes_that_differ_from_the_first_are_errors():
    X, y, _ = table()
    chunks = [(X[:300], y[:300]), (X[300:], y[300:])]
    used_up = iter(chunks)
    cases = [
        (lambda: used_up, "had 2 chunks, and this one has none: the iterator is used up"),
        (changing(chunks, chunks[:1]), "had 2 chunks, and this one has 1: every pass"),
        (changing(chunks, [*chunks, chunks[0]]), "more than the 2 chunks of the first pass"),
        (
            changing(chunks, [chunks[0], (X[301:], y[301:])]),
            "Chunk 1 has 299 rows in this pass and had 300 in the first",
        ),
        (lambda: iter([]), "ended before any chunk"),
        (lambda: iter([(X[:0], y[:0])]), "no rows in any of its 1 chunks"),
    ]
    for factory, message in cases:
        model = SoftmaxRegression()
        with pytest.raises(ValueError, match=message):
            model.fit(Chunks(factory))
        assert not vars(model).keys() & {"classes_", "n_features_in_"}


def test_errors_name_the_chunk():
    X, y, weights = table()
    broken = X.copy()
    broken[450, 2] = np.nan
    cases = [
        (Reads(broken, y), ValueError, "Chunk 5: row 49 of X there is the first with NaN"),
        (Reads(X, np.zeros(N_ROWS)), ValueError, "at least 2 classes in y"),
        (Reads(X, y, -weights), ValueError, "Chunk 0: sample_weight must not be negative"),
        ([(np.full((3, 2), "red"), y[:3])], ValueError, "Chunk 0: X holds text that is not a num"),
        ([(X, y), X], TypeError, r"Chunk 1 is a ndarray, and a chunk is a tuple \(X, y\)"),
        ([(X,)], ValueError, "Chunk 0 has 1 entries"),
        ([(X, y), (X[:, :5], y)], ValueError, "Chunk 1: X has 5 features there, not 6"),
        ([(X, y), (X, y[1:])], ValueError, "Chunk 1: X has 600 rows there and y has 599"),
        ([(X, y), (X, y, weights)], ValueError, "0 and 1 only chunk 1 has a sample_weight"),
        ([(X, y, weights), (X, y)], ValueError, "0 and 1 only chunk 0 has a sample_weight"),
    ]
    for chunks, kind, message in cases:
        with pytest.raises(kind, match=message):
            SoftmaxRegression().fit(Chunks(chunks))


def test_nothing_is_passed_beside_chunks():
    X, y, weights = table()
    for arguments in ({"y": y}, {"sample_weight": weights}, {"offset": weights}):
        (name,) = arguments
        with pytest.raises(TypeError, match=f"{name} is in the chunks"):
            SoftmaxRegression().fit(Chunks([(X, y)]), **arguments)
    with pytest.raises(TypeError, match="y is in the chunks"):
        SoftmaxRegression().fit(X, y, X_val=Chunks([(X, y)]), y_val=y)


SINGLE = "one chunk after the other: for X, y in chunks"


@pytest.mark.parametrize(
    "use",
    [
        lambda c, m: SoftmaxRegressionCV(scoring="accuracy").fit(c),
        lambda c, m: softmax_path(c),
        lambda c, m: SoftmaxRegression(solver="sgd").partial_fit(c),
        lambda c, m: m.predict(c),
        lambda c, m: m.predict_proba(c),
        lambda c, m: m.objective(c, None),
        lambda c, m: make_pipeline(StandardScaler(), SoftmaxRegression()).fit(c),
    ],
)
def test_what_needs_all_rows_says_what_to_do(use):
    X, y, _ = table()
    model = SoftmaxRegression().fit(X, y)
    with pytest.raises(TypeError, match=SINGLE):
        use(Chunks([(X, y)]), model)


def test_searches_say_what_to_do():
    X, y, _ = table()
    with pytest.raises(TypeError, match="To choose C, fit one model for each C"):
        GridSearchCV(SoftmaxRegression(), {"C": [1, 2]}).fit(Chunks([(X, y)]))
    with pytest.raises(TypeError, match="To choose C, fit one model for each C"):
        cross_val_score(SoftmaxRegression(), Chunks([(X, y)]), y)
    with pytest.raises(TypeError, match="some at a time"):
        len(Chunks([(X, y)]))


def test_solvers_that_draw_rows_and_random_splits_say_what_to_do():
    X, y, _ = table()
    with pytest.raises(ValueError, match=r"The solver Adam draws rows .*partial_fit"):
        SoftmaxRegression(solver="adam").fit(Chunks([(X, y)]))
    with pytest.raises(ValueError, match="pass the validation rows as X_val"):
        SoftmaxRegression(early_stopping=True).fit(Chunks([(X, y)]))


def test_what_is_advised_works():
    X, y, _ = table()
    chunks = Chunks(Reads(X, y, edges=[0, 200, N_ROWS]))
    model = SoftmaxRegression(solver="sgd", random_state=0)
    for X_chunk, y_chunk in chunks:
        model.partial_fit(X_chunk, y_chunk, classes=[0, 1, 2])
    assert model.score(X, y) > 0.5
    losses = [
        SoftmaxRegression(C=C).fit(chunks, X_val=chunks).history_["validation_loss"][-1]
        for C in (0.01, 1.0)
    ]
    assert losses[1] < losses[0]


@pytest.mark.parametrize("fails_at", [1, 4])
def test_what_a_generator_opens_is_closed_after_an_error(fails_at):
    X, y, _ = table()
    closed = []

    def read():
        try:
            for number in range(6):
                values = np.nan if number == fails_at else 1.0
                yield values * X[:100], y[:100]
        finally:
            closed.append(number)

    with pytest.raises(ValueError, match=f"Chunk {fails_at}") as caught:
        SoftmaxRegression().fit(Chunks(read))
    assert closed == [fails_at]
    assert caught.tb is not None  # the error, and with it every frame, is still there


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
