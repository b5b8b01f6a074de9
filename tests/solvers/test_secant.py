"""The curvature along a step against its definition, in exact sums."""

import math

import numpy as np
import pytest

from sk_softmax.solvers.secant import curvature_along


def by_definition(step, change):
    products = step.ravel().astype(np.longdouble) * change.ravel()
    is_seen = products.sum() > np.finfo(step.dtype).eps * np.abs(products).sum()
    return math.fsum(products) if is_seen else 0.0


@pytest.mark.parametrize("width", [np.float32, np.float64])
@pytest.mark.parametrize("unit", [1e-30, 1e-22, 1e-10, 1.0, 1e15])
@pytest.mark.parametrize("angle", [0.0, 0.5, 1.5, 3.0])
def test_it_is_the_product_unless_rounding_hides_it(width, unit, angle):
    rng = np.random.default_rng(0)
    step = rng.normal(size=(3, 40)).astype(width)
    other = rng.normal(size=(3, 40))
    other -= np.vdot(other, step) / np.vdot(step, step) * step
    change = (math.cos(angle) * step + math.sin(angle) * other).astype(width)
    step, change = step * width(unit), change / width(unit)
    with np.errstate(all="ignore"):
        curvature = curvature_along(step, change)
    assert curvature == pytest.approx(by_definition(step, change), rel=1e-4)


@pytest.mark.parametrize("width", [np.float32, np.float64])
def test_what_cancels_to_rounding_is_nothing(width):
    rng = np.random.default_rng(1)
    step = rng.normal(size=(2, 1000)).astype(width)
    change = np.ones_like(step)
    change -= np.vdot(step, change) / np.vdot(step, step) * step
    assert abs(np.vdot(step, change)) < 1e3 * np.finfo(width).eps
    assert curvature_along(step, change) < 1e3 * np.finfo(width).eps
    assert curvature_along(step, -step) == 0.0
    assert curvature_along(step, np.zeros_like(step)) == 0.0
