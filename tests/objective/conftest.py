"""Data in parts that know only what is pickled to them, and rows that send terms elsewhere."""

import copy
import pickle
import types
from functools import partial
from itertools import pairwise

import pytest

from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.folds import FoldData, FoldObjectives
from sk_softmax.rows import DenseRows, rows_of
from sk_softmax.rows.summing import collect_over_blocks


def pickled(value):
    return pickle.loads(pickle.dumps(value))


def cut(data, X, edges):
    """The parts of a data term between these numbers of rows, each with rows of its own."""
    has_intercept = data.rows.n_columns > data.rows.n_features
    parts = []
    for first, last in pairwise(edges):
        some = slice(first, last)
        weight, offset = data.relative_weight, data.offset
        part = DataTerm(
            rows_of(X[some], data.loss.n_outputs, has_intercept=has_intercept, n_threads=1),
            data.targets.at(some),
            data.loss,
            None if weight is None else weight[some],
            offset=None if offset is None else offset[:, some],
            first_row=first,
            n_rows=data.n_rows,
            has_offset=data.has_offset,
        )
        parts.append(pickled(part))
    return parts


def added(answers):
    """Add answers up one fixed binary tree over the numbers of the parts."""
    while len(answers) > 1:
        pairs = [answers[i : i + 2] for i in range(0, len(answers), 2)]
        answers = [
            tuple(a + b for a, b in zip(*pair, strict=True)) if len(pair) == 2 else pair[0]
            for pair in pairs
        ]
    return answers[0]


class Outline:
    """What may be known of rows that are elsewhere."""

    def __init__(self, rows):
        self.n_rows, self.dtype = rows.n_rows, rows.dtype
        self.n_features, self.n_columns = rows.n_features, rows.n_columns


class PartedData(DataTerm):
    """Asks parts, and has no row, target, weight or offset itself."""

    def __init__(self, whole, X, edges, asked):
        super().__init__(Outline(whole.rows), None, whole.loss, has_offset=whole.has_offset)
        self.parts = cut(whole, X, edges)
        self.asked = asked

    def ask(self, question, passes=1.0):
        self.count(passes)
        letter = pickle.dumps(question)
        self.asked.add(question_of(question))
        return added([pickle.loads(letter)(part) for part in self.parts])

    def of_features(self, features):
        return PartedFeatures(self, features)


class PartedFeatures(DataTerm):
    """Asks the same parts about some of the features."""

    def __init__(self, whole, features):
        super().__init__(Outline(whole.rows), None, whole.loss, has_offset=whole.has_offset)
        self.whole, self.features = whole, features

    def ask(self, question, passes=1.0):
        self.count(passes)
        self.whole.asked.add(question_of(question))
        return self.whole.ask(partial(about, question=question, features=self.features), 0)


def about(data, question, features):
    return question(data.of_features(features))


def question_of(question):
    return question.func if isinstance(question, partial) else question


class PartedFolds(FoldObjectives):
    """Folds that ask parts, each of which has the data terms of all folds."""

    def __init__(self, folds, held_out, X, edges, asked):
        super().__init__(folds, held_out)
        self.X, self.edges, self.asked = X, edges, asked

    def data(self, numbers):
        return PartedFoldData(super().data(numbers), self.X, self.edges, self.asked)


class PartedFoldData:
    def __init__(self, whole, X, edges, asked):
        by_fold = [cut(term, X, edges) for term in whole.terms]
        self.parts = [
            pickled(FoldData(terms, whole.held_out)) for terms in zip(*by_fold, strict=True)
        ]
        self.asked = asked

    def ask(self, question):
        letter = pickle.dumps(question)
        self.asked.add(question_of(question))
        return added([pickle.loads(letter)(part) for part in self.parts])


class RestlessRows(DenseRows):
    """Sends each term elsewhere, twice, and reads the last block first."""

    def collect(self, term, rows_per_block=0):
        bounds = self._cut(rows_per_block)
        read = self._reader(bounds)
        answers = {}
        for rows in reversed(bounds):
            sent(term)(read(rows))
            answers[rows.start] = sent(term)(read(rows))
        return collect_over_blocks(bounds, lambda rows: answers[rows.start], 1)


def sent(function):
    """The function as it arrives elsewhere: what it encloses is a copy."""
    cells = [
        types.CellType(
            sent(value) if isinstance(value, types.FunctionType) else copy.deepcopy(value)
        )
        for value in (cell.cell_contents for cell in function.__closure__ or ())
    ]
    return types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        tuple(cells),
    )


@pytest.fixture
def in_parts():
    """From an objective, its rows, where to cut them and a set for what is asked, to the same."""
    return lambda objective, *cut: objective.of_data(PartedData(objective.data, *cut))


@pytest.fixture
def folds_in_parts():
    """From folds, what they hold out, and the same as above, to all of them together."""
    return PartedFolds


@pytest.fixture
def restless_rows():
    """Rows of an array that send terms elsewhere."""
    return lambda X, n_outputs: RestlessRows(X, n_outputs, has_intercept=True, n_threads=1)
