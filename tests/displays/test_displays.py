"""What is drawn: the data of the artists, the labels of the axes."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits, load_iris
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.displays import (
    CoefficientDisplay,
    CVDisplay,
    LossCurveDisplay,
    LossLandscapeDisplay,
    MisclassifiedDisplay,
)
from sk_softmax.solvers import SGD, GradientDescent

matplotlib = pytest.importorskip("matplotlib")
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
    return load_digits(return_X_y=True)


@pytest.fixture(scope="module")
def digits_model(digits):
    return SoftmaxRegression(tol=1e-3).fit(*digits)


def validated_fit(iris, **parameters):
    X, y = iris
    return SoftmaxRegression(max_iter=6, random_state=0, **parameters).fit(
        X[::2], y[::2], X_val=X[1::2], y_val=y[1::2]
    )


class TestLossCurve:
    @pytest.mark.parametrize("x", ["iteration", "passes", "seconds"])
    def test_one_fit(self, x, iris):
        model = validated_fit(iris, solver="sgd")
        display = LossCurveDisplay.from_estimator(model, x=x)
        training, validation, accuracy = display.lines_
        columns = ["value", "validation_loss", "validation_accuracy"]
        for line, column in zip((training, validation, accuracy), columns, strict=True):
            np.testing.assert_allclose(line.get_xdata(), model.history_[x])
            np.testing.assert_allclose(line.get_ydata(), model.history_[column])
        assert display.ax_.get_ylabel() == "loss (nats a row)"
        assert display.accuracy_ax_.get_ylabel() == "accuracy"
        assert display.ax_.get_xlabel()
        texts = [text.get_text() for text in display.accuracy_ax_.get_legend().get_texts()]
        assert texts == ["training loss", "validation loss", "validation accuracy"]

    def test_several_fits_in_given_axes(self, iris):
        import matplotlib.pyplot as plt

        fits = {name: validated_fit(iris, solver=name).records_ for name in ("lbfgs", "adam")}
        _, ax = plt.subplots()
        display = LossCurveDisplay.from_records(fits).plot(ax=ax, accuracy=False, log_scale=True)
        assert display.ax_ is ax
        assert display.accuracy_ax_ is None
        assert ax.get_yscale() == "log"
        assert len(display.lines_) == 4
        assert display.lines_[0].get_color() == display.lines_[1].get_color()
        assert display.lines_[0].get_color() != display.lines_[2].get_color()
        assert display.lines_[2].get_label() == "adam: training loss"

    def test_without_validation_there_is_one_line(self, iris):
        display = LossCurveDisplay.from_estimator(SoftmaxRegression().fit(*iris))
        assert len(display.lines_) == 1
        assert display.accuracy_ax_ is None

    def test_unknown_x(self, iris):
        with pytest.raises(ValueError, match="x='time' must be one of 'iteration', 'passes', 's"):
            LossCurveDisplay.from_estimator(SoftmaxRegression().fit(*iris), x="time")


class TestCoefficients:
    def test_images_share_one_diverging_scale(self, digits_model):
        display = CoefficientDisplay.from_estimator(digits_model, image_shape=(8, 8))
        limit = np.abs(digits_model.coef_).max()
        for image, row in zip(display.artists_, digits_model.coef_, strict=True):
            np.testing.assert_array_equal(image.get_array(), row.reshape(8, 8))
            assert image.get_clim() == (-limit, limit)
        assert [axes.get_title() for axes in display.axes_] == list("0123456789")
        labels = [axes.get_ylabel() for axes in display.figure_.axes]
        assert "coefficient (nats a unit)" in labels

    def test_images_fill_the_figure_smooth_or_not(self, digits_model):
        label = "nats from blank to full ink"
        by_default = matplotlib.rcParams["image.interpolation"]  # its name depends on the version
        for smooth, interpolation in ((False, by_default), (True, "bicubic")):
            display = CoefficientDisplay.from_estimator(
                digits_model, image_shape=(8, 8), smooth=smooth, label=label
            )
            assert display.artists_[0].get_interpolation() == interpolation
            assert label in [axes.get_ylabel() for axes in display.figure_.axes]
            display.figure_.canvas.draw()
            boxes = [axes.get_tightbbox() for axes in display.figure_.axes]
            figure = display.figure_.bbox
            assert max(box.x1 for box in boxes) > 0.97 * figure.x1
            assert min(box.x0 for box in boxes) < 0.03 * figure.x1
            covered = sum(axes.bbox.width * axes.bbox.height for axes in display.axes_)
            assert covered > 0.65 * figure.width * figure.height

    def test_bars_are_the_largest_coefficients_by_name(self, iris):
        model = SoftmaxRegression().fit(*iris)
        display = CoefficientDisplay.from_estimator(model, n_features=2)
        for row, bars, axes in zip(model.coef_, display.artists_, display.axes_, strict=True):
            order = np.argsort(-np.abs(row))[:2][::-1]
            np.testing.assert_allclose([bar.get_width() for bar in bars], row[order])
            ticks = [text.get_text() for text in axes.get_yticklabels()]
            assert ticks == list(model.feature_names_in_[order])
            assert axes.get_xlabel() == "coefficient (nats a unit)"

    def test_two_classes_sparse_coefficients_and_given_axes(self):
        import matplotlib.pyplot as plt

        X, y = np.random.default_rng(0).normal(size=(40, 3)), np.array(["no", "yes"] * 20)
        model = SoftmaxRegression().fit(X, y).sparsify()
        _, ax = plt.subplots()
        display = CoefficientDisplay.from_estimator(model, feature_names=["a", "b", "c"], ax=ax)
        assert display.figure_ is ax.figure
        assert [axes.get_title() for axes in display.axes_] == ["yes rather than no"]

    def test_other_linear_classifiers_will_do(self, digits):
        model = LogisticRegression(max_iter=20).fit(digits[0] / 16, digits[1])
        assert len(CoefficientDisplay.from_estimator(model, image_shape=(8, 8)).artists_) == 10

    def test_errors(self, digits_model):
        with pytest.raises(ValueError, match=r"image_shape=\(8, 9\) must be .* with 64 pixels"):
            CoefficientDisplay.from_estimator(digits_model, image_shape=(8, 9))
        with pytest.raises(ValueError, match="2 feature_names were given for 64 features"):
            CoefficientDisplay.from_estimator(digits_model, feature_names=["a", "b"])
        with pytest.raises(ValueError, match="has no coef_: fit it first"):
            CoefficientDisplay.from_estimator(make_pipeline(digits_model))


class TestMisclassified:
    @pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, pd.DataFrame])
    def test_the_most_confident_mistakes_first(self, kind, digits):
        X, y = digits
        model = SoftmaxRegression(C=1e-4).fit(X[:200], y[:200])
        display = MisclassifiedDisplay.from_estimator(
            model, kind(X), y, image_shape=(8, 8), n_images=7
        )
        probabilities = model.predict_proba(X)
        wrong = np.flatnonzero(model.predict(X) != y)
        order = wrong[np.argsort(-probabilities.max(axis=1)[wrong])][:7]
        np.testing.assert_array_equal(display.indices, order)
        for image, row in zip(display.artists_, order, strict=True):
            np.testing.assert_array_equal(image.get_array(), X[row].reshape(8, 8))
        first = order[0]
        title = display.axes_[0].get_title()
        assert title.startswith(f"{y[first]}, taken for {model.predict(X[[first]])[0]}\n")
        assert f"({probabilities[first].max():.0%} sure)" in title
        assert f"{len(wrong)} of {len(y)} rows are wrong" in display.figure_.get_suptitle()

    def test_no_mistakes(self, digits):
        X, y = digits
        few = SoftmaxRegression(C=1e3).fit(X[:50], y[:50])
        display = MisclassifiedDisplay.from_estimator(few, X[:50], y[:50], image_shape=(8, 8))
        assert display.artists_ == []
        assert "0 of 50 rows are wrong" in display.figure_.get_suptitle()

    def test_labels_of_another_shape(self, digits, digits_model):
        X, y = digits
        with pytest.raises(ValueError, match="expected a label a row"):
            MisclassifiedDisplay.from_estimator(digits_model, X, y[:5], image_shape=(8, 8))

    def test_rows_with_an_offset(self, digits):
        X, y = digits
        offset = np.random.default_rng(0).normal(size=(len(y), 10))
        offset[np.arange(len(y)), (y + 1) % 10] += 9.0  # the wrong class
        model = SoftmaxRegression(C=1e-4).fit(X, y, offset=offset)
        for classifier in (model, make_pipeline("passthrough", model)):
            display = MisclassifiedDisplay.from_estimator(
                classifier, X, y, image_shape=(8, 8), offset=offset
            )
            probabilities = model.predict_proba(X, offset=offset)
            assert display.n_wrong == (probabilities.argmax(axis=1) != y).sum() > 0
            np.testing.assert_array_equal(
                display.probabilities, probabilities[display.indices].max(axis=1)
            )
        with pytest.raises(ValueError, match="pass offset="):
            MisclassifiedDisplay.from_estimator(model, X, y, image_shape=(8, 8))


class TestLossLandscape:
    @pytest.fixture(scope="class")
    def binary(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(60, 1))
        return X, (X[:, 0] + rng.logistic(size=60) > 0).astype(int)

    def test_two_parameters(self, binary):
        X, y = binary
        solver = GradientDescent(learning_rate=0.5)
        model = SoftmaxRegression(solver=solver, max_iter=20, keep_path=True).fit(X, y)
        display = LossLandscapeDisplay.from_estimator(
            model, X, y, parameters=((0, 0), (0, -1)), n_points=12
        )
        (line,) = display.lines_
        np.testing.assert_allclose(line.get_xdata(), model.path_[:, 0, 0], atol=1e-12)
        np.testing.assert_allclose(line.get_ydata(), model.path_[:, 0, 1], atol=1e-12)
        for i, j in [(0, 0), (3, 8), (11, 11)]:
            z = display.x[i] * X[:, 0] + display.y[j]
            loss = np.mean(np.logaddexp(0, z) - y * z) + display.x[i] ** 2 / (2 * 60)
            assert display.values[j, i] == pytest.approx(loss, rel=1e-12)
        assert display.ax_.get_xlabel() == "coefficient of x0"
        assert display.ax_.get_ylabel() == "intercept"

    def test_rows_with_weights_and_an_offset(self, binary):
        X, y = binary
        rng = np.random.default_rng(1)
        weights, offset = rng.uniform(0.5, 2, 60), 3 * rng.normal(size=60)
        model = SoftmaxRegression().fit(X, y, weights, offset=offset)
        where = dict(parameters=((0, 0), (0, -1)), n_points=5, sample_weight=weights, paths={})
        display = LossLandscapeDisplay.from_estimator(model, X, y, offset=offset, **where)
        for i, j in [(0, 0), (2, 2), (4, 1)]:
            z = display.x[i] * X[:, 0] + display.y[j] + offset
            loss = np.average(np.logaddexp(0, z) - y * z, weights=weights)
            loss += display.x[i] ** 2 / (2 * weights.sum())
            assert display.values[j, i] == pytest.approx(loss, rel=1e-12)
        with pytest.raises(ValueError, match="pass offset="):
            LossLandscapeDisplay.from_estimator(model, X, y, **where)

    def test_paths_differ_in_colour_style_and_marker(self, binary):
        X, y = binary
        model = SoftmaxRegression(solver="gd", max_iter=5, keep_path=True).fit(X, y)
        paths = {str(number): model.path_ for number in range(4)}
        where = dict(parameters=((0, 0), (0, -1)), n_points=8)
        display = LossLandscapeDisplay.from_estimator(model, X, y, paths=paths, **where)
        for look in ("get_color", "get_linestyle", "get_marker"):
            looks = [str(getattr(line, look)()) for line in display.lines_]
            assert len(set(looks)) == (4 if look != "get_linestyle" else 2), looks
        patterns = {str(line._unscaled_dash_pattern) for line in display.lines_}
        assert len(patterns) == 4

    def test_the_scale_of_colours_has_round_numbers(self, binary):
        X, y = binary
        model = SoftmaxRegression(solver="gd", max_iter=5, keep_path=True).fit(X, y)
        display = LossLandscapeDisplay.from_estimator(
            model, X, y, parameters=((0, 0), (0, -1)), n_points=30
        )
        bar = display.figure_.axes[-1]
        texts = [text.get_text() for text in bar.get_yticklabels()]
        assert 4 <= len(texts) <= 8
        assert all(len(text.replace(".", "").lstrip("0")) <= 3 for text in texts), texts
        np.testing.assert_allclose([float(text) for text in texts], bar.get_yticks())
        assert bar.get_ylabel() == "objective (nats a row)"

    def test_principal_directions_of_several_paths(self, iris):
        X, y = iris
        X = StandardScaler().fit_transform(X)
        paths = {}
        for solver in ("gd", SGD(batch_size=10), "rmsprop"):
            model = SoftmaxRegression(solver=solver, max_iter=8, random_state=0, keep_path=True)
            paths[str(solver)[:3]] = model.fit(X, y).path_
        best = SoftmaxRegression(tol=1e-10).fit(X, y)
        display = LossLandscapeDisplay.from_estimator(best, X, y, paths=paths, n_points=15)
        assert [line.get_label() for line in display.lines_] == ["gd", "SGD", "rms"]
        # The optimum is at the origin, and nowhere on the plane is the objective less.
        assert display.values.min() >= best.objective(X, y)
        # All paths begin at zero, which is the same point of the plane.
        starts = np.array([line.get_xydata()[0] for line in display.lines_])
        np.testing.assert_allclose(starts, starts[[0, 0, 0]])
        assert np.linalg.norm(starts[0]) <= np.linalg.norm(best.params_) + 1e-12
        assert "principal direction" in display.ax_.get_xlabel()

    def test_errors(self, binary):
        X, y = binary
        model = SoftmaxRegression().fit(X, y)
        with pytest.raises(ValueError, match="Without paths there are no leading directions"):
            LossLandscapeDisplay.from_estimator(model, X, y)
        with pytest.raises(
            ValueError, match=r"path 'a' has shape \(3, 2\), expected \(n_steps, 1"
        ):
            LossLandscapeDisplay.from_estimator(model, X, y, paths={"a": np.zeros((3, 2))})


class TestCrossValidation:
    @pytest.fixture(scope="class")
    def model(self, iris):
        Cs = [10.0, 0.01, 0.1, 1.0, np.inf]
        return SoftmaxRegressionCV(Cs=Cs, cv=4, scoring="neg_log_loss").fit(*iris)

    def test_means_errors_folds_and_choices(self, model):
        display = CVDisplay.from_estimator(model)
        order = np.argsort(model.Cs_)
        means = model.scores_.mean(axis=(0, 1))
        errors = model.scores_[:, 0].std(axis=0, ddof=1) / 2
        (line,), (band,) = display.lines_, display.bands_
        np.testing.assert_allclose(line.get_xdata(), [0.01, 0.1, 1, 10, 100])
        np.testing.assert_allclose(line.get_ydata(), means[order])
        corners = band.get_paths()[0].vertices
        for j, x in zip(order, line.get_xdata(), strict=True):
            at = corners[np.isclose(corners[:, 0], x), 1]
            assert at.min() == pytest.approx(means[j] - errors[j])
            assert at.max() == pytest.approx(means[j] + errors[j])
        own = [fold.get_ydata() for fold in display.fold_lines_]
        np.testing.assert_allclose(own, model.scores_[:, 0, order])
        for mark, (_, j) in zip(
            display.marks_, [model.best_index_, model.one_standard_error_index_], strict=True
        ):
            assert mark.get_ydata() == means[j]
            assert f"C = {model.Cs_[j]:.3g}" in mark.get_label()
        best = model.best_index_[1]
        np.testing.assert_allclose(display.floor_.get_ydata(), means[best] - errors[best])
        assert display.ax_.get_xscale() == "log"
        assert display.ax_.get_ylabel() == "minus log loss (nats a row)"
        assert [text.get_text() for text in display.ax_.texts] == ["no penalty"]

    def test_a_line_for_each_share_of_l1(self, model):
        import matplotlib.pyplot as plt

        scores = np.concatenate([model.scores_, model.scores_ - 0.1], axis=1)
        choices = {"best": (0, 2), "within one standard error": (1, 2)}
        _, ax = plt.subplots()
        display = CVDisplay(model.Cs_, [0.0, 0.5], scores, choices).plot(ax=ax)
        assert display.ax_ is ax
        assert display.fold_lines_ == []
        assert [line.get_label() for line in display.lines_] == ["l1_ratio 0", "l1_ratio 0.5"]
        assert display.marks_[1].get_label().endswith("C = 0.1, l1_ratio = 0.5")
        assert ax.get_ylabel() == "score"

    def test_a_single_penalty_and_fold(self, iris):
        splits = [(np.arange(0, 150, 2), np.arange(1, 150, 2))]
        for C in (1.0, np.inf):
            model = SoftmaxRegressionCV(Cs=[C], cv=splits, scoring=lambda e, X, y: 0.5)
            display = CVDisplay.from_estimator(model.fit(*iris), folds=False)
            assert display.lines_[0].get_ydata() == [0.5]
            assert display.ax_.get_ylabel() == "score"

    def test_errors(self, model):
        with pytest.raises(ValueError, match="has no scores_: fit it first"):
            CVDisplay.from_estimator(make_pipeline(model))


def test_decision_regions_are_drawn_by_scikit_learn(iris):
    X, y = iris
    two = X.iloc[:, 2:]
    display = DecisionBoundaryDisplay.from_estimator(
        SoftmaxRegression().fit(two, y), two, response_method="predict"
    )
    assert display.surface_ is not None


@pytest.mark.slow
def test_nothing_is_imported_before_something_is_drawn():
    code = "import sys, sk_softmax.displays; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch, iris):
    display = LossCurveDisplay.from_records({"a": SoftmaxRegression().fit(*iris).records_})
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(
        ImportError, match=r"LossCurveDisplay.plot .* pip install .sk-softmax\[plot"
    ):
        display.plot()
