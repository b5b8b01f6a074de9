"""Softmax and its relatives: against SciPy and PyTorch, finite differences and the extremes."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sk_softmax import functional as F

EXTREME = [1e308, -1e308, 5e-324, -5e-324, 0.0, 710.0, -746.0, 1.0]
finite = st.floats(allow_nan=False, allow_infinity=False)


@given(arrays(np.float64, (3, 4), elements=finite))
def test_softmax_is_a_distribution_for_any_finite_logits(logits):
    probabilities = F.softmax(logits)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-14)
    assert (F.log_softmax(logits) <= 0).all()


@given(arrays(np.float64, (5,), elements=finite))
def test_the_most_probable_class_has_the_largest_logit(logits):
    assert F.softmax(logits)[logits.argmax()] == F.softmax(logits).max()


@given(arrays(np.float64, (6,), elements=finite))
def test_sigmoid_is_the_softmax_of_two_classes(log_odds):
    two = np.stack([np.zeros_like(log_odds), log_odds], axis=-1)
    # Numbers below the least normal one have fewer digits, or none where they count as zero.
    close = dict(rtol=1e-14, atol=np.finfo(np.float64).tiny)
    np.testing.assert_allclose(F.sigmoid(log_odds), F.softmax(two)[:, 1], **close)
    np.testing.assert_allclose(F.log_sigmoid(log_odds), F.log_softmax(two)[:, 1], **close)


@pytest.mark.parametrize("log_odds", [0.0, 5.0, 37.0, 700.0])
def test_the_logarithm_of_a_probability_near_one_keeps_its_digits(log_odds):
    np.testing.assert_allclose(
        F.log_softmax([0.0, log_odds])[1], -np.log1p(np.exp(-log_odds)), rtol=1e-15
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_width_is_kept_and_integers_become_float64(dtype):
    logits = np.array([[1, 2, 3], [-100, 0, 100]], dtype=dtype)
    for function in (F.softmax, F.log_softmax, F.sigmoid, F.log_sigmoid, F.softmax_jacobian):
        assert function(logits).dtype == dtype
        assert function(logits.astype(np.int64)).dtype == np.float64
    assert np.isfinite(F.log_softmax(logits)).all()


def test_logits_beyond_90_stay_finite_in_single_precision():
    logits = np.array([[-95, 0, 95], [200, -200, 150]], dtype=np.float32)
    assert np.isfinite(F.softmax(logits)).all()
    assert np.isfinite(F.log_softmax(logits)).all()
    assert np.isfinite(F.cross_entropy(logits, [0, 1]))
    assert F.cross_entropy(logits, [0, 1], reduction="none") == pytest.approx([190, 400])


def test_extremes_have_the_right_limits():
    probabilities = F.softmax(EXTREME)
    np.testing.assert_array_equal(probabilities, np.eye(len(EXTREME))[0])
    np.testing.assert_array_equal(F.sigmoid(EXTREME), [1, 0, 0.5, 0.5, 0.5, 1, 0, F.sigmoid(1.0)])
    np.testing.assert_array_equal(F.log_sigmoid([1e308, -1e308]), [0, -1e308])
    np.testing.assert_array_equal(F.log_softmax([1e308, 0.0]), [0, -1e308])


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_any_axis(axis):
    logits = np.random.default_rng(0).normal(size=(2, 3, 4))
    moved = np.moveaxis(logits, axis, -1)
    np.testing.assert_array_equal(np.moveaxis(F.softmax(logits, axis), axis, -1), F.softmax(moved))
    labels = moved.argmin(axis=-1)
    targets = np.moveaxis(F.softmax(-moved), -1, axis)
    for y in (labels, targets):
        y_moved = np.moveaxis(y, axis, -1) if y.ndim == 3 else y
        assert F.cross_entropy(logits, y, axis=axis) == pytest.approx(
            F.cross_entropy(moved, y_moved)
        )
    assert F.entropy(F.softmax(logits, axis), axis=axis).shape == moved.shape[:-1]


# --- cross-entropy ----------------------------------------------------------------------------


def test_the_three_kinds_of_input_agree_with_each_other_and_with_pytorch():
    rng = np.random.default_rng(1)
    logits, labels, weights = rng.normal(size=(7, 3)), rng.integers(3, size=7), rng.random(7)
    from_logits = F.cross_entropy(logits, labels, sample_weight=weights)
    assert from_logits == pytest.approx(
        F.cross_entropy(
            F.log_softmax(logits), labels, input_kind="log_probabilities", sample_weight=weights
        )
    )
    assert from_logits == pytest.approx(
        F.cross_entropy(
            F.softmax(logits), labels, input_kind="probabilities", sample_weight=weights
        )
    )
    torch = pytest.importorskip("torch", reason="needs PyTorch, of the extra external")
    losses = torch.nn.functional.cross_entropy(
        torch.tensor(logits), torch.tensor(labels), reduction="none"
    ).numpy()
    np.testing.assert_allclose(F.cross_entropy(logits, labels, reduction="none"), losses)
    assert from_logits == pytest.approx(np.average(losses, weights=weights))


def test_labels_are_one_hot_targets():
    rng = np.random.default_rng(2)
    logits, labels = rng.normal(size=(7, 3)), rng.integers(3, size=7)
    for reduction in ("none", "sum", "mean"):
        np.testing.assert_allclose(
            F.cross_entropy(logits, labels, reduction=reduction),
            F.cross_entropy(logits, F.one_hot(labels, 3), reduction=reduction),
        )


def test_a_target_may_be_a_distribution():
    logits, target = np.array([0.5, -1.0, 2.0]), np.array([0.1, 0.2, 0.7])
    expected = scipy.special.logsumexp(logits) - target @ logits
    assert F.cross_entropy(logits, target) == pytest.approx(expected, rel=1e-15)


def test_impossible_classes_cost_nothing_unless_they_occur():
    probabilities = [[0.5, 0.5, 0.0]]
    assert F.cross_entropy(probabilities, [[0.5, 0.5, 0]], input_kind="probabilities") == (
        pytest.approx(np.log(2))
    )
    assert F.cross_entropy(probabilities, [2], input_kind="probabilities") == np.inf


def test_binary_cross_entropy_is_the_two_class_case():
    rng = np.random.default_rng(3)
    log_odds, targets, weights = rng.normal(size=9), rng.random(9), rng.random(9)
    two_class = F.cross_entropy(
        np.stack([np.zeros(9), log_odds], axis=1),
        np.stack([1 - targets, targets], axis=1),
        sample_weight=weights,
    )
    assert F.binary_cross_entropy(log_odds, targets, sample_weight=weights) == pytest.approx(
        two_class
    )
    assert F.binary_cross_entropy(
        F.sigmoid(log_odds), targets, input_kind="probabilities", sample_weight=weights
    ) == pytest.approx(two_class)
    labels = targets > 0.5
    assert F.binary_cross_entropy(log_odds, labels, reduction="sum") == pytest.approx(
        -F.log_sigmoid((2 * labels - 1) * log_odds).sum()
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"targets": [0, 3]}, "Label 3 is out of range for 3 classes"),
        ({"targets": [0, -1]}, "Label -1 is out of range"),
        ({"targets": [0.0, 1.0]}, "whole numbers"),
        ({"targets": [0]}, r"Targets of shape \(1,\) do not match predictions of shape \(2, 3\)"),
        ({"targets": np.ones((2, 2))}, "do not match"),
        ({"targets": [0, 1], "input_kind": "odds"}, "input_kind='odds' must be one of 'logits'"),
        ({"targets": [0, 1], "reduction": "max"}, "reduction='max' must be one of 'mean'"),
    ],
)
def test_cross_entropy_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        F.cross_entropy(np.zeros((2, 3)), **arguments)


def test_binary_cross_entropy_says_what_is_wrong():
    with pytest.raises(ValueError, match="do not match"):
        F.binary_cross_entropy([0.0, 1.0], [1])
    with pytest.raises(ValueError, match="input_kind='odds'"):
        F.binary_cross_entropy([0.0], [1], input_kind="odds")


# --- information ------------------------------------------------------------------------------


def test_cross_entropy_is_entropy_plus_divergence():
    rng = np.random.default_rng(4)
    p, q = F.softmax(rng.normal(size=(6, 4))), F.softmax(rng.normal(size=(6, 4)))
    np.testing.assert_allclose(
        F.cross_entropy(q, p, input_kind="probabilities", reduction="none"),
        F.entropy(p) + F.kl_divergence(p, q),
    )
    assert (F.kl_divergence(p, q) > 0).all()
    np.testing.assert_array_equal(F.kl_divergence(p, p), 0)


def test_one_nat_is_1_44_bits():
    p, q = np.array([0.3, 0.7]), np.array([0.6, 0.4])
    for in_nats, in_bits in [
        (F.surprisal(p), F.surprisal(p, base=2)),
        (F.entropy(p), F.entropy(p, base=2)),
        (F.kl_divergence(p, q), F.kl_divergence(p, q, base=2)),
    ]:
        np.testing.assert_allclose(in_bits / in_nats, 1.4426950408889634)


def test_surprisal_of_certain_and_of_impossible_events():
    assert F.surprisal([1.0, 0.0]).tolist() == [0.0, np.inf]
    assert not np.signbit(F.surprisal(1.0))


@pytest.mark.parametrize("base", [1, 0, -2])
def test_impossible_bases(base):
    with pytest.raises(ValueError, match=f"base={base} must be positive and not 1"):
        F.entropy([0.5, 0.5], base=base)


def test_one_hot():
    assert F.one_hot([[0, 1], [2, 0]]).shape == (2, 2, 3)
    assert F.one_hot([1], n_classes=4, dtype=np.float32).tolist() == [[0, 1, 0, 0]]
    assert F.one_hot(np.zeros(0, dtype=int), n_classes=2).shape == (0, 2)
    with pytest.raises(ValueError, match="Label 2 is out of range for 2 classes"):
        F.one_hot([2], n_classes=2)


# --- derivatives ------------------------------------------------------------------------------


def central_difference(function, at, step=1e-6):
    """Derivative of an array-valued function in each entry of its argument, in new last axes."""
    columns = []
    for index in np.ndindex(at.shape):
        plus, minus = at.copy(), at.copy()
        plus[index] += step
        minus[index] -= step
        columns.append((function(plus) - function(minus)) / (2 * step))
    return np.stack(columns, axis=-1).reshape(np.shape(columns[0]) + at.shape)


def test_jacobians_match_finite_differences():
    rng = np.random.default_rng(5)
    logits, x, coef, intercept = (
        rng.normal(size=4),
        rng.normal(size=3),
        rng.normal(size=(4, 3)),
        rng.normal(size=4),
    )
    np.testing.assert_allclose(
        F.softmax_jacobian(logits), central_difference(F.softmax, logits), atol=1e-9
    )
    np.testing.assert_allclose(
        F.softmax_layer_jacobian(x, coef, intercept),
        central_difference(lambda weights: F.softmax(weights @ x + intercept), coef),
        atol=1e-9,
    )
    assert F.softmax_jacobian(rng.normal(size=(2, 5, 4))).shape == (2, 5, 4, 4)
    assert F.softmax_layer_jacobian(rng.normal(size=(2, 3)), coef).shape == (2, 4, 4, 3)


@pytest.mark.parametrize(
    "targets", [np.array([3, 1]), F.softmax(np.random.default_rng(8).normal(size=(2, 4)))]
)
def test_cross_entropy_gradient_matches_finite_differences(targets):
    logits = np.random.default_rng(6).normal(size=(2, 4))

    def total(logits):
        return F.cross_entropy(logits, targets, reduction="sum")

    np.testing.assert_allclose(
        F.cross_entropy_gradient(logits, targets), central_difference(total, logits), atol=1e-9
    )
    with pytest.raises(ValueError, match="do not match"):
        F.cross_entropy_gradient(logits, np.ones((2, 3)))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weights", [None, np.array([0.5, 2.0, 0.0, 1.0, 3.0])])
def test_layer_gradient_matches_finite_differences(reduction, weights):
    rng = np.random.default_rng(7)
    X, labels = rng.normal(size=(5, 3)), rng.integers(4, size=5)
    coef, intercept = rng.normal(size=(4, 3)), rng.normal(size=4)

    def loss(coef, intercept):
        return F.cross_entropy(
            X @ coef.T + intercept, labels, sample_weight=weights, reduction=reduction
        )

    coef_gradient, intercept_gradient = F.softmax_layer_gradient(
        X, labels, coef, intercept, sample_weight=weights, reduction=reduction
    )
    np.testing.assert_allclose(
        coef_gradient, central_difference(lambda c: loss(c, intercept), coef), atol=1e-8
    )
    np.testing.assert_allclose(
        intercept_gradient, central_difference(lambda b: loss(coef, b), intercept), atol=1e-8
    )


def test_layer_gradient_knows_two_reductions():
    with pytest.raises(ValueError, match="reduction='none' must be one of 'mean', 'sum'"):
        F.softmax_layer_gradient([[1.0]], [0], [[0.0], [0.0]], reduction="none")
