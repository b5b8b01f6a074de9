"""Rows, targets and weights stay on their device; sums and samples are copied."""

import numpy as np
import pytest
from on_device import place_of

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.objective import cheaper
from sk_softmax.solvers import SGD

PLACE = place_of("strict:device1")
N_ROWS, N_FEATURES, N_CLASSES = 30_000, 6, 3


@pytest.fixture
def copies(monkeypatch):
    """Sizes of the arrays that are copied to the host."""
    import array_api_compat

    found, move = [], array_api_compat.to_device

    def noted(array, device, **options):
        if device == PLACE.xp.Device("CPU_DEVICE"):
            found.append(array.size)
        return move(array, device, **options)

    monkeypatch.setattr(array_api_compat, "to_device", noted)
    return found


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, N_FEATURES)) * np.geomspace(0.1, 30, N_FEATURES)
    logits = X @ rng.normal(size=(N_FEATURES, N_CLASSES))
    y = (logits + 3 * rng.gumbel(size=logits.shape)).argmax(axis=1)
    return [PLACE.moved(array) for array in (X, y, rng.uniform(0.5, 2, N_ROWS))]


# Rows that are looked at to see which columns are far from zero, or can be narrowed.
SAMPLED = 512 * (N_FEATURES + 1)


@pytest.mark.parametrize(
    "options",
    [
        {"solver": "lbfgs"},
        {"solver": "newton-cholesky"},
        {"l1_ratio": 1, "C": 0.01},
        {"solver": "proximal-lbfgs", "l1_ratio": 0.5, "C": 0.01},
        {"lower_bounds": 0},
        {"class_weight": "balanced"},
        {"C": np.inf},
    ],
    ids=str,
)
def test_no_fit_copies_rows(options, table, copies, monkeypatch):
    monkeypatch.setattr(cheaper, "FEWEST_NUMBERS", 1000)  # on samples and in float32 too
    model = SoftmaxRegression(**options).fit(*table)
    # A proof of a finite optimum takes a sample of so many rows.
    proof = N_ROWS // 8 * (N_FEATURES + 1) if options.get("C") == np.inf else 0
    assert max(copies) <= max(SAMPLED, proof)
    assert sum(copies) < table[0].size + proof
    del copies[:]
    model.predict(table[0])
    model.score(*table)
    assert max(copies, default=0) <= N_CLASSES


def test_a_pass_is_copied_once(table, copies):
    model = SoftmaxRegression(solver="gd", max_iter=20, tol=1e-12)
    with pytest.warns(UserWarning, match="20 iterations"):
        model.fit(*table)
    n_params = N_CLASSES * (N_FEATURES + 1)
    sums = [size for size in copies if size == 1 + n_params]  # of losses, and of gradients
    assert 20 <= len(sums) <= model.records_[-1].passes + 2


def test_a_minibatch_is_copied_once(table, copies):
    some = [array[:3200, ...] for array in table]
    SoftmaxRegression(solver="sgd", max_iter=1, random_state=0).fit(*some)
    n_params = N_CLASSES * (N_FEATURES + 1)
    assert copies.count(1 + n_params) == pytest.approx(100, abs=10)
    assert len(copies) < 120


def test_a_chunk_of_a_stream_is_copied_once_a_minibatch_with_its_weights(table, copies):
    X, y, weights = (array[:3200, ...] for array in table)
    model = SoftmaxRegression(solver=SGD(batch_size=32), random_state=0)
    for first in (0, 1600):
        some = slice(first, first + 1600)
        model.partial_fit(X[some, :], y[some], range(N_CLASSES), weights[some])
    n_params = N_CLASSES * (N_FEATURES + 1)
    assert copies.count(1 + n_params) == 100
    assert copies.count(1600) == 2
    assert sum(size for size in copies if size not in (1 + n_params, 1600)) < 20 * N_FEATURES
    del copies[:]
    model.partial_fit(X, y, range(N_CLASSES))
    assert max(copies) == 1 + n_params


def test_no_path_copies_rows(table, copies, monkeypatch):
    monkeypatch.setattr(cheaper, "FEWEST_NUMBERS", 1000)
    softmax_path(table[0], table[1], sample_weight=table[2], Cs=5)
    assert max(copies) <= SAMPLED
    assert sum(copies) < table[0].size


def test_a_search_copies_labels_weights_and_logits_of_rows_held_out(table, copies, monkeypatch):
    monkeypatch.setattr(cheaper, "FEWEST_NUMBERS", 1000)
    Cs = [1e-3, 1e-2, 1e-1]
    SoftmaxRegressionCV(Cs=Cs, cv=4, scoring="neg_log_loss").fit(*table)
    assert copies.count(N_ROWS) == 2  # labels and weights
    of_held_out = [size for size in copies if SAMPLED < size != N_ROWS]
    assert sum(of_held_out) == len(Cs) * N_ROWS * N_CLASSES
    rest = [size for size in copies if size <= SAMPLED]
    assert sum(rest) < table[0].size


def test_only_labels_are_copied_for_a_split(table, copies):
    SoftmaxRegression(solver="lbfgs", early_stopping=True, random_state=0).fit(*table)
    assert copies.count(N_ROWS) == 1
    assert max(size for size in copies if size != N_ROWS) <= SAMPLED


def test_labels_and_predictions_of_numpy_are_copied_and_no_rows(table, copies):
    X, y, _ = table
    names = np.array(["a", "b", "c"])[np.asarray(PLACE.xp.asarray(y, device=ELSEWHERE))]
    model = SoftmaxRegression(solver="lbfgs").fit(X, names)
    del copies[:]
    assert model.predict(X).shape == (N_ROWS,)
    assert copies == [N_ROWS]  # numbers of classes, for text that no device holds


ELSEWHERE = PLACE.xp.Device("CPU_DEVICE")
