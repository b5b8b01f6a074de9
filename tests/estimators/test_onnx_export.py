"""register_onnx_converter: onnxruntime predicts what the model predicts."""

import sys

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, register_onnx_converter

LABELS = [[0, 1, 2], ["x", "y", "ä"], [-2.0, 4.0, 2.0**40], [False, True]]


def test_without_skl2onnx_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="pip install skl2onnx"):
        register_onnx_converter()


@pytest.fixture
def predictions():
    """``predictions(model, X, **options)``: labels and scores, as onnxruntime computes them."""
    skl2onnx = pytest.importorskip("skl2onnx", reason="needs skl2onnx, of the extra external")
    onnxruntime = pytest.importorskip(
        "onnxruntime", reason="needs onnxruntime, of the extra external"
    )
    register_onnx_converter()

    def predictions(model, X, **options):
        options = {"zipmap": False, **options}
        graph = skl2onnx.to_onnx(model, X[:1], options=options)
        session = onnxruntime.InferenceSession(
            graph.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return session.run(None, {session.get_inputs()[0].name: X})

    return predictions


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # those of other packages


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("labels", LABELS, ids=str)
@pytest.mark.parametrize("in_pipeline", [False, True])
def test_labels_and_probabilities(in_pipeline, labels, dtype, predictions, overlapping_classes):
    X, y = overlapping_classes(len(labels))
    X, y = X.astype(dtype), np.take(labels, y)
    model = SoftmaxRegression()
    model = (make_pipeline(StandardScaler(), model) if in_pipeline else model).fit(X, y)
    found, probabilities = predictions(model, X)
    np.testing.assert_array_equal(found.astype(y.dtype), model.predict(X))
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=rtol, atol=rtol / 100)
    assert probabilities.dtype == dtype


def test_options_are_those_of_a_logistic_regression(predictions, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression().fit(X, np.take(["x", "y", "z"], y))
    _, logits = predictions(model, X, raw_scores=True)
    np.testing.assert_allclose(logits, model.decision_function(X), rtol=1e-12)
    numbers, _ = predictions(model, X, nocl=True)
    np.testing.assert_array_equal(model.classes_[numbers], model.predict(X))
    _, by_label = predictions(model, X.astype(np.float32), zipmap=True)
    assert list(by_label[0]) == ["x", "y", "z"]
    assert by_label[0]["y"] == pytest.approx(model.predict_proba(X)[0, 1], rel=1e-5)
    binary = SoftmaxRegression().fit(X, y == 0)
    _, logits = predictions(binary, X, raw_scores=True)
    np.testing.assert_allclose(logits[:, 1], binary.decision_function(X), rtol=1e-12)


def test_float32_columns_far_from_zero_keep_their_digits(predictions, overlapping_classes):
    X, y = overlapping_classes(3)
    X = (X + 1e4).astype(np.float32)
    model = SoftmaxRegression().fit(X, y)
    assert model.intercept_.dtype == np.float64
    found, probabilities = predictions(model, X)
    np.testing.assert_array_equal(found, model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=1e-6, atol=1e-7)


def test_a_cross_validation_and_sparse_coefficients(predictions, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegressionCV(Cs=[0.01, 1.0], scoring="accuracy", l1_ratios=[1.0]).fit(X, y)
    for fitted in (model, model.sparsify()):
        found, probabilities = predictions(fitted, X)
        np.testing.assert_array_equal(found, fitted.predict(X))
        np.testing.assert_allclose(probabilities, fitted.predict_proba(X), rtol=1e-12)


def test_what_a_graph_cannot_be_is_an_error(predictions, overlapping_classes):
    X, y = overlapping_classes(2)
    with pytest.raises(ValueError, match="fitted with an offset"):
        predictions(SoftmaxRegression().fit(X, y, offset=np.zeros(len(y))), X)
    model = SoftmaxRegression().fit(X, np.array([1, 2**63 + 1], dtype=np.uint64)[y])
    with pytest.raises(ValueError, match="neither strings nor whole numbers"):
        predictions(model, X)
    numbers, _ = predictions(model, X, nocl=True)
    np.testing.assert_array_equal(model.classes_[numbers], model.predict(X))
