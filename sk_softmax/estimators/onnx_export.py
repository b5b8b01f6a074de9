"""Fitted classifiers as ONNX graphs, through skl2onnx."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.estimators.linear_classifier import dense_coefficients
from sk_softmax.estimators.softmax_regression import SoftmaxRegression
from sk_softmax.estimators.softmax_regression_cv import SoftmaxRegressionCV

OPTIONS: dict[str, list[Any]] = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
    "raw_scores": [True, False],
}
"""Options of a conversion, those of skl2onnx for a ``LogisticRegression``."""


def register_onnx_converter() -> None:
    """Make skl2onnx convert this package's classifiers, alone and in pipelines.

    Call it once before ``skl2onnx.to_onnx`` or ``convert_sklearn``. The graph consists of standard
    operators: a product, a sum, and softmax or the sigmoid. Its options are those that skl2onnx
    has for a ``LogisticRegression``, such as ``options={"zipmap": False}`` for probabilities as an
    array (without it ONNX refuses rows of float64, whatever the classifier). It computes in
    float64 for rows of float64, and for a model of float32 rows with a column far from zero, whose
    intercepts are float64; otherwise in float32.

    Raises
    ------
    ImportError
        If skl2onnx is not installed.

    Notes
    -----
    A conversion raises a ``ValueError`` for a model that was fitted with an offset, which a graph
    of rows alone would leave out, and for labels that are neither strings nor whole numbers of
    64 bits with a sign.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression, register_onnx_converter
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> register_onnx_converter()  # doctest: +SKIP
    >>> graph = skl2onnx.to_onnx(model, X[:1].astype("float32"))  # doctest: +SKIP
    """
    try:
        from skl2onnx import update_registered_converter
        from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    except ImportError as error:
        raise ImportError(
            "register_onnx_converter needs skl2onnx, which is not installed. Install it with: "
            "pip install skl2onnx"
        ) from error
    for kind in (SoftmaxRegression, SoftmaxRegressionCV):
        update_registered_converter(
            kind,
            f"SkSoftmax{kind.__name__}",
            calculate_linear_classifier_output_shapes,
            _convert,
            options=OPTIONS,
        )


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a model to a graph; skl2onnx calls it."""
    from onnx import TensorProto
    from skl2onnx.common.data_types import DoubleTensorType

    model = operator.raw_operator
    if model._has_offset:
        raise ValueError(
            "The model was fitted with an offset, which a graph of rows alone would leave out."
        )
    options = container.get_options(model, dict(nocl=False, raw_scores=False))
    is_double = isinstance(operator.inputs[0].type, DoubleTensorType)
    graph = _Graph(scope, container, TensorProto.DOUBLE if _is_wide(model, is_double) else None)
    logits = _logits(graph, model, operator.inputs[0].full_name)
    best = graph.add("ArgMax", [logits], axis=1, keepdims=0)
    labels = _labels(model, by_number=options["nocl"])
    kind = TensorProto.STRING if labels.dtype == object else TensorProto.INT64
    graph.add("Gather", [graph.constant(labels, kind), best], operator.outputs[0].full_name)
    scores = logits if options["raw_scores"] else _probabilities(graph, model, logits)
    width = TensorProto.DOUBLE if is_double else TensorProto.FLOAT
    graph.add("Cast", [scores], operator.outputs[1].full_name, to=width)


def _is_wide(model: Any, is_double: bool) -> bool:
    """Whether to compute in float64."""
    return is_double or dense_coefficients(model.coef_).dtype != model.intercept_.dtype


def _logits(graph: _Graph, model: Any, rows: str) -> str:
    """Return the name of the logits, one a class: of two classes minus and plus the log-odds."""
    coef, intercept = dense_coefficients(model.coef_), model.intercept_
    if len(coef) == 1:
        coef, intercept = np.vstack([-coef, coef]), np.concatenate([-intercept, intercept])
    cast = graph.add("Cast", [rows], to=graph.width)
    product = graph.add("MatMul", [cast, graph.constant(coef.T, graph.width)])
    return graph.add("Add", [product, graph.constant(intercept[None, :], graph.width)])


def _probabilities(graph: _Graph, model: Any, logits: str) -> str:
    """Return the name of the probabilities, one a class."""
    if len(model.classes_) == 2:
        return graph.add("Sigmoid", [logits])
    return graph.add("Softmax", [logits], axis=1)


def _labels(model: Any, *, by_number: bool) -> NDArray[Any]:
    """Return the labels, shape ``(n_classes,)``: whole numbers, or strings in an object array."""
    classes = np.asarray(model.classes_)
    if by_number:
        return np.arange(len(classes))
    if all(isinstance(label, str) for label in classes.tolist()):
        return classes.astype(object)
    whole = classes.astype(np.int64)
    if not np.array_equal(whole, classes):
        raise ValueError(
            f"The classes {classes.tolist()!r} are neither strings nor whole numbers of 64 bits "
            "with a sign, so they cannot be the labels of a graph: fit the model to such labels, "
            "or convert it with nocl=True, for which a label is the number of its class."
        )
    return whole


class _Graph:
    """Nodes of a graph, one after the other.

    Parameters
    ----------
    scope, container : object
        From skl2onnx: names, and the nodes so far.
    width : int or None
        The type to compute in; None is float32.
    """

    def __init__(self, scope: Any, container: Any, width: int | None) -> None:
        from onnx import TensorProto

        self._scope, self._container = scope, container
        self.width = TensorProto.FLOAT if width is None else width

    def add(self, kind: str, inputs: list[str], output: str | None = None, **options: Any) -> str:
        """Add a node, and return the name of its output."""
        output = output or self._scope.get_unique_variable_name(kind.lower())
        name = self._scope.get_unique_operator_name(kind)
        self._container.add_node(kind, inputs, output, name=name, op_version=13, **options)
        return output

    def constant(self, values: NDArray[Any], kind: int) -> str:
        """Add an array, and return its name."""
        name: str = self._scope.get_unique_variable_name("constant")
        flat = values.ravel().tolist()
        flat = [label.encode() for label in flat] if values.dtype == object else flat
        self._container.add_initializer(name, kind, values.shape, flat)
        return name
