"""Every penalty keeps what the protocol promises, checked from definitions alone."""

import pickle

import numpy as np
import pytest
import scipy.optimize

from sk_softmax.objective.penalties import PenaltyForm
from sk_softmax.objective.penalties.grouped import ActiveGroups

N_OUTPUTS, N_FEATURES = 3, 5
SHAPE = (N_OUTPUTS, N_FEATURES + 1)

LOWER = np.array([0.0, -0.3, -np.inf, 0.0, -1.0])
UPPER = np.array([np.inf, 0.2, 0.0, 0.0, np.inf])
FACTORS = np.array([1.0, 0.5, 2.0, 1.0, 3.0])
BY_CLASS = np.where(np.arange(N_OUTPUTS)[:, None] == 1, LOWER, -np.inf)

FORMS = {
    "L2": PenaltyForm(),
    "L2 with factors": PenaltyForm(factors=FACTORS),
    "L1": PenaltyForm(l1_ratio=1.0),
    "elastic net": PenaltyForm(l1_ratio=0.4, factors=FACTORS),
    "elastic net on some": PenaltyForm(l1_ratio=0.4, factors=np.array([1.0, 0, 1, 0, 1])),
    "grouped": PenaltyForm(l1_ratio=1.0, grouped=True),
    "grouped elastic net": PenaltyForm(l1_ratio=0.7, factors=FACTORS, grouped=True),
    "box and L2": PenaltyForm(lower=LOWER, upper=UPPER),
    "box and L1": PenaltyForm(l1_ratio=1.0, lower=LOWER, upper=UPPER),
    "box and elastic net": PenaltyForm(
        l1_ratio=0.5, factors=FACTORS, lower=BY_CLASS, upper=np.full(N_FEATURES, np.inf)
    ),
    "box alone": PenaltyForm(factors=np.zeros(N_FEATURES), lower=LOWER, upper=UPPER),
}


@pytest.fixture(params=FORMS, ids=str)
def penalty(request):
    return FORMS[request.param].penalty(0.3, SHAPE, N_FEATURES)


def points(penalty, seed=0, n=40, spread=1.0):
    """Params that are allowed, with entries and whole features at zero and at bounds."""
    rng = np.random.default_rng(seed)
    for _ in range(n):
        params = spread * rng.normal(size=SHAPE) * (rng.random(SHAPE) < 0.7)
        params[:, rng.random(SHAPE[1]) < 0.2] = 0.0
        yield penalty.projected(params)


def whole(penalty, params):
    """The penalty where it is infinite out of bounds."""
    inside = np.array_equal(penalty.projected(params), params)
    return penalty.value(params) if inside else np.inf


def test_a_value_is_its_two_parts(penalty):
    for params in points(penalty):
        parts = penalty.smooth_value(params) + penalty.kink_value(params)
        assert penalty.value(params) == pytest.approx(parts, rel=1e-14)
        assert penalty.is_smooth <= (penalty.kink_value(params) == 0)
        params[:, -1] += 10.0  # the intercept costs nothing
        assert penalty.value(params) == pytest.approx(parts, rel=1e-14)


def test_the_smooth_gradient_is_that_of_the_smooth_value(penalty):
    for params in points(penalty, n=3):
        gradient = np.zeros(SHAPE)
        penalty.add_smooth_gradient(params, gradient)
        expected = scipy.optimize.approx_fprime(
            params.ravel(), lambda flat: penalty.smooth_value(flat.reshape(SHAPE)), 1e-6
        )
        np.testing.assert_allclose(gradient.ravel(), expected, atol=1e-5)
        np.testing.assert_allclose(gradient, penalty.l2 * params, rtol=1e-14)


def test_the_shortest_subgradient_is_the_steepest_descent(penalty):
    # Of a convex function the slope along a direction is at least -|subgradient| times its
    # length, and exactly that along minus the shortest subgradient.
    rng = np.random.default_rng(1)
    for params in points(penalty):
        gradient = rng.normal(size=SHAPE) * (rng.random(SHAPE) < 0.8)

        def slope(direction, params=params, gradient=gradient):
            step = 1e-7 * direction
            change = whole(penalty, params + step) - penalty.value(params)
            kink = change - (penalty.smooth_value(params + step) - penalty.smooth_value(params))
            return float(np.vdot(gradient, direction)) + kink / 1e-7

        shortest = penalty.shortest_subgradient(params, gradient)
        length = np.linalg.norm(shortest)
        assert slope(-shortest) == pytest.approx(-(length**2), abs=1e-5)
        for direction in rng.normal(size=(20, *SHAPE)):
            assert slope(direction) >= -length * np.linalg.norm(direction) - 1e-5


def test_terms_without_a_gradient_are_those_at_kinks_and_bounds(penalty):
    rng = np.random.default_rng(2)
    for params in points(penalty):
        differentiable = penalty.is_differentiable(params)
        assert differentiable.shape == penalty.magnitudes(params).shape
        gradient = rng.normal(size=SHAPE)
        here = penalty.shortest_subgradient(params, gradient)
        other = penalty.shortest_subgradient(params, gradient + 0.1)
        np.testing.assert_allclose((other - here)[np.broadcast_to(differentiable, SHAPE)], 0.1)


def test_conjugate_and_penalty_are_a_pair(penalty):
    # Fenchel and Young: <u, w> <= R(w) + R*(u), with equality where u is a subgradient at w.
    rng = np.random.default_rng(3)
    images = rng.normal(size=(40, N_OUTPUTS, N_FEATURES)) * rng.choice([0.1, 1.0], (40, 1, 1))
    finite = 0
    for params, image in zip(points(penalty), images, strict=True):
        coef = params[:, :N_FEATURES]
        conjugate = penalty.conjugate(image)
        finite += np.isfinite(conjugate)
        assert np.vdot(image, coef) <= penalty.value(params) + conjugate + 1e-12
        # Of all subgradients of the loss alone, minus the shortest less the gradient is in dR.
        smooth = np.zeros(SHAPE)
        penalty.add_smooth_gradient(params, smooth)
        gradient = rng.normal(size=SHAPE)
        inside = penalty.shortest_subgradient(params, gradient + smooth) - gradient
        inside = inside[:, :N_FEATURES]
        if np.isfinite(penalty.conjugate(inside)):
            young = penalty.value(params) + penalty.conjugate(inside)
            assert np.vdot(inside, coef) == pytest.approx(young, abs=1e-10)
    assert finite == 40 or not penalty.is_strongly_convex


def test_the_gauge_says_where_the_conjugate_is_zero(penalty):
    rng = np.random.default_rng(4)
    for image in rng.normal(size=(20, N_OUTPUTS, N_FEATURES)):
        gauge = penalty.gauge(image)
        if np.isfinite(gauge) and gauge > 0:
            assert penalty.conjugate(image / gauge * (1 - 1e-12)) == pytest.approx(0, abs=1e-10)
            assert penalty.conjugate(image / gauge * 1.1) > 1e-6
    assert penalty.gauge(np.zeros((N_OUTPUTS, N_FEATURES))) == 0


def test_a_feature_leaves_zero_when_it_is_pulled_harder_than_its_l1(penalty):
    if penalty.is_smooth:
        return
    rng = np.random.default_rng(5)
    zeros = np.zeros(SHAPE)
    for gradient in rng.normal(size=(40, *SHAPE)) * 0.3:
        leaves = penalty.shortest_subgradient(zeros, gradient)[:, :N_FEATURES].any(axis=0)
        pull = penalty.pull_from_zero(gradient)
        np.testing.assert_array_equal(leaves, pull > penalty.l1[:N_FEATURES])


def test_balanced_params_are_the_same_model_and_cost_no_more(penalty):
    for params in points(penalty):
        balanced = penalty.balanced(params)
        moved = balanced - params
        np.testing.assert_allclose(moved, np.broadcast_to(moved[0], SHAPE), atol=1e-15)
        np.testing.assert_array_equal(penalty.projected(balanced), balanced)
        assert penalty.value(balanced) <= penalty.value(params) + 1e-15
        np.testing.assert_allclose(balanced[:, -1].sum(), 0, atol=1e-14)
        if penalty.is_class_symmetric:
            np.testing.assert_allclose(balanced.sum(axis=0), 0, atol=1e-14)


def test_one_row_of_log_odds_is_left_alone(penalty):
    params = np.arange(6.0)[None]
    assert penalty.balanced(params) is params


def actives(penalty):
    """Masks as solvers make them: of whole features where classes share a term."""
    rng = np.random.default_rng(6)
    for _ in range(5):
        terms = rng.random(penalty.magnitudes(np.zeros(SHAPE)).shape) < 0.6
        terms.flat[0] = True
        yield np.broadcast_to(terms, SHAPE).copy()


def test_among_active_parameters_it_is_the_same_penalty(penalty):
    for active in actives(penalty):
        part = penalty.among(active)
        for params in points(penalty, n=10):
            params = np.where(active, params, 0.0)
            assert part.value(params[active]) == pytest.approx(penalty.kink_value(params))


def test_the_proximal_point_is_the_least_around_it(penalty):
    rng = np.random.default_rng(7)
    for active in actives(penalty):
        part = penalty.among(active)
        metric = part.common_metric(rng.uniform(0.5, 2.0, int(active.sum())))
        z = 0.5 * rng.normal(size=len(metric))
        point = part.prox(z, metric)

        def least(x, z=z, metric=metric, part=part, active=active):
            params = np.zeros(SHAPE)
            params[active] = x
            inside = np.isfinite(whole(penalty, params))
            return 0.5 * metric @ (x - z) ** 2 + part.value(x) if inside else np.inf

        assert np.isfinite(least(point))
        for size in (1e-3, 1e-1, 1.0):
            for step in size * rng.normal(size=(50, len(z))):
                assert least(point + step) >= least(point) - 1e-12
                assert least(point + step * (rng.random(len(z)) < 0.2)) >= least(point) - 1e-12


def test_where_parameters_are_free_the_penalty_is_smooth(penalty):
    for active in actives(penalty):
        part = penalty.among(active)
        for params in points(penalty, n=10):
            z = params[active]
            free = part.is_free(z)
            both_ways = np.broadcast_to(penalty.is_differentiable(params), SHAPE)[active]
            np.testing.assert_array_equal(free, both_ways)
            slopes = scipy.optimize.approx_fprime(z, part.value, 1e-7)
            np.testing.assert_allclose(part.gradient(z)[free], slopes[free], atol=1e-5)
            curvature = part.curvature(z)
            if curvature is None:
                continue
            n_free = int(free.sum())
            matrix = np.zeros((n_free, n_free))
            curvature.add_to(matrix, free)
            for column, index in enumerate(np.flatnonzero(free)):
                unit = np.zeros_like(z)
                unit[index] = 1.0
                ahead, behind = (part.gradient(z + h * unit)[free] for h in (1e-6, -1e-6))
                np.testing.assert_allclose(matrix[:, column], (ahead - behind) / 2e-6, atol=1e-6)
                np.testing.assert_allclose(curvature.times(unit)[free], matrix[:, column])
            assert (matrix.diagonal() <= curvature.diagonal_bound[free] + 1e-15).all()


def test_a_step_stops_at_kinks_and_bounds(penalty):
    rng = np.random.default_rng(8)
    for active in actives(penalty):
        part = penalty.among(active)
        for params in points(penalty, n=10):
            z, step = params[active], rng.normal(size=int(active.sum()))
            there = part.moved(z, step)
            params = np.zeros(SHAPE)
            params[active] = there
            np.testing.assert_array_equal(penalty.projected(params), params)
            assert part.crosses(z, step) == bool((there != z + step).any())
            tiny = np.where(part.is_free(z), 1e-9, 0.0) * step
            assert not part.crosses(z, tiny)


def test_features_can_be_picked():
    features = np.array([1, 3])
    for form in FORMS.values():
        part = form.of_features(features).penalty(0.3, (N_OUTPUTS, 3), 2)
        all_of_it = form.penalty(0.3, SHAPE, N_FEATURES)
        for params in points(all_of_it, n=5):
            only = np.zeros(SHAPE)
            only[:, [1, 3]] = params[:, [1, 3]]
            picked = params[:, [1, 3, 5]]
            assert part.value(picked) == pytest.approx(all_of_it.value(only))
            np.testing.assert_array_equal(part.projected(picked), picked)


def test_penalties_pickle(penalty):
    again = pickle.loads(pickle.dumps(penalty))
    for params in points(penalty, n=3):
        assert again.value(params) == penalty.value(params)


def test_a_rise_keeps_the_digits_that_values_have_in_common(penalty):
    active = penalty.among(np.ones(SHAPE, dtype=bool))
    start = np.random.default_rng(0).normal(size=SHAPE)
    start[:, 0] = 0.0
    start = start.ravel()
    step = 2.0**-45 * np.round(8 * np.random.default_rng(1).normal(size=start.shape))
    assert active.rise(start, start) == 0
    wide = [np.asarray(z, dtype=np.longdouble) for z in (start, start + step)]
    exact = of_terms(active, wide[1]) - of_terms(active, wide[0])
    scale = np.abs(of_terms(active, wide[1] - wide[0])).sum()
    assert abs(active.rise(start, start + step) - exact.sum()) <= 1e-6 * scale


def of_terms(active, z):
    """The terms of an active penalty in extended precision."""
    if isinstance(active, ActiveGroups):
        return active._weights * np.sqrt((z.reshape(SHAPE) ** 2).sum(axis=0))
    return active._weights * np.abs(z)


class TestTheCheapestShift:
    def test_between_two_middle_coefficients_none_is_needed(self):
        penalty = PenaltyForm(l1_ratio=1.0).penalty(0.3, (4, 3), 3)
        params = np.array(
            [[-2.0, 1.0, -3.0], [-0.5, 0.1, -2.0], [0.3, 0.7, -1.0], [4.0, 2.0, 5.0]]
        )
        # The middle ones are at -0.5 and 0.3, at 0.7 and 1, and at -2 and -1.
        np.testing.assert_array_equal(penalty.cheapest_shift(params), [0.0, 0.7, -1.0])

    @pytest.mark.parametrize("n_outputs", [3, 4, 7, 10])
    @pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
    def test_no_shift_is_cheaper_and_none_as_cheap_is_smaller(self, n_outputs, l1_ratio):
        rng = np.random.default_rng(n_outputs)
        penalty = PenaltyForm(l1_ratio=l1_ratio).penalty(0.3, (n_outputs, 20), 20)
        params = rng.normal(size=(n_outputs, 20)) + rng.normal(size=20)
        params[rng.random(params.shape) < 0.3] = 0.0
        shift = penalty.cheapest_shift(params)

        def cost(shift):
            return penalty.value(params - shift)

        least = cost(shift)
        for other in rng.normal(size=(300, 20)):
            assert cost(other) >= least - 1e-12
        smaller = np.where(np.abs(shift) > 1e-9, 0.9 * shift, shift)
        for column in np.flatnonzero(smaller != shift):
            tried = shift.copy()
            tried[column] = smaller[column]
            assert cost(tried) > least
