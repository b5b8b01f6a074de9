"""Levels of contours: round, ascending, around all values, in bands of about equal area."""

import numpy as np
import pytest

from sk_softmax.displays.contour_levels import few_of, round_levels

RANDOM = np.random.default_rng(0)
SURFACES = {
    "a valley": RANDOM.exponential(size=(50, 50)) + 0.386,
    "small": RANDOM.normal(size=1000) * 1e-9,
    "steep walls": RANDOM.exponential(size=(30, 30)) ** 8 * 1e4,
    "negative": -RANDOM.exponential(size=500),
    "far from zero": 1e6 + RANDOM.random(500),
}


@pytest.mark.parametrize("name", SURFACES)
def test_levels_enclose_all_values_in_bands_of_about_equal_area(name):
    values = SURFACES[name]
    levels = round_levels(values, 20)
    assert (np.diff(levels) > 0).all()
    assert levels[0] <= values.min()
    assert levels[-1] >= values.max()
    assert 15 <= len(levels) <= 21
    shares = np.histogram(values, levels)[0] / values.size
    assert shares.max() < 0.13  # 0.05 for quantiles that are not rounded


@pytest.mark.parametrize(("name", "digits"), [("a valley", 2), ("small", 2), ("steep walls", 1)])
def test_levels_are_round(name, digits):
    levels = round_levels(SURFACES[name], 20)
    np.testing.assert_array_equal(levels, [float(f"{level:.{digits - 1}e}") for level in levels])


@pytest.mark.parametrize("value", [0.0, 1.0, -3.5, 1e300])
def test_a_flat_surface_has_one_band(value):
    levels = round_levels(np.full((4, 4), value), 20)
    assert len(levels) == 2
    assert levels[0] <= value < levels[1]


def test_values_that_overflow_are_left_out():
    levels = round_levels(np.array([1.0, 2.0, np.inf, np.nan]), 4)
    assert levels[0] <= 1
    assert 2 <= levels[-1] < 3
    with pytest.raises(ValueError, match="No value of the surface is finite"):
        round_levels(np.full(3, np.inf), 4)


@pytest.mark.parametrize("n", [2, 7, 8, 9, 21, 100])
def test_few_of_them(n):
    few = few_of(np.arange(n), 8)
    assert few[0] == 0
    assert min(n, 4) <= len(few) <= 8
