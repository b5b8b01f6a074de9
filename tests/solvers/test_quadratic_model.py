"""A quadratic plus an L1 penalty, against its conditions of an optimum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_softmax.objective.active_hessian import FormedHessian
from sk_softmax.objective.penalties.active_l1 import ActiveL1
from sk_softmax.objective.penalties.boxed import ActiveBox
from sk_softmax.objective.penalties.grouped import ActiveGroups
from sk_softmax.solvers.quadratic_model import QuadraticModel, minimum_of


class Applied(FormedHessian):
    """The same matrix, kept to itself."""

    def matrix(self):
        return None


def model_of(seed, n, kind=FormedHessian, *, terms="entries", scale=1.0, spread=0.0):
    """A model, the weights of its penalty and its bounds."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(2 * n, n)) * 10.0 ** (spread * rng.normal(size=n))
    hessian = kind(A.T @ A)
    gradient = scale * rng.normal(size=n) * np.sqrt(hessian.diagonal)
    weights = rng.random(n // 3 if terms == "groups" else n) * np.sqrt(hessian.diagonal.max())
    weights[:1] = 0  # not penalised
    start = rng.normal(size=n) * (rng.random(n) < 0.5)
    lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
    penalty = ActiveGroups(weights) if terms == "groups" else ActiveL1(weights)
    if terms == "box":
        lower, upper = (
            -rng.random(n) * (rng.random(n) < 0.5),
            np.where(rng.random(n) < 0.5, 0.3, np.inf),
        )
        start = np.clip(start, lower, upper)
        penalty = ActiveBox(weights, lower, upper)
    return QuadraticModel(hessian, gradient, start, penalty), weights, lower, upper


def violation(model, weights, lower, upper, z):
    """Distance of minus the gradient from the penalty's subgradients, written out."""
    gradient = model.gradient + model.hessian.multiply(z - model.start)
    assert ((lower <= z) & (z <= upper)).all()
    outward = ((z == lower) & (gradient > 0)) | ((z == upper) & (gradient < 0))
    groups = (-1, len(weights))
    g, parts = np.where(outward, 0.0, gradient).reshape(groups), z.reshape(groups)
    norms, sizes = np.linalg.norm(parts, axis=0), np.linalg.norm(g, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        at_rest = np.linalg.norm(g + weights * parts / norms, axis=0)
    at_rest = np.where(weights == 0, sizes, at_rest)
    inside = np.maximum(sizes - weights, 0)
    distances = np.where((norms > 0) | (weights == 0), at_rest, inside)
    # At a bound that is not zero the slope of the penalty may point outward as well.
    pinned = ((z == lower) | (z == upper)) & (z != 0)
    slope = gradient + np.where(pinned, np.resize(weights, len(z)) * np.sign(z), 0.0)
    held = pinned & (np.where(z == lower, slope, -slope) >= 0)
    return np.where(held.reshape(groups).any(axis=0), 0.0, distances).max()


@given(
    st.integers(0, 2**31),
    st.integers(2, 12),
    st.sampled_from(["entries", "groups", "box"]),
    st.booleans(),
)
def test_it_is_the_minimum(seed, size, terms, formed):
    kind = FormedHessian if formed else Applied
    model, *conditions = model_of(seed, 3 * size, kind, terms=terms)
    z, decrease = minimum_of(model, 1e-9)
    assert violation(model, *conditions, z) < 1e-6 * np.abs(model.gradient).max()
    assert decrease >= 0


@pytest.mark.parametrize("seed", range(5))
def test_badly_scaled_parameters_are_no_obstacle(seed):
    model, *_ = model_of(seed, 30, spread=2.0)
    z, _ = minimum_of(model, 1e-8)
    gradient = model.gradient + model.hessian.multiply(z - model.start)
    units = np.sqrt(model.hessian.diagonal)
    moved = model.penalty.prox(z - gradient / units**2, units**2) - z
    assert np.abs(moved * units).max() < 1e-5 * np.abs(model.gradient / units).max()


def test_the_decrease_is_the_difference_of_the_values():
    model, weights, *_ = model_of(3, 12)
    z, decrease = minimum_of(model, 1e-10)
    d = z - model.start
    smooth = model.gradient @ d + 0.5 * d @ model.hessian.multiply(d)
    penalty = weights @ (np.abs(z) - np.abs(model.start))
    assert decrease == pytest.approx(-smooth - penalty, rel=1e-9)


def test_without_curvature_along_a_shift_there_is_still_a_minimum():
    # Softmax: the same shift of all classes changes nothing but the penalty.
    centring = np.eye(3) - 1 / 3
    gradient, weights = np.array([0.5, -0.2, -0.3]), np.full(3, 0.1)
    model = QuadraticModel(FormedHessian(centring), gradient, np.zeros(3), ActiveL1(weights))
    z, _ = minimum_of(model, 1e-10)
    assert violation(model, weights, -np.inf, np.inf, z) < 1e-9


def test_at_the_minimum_nothing_moves():
    model = QuadraticModel(
        FormedHessian(np.eye(2)), np.array([0.5, -0.5]), np.zeros(2), ActiveL1(np.ones(2))
    )
    z, decrease = minimum_of(model, 0.05)
    assert not z.any()
    assert decrease == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_hessian_that_overflowed_promises_no_minimum(bad):
    matrix = np.diag([1.0, bad, 1.0])
    matrix[0, 1] = matrix[1, 0] = bad
    model = QuadraticModel(
        FormedHessian(matrix), np.array([2.0, 0.0, 0.5]), np.zeros(3), ActiveL1(np.ones(3))
    )
    with np.errstate(all="ignore"):
        _, decrease = minimum_of(model, 0.05)
    assert not decrease <= 0


class Counting(FormedHessian):
    """A matrix that counts its products."""

    products = 0

    def multiply(self, direction):
        self.products += 1
        return super().multiply(direction)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("terms", ["entries", "groups", "box"])
def test_a_small_matrix_takes_few_products(seed, terms):
    model, *conditions = model_of(seed, 30, Counting, terms=terms)
    z, _ = minimum_of(model, 1e-4)
    assert violation(model, *conditions, z) < 1e-3 * np.abs(model.gradient).max()
    assert model.hessian.products <= 40
