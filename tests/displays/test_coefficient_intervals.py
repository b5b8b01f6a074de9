"""What is drawn of an inference: intervals, their order and their names."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.preprocessing import scale

from sk_softmax import SoftmaxRegression
from sk_softmax.displays import CoefficientIntervalDisplay

matplotlib = pytest.importorskip("matplotlib")
# Deprecations between matplotlib and what it depends on are theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module", params=[3, 30])
def inference(request):
    rng = np.random.default_rng(0)
    n = request.param
    X = rng.normal(size=(900, n))
    logits = X @ rng.normal(size=(n, 3)) * 2 / n + rng.gumbel(size=(900, 3))
    frame = pd.DataFrame(X, columns=[f"feature {number}" for number in range(n)])
    y = np.array(["a", "b", "c"])[logits.argmax(axis=1)]
    return SoftmaxRegression(C=np.inf).fit(frame, y).inference(frame, y)


def drawn(artists):
    """Values, places and lower and upper ends of all intervals of a panel, by place."""
    rows = []
    for container in artists:
        line, _, (bars,) = container
        for value, place, segment in zip(
            line.get_xdata(), line.get_ydata(), bars.get_segments(), strict=True
        ):
            rows.append((place, value, *segment[:, 0], line.get_color()))
    return sorted(rows)


@pytest.mark.parametrize("ratios", [False, True])
def test_every_interval_is_drawn_in_its_place(inference, ratios):
    display = CoefficientIntervalDisplay.from_inference(inference, level=0.9, ratios=ratios)
    ends, change = inference.conf_int(0.9), np.exp if ratios else np.asarray
    assert [axes.get_title() for axes in display.axes_] == ["b against a", "c against a"]
    for number, artists in enumerate(display.artists_):
        rows = drawn(artists)
        assert [row[0] for row in rows] == list(range(len(inference.features)))
        for (_, value, low, high, colour), feature in zip(rows, display.order_, strict=True):
            expected = change([inference.coef[number, feature], *ends[number, feature]])
            np.testing.assert_allclose([value, low, high], expected, rtol=1e-9)
            is_unsure = ends[number, feature, 0] <= 0 <= ends[number, feature, 1]
            assert (colour == "#999999") == is_unsure
    assert len({axes.get_xlim() for axes in display.axes_}) == 1
    label = display.axes_[0].get_xlabel()
    assert label.startswith("relative risk ratio" if ratios else "coefficient (nats a unit)")
    assert label.endswith("90 % interval")


def test_the_surest_stand_at_the_top(inference):
    display = CoefficientIntervalDisplay.from_inference(inference, n_features=2)
    largest = np.abs(inference.z[:, :-1]).max(axis=0)
    np.testing.assert_array_equal(display.order_, np.argsort(-largest)[:2])
    names = [text.get_text() for text in display.axes_[0].get_yticklabels()]
    assert names == [inference.features[i] for i in display.order_]
    assert {text.get_text() for text in display.axes_[1].get_yticklabels()} == {""}
    top = display.axes_[0].transData.transform((0, 0))[1]
    assert top > display.axes_[0].transData.transform((0, 1))[1]
    as_given = CoefficientIntervalDisplay.from_inference(
        inference, sort=False, intercept=True, n_features=99
    )
    np.testing.assert_array_equal(as_given.order_, np.arange(len(inference.columns)))


@pytest.mark.parametrize("what", ["coefficients", "ratios", "effects"])
def test_marks_do_not_overlap(inference, what):
    if what == "effects":
        X = pd.DataFrame(np.eye(len(inference.features)), columns=inference.features)
        display = CoefficientIntervalDisplay.from_effects(inference.marginal_effects(X))
    else:
        ratios = what == "ratios"
        display = CoefficientIntervalDisplay.from_inference(inference, ratios=ratios)
    display.figure_.canvas.draw()
    for axes in display.axes_:
        boxes = [text.get_window_extent() for text in axes.get_xticklabels()]
        low, high = axes.get_xlim()
        shown = [
            box
            for box, place in zip(boxes, axes.get_xticks(), strict=True)
            if low <= place <= high
        ]
        assert len(shown) >= 2
        assert all(a.x1 < b.x0 for a, b in pairwise(shown))


def test_columns_that_depend_on_others_are_not_drawn():
    X, y = load_wine(return_X_y=True)
    X = scale(X[:, :2])
    X = np.column_stack([X, X.sum(axis=1), np.random.default_rng(0).normal(size=len(X))])
    ours = SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y, reference="mean")
    display = CoefficientIntervalDisplay.from_inference(ours)
    np.testing.assert_array_equal(display.order_, [3])
    assert display.axes_[0].get_title() == "0\nagainst the mean of all classes"


def test_names_of_one_encoder_stay_different():
    names = [f"encoder__a_feature_with_a_long_name_{k}" for k in "abc"]
    ends = np.tile([-1.0, 1.0], (1, 3, 1))
    display = CoefficientIntervalDisplay(np.zeros((1, 3)), ends, ["x"], names, 0.95).plot()
    texts = [text.get_text() for text in display.axes_[0].get_yticklabels()]
    assert len(set(texts)) == 3
    assert max(map(len, texts)) <= 36


def test_long_titles_do_not_overlap():
    titles = [f"strong supporters of party {k} against all who are undecided" for k in "abc"]
    ends = np.tile([-1.0, 1.0], (3, 3, 1))
    display = CoefficientIntervalDisplay(np.zeros((3, 3)), ends, titles, "xyz", 0.95).plot()
    display.figure_.canvas.draw()
    boxes = [axes.title.get_window_extent() for axes in display.axes_]
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
    assert "party a\nagainst all" in display.axes_[0].get_title()


def test_marginal_effects(inference):
    X = pd.DataFrame(
        np.random.default_rng(1).normal(size=(50, len(inference.features))),
        columns=inference.features,
    )
    effects = inference.marginal_effects(X)
    display = CoefficientIntervalDisplay.from_effects(effects, sort=False)
    assert [axes.get_title() for axes in display.axes_] == ["a", "b", "c"]
    rows = drawn(display.artists_[2])
    np.testing.assert_allclose([row[1] for row in rows], effects.estimate[:, 2])
    assert display.axes_[0].get_xlabel().startswith("change of probability a unit")
    with pytest.raises(ValueError, match="effects have no ratios"):
        display.plot(ratios=True)


def test_in_given_axes(inference):
    import matplotlib.pyplot as plt

    figure, (_, right) = plt.subplots(1, 2)
    display = CoefficientIntervalDisplay.from_inference(inference, ax=right)
    assert display.figure_ is figure
    assert len(display.axes_) == 2
