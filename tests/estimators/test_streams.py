"""``partial_fit`` learns from chunks what it would from the whole, and fails without a trace."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from sk_softmax import SoftmaxRegression, functional
from sk_softmax.solvers import SGD, Adam, RMSprop

BATCH = 16
LEARNERS = {
    "sgd": SGD(batch_size=BATCH),
    "nesterov": SGD(batch_size=BATCH, nesterov=True, schedule="constant"),
    "rmsprop": RMSprop(batch_size=BATCH),
    "adam": Adam(batch_size=BATCH),
}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(320, 5))
    y = (X @ rng.normal(size=(5, 3)) + rng.gumbel(size=(320, 3))).argmax(axis=1)
    return X, np.array(["a", "b", "c"])[y], rng.random(320)


def streamed(model, X, y, weights=None, sizes=(320,)):
    first = 0
    for size in sizes:
        part = slice(first, first + size)
        some = None if weights is None else weights[part]
        model.partial_fit(X[part], y[part], ["a", "b", "c"], some)
        first += size
    return model


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_chunks_of_whole_minibatches_are_the_whole(name, weighted, kind, rows):
    X, y, weights = rows
    weights = weights if weighted else None
    model = SoftmaxRegression(solver=LEARNERS[name], C=0.5)
    whole = streamed(clone(model), kind(X), y, weights)
    parts = streamed(clone(model), kind(X), y, weights, sizes=(BATCH, 9 * BATCH, 10 * BATCH))
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(parts.intercept_, whole.intercept_, rtol=1e-9, atol=1e-12)


def test_an_epoch_is_the_rule_of_the_textbook(rows):
    """One row at a time, against the update written out."""
    X, y, _ = rows
    model = SoftmaxRegression(
        C=2.0, solver=SGD(batch_size=1, momentum=0, schedule="constant", learning_rate=0.05)
    )
    streamed(model, X, y)
    W, b = np.zeros((3, 5)), np.zeros(3)
    for i, (x, label) in enumerate(zip(X, y, strict=True)):
        residual = functional.softmax(W @ x + b) - (model.classes_ == label)
        W = W - 0.05 * (np.outer(residual, x) + W / (2.0 * (i + 1)))
        b = b - 0.05 * residual
    np.testing.assert_allclose(model.coef_, W - W.mean(axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.intercept_, b - b.mean(), rtol=1e-9, atol=1e-12)


def test_many_epochs_come_close_to_the_fit_without_a_penalty(rows):
    X, y, _ = rows
    model = SoftmaxRegression(C=np.inf, solver=SGD(batch_size=32))
    for _ in range(200):
        streamed(model, X, y)
    best = SoftmaxRegression(C=np.inf).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), best.predict_proba(X), atol=0.05)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert len(model.records_) == model.n_iter_[0] == 200


def test_equal_weights_of_any_size_change_only_the_penalty(rows):
    X, y, _ = rows
    plain = streamed(SoftmaxRegression(solver="sgd", C=np.inf), X, y)
    heavy = streamed(SoftmaxRegression(solver="sgd", C=np.inf), X, y, np.full(320, 1e6))
    np.testing.assert_allclose(heavy.coef_, plain.coef_, rtol=1e-9)
    penalised = streamed(SoftmaxRegression(solver="sgd", C=1.0), X, y, np.full(320, 7.0))
    same = streamed(SoftmaxRegression(solver="sgd", C=7.0), X, y)
    np.testing.assert_allclose(penalised.coef_, same.coef_, rtol=1e-9)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_class_not_seen_yet_has_a_small_probability(name, rows):
    X, y, _ = rows
    known = y != "c"
    model = SoftmaxRegression(solver=LEARNERS[name])
    means = []
    for _ in range(5):
        model.partial_fit(X[known], y[known], classes=["c", "b", "a"])
        probabilities = model.predict_proba(X)[:, 2]
        assert (probabilities > 0).all()
        means.append(probabilities.mean())
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert 1 / 3 > means[0] > means[1] > means[4]
    assert means[4] < 0.1


def test_it_goes_on_after_a_fit(rows):
    X, y, _ = rows
    model = SoftmaxRegression(solver="sgd", random_state=0).fit(X, y)
    fitted = model.coef_.copy()
    assert model.partial_fit(X[:32], y[:32]).coef_.shape == fitted.shape
    assert 0 < np.abs(model.coef_ - fitted).max() < 0.5
    assert model.n_iter_[0] == 1
    model.fit(X, y)
    np.testing.assert_array_equal(model.coef_, fitted)  # a fit begins anew


def test_probabilities_smoothing_and_class_weights(rows):
    X, y, _ = rows
    Y = functional.one_hot(np.searchsorted(["a", "b", "c"], y))
    labels = streamed(SoftmaxRegression(solver="sgd"), X, y)
    soft = SoftmaxRegression(solver="sgd").partial_fit(X, Y)
    np.testing.assert_array_equal(soft.coef_, labels.coef_)
    assert soft.classes_.tolist() == [0, 1, 2]
    smoothed = SoftmaxRegression(solver="sgd").partial_fit(X, 0.9 * Y + 0.1 / 3)
    same = streamed(SoftmaxRegression(solver="sgd", label_smoothing=0.1), X, y)
    np.testing.assert_allclose(same.coef_, smoothed.coef_, rtol=1e-9)
    weighted = streamed(SoftmaxRegression(solver="sgd", class_weight={"a": 3.0}), X, y)
    by_row = streamed(SoftmaxRegression(solver="sgd"), X, y, np.where(y == "a", 3.0, 1.0))
    np.testing.assert_allclose(weighted.coef_, by_row.coef_, rtol=1e-9)


def test_two_classes_and_float32(rows):
    X, y, _ = rows
    two = y != "c"
    model = SoftmaxRegression(solver="adam")
    for _ in range(20):
        model.partial_fit(X[two].astype(np.float32), y[two], classes=["a", "b"])
    assert model.coef_.shape == (1, 5)
    assert model.coef_.dtype == np.float32
    assert model.score(X[two], y[two]) > 0.8


def test_a_stored_model_goes_on_as_if_it_had_not_been(rows):
    X, y, _ = rows
    model = streamed(SoftmaxRegression(solver="adam"), X[:160], y[:160], sizes=(160,))
    again = pickle.loads(pickle.dumps(model))
    for m in (model, again):
        m.partial_fit(X[160:], y[160:])
    np.testing.assert_array_equal(again.coef_, model.coef_)


def test_a_stream_that_does_not_end_is_not_remembered_forever(monkeypatch, rows):
    X, y, _ = rows
    monkeypatch.setattr("sk_softmax.estimators.records.MOST_RECORDS", 3)
    model = SoftmaxRegression(solver="sgd")
    for _ in range(5):
        model.partial_fit(X, y, classes=["a", "b", "c"])
    assert [record.iteration for record in model.records_] == [3, 4, 5]
    assert model.n_iter_[0] == 5
    assert len(model.loss_curve_) == 3


def test_another_solver_goes_on_with_a_rule_of_its_own(rows):
    X, y, _ = rows
    model = streamed(SoftmaxRegression(solver="sgd"), X, y)
    loss = model.objective(X, y)
    for name in ("adam", "rmsprop", "sgd"):
        model.set_params(solver=name).partial_fit(X, y)
    assert model.objective(X, y) < loss


def test_only_solvers_of_minibatches_have_it():
    assert hasattr(SoftmaxRegression(solver="sgd"), "partial_fit")
    assert not hasattr(SoftmaxRegression(), "partial_fit")
    assert not hasattr(SoftmaxRegression(solver="no such"), "partial_fit")
    with pytest.raises(AttributeError) as error:
        SoftmaxRegression().partial_fit([[0.0]], [0])
    assert "learns from minibatches, such as solver='sgd'" in str(error.value.__cause__)


BAD = [
    (dict(y=["a", "z"] * 160), "Row 1 of y has the label 'z', which is not one of the classes"),
    (dict(X=np.zeros((320, 4))), "X has 4 features"),
    (dict(X=np.full((320, 5), np.nan)), "Row 0 of X"),
    (dict(classes=["a", "b"]), r"classes=\['a', 'b'\], but the first call declared"),
    (dict(classes=["a", None]), "Entry 1 of classes is None, which is no label"),
    (dict(classes=["a", 1]), "classes mixes labels of different types: entry 0 is 'a' and entry"),
    (dict(classes=[1.0, np.nan]), "Entry 1 of classes is nan"),
    (dict(classes=np.array([1.0, np.inf])), "classes=.* holds a number that is not finite"),
    (dict(y=["a", None] * 160), "Row 1 of y is None, which is no label"),
    (dict(y=["a", 1] * 160), "y mixes labels of different types"),
    (dict(y=np.full((320, 3), 0.5)), "Row 0 of y adds up to 1.5"),
    (dict(y=np.full((320, 3), 1 / 3)), r"y has columns for the classes \[0, 1, 2\], but"),
    (dict(sample_weight=-np.ones(320)), "must not be negative"),
    (dict(X=np.full((320, 5), 1e200)), "The coefficients overflowed: learning_rate"),
]


@pytest.mark.parametrize(("changes", "message"), BAD, ids=lambda v: str(v)[:25])
def test_a_failed_call_changes_nothing(changes, message, rows):
    X, y, _ = rows
    model = streamed(SoftmaxRegression(solver="sgd"), X, y)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(**{"X": X, "y": y, **changes})
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    ("parameters", "arguments", "message"),
    [
        ({}, {}, "first call of partial_fit must be given all classes"),
        ({}, dict(classes=["a"]), "fewer than 2 classes"),
        (dict(class_weight="balanced"), {}, "needs all labels at once; for partial_fit give a"),
        (dict(early_stopping=True), {}, "early_stopping=True is for fit alone"),
        (dict(solver=SGD(schedule="cosine")), dict(classes="abc"), "'cosine' leads down to zero"),
    ],
)
def test_what_a_first_call_needs(parameters, arguments, message, rows):
    X, y, _ = rows
    arguments = {k: list(v) for k, v in arguments.items()}
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression(**{"solver": "sgd", **parameters}).partial_fit(X, y, **arguments)


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("before", [True, False])
def test_an_intercept_neither_comes_nor_goes(before, n_classes, kind, name, rows):
    X, y, _ = rows
    kept = np.flatnonzero(y != "c") if n_classes == 2 else np.arange(320)
    X, y = kind(X[kept]), y[kept]
    model = SoftmaxRegression(solver=LEARNERS[name], fit_intercept=before)
    model.partial_fit(X, y, classes=["a", "b", "c"][:n_classes])
    params = model.params_
    message = (
        f"fit_intercept={not before}, but the model that partial_fit continues from was learned "
        f"with fit_intercept={before}. Set it to {before}, or begin anew with a clone"
    )
    with pytest.raises(ValueError, match=message):
        model.set_params(fit_intercept=not before).partial_fit(X, y)
    model.set_params(fit_intercept=before)
    np.testing.assert_array_equal(model.params_, params)
    assert not np.array_equal(model.partial_fit(X, y).params_, params)
    model.set_params(fit_intercept=not before, max_iter=2).fit(X, y)  # a fit begins anew


def test_an_intercept_of_a_fit_is_not_dropped_but_may_begin(rows):
    X, y, _ = rows
    model = SoftmaxRegression(solver="sgd", random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"learned with fit_intercept=True\. Set it to"):
        model.set_params(fit_intercept=False).partial_fit(X, y)
    model.fit(X, y).set_params(fit_intercept=True).partial_fit(X, y)
    assert model.intercept_.any()


def with_initial_scale(name):
    return clone(SoftmaxRegression(solver=LEARNERS[name])).set_params(solver__initial_scale=0.1)


class TestChunksWithoutWeight:
    KINDS = (np.asarray, sp.csr_matrix, sp.csc_matrix, lambda X: X.astype(np.float32))

    @pytest.mark.parametrize("name", LEARNERS)
    @pytest.mark.parametrize("kind", KINDS, ids=["dense", "CSR", "CSC", "float32"])
    @pytest.mark.parametrize("n_classes", [2, 4])
    def test_a_call_changes_nothing(self, n_classes, kind, name, overlapping_classes):
        X, y = overlapping_classes(n_classes)
        X, none = kind(X), np.zeros(300)
        model = SoftmaxRegression(solver=LEARNERS[name])
        model.partial_fit(X, y, classes=np.arange(n_classes))
        before = pickle.dumps(model)
        assert model.partial_fit(X, y, sample_weight=none) is model
        model.partial_fit(X, y, sample_weight=0)
        assert pickle.dumps(model) == before
        model.fit(X, y)
        before = pickle.dumps(model)
        assert pickle.dumps(model.partial_fit(X, y, sample_weight=none)) == before

    @pytest.mark.parametrize("name", LEARNERS)
    @pytest.mark.parametrize("kind", KINDS, ids=["dense", "CSR", "CSC", "float32"])
    @pytest.mark.parametrize("n_classes", [2, 4])
    @pytest.mark.parametrize("fit_intercept", [True, False])
    def test_a_first_call(self, fit_intercept, n_classes, kind, name, overlapping_classes):
        X, y = overlapping_classes(n_classes)
        X, names = kind(X), list(range(n_classes))
        shared = dict(fit_intercept=fit_intercept, random_state=3)
        model = with_initial_scale(name).set_params(**shared)
        model.partial_fit(X, y, classes=names, sample_weight=np.zeros(300))
        assert model.classes_.tolist() == names
        assert model.coef_.shape == (1 if n_classes == 2 else n_classes, 4)
        assert model.coef_.dtype == model.intercept_.dtype == X.dtype
        assert not model.coef_.any()
        assert not model.intercept_.any()
        probabilities = model.predict_proba(X)
        np.testing.assert_allclose(probabilities, np.full((300, n_classes), 1 / n_classes))
        assert model.n_iter_.tolist() == [0]
        assert model.best_iteration_ == 0
        assert model.records_ == []
        assert model.loss_curve_.shape == (0,)
        assert set(model.history_) >= {"iteration", "value", "seconds"}
        assert not model.converged_
        # What follows is as if the call had not been made.
        model.partial_fit(X, y)
        alone = with_initial_scale(name).set_params(**shared).partial_fit(X, y, classes=names)
        np.testing.assert_array_equal(model.coef_, alone.coef_)
        np.testing.assert_array_equal(model.intercept_, alone.intercept_)
        assert model.n_iter_.tolist() == [1]

    def test_the_state_of_a_generator_is_left_alone(self, rows):
        X, y, _ = rows
        draws = np.random.RandomState(0)
        model = with_initial_scale("sgd").set_params(random_state=draws)
        model.partial_fit(X, y, classes=["a", "b", "c"], sample_weight=0)
        model.partial_fit(X, y)
        alone = with_initial_scale("sgd").set_params(random_state=np.random.RandomState(0))
        alone.partial_fit(X, y, classes=["a", "b", "c"])
        np.testing.assert_array_equal(model.coef_, alone.coef_)

    @pytest.mark.parametrize("name", LEARNERS)
    @pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
    def test_the_same_whether_the_chunk_comes_alone_or_in_a_longer_one(self, name, kind, rows):
        X, y, weights = rows
        weights = weights.copy()
        weights[5 * BATCH : 9 * BATCH] = 0
        weights[-BATCH:] = 0
        weights[3] = 0  # a row of a minibatch with weight
        model = SoftmaxRegression(solver=LEARNERS[name], C=0.5)
        whole = streamed(clone(model), kind(X), y, weights)
        sizes = (5 * BATCH, 2 * BATCH, 2 * BATCH, 10 * BATCH, BATCH)
        parts = streamed(clone(model), kind(X), y, weights, sizes=sizes)
        np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-9, atol=1e-12)
        kept = np.r_[0 : 5 * BATCH, 9 * BATCH : 19 * BATCH]
        without = streamed(clone(model), kind(X[kept]), y[kept], weights[kept], sizes=(240,))
        np.testing.assert_array_equal(without.coef_, whole.coef_)
        assert parts.n_iter_.tolist() == [2]

    @pytest.mark.parametrize("soft", [False, True])
    def test_class_weights_may_leave_nothing(self, soft, rows):
        X, y, _ = rows
        targets = np.where(y == "b", "b", "a")
        if soft:
            targets = functional.one_hot((y == "b").astype(int), 2) * 0.9 + 0.05
        classes = [0, 1] if soft else ["a", "b"]
        weight = dict.fromkeys(classes, 0.0)
        model = SoftmaxRegression(solver="sgd").partial_fit(X, targets, classes=classes)
        before = model.params_
        model.set_params(class_weight=weight).partial_fit(X, targets)
        np.testing.assert_array_equal(model.params_, before)
        assert model.n_iter_.tolist() == [1]

    def test_everything_is_still_checked(self, rows):
        X, y, _ = rows
        model = SoftmaxRegression(solver="sgd")
        with pytest.raises(ValueError, match="Row 0 of X"):
            model.partial_fit(X * np.nan, y, classes=["a", "b", "c"], sample_weight=0)
        assert not hasattr(model, "classes_")
        model.partial_fit(X, y, classes=["a", "b", "c"], sample_weight=0)
        with pytest.raises(ValueError, match="X has 2 features"):
            model.partial_fit(X[:, :2], y, sample_weight=0)

    def test_fit_and_objective_need_weight(self, rows):
        X, y, _ = rows
        model = SoftmaxRegression(solver="sgd", max_iter=1)
        with pytest.raises(ValueError, match="sample_weight is zero in every row"):
            model.fit(X, y, np.zeros(320))
        with pytest.raises(ValueError, match="sample_weight is zero in every row"):
            model.fit(X, y).objective(X, y, sample_weight=np.zeros(320))
        nothing = {"a": 0.0, "b": 0.0, "c": 0.0}
        with pytest.raises(ValueError, match="together leave every row without weight"):
            model.set_params(class_weight=nothing).fit(X, y)
