"""Plotly figures have the content of the matplotlib pictures."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import scale

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.displays import (
    CoefficientDisplay,
    CoefficientIntervalDisplay,
    CVDisplay,
    LossCurveDisplay,
    LossLandscapeDisplay,
    MisclassifiedDisplay,
    PathDisplay,
)

pytest.importorskip("plotly")
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # Deprecations between matplotlib and what it depends on are theirs to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def landscape():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 1)) + 1
    y = (X[:, 0] + rng.logistic(size=60) > 1).astype(int)
    paths = {}
    for solver in ("gd", "sgd", "newton-cholesky"):
        model = SoftmaxRegression(solver=solver, max_iter=8, random_state=0, keep_path=True)
        paths[solver] = model.fit(X, y, coef_init=[[-2.0]]).path_
    return LossLandscapeDisplay.from_estimator(
        model, X, y, paths=paths, parameters=((0, 0), (0, -1)), n_points=25, draw=False
    )


def traces(figure, **properties):
    """The traces of a figure that have these properties."""
    return [
        trace
        for trace in figure.data
        if all(trace[name] == value for name, value in properties.items())
    ]


def named(figure, name):
    (trace,) = traces(figure, name=name)
    return trace


def shown(figure):
    """The texts of a figure besides its axes: titles of panels and names."""
    return [note.text for note in figure.layout.annotations]


def test_landscape(landscape):
    figure = landscape.to_plotly()
    landscape.plot()
    (surface,) = traces(figure, type="contour")
    np.testing.assert_array_equal(surface.x, landscape.x)
    np.testing.assert_array_equal(surface.y, landscape.y)
    # The numbers of the levels, from which the values can be read back at every level.
    levels = landscape.contour_.levels
    z = np.asarray(surface.z)
    assert surface.contours.start == 0
    assert surface.contours.end == len(levels) - 1 == surface.zmax
    np.testing.assert_array_equal(
        np.floor(z), np.searchsorted(levels, landscape.values, "right") - 1
    )
    assert float(surface.text[3][4]) == pytest.approx(landscape.values[3, 4], rel=1e-4)
    bar = landscape.figure_.axes[-1]
    assert list(surface.colorbar.ticktext) == [text.get_text() for text in bar.get_yticklabels()]
    assert surface.colorbar.title.text == bar.get_ylabel()
    for line, name in zip(landscape.lines_, landscape.paths, strict=True):
        trace = named(figure, name)
        np.testing.assert_array_equal(trace.x, line.get_xdata())
        np.testing.assert_array_equal(trace.y, line.get_ydata())
        assert trace.line.color == line.get_color()
    looks = {(t.line.dash, t.marker.symbol) for t in figure.data if t.name in landscape.paths}
    assert len(looks) == 3
    assert figure.layout.xaxis.title.text == landscape.ax_.get_xlabel()
    assert figure.layout.yaxis.range == landscape.ax_.get_ylim()
    star = named(figure, "fitted")
    assert (star.x[0], star.y[0]) == tuple(landscape.optimum)


@pytest.mark.parametrize("x", ["iteration", "passes", "seconds"])
def test_loss_curve_of_one_fit(x, iris):
    X, y = iris
    model = SoftmaxRegression(solver="sgd", max_iter=5, random_state=0)
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    display = LossCurveDisplay.from_estimator(model, draw=False)
    figure = display.to_plotly(x=x, log_scale=True)
    display.plot(x=x, log_scale=True)
    assert len(figure.data) == len(display.lines_) == 3
    for trace, line in zip(figure.data, display.lines_, strict=True):
        np.testing.assert_array_equal(trace.x, line.get_xdata())
        np.testing.assert_array_equal(trace.y, line.get_ydata())
        assert trace.name == line.get_label()
        assert trace.line.color == line.get_color()
    assert figure.layout.xaxis.title.text == display.ax_.get_xlabel()
    assert figure.layout.yaxis.title.text == display.ax_.get_ylabel()
    assert figure.layout.yaxis.type == display.ax_.get_yscale() == "log"
    assert figure.layout.yaxis2.title.text == display.accuracy_ax_.get_ylabel()


def test_loss_curves_of_several_fits(iris):
    fits = {name: SoftmaxRegression(solver=name, max_iter=4).fit(*iris) for name in ("gd", "adam")}
    display = LossCurveDisplay.from_records({name: fit.records_ for name, fit in fits.items()})
    figure = display.to_plotly()
    assert [trace.name for trace in figure.data] == ["gd: training loss", "adam: training loss"]
    assert figure.data[0].line.color != figure.data[1].line.color
    assert "yaxis2" not in figure.to_dict()["layout"]
    with pytest.raises(ValueError, match="x='time' must be one of 'iteration'"):
        display.to_plotly(x="time")


@pytest.mark.parametrize("l1_ratios", [[0.0], [0.0, 0.5]])
def test_cross_validation(l1_ratios, iris):
    Cs = [10.0, 0.01, 1.0, np.inf] if len(l1_ratios) == 1 else [10.0, 0.1, 1.0]
    model = SoftmaxRegressionCV(Cs=Cs, l1_ratios=l1_ratios, cv=3, scoring="neg_log_loss")
    display = CVDisplay.from_estimator(model.fit(*iris), draw=False)
    figure = display.to_plotly()
    display.plot()
    for line in display.lines_:
        trace = named(figure, line.get_label())
        np.testing.assert_array_equal(trace.x, line.get_xdata())
        np.testing.assert_array_equal(trace.y, line.get_ydata())
    for band, drawn in zip(traces(figure, fill="toself"), display.bands_, strict=True):
        corners = {tuple(corner) for corner in drawn.get_paths()[0].vertices}
        assert {tuple(c) for c in zip(band.x, band.y, strict=True)} <= corners
    folds = traces(figure, name="each fold")
    assert len(folds) == len(display.fold_lines_) == (3 if len(l1_ratios) == 1 else 0)
    for fold, line in zip(folds, display.fold_lines_, strict=True):
        np.testing.assert_array_equal(fold.y, line.get_ydata())
    for mark in display.marks_:
        trace = named(figure, mark.get_label())
        assert (trace.x[0], trace.y[0]) == tuple(mark.get_xydata()[0])
    (floor,) = figure.layout.shapes
    assert floor.y0 == floor.y1 == display.floor_.get_ydata()[0]
    assert figure.layout.yaxis.title.text == "minus log loss (nats a row)"
    assert figure.layout.xaxis.type == "log"
    assert shown(figure) == [text.get_text() for text in display.ax_.texts]
    without = CVDisplay.from_estimator(model, draw=False).to_plotly(folds=False)
    assert not traces(without, name="each fold")


def test_path():
    wine = load_wine()
    path = softmax_path(scale(wine.data), wine.target, Cs=12)
    names = [name[:20] for name in wine.feature_names]
    display = PathDisplay.from_path(path, feature_names=names, draw=False)
    figure = display.to_plotly(C=1.0, C_label="chosen", n_labels=3)
    display.plot(C=1.0, C_label="chosen", n_labels=3)
    for panel, (lines, labels) in enumerate(
        zip(display.artists_[:3], display.labels_, strict=True)
    ):
        axis = "x" if panel == 0 else f"x{panel + 1}"
        drawn = {tuple(trace.y): trace for trace in traces(figure, xaxis=axis)}
        segments = {tuple(segment[:, 1]) for segment in lines.get_segments()}
        assert set(drawn) == segments
        own = {label.get_text(): label.get_color() for label in labels}
        assert len(own) == 3
        for note in figure.layout.annotations:
            if note.xref == f"{axis} domain":
                assert own.pop(note.text) == note.font.color
                assert named_in(drawn.values(), note.text).line.color == note.font.color
        assert not own
    explained, count = display.artists_[3:]
    np.testing.assert_array_equal(named(figure, explained.get_label()).y, path.deviance_ratio)
    np.testing.assert_array_equal(named(figure, count.get_label()).y, path.n_nonzero)
    assert [shape.name for shape in figure.layout.shapes] == ["chosen"] * 4
    assert {(shape.x0, shape.x1) for shape in figure.layout.shapes} == {(1.0, 1.0)}
    assert [shape.showlegend for shape in figure.layout.shapes] == [False] * 3 + [True]
    assert figure.layout.yaxis.range == display.axes_[0].get_ylim()
    assert shown(figure)[:4] == ["0", "1", "2", "all classes"]
    with pytest.raises(ValueError, match="is not on the path"):
        display.to_plotly(C=1e6)
    assert not display.to_plotly().layout.shapes


def named_in(found, name):
    (trace,) = (trace for trace in found if trace.name == name)
    return trace


@pytest.mark.parametrize("smooth", [False, True])
def test_templates(smooth, digits):
    model = SoftmaxRegression(tol=1e-2).fit(*digits)
    display = CoefficientDisplay.from_estimator(model, image_shape=(8, 8), draw=False)
    figure = display.to_plotly(smooth=smooth, label="nats of ink")
    assert len(figure.data) == 10
    for trace, row in zip(figure.data, model.coef_, strict=True):
        np.testing.assert_array_equal(trace.z, row.reshape(8, 8))
        assert trace.zsmooth == ("best" if smooth else False)
    limit = np.abs(model.coef_).max()
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-limit, limit)
    assert figure.layout.coloraxis.colorbar.title.text == "nats of ink"
    assert figure.layout.yaxis10.autorange == "reversed", "the first row is at the top"
    assert shown(figure) == list("0123456789")


def test_the_colours_are_those_of_matplotlib(digits):
    import matplotlib as mpl
    from matplotlib.colors import to_hex

    from sk_softmax.displays.drawing import DIVERGING, SEQUENTIAL
    from sk_softmax.displays.interactive import figures

    for name, ours in ((DIVERGING, figures.DIVERGING), (SEQUENTIAL, figures.SEQUENTIAL)):
        theirs = mpl.colormaps[name](np.linspace(0, 1, len(ours)))
        difference = [
            np.subtract(mpl.colors.to_rgb(a), mpl.colors.to_rgb(to_hex(b)))
            for a, b in zip(ours, theirs, strict=True)
        ]
        assert np.abs(difference).max() < 0.01


def test_bars(iris):
    model = SoftmaxRegression().fit(*iris)
    display = CoefficientDisplay.from_estimator(model, draw=False)
    figure = display.to_plotly(n_features=2)
    display.plot(n_features=2)
    for trace, bars, axes in zip(figure.data, display.artists_, display.axes_, strict=True):
        np.testing.assert_allclose(trace.x, [bar.get_width() for bar in bars])
        assert list(trace.y) == [text.get_text() for text in axes.get_yticklabels()]
    assert figure.layout.xaxis2.title.text == "coefficient (nats a unit)"
    assert figure.layout.xaxis2.range == display.axes_[1].get_xlim()


@pytest.mark.parametrize("ratios", [False, True])
def test_intervals(ratios, overlapping_classes):
    X, y = overlapping_classes(3)
    inference = SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y)
    display = CoefficientIntervalDisplay.from_inference(inference, draw=False)
    figure = display.to_plotly(ratios=ratios)
    ends, change = inference.conf_int(), np.exp if ratios else np.asarray
    drawn = {}
    for trace in figure.data:
        panel = 0 if trace.xaxis == "x" else 1
        for place, value, up, down, text in zip(
            trace.y,
            trace.x,
            trace.error_x.array,
            trace.error_x.arrayminus,
            trace.text,
            strict=True,
        ):
            drawn[panel, int(place)] = (text, value - down, value, value + up, trace.marker.color)
    assert len(drawn) == 8
    for (panel, place), (text, *numbers, colour) in drawn.items():
        feature = display.order_[place]
        low, high = ends[panel, feature]
        expected = change([low, inference.coef[panel, feature], high])
        np.testing.assert_allclose(numbers, expected, rtol=1e-12)
        assert text == inference.features[feature]
        assert (colour == "#999999") == (low <= 0 <= high)
    assert shown(figure) == ["1 against 0", "2 against 0"]
    assert figure.layout.xaxis.type == ("log" if ratios else "linear")
    axis = figure.layout.xaxis.title.text
    assert axis == ("relative risk ratio" if ratios else "coefficient (nats a unit)") + (
        ", 95 % interval"
    )


def test_effects_have_no_ratios(overlapping_classes):
    X, y = overlapping_classes(3)
    inference = SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y)
    effects = inference.marginal_effects(X)
    display = CoefficientIntervalDisplay.from_effects(effects, draw=False)
    assert len(display.to_plotly().data) == 6
    with pytest.raises(ValueError, match="effects have no ratios"):
        display.to_plotly(ratios=True)


def test_mistakes(digits):
    X, y = digits
    model = SoftmaxRegression(C=1e-3).fit(X[:300], y[:300])
    display = MisclassifiedDisplay.from_estimator(
        model, X, y, image_shape=(8, 8), n_images=6, draw=False
    )
    figure = display.to_plotly(n_columns=3)
    display.plot()
    for trace, image, axes, note in zip(
        figure.data, display.images, display.axes_, shown(figure), strict=True
    ):
        np.testing.assert_array_equal(trace.z, image)
        assert note == axes.get_title().replace("\n", "<br>")
    assert figure.layout.title.text == display.figure_.get_suptitle()
    few = SoftmaxRegression(C=1e3).fit(X[:50], y[:50])
    display = MisclassifiedDisplay.from_estimator(
        few, X[:50], y[:50], image_shape=(8, 8), draw=False
    )
    assert shown(display.to_plotly()) == ["no mistakes"]


def test_panels_do_not_overlap(digits):
    model = SoftmaxRegression(tol=1e-2).fit(*digits)
    display = CoefficientDisplay.from_estimator(model, image_shape=(8, 8), draw=False)
    layout = display.to_plotly(n_columns=4).to_dict()["layout"]
    boxes = []
    for number in range(10):
        suffix = "" if number == 0 else str(number + 1)
        boxes.append((*layout[f"xaxis{suffix}"]["domain"], *layout[f"yaxis{suffix}"]["domain"]))
    for i, (left, right, low, high) in enumerate(boxes):
        assert 0 <= left < right <= 1
        assert -1e-12 <= low < high <= 1
        for other_left, other_right, other_low, other_high in boxes[:i]:
            assert left > other_right or right < other_left or low > other_high or high < other_low


def test_a_figure_is_written_as_a_page(landscape, tmp_path):
    page = tmp_path / "page.html"
    landscape.to_plotly().write_html(page)
    text = page.read_text()
    assert "newton-cholesky" in text
    assert "objective (nats a row)" in text


def test_without_plotly_the_error_says_what_to_install(landscape, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    says = r'LossLandscapeDisplay.to_plotly .* pip install "sk-softmax\[explore\]"'
    with pytest.raises(ImportError, match=says):
        landscape.to_plotly()


@pytest.mark.slow
def test_neither_library_is_imported_for_the_other():
    code = """
import sys
import numpy as np
from sk_softmax.displays import LossLandscapeDisplay
display = LossLandscapeDisplay([0, 1], [0, 1], np.eye(2), {"a": np.eye(2)}, ("x", "y"), (0, 0))
assert "plotly" not in sys.modules and "matplotlib" not in sys.modules
display.to_plotly()
assert "plotly" in sys.modules and "matplotlib" not in sys.modules
"""
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
