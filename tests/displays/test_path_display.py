"""What is drawn of a path: the data of its lines, its names, its panels."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.preprocessing import scale

from sk_softmax import SoftmaxRegression, softmax_path
from sk_softmax.displays import PathDisplay
from sk_softmax.displays.edge_labels import spread

matplotlib = pytest.importorskip("matplotlib")
pytestmark = [
    # Deprecations between matplotlib and what it depends on are theirs to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def wine():
    data = load_wine()
    return softmax_path(scale(data.data), data.target, Cs=12), data.feature_names


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return softmax_path(X[::4] / 16, y[::4], Cs=5, tol=1e-3)


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return softmax_path(scale(X), np.array(["ill", "well"])[y], Cs=6)


def test_a_line_for_each_feature_that_ever_enters(wine):
    path, names = wine
    display = PathDisplay.from_path(path, feature_names=names)
    for number, lines in enumerate(display.artists_[:3]):
        drawn = {tuple(segment[:, 1]) for segment in lines.get_segments()}
        columns = path.coefs[:, number].T
        assert drawn == {tuple(column) for column in columns if column.any()}
        for segment in lines.get_segments():
            np.testing.assert_array_equal(segment[:, 0], path.Cs)


def test_the_last_panel_has_what_is_explained_and_how_many_it_takes(wine):
    path, _ = wine
    display = PathDisplay.from_path(path)
    explained, count = display.artists_[3:]
    np.testing.assert_array_equal(explained.get_xydata().T, [path.Cs, path.deviance_ratio])
    np.testing.assert_array_equal(count.get_xydata().T, [path.Cs, path.n_nonzero])
    assert explained.axes is display.axes_[-1]
    assert count.axes is display.count_ax_
    assert display.axes_[-1].get_ylabel() == "share of the deviance explained"
    assert display.count_ax_.get_ylabel() == "nonzero coefficients"


def test_panels_share_their_scales(wine):
    display = PathDisplay.from_path(wine[0], class_names=["a", "b", "c"])
    assert [axes.get_title() for axes in display.axes_] == ["a", "b", "c", "all classes"]
    assert {axes.get_xscale() for axes in display.axes_} == {"log"}
    assert len({axes.get_xlim() for axes in display.axes_}) == 1
    assert len({axes.get_ylim() for axes in display.axes_[:3]}) == 1
    low, high = display.axes_[0].get_ylim()
    assert low < wine[0].coefs.min()
    assert high > wine[0].coefs.max()
    assert display.axes_[0].get_ylabel() == "coefficient (nats a unit)"
    assert all("C (weaker penalty" in axes.get_xlabel() for axes in display.axes_)


@pytest.mark.parametrize(
    ("given", "text"), [({}, "C = 0.5"), ({"C_label": "chosen by folds"}, "chosen by folds")]
)
def test_the_dashed_line_says_what_it_is(wine, given, text):
    display = PathDisplay.from_path(wine[0], C=0.5, label="nats a deviation", **given)
    (entry,) = display.count_ax_.get_legend().get_texts()
    assert entry.get_text() == text
    for axes in display.axes_:
        dashed = [line for line in axes.lines if set(line.get_xdata()) == {0.5}]
        assert [line.get_linestyle() for line in dashed] == ["--"]
    assert display.axes_[0].get_ylabel() == "nats a deviation"
    assert PathDisplay.from_path(wine[0]).count_ax_.get_legend() is None


def test_the_largest_final_coefficients_are_named_in_their_lines_colour(wine):
    path, names = wine
    display = PathDisplay.from_path(path, feature_names=[n[:20] for n in names], n_labels=2)
    for number, (lines, texts) in enumerate(
        zip(display.artists_[:3], display.labels_, strict=True)
    ):
        final = path.coefs[-1, number]
        largest = np.argsort(-np.abs(final))[:2]
        ascending = largest[np.argsort(final[largest])]
        assert [text.get_text() for text in texts] == [names[i][:20] for i in ascending]
        colours = [tuple(colour) for colour in lines.get_colors()]
        for i, text in zip(ascending, texts, strict=True):
            segments = lines.get_segments()
            (line,) = [
                k for k, s in enumerate(segments) if (s[:, 1] == path.coefs[:, number, i]).all()
            ]
            assert matplotlib.colors.to_rgba(text.get_color()) == colours[line]


def test_a_feature_has_one_colour_in_all_panels(wine):
    path, names = wine
    display = PathDisplay.from_path(path, feature_names=names, n_labels=1)
    colours = {}
    for texts in display.labels_:
        for text in texts:
            assert colours.setdefault(text.get_text(), text.get_color()) == text.get_color()
    assert len(set(colours.values())) == len(colours)


@pytest.mark.slow
@pytest.mark.parametrize("n_columns", [None, 2, 5])
def test_no_name_is_over_another(digits, n_columns):
    display = PathDisplay.from_path(digits, n_labels=8, n_columns=n_columns)
    display.figure_.draw_without_rendering()
    renderer = display.figure_.canvas.get_renderer()
    for texts in display.labels_:
        boxes = [matplotlib.text.Text.get_window_extent(text, renderer) for text in texts]
        assert len(boxes) == 8
        assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))


def test_names_are_spread_as_little_as_can_be():
    np.testing.assert_allclose(spread([0.2, 0.5, 0.9], 0.1), [0.2, 0.5, 0.9])
    np.testing.assert_allclose(spread([0.5, 0.5], 0.1), [0.45, 0.55])
    np.testing.assert_allclose(spread([0.1, 0.5, 0.52, 0.54], 0.1), [0.1, 0.42, 0.52, 0.62])
    np.testing.assert_allclose(spread([0.0, 0.99, 1.0], 0.1), [0.0, 0.9, 1.0])
    np.testing.assert_allclose(spread([0.0, 0.5, 1.0], 1.0), [-0.5, 0.5, 1.5])
    assert len(spread([], 0.1)) == 0


def test_two_classes_have_one_panel_of_coefficients(cancer):
    display = PathDisplay.from_path(cancer)
    assert [axes.get_title() for axes in display.axes_] == ["well rather than ill", "fit and size"]
    assert len(display.labels_) == 1


def test_a_chosen_C_is_marked_in_every_panel(wine):
    display = PathDisplay.from_path(wine[0], C=0.5)
    for axes in display.axes_:
        assert any(list(line.get_xdata()) == [0.5, 0.5] for line in axes.get_lines())


def test_where_lines_are_left_out_the_panel_says_so(digits):
    display = PathDisplay.from_path(digits, n_lines=6, n_labels=3)
    for number, (axes, lines) in enumerate(
        zip(display.axes_, display.artists_[:10], strict=False)
    ):
        heights = np.abs(digits.coefs[:, number]).max(axis=0)
        named = np.argsort(-np.abs(digits.coefs[-1, number]))[:3]
        rest = [i for i in np.argsort(-heights) if i not in named][:3]
        expected = np.sort(heights[[*named, *rest]])
        drawn = [np.abs(segment[:, 1]).max() for segment in lines.get_segments()]
        np.testing.assert_allclose(np.sort(drawn), expected)
        assert [t.get_text() for t in axes.texts if "lines" in t.get_text()] == [
            f"6 of {np.count_nonzero(heights)} lines"
        ]


def test_in_given_axes(cancer):
    import matplotlib.pyplot as plt

    figure, (_, ax) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    display = PathDisplay.from_path(cancer, ax=ax, n_labels=0)
    assert display.figure_ is figure
    assert display.labels_ == [[]]


def test_in_a_subfigure(cancer):
    import matplotlib.pyplot as plt

    _, right = plt.figure(layout="constrained").subfigures(1, 2)
    display = PathDisplay.from_path(cancer, ax=right.subplots())
    assert display.figure_ is right
    assert len(display.labels_[0]) == 5


def test_a_path_on_which_nothing_enters():
    X, y = load_wine(return_X_y=True)
    path = softmax_path(scale(X), y, Cs=[1e-6, 1e-5])
    display = PathDisplay.from_path(path)
    assert [len(lines.get_segments()) for lines in display.artists_[:3]] == [0, 0, 0]


def test_errors(wine):
    path, _ = wine
    with pytest.raises(ValueError, match="2 feature_names were given for 13 features"):
        PathDisplay.from_path(path, feature_names=["a", "b"])
    with pytest.raises(ValueError, match="1 class_names were given for 3 classes"):
        PathDisplay.from_path(path, class_names=["a"])
    with pytest.raises(ValueError, match="SoftmaxRegression has no coefs: pass what softmax_path"):
        PathDisplay.from_path(SoftmaxRegression())
    with pytest.raises(ValueError, match=r"C=0 is not on the path, which goes from \d"):
        PathDisplay.from_path(path, C=0)
    X, y = load_wine(return_X_y=True)
    with pytest.raises(ValueError, match="one C has no lines to draw"):
        PathDisplay.from_path(softmax_path(scale(X), y, Cs=[1.0]))
