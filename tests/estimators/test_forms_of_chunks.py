"""What chunks may be, and what is said where they cannot be fitted to."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from chunked_rows import N_ROWS, Reads, assert_same_fit, fitted, table
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import Chunks, SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.estimators.input.labels import numbers_of


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


def test_a_csv_file_in_chunks(tmp_path):
    X, y, _ = table()
    path, names = tmp_path / "rows.csv", list("abcdef")
    frame = pd.DataFrame(X, columns=names).assign(label=np.array(["no", "yes", "maybe"])[y])
    frame.to_csv(path, index=False)

    def read():
        for some in pd.read_csv(path, chunksize=250):
            yield some[names], some["label"]

    found, expected = fitted({}, Chunks(read)), fitted({}, frame[names], frame["label"])
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-6)
    assert list(found.feature_names_in_) == names
    assert list(found.classes_) == ["maybe", "no", "yes"]


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
