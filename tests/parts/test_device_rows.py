"""Rows on a device in blocks of bounded size, and sums that are copied once."""

import math

import numpy as np
import pytest
from on_device import place_of, there
from scipy.special import logsumexp, softmax

from sk_softmax.parts.device_arrays import Place, on_host
from sk_softmax.parts.device_cross_entropy import DeviceCrossEntropy
from sk_softmax.parts.device_rows import DeviceRows
from sk_softmax.parts.device_sums import Totals
from sk_softmax.parts.device_targets import DeviceTargets

ACCELERATOR, ELSEWHERE = place_of("strict:device1"), place_of("strict:device2")


def rows_of(X, n_outputs=3):
    return DeviceRows(there(ACCELERATOR, X), n_outputs, has_intercept=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n_features", "n_outputs"), [(2000, 3), (4, 1000)])
def test_blocks_have_a_bounded_number_of_bytes(n_features, n_outputs, dtype, monkeypatch):
    n_bytes = 2**16
    monkeypatch.setattr("sk_softmax.parts.device_rows.MOST_BYTES", n_bytes)
    monkeypatch.setattr("sk_softmax.parts.device_rows.LEAST_ROWS", 1)
    rows = rows_of(np.ones((300, n_features), dtype=dtype), n_outputs)
    lengths = [block.n_rows for block in rows.blocks()]
    assert sum(lengths) == 300
    widest = max(n_features, n_outputs) * np.dtype(dtype).itemsize
    assert n_bytes / 4 < max(lengths) * widest <= n_bytes
    numbers = rows.place.indices(np.arange(300)[::-1].copy())
    pieces = [block.n_rows for _, block in rows.in_pieces(numbers)]
    assert sum(pieces) == 300
    assert max(pieces) * widest <= n_bytes
    (block, *_) = rows.blocks()
    for some in block.pieces(5000):
        assert (some.stop - some.start) * 5000 * 8 <= n_bytes


@pytest.mark.parametrize("has_intercept", [True, False])
def test_forms_of_rows_are_those_of_numpy(has_intercept):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 6)) + 100
    shift = np.array([100.0, 0, 100, 0, 0, 100])
    rows = DeviceRows(there(ACCELERATOR, X), 3, has_intercept=has_intercept)
    features = np.array([0, 2, 4])
    form = rows.shifted(shift).columns(features).narrowed()
    expected = (X - shift)[:, features].astype(np.float32)
    np.testing.assert_array_equal(form.values(), expected)
    assert form.dtype == np.float32
    assert (form.n_features, form.n_columns) == (3, 3 + has_intercept)
    some = np.array([3, 7, 40])
    np.testing.assert_array_equal(form.values(some), expected[some])
    np.testing.assert_array_equal(form.copied(some).values(), expected[some])
    np.testing.assert_array_equal(rows.shifted(shift).values(some, [1, 2]), (X - shift)[some, 1:3])
    twice = rows.shifted(shift).shifted(shift)
    np.testing.assert_array_equal(twice.values(), X - 2 * shift)
    back = form.widened()
    assert back.dtype == np.float64
    (block,) = list(form.blocks())
    design = on_host(block.design())
    ones = np.ones((50, int(has_intercept)), dtype=np.float32)
    np.testing.assert_array_equal(design, np.hstack([expected, ones]))


def test_what_is_picked_in_each_block_is_what_is_copied_once(monkeypatch):
    X = np.random.default_rng(0).normal(size=(50, 6))
    features, shift = np.array([5, 1]), np.arange(6.0)
    copied = rows_of(X).shifted(shift).columns(features)
    narrow = rows_of(X).shifted(shift).narrowed()
    monkeypatch.setattr("sk_softmax.parts.device_rows.MOST_COPIED", 0)
    monkeypatch.setattr("sk_softmax.parts.device_rows.MOST_NARROWED", 0)
    picked = rows_of(X).shifted(shift).columns(features)
    assert picked._X.shape == (50, 6)
    assert copied._X.shape == (50, 2)
    np.testing.assert_array_equal(picked.values(), copied.values())
    again = rows_of(X).shifted(shift).narrowed()
    assert again._X.dtype == ACCELERATOR.xp.float64
    assert narrow._X.dtype == ACCELERATOR.xp.float32
    np.testing.assert_array_equal(again.values(), narrow.values())


@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("n_features", [1, 40])
def test_gram_matrices_have_the_constant_column_last(n_features, has_intercept):
    rng = np.random.default_rng(0)
    X, weights = rng.normal(size=(20, n_features)), rng.uniform(size=20)
    rows = DeviceRows(there(ACCELERATOR, X), 3, has_intercept=has_intercept)
    (block,) = rows.blocks()
    found = on_host(block.gram(there(ACCELERATOR, weights)))
    design = on_host(block.design())
    expected = np.einsum("ij,i,ik->jk", design, weights, design)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_outputs", [1, 5])
def test_logits_and_gradients_of_a_block(n_outputs, dtype):
    rng = np.random.default_rng(0)
    X, params = rng.normal(size=(30, 40)).astype(dtype), rng.normal(size=(n_outputs, 41))
    rows = rows_of(X, n_outputs)
    (block,) = rows.blocks()
    design = np.column_stack([X, np.ones(30)])
    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    logits = on_host(block.logits(rows.prepare(params)))
    np.testing.assert_allclose(logits, params @ design.T, atol=tolerance)
    gradient = on_host(block.pull_back(there(ACCELERATOR, logits)))
    np.testing.assert_allclose(gradient, logits @ design, atol=10 * tolerance)


@pytest.mark.parametrize("given", [np.array([0, 2]), np.eye(3)[[0, 2]]])
def test_a_logit_of_minus_infinity_leaves_the_loss_of_another_class(given):
    logits = np.array([[1.0, -np.inf], [0, 1], [0.5, 2]])
    targets = DeviceTargets(ACCELERATOR, there(ACCELERATOR, given), 3)
    losses, residuals = DeviceCrossEntropy(ACCELERATOR, 3).loss_and_residuals(
        there(ACCELERATOR, logits), targets
    )
    expected = logsumexp(logits, axis=0) - logits[[0, 2], [0, 1]]
    np.testing.assert_allclose(on_host(losses), expected, rtol=1e-14)
    expected = softmax(logits, axis=0) - np.eye(3)[[0, 2]].T
    np.testing.assert_allclose(on_host(residuals), expected, atol=1e-15)


def test_terms_of_numpy_are_refused():
    rows = rows_of(np.ones((4, 2)))
    for method in ("sum", "collect", "take", "subset"):
        with pytest.raises(NotImplementedError, match="answer questions there"):
            getattr(rows, method)(None)


def test_sums_over_blocks_round_little_without_float64():
    place = place_of("strict:no_float64")
    numbers = np.random.default_rng(0).uniform(size=20_000).astype(np.float32)
    numbers[::2] *= -1
    totals = Totals(place)
    for number in numbers:
        totals.add((there(place, np.array([number])), there(place, np.array(1.0, np.float32))))
    (total, count) = totals.on_host()
    exact = math.fsum(numbers.tolist())
    assert total[0] == pytest.approx(exact, abs=1e-7)
    assert abs(np.add.accumulate(numbers)[-1] - exact) > 1e-5  # what float32 alone loses
    assert count == 20_000
    assert total.dtype == np.float64


def test_sums_that_overflow_are_infinite():
    place = place_of("strict:no_float64")
    totals = Totals(place)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(3):
            totals.add((there(place, np.array([3e38, 1.0], dtype=np.float32)),))
    (total,) = totals.on_host()
    np.testing.assert_array_equal(total, [np.inf, 3])
    assert Totals(place).on_host() == ()


def test_places_are_equal_where_namespace_and_device_are():
    array = there(ACCELERATOR, np.ones(2))
    assert Place.of(array) == ACCELERATOR
    assert Place.of(array) != ELSEWHERE
    assert ACCELERATOR.moved(array) is array
    moved = ELSEWHERE.moved(array)
    assert Place.of(moved) == ELSEWHERE
    read_only = np.broadcast_to(np.float64(1), (3,))
    assert on_host(ACCELERATOR.moved(read_only)).tolist() == [1, 1, 1]
    assert on_host(ACCELERATOR.moved(np.arange(3)[::-1])).tolist() == [2, 1, 0]
