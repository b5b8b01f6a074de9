"""What is wrong with arrays on a device is said as for NumPy's."""

import numpy as np
import pytest
from on_device import place_of

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV

PLACE = place_of("strict:device1")
ELSEWHERE = place_of("strict:CPU_DEVICE")
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), RNG.integers(3, size=60)


def changed(array, row, value, dtype=None):
    array = array.astype(dtype) if dtype else array.copy()
    array[row] = value
    return array


HALF = np.full((60, 2), 0.5)

WRONG = {
    "NaN in X": (
        (changed(X, (7, 1), np.nan), Y),
        {},
        r"Row 7 of X is the first with NaN or infinity\. Input X contains NaN",
    ),
    "infinity in X": ((changed(X, (9, 0), np.inf), Y), {}, r"Row 9 of X is the first with NaN"),
    "NaN in y": ((X, changed(Y, 5, np.nan, float)), {}, r"Row 5 of y .*Input y contains NaN"),
    "numbers that are no classes": (
        (X, changed(Y, 6, 0.5, float)),
        {},
        r"y holds no labels of classes.*Row 6 .*0\.5",
    ),
    "one class": (
        (X, 0 * Y),
        {},
        r"SoftmaxRegression needs at least 2 classes in y.*one class: 0",
    ),
    "fewer labels": ((X, Y[:50]), {}, r"inconsistent numbers of samples: \[60, 50\]"),
    "negative probability": (
        (X, changed(HALF, 4, [-0.5, 1.5])),
        {},
        r"Row 4 of y holds a negative probability: \[-0\.5, 1\.5\]",
    ),
    "probabilities that do not add up": (
        (X, changed(HALF, 4, [0.5, 0.4])),
        {},
        r"Row 4 of y adds up to 0\.9, not 1",
    ),
    "NaN among probabilities": (
        (X, changed(HALF, 4, [0.5, np.nan])),
        {},
        r"Row 4 of y is the first with NaN",
    ),
    "negative weight": (
        (X, Y),
        {"sample_weight": changed(np.ones(60), 8, -2.0)},
        r"sample_weight must not be negative, but row 8 has weight -2\.",
    ),
    "weight that is not finite": (
        (X, Y),
        {"sample_weight": changed(np.ones(60), 8, np.nan)},
        r"Row 8 of sample_weight is the first with NaN or infinity\.",
    ),
    "no weight": ((X, Y), {"sample_weight": np.zeros(60)}, "sample_weight is zero in every row"),
    "too much weight": (
        (X, Y),
        {"sample_weight": np.full(60, 1e308)},
        "sample_weight adds up to more than the largest number",
    ),
    "weights of other rows": (
        (X, Y),
        {"sample_weight": np.ones(50)},
        r"sample_weight has shape \(50,\), expected one weight per row: \(60,\)",
    ),
    "offset of other rows": (
        (X, Y),
        {"offset": np.ones((50, 3))},
        r"offset has shape \(50, 3\), expected \(60, 3\)",
    ),
    "offset that is not finite": (
        (X, Y),
        {"offset": changed(np.ones((60, 3)), (3, 1), np.nan)},
        r"Row 3 of offset is the first with NaN",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_row_is_named(name):
    arrays, options, message = WRONG[name]
    there = {key: PLACE.moved(value) for key, value in options.items()}
    model = SoftmaxRegression()
    with pytest.raises(ValueError, match=message):
        model.fit(*(PLACE.moved(array) for array in arrays), **there)
    assert not hasattr(model, "coef_")


def test_an_offset_larger_than_the_rows_hold():
    offset = PLACE.moved(changed(np.ones((60, 3)), (3, 1), 1e300))
    with pytest.raises(ValueError, match=r"offset has in row 3 more than float32 holds"):
        SoftmaxRegression().fit(PLACE.moved(X.astype(np.float32)), Y, offset=offset)


def test_y_is_required():
    with pytest.raises(ValueError, match="requires y to be passed"):
        SoftmaxRegression().fit(PLACE.moved(X), None)


def test_labels_that_the_model_does_not_know():
    model = SoftmaxRegression().fit(PLACE.moved(X), PLACE.moved(Y))
    wrong = PLACE.moved(changed(Y, 11, 9))
    with pytest.raises(ValueError, match=r"Row 11 of y has the label 9, which is not one of the"):
        model.objective(PLACE.moved(X), wrong)
    with pytest.raises(ValueError, match=r"y has columns for the classes \[0, 1\], but the model"):
        model.objective(PLACE.moved(X), PLACE.moved(HALF))
    assert model.score(PLACE.moved(X), wrong) < 1  # such a row counts as wrong


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_rows_elsewhere_than_those_of_the_fit(method):
    model = SoftmaxRegression().fit(PLACE.moved(X), PLACE.moved(Y))
    message = rf"Inputs passed to SoftmaxRegression\.{method}\(\) must use the same namespace and"
    for given in (X, ELSEWHERE.moved(X)):
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(given)
    model.fit(X, Y)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(PLACE.moved(X))
    with pytest.raises(ValueError, match="expecting 4 features"):
        getattr(SoftmaxRegression().fit(PLACE.moved(X), Y), method)(PLACE.moved(X[:, :3]))


def test_labels_and_weights_follow_the_rows():
    expected = SoftmaxRegression().fit(X, Y, sample_weight=np.arange(60.0))
    for place in (PLACE, ELSEWHERE):
        weights = place.moved(np.arange(60.0))
        found = SoftmaxRegression().fit(X, place.moved(Y), sample_weight=weights)
        np.testing.assert_array_equal(found.coef_, expected.coef_)
        assert found.score(X, place.moved(Y), sample_weight=weights) == expected.score(
            X, Y, sample_weight=np.arange(60.0)
        )
    found = SoftmaxRegression().fit(PLACE.moved(X), ELSEWHERE.moved(Y), ELSEWHERE.moved(weights))
    assert found.coef_.device == PLACE.device
    assert found.classes_.device == ELSEWHERE.device
    assert found.predict(PLACE.moved(X)).device == PLACE.device


def test_what_reads_rows_in_numpy_says_so():
    X_there, y_there = PLACE.moved(X), PLACE.moved(Y)
    message = r"X is an array of array_api_strict on .*device1.* rows are read in NumPy"
    fitted = SoftmaxRegression(C=np.inf).fit(X_there, y_there)
    with pytest.raises(ValueError, match=message + r".*inference does not.*X\.cpu\(\)\.numpy\(\)"):
        fitted.inference(X_there, y_there)
    fitted = SoftmaxRegression(C=np.inf, bias_reduction="firth").fit(X_there, y_there)
    with pytest.raises(ValueError, match=message):
        fitted.inference(X_there, y_there)


def test_columns_of_extreme_size_are_named():
    far = X.copy()
    far[:, 2] *= 1e200
    with pytest.raises(ValueError, match=r"values of column 2 of X are up to .*e\+200"):
        SoftmaxRegression(max_iter=3, solver="lbfgs").fit(PLACE.moved(far), Y)


@pytest.mark.parametrize("name", WRONG)
def test_the_row_is_named_in_streams_and_cross_validations_too(name):
    arrays, options, message = WRONG[name]
    there = [PLACE.moved(array) for array in arrays]
    moved = {key: PLACE.moved(value) for key, value in options.items()}
    search = SoftmaxRegressionCV(Cs=[1.0], cv=3, scoring="accuracy")
    with pytest.raises(ValueError, match=message.replace("SoftmaxRegression", "SoftmaxReg.*")):
        search.fit(*there, **moved)
    assert not hasattr(search, "classes_")
    if name in ("one class", "no weight"):  # which a chunk may have
        return
    stream = SoftmaxRegression(solver="sgd")
    if name == "numbers that are no classes":
        message = "holds no labels of classes|has the label 0\\.5"
    with pytest.raises(ValueError, match=message):
        stream.partial_fit(*there, classes=[0, 1, 2][: 2 if there[1].ndim == 2 else 3], **moved)
    assert not hasattr(stream, "classes_")


def test_labels_that_a_stream_does_not_know():
    model = SoftmaxRegression(solver="sgd")
    X_there, y_there = PLACE.moved(X), PLACE.moved(Y)
    with pytest.raises(ValueError, match="must be given all classes that will ever occur"):
        model.partial_fit(X_there, y_there)
    with pytest.raises(ValueError, match=r"Row .* of y has the label 2"):
        model.partial_fit(X_there, y_there, classes=[0, 1])
    model.partial_fit(X_there, y_there, classes=PLACE.moved(np.arange(3)))
    with pytest.raises(ValueError, match=r"classes=\[0, 1\], but the first call declared"):
        model.partial_fit(X_there, y_there, classes=PLACE.moved(np.arange(2)))


def test_scorers_of_a_search_are_not_shown_rows_of_a_device():
    X_there, y_there = PLACE.moved(X), PLACE.moved(Y)

    def of_rows(model, X, y):
        return float(model.predict(X)[0] == y[0])

    search = SoftmaxRegressionCV(Cs=[1.0], cv=3, scoring=of_rows)
    with pytest.raises(ValueError, match=r"rows held out, and they lie in parts or on a device"):
        search.fit(X_there, y_there)
