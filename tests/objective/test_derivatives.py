"""Value, gradient, Hessian and minibatches of the objective."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import functional
from sk_softmax.objective import RegressionObjective, targets_of
from sk_softmax.rows import rows_of


def problem(n_classes, *, intercept=True, weighted=True, C=2.0, sparse=False, dtype=np.float64):
    rng = np.random.default_rng(n_classes)
    X = rng.normal(size=(60, 5)).astype(dtype)
    labels = np.arange(60) % n_classes
    weights = rng.random(60) * 3 if weighted else None
    rows = rows_of(sp.csr_matrix(X) if sparse else X, 3, has_intercept=intercept, n_threads=1)
    objective = RegressionObjective(rows, labels, n_classes, C, weights)
    return objective, X, labels, weights, rng.normal(size=objective.shape)


def reference_value(params, X, labels, weights, C):
    """The definition, written with the functions on plain arrays."""
    weights = np.ones(len(X)) if weights is None else weights
    coef, intercept = params[:, : X.shape[1]], params[:, X.shape[1] :]
    logits = X @ coef.T + (intercept[:, 0] if intercept.size else 0)
    if len(params) == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    loss = functional.cross_entropy(logits, labels, sample_weight=weights)
    return loss + (coef**2).sum() / (2 * C * weights.sum())


CASES = [
    dict(n_classes=n_classes, intercept=intercept, weighted=weighted, C=C, sparse=sparse)
    for n_classes in (2, 3, 7)
    for intercept, weighted, C, sparse in [
        (True, True, 2.0, False),
        (False, True, 0.1, False),
        (True, False, np.inf, False),
        (True, True, 2.0, True),
    ]
]


@pytest.mark.parametrize("case", CASES)
def test_value_is_the_definition(case):
    objective, X, labels, weights, params = problem(**case)
    expected = reference_value(params, X, labels, weights, case["C"])
    assert objective.evaluate(params).value == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("case", CASES)
def test_gradient_and_hessian_match_finite_differences(case):
    objective, *_, params = problem(**case)
    gradient = objective.evaluate(params).gradient
    matrix = objective.hessian(params).matrix
    step = 1e-6
    for index in np.ndindex(params.shape):
        unit = np.zeros_like(params)
        unit[index] = 1
        plus, minus = (objective.evaluate(params + s * step * unit) for s in (1, -1))
        assert gradient[index] == pytest.approx(
            (plus.value - minus.value) / (2 * step), rel=1e-6, abs=1e-9
        )
        np.testing.assert_allclose(
            (matrix @ unit.ravel()).reshape(unit.shape),
            (plus.gradient - minus.gradient) / (2 * step),
            rtol=1e-6,
            atol=1e-9,
        )


@pytest.mark.parametrize("case", CASES)
def test_hessian_solves_for_gradients(case):
    objective, *_, params = problem(**case)
    params = params - params.mean(axis=0) * (len(params) > 1)
    gradient = objective.evaluate(params).gradient
    hessian = objective.hessian(params)
    step = hessian.solve(gradient)
    assert step.shape == params.shape
    np.testing.assert_allclose(
        hessian.matrix @ step.ravel(), gradient.ravel(), rtol=1e-7, atol=1e-10
    )


@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_hessian_given_out_is_singular_along_class_shifts_and_solves_as_if_it_were_not(
    n_classes,
):
    objective, *_, params = problem(n_classes, C=np.inf)
    hessian = objective.hessian(params)
    shift = np.ones(params.shape) * np.arange(1.0, 7)  # the same vector for every class
    curvature = shift.ravel() @ hessian.matrix @ shift.ravel()
    if n_classes == 2:  # log-odds have no such freedom
        assert curvature > 1e-3
    else:
        assert abs(curvature) < 1e-12
    assert np.isfinite(hessian.solve(shift)).all()
    np.testing.assert_array_equal(hessian.diagonal.ravel(), hessian.matrix.diagonal())
    assert hessian.diagonal.shape == params.shape


@pytest.mark.parametrize("n_classes", [2, 4])
def test_gradient_matches_pytorch(n_classes):
    torch = pytest.importorskip("torch", reason="needs PyTorch, of the extra external")
    objective, X, labels, weights, params = problem(n_classes)
    leaf = torch.tensor(params, requires_grad=True)
    logits = torch.tensor(X) @ leaf[:, :-1].T + leaf[:, -1]
    if n_classes == 2:
        logits = torch.hstack([torch.zeros_like(logits), logits])
    losses = torch.nn.functional.cross_entropy(logits, torch.tensor(labels), reduction="none")
    S = weights.sum()
    value = (losses * torch.tensor(weights)).sum() / S + (leaf[:, :-1] ** 2).sum() / (4 * S)
    value.backward()
    here = objective.evaluate(params)
    assert here.value == pytest.approx(value.item(), rel=1e-13)
    np.testing.assert_allclose(here.gradient, leaf.grad.numpy(), rtol=1e-11, atol=1e-15)


def test_hessian_is_built_in_chunks_without_changing_it(monkeypatch):
    objective, *_, params = problem(4)
    whole = objective.hessian(params).matrix
    monkeypatch.setattr("sk_softmax.objective.exact_hessian.HESSIAN_CHUNK", 100)
    np.testing.assert_allclose(objective.hessian(params).matrix, whole, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_minibatches_are_an_unbiased_estimate(n_classes):
    objective, *_, params = problem(n_classes)
    whole = objective.evaluate(params)
    batches = [objective.minibatch(params, np.arange(60)[i::6]) for i in range(6)]
    assert np.mean([batch.value for batch in batches]) == pytest.approx(whole.value, rel=1e-13)
    np.testing.assert_allclose(
        np.mean([batch.gradient for batch in batches], axis=0), whole.gradient, rtol=1e-12
    )


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_largest_curvature_bounds_the_hessian_everywhere(n_classes):
    objective, *_, params = problem(n_classes)
    bound = objective.largest_curvature()
    largest = 0.0
    for scale in (0, 0.1, 1, 10):
        matrix = objective.hessian(scale * params).matrix
        largest = max(largest, np.linalg.eigvalsh(matrix).max())
    assert largest <= bound
    assert bound < 20 * largest  # a bound of no use would pass too


def test_largest_curvature_of_one_column_and_of_no_information():
    one = RegressionObjective(
        rows_of(np.array([[2.0], [4.0]]), 3, has_intercept=False, n_threads=1),
        np.array([0, 1]),
        2,
        np.inf,
    )
    assert one.largest_curvature() == pytest.approx(1.01 * 0.25 * 10)
    none = RegressionObjective(
        rows_of(np.zeros((2, 3)), 3, has_intercept=False, n_threads=1), np.array([0, 1]), 2, np.inf
    )
    assert none.largest_curvature() == 0


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_the_scale_of_the_weights_moves_only_the_penalty(n_classes, scale):
    objective, _, labels, weights, params = problem(n_classes, C=np.inf)
    scaled = RegressionObjective(objective.rows, labels, n_classes, np.inf, weights * scale)
    assert scaled.evaluate(params).value == pytest.approx(
        objective.evaluate(params).value, rel=1e-12
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_float32_rows_give_nearly_the_same_objective(n_classes):
    params = problem(n_classes)[-1]
    wide = problem(n_classes)[0].evaluate(params)
    narrow = problem(n_classes, dtype=np.float32)[0].evaluate(params)
    assert narrow.value == pytest.approx(wide.value, rel=1e-6)
    np.testing.assert_allclose(narrow.gradient, wide.gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_overflowing_logits_are_seen_as_such_and_warn_nobody(n_classes):
    objective, *_, params = problem(n_classes, C=np.inf)
    far = np.sign(params) * 1.7e308
    assert not objective.evaluate(far).is_finite
    assert not objective.minibatch(far, np.arange(60)).is_finite
    assert objective.evaluate(far / 1e8).is_finite


@pytest.mark.parametrize("C", [1.0, np.inf])
def test_separation_threshold_is_a_proof(C):
    objective, _, y, weights, _ = problem(3, C=C)
    threshold = pytest.approx(np.log(2) * weights.min() / weights.sum())
    assert objective.separated_below == threshold
    for amount, expected in ((0.0, threshold), (0.1, -np.inf)):
        other = copy.copy(objective.data)
        other.targets = targets_of(np.eye(3)[y], 3, amount)
        assert objective.of_data(other).separated_below == expected
