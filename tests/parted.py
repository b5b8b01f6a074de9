"""Rows cut into parts in this process, and the questions that parts are asked, for tests."""

import importlib
import inspect
import pkgutil
from itertools import pairwise

import numpy as np

from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.settings import TrainingSet
from sk_softmax.parts import Collection, GivenPart, LocalParts, Summary


def read(part, number):
    """A part is given as the training set of its rows."""
    return part


def whole(X, y, weights=None, offset=None):
    """The training set of all rows in one place; ``y`` are labels or probabilities."""
    if np.ndim(y) == 2:
        return TrainingSet(X, y, weights, np.arange(y.shape[1]), offset)
    classes, given = np.unique(y, return_inverse=True)
    return TrainingSet(X, given, weights, classes, offset)


def cut(training, edges):
    """The same rows in parts between these numbers of rows."""
    parts = []
    for first, last in pairwise(edges):
        some = slice(first, last)
        weights, offset = training.weights, training.offset
        parts.append(
            TrainingSet(
                training.X[some],
                training.given[some],
                None if weights is None else weights[some],
                training.classes,
                None if offset is None else offset[some],
            )
        )
    summaries = [Summary.of(p.X, p.given, p.weights, p.classes, p.offset) for p in parts]
    return PartedTrainingSet(
        LocalParts(parts),
        read,
        Summary.joined([some for some in summaries if some.n_rows]),
        [some.n_rows for some in summaries],
        training.classes,
        training.weights is not None,
        training.offset is not None,
    )


def given(X, y, edges, sample_weight=None, offset=None, template=None):
    """A user's rows in parts, as an estimator is given them."""

    def some(values, rows):
        if values is None:
            return None
        return values.iloc[rows] if hasattr(values, "iloc") else values[rows]

    parts = [
        GivenPart(number, *(some(v, slice(a, b)) for v in (X, y, sample_weight, offset)))
        for number, (a, b) in enumerate(pairwise(edges))
    ]
    return Collection(
        LocalParts(parts),
        X[:0] if template is None else template,
        list(y.columns) if hasattr(y, "columns") else None,
        sample_weight is not None,
        offset is not None,
        "partition",
    )


def questions_of(package):
    """Public functions of a package that answer from a data term."""
    found = set()
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            signature = inspect.signature(function)
            is_own = function.__module__ == module.__name__ and not name.startswith("_")
            is_answer = str(signature.return_annotation).startswith("tuple")
            if is_own and is_answer and next(iter(signature.parameters), None) == "data":
                found.add(function)
    return found


def given_in_parts(monkeypatch, module, edges):
    """Have an estimator's module cut the rows that it is given into parts."""
    whole_set = module.any_training_set
    monkeypatch.setattr(module, "any_training_set", lambda *a, **k: cut(whole_set(*a, **k), edges))
