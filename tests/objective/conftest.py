"""Data in parts that know only what is pickled to them, and rows that send terms elsewhere."""

import copy
import pickle
import types
from functools import partial
from itertools import pairwise

import pytest
import scipy.sparse as sp

from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.folds import FoldData, FoldObjectives
from sk_softmax.parts import (
    KnownOfTargets,
    LocalParts,
    Outline,
    Part,
    PartedData,
    PartedRows,
)
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


class AskedParts(LocalParts):
    """Parts to which questions are sent by letter, and which note what is asked."""

    def __init__(self, parts, asked):
        super().__init__(parts)
        self.asked = asked

    def ask(self, question):
        letter = pickle.dumps(question)
        self.asked.add(question_of(question.keywords["question"]))
        return super().ask(lambda part: pickle.loads(letter)(part))


def parted(objective, X, edges, asked):
    """The same objective on rows that lie in parts."""
    data, rows = objective.data, objective.rows
    parts = AskedParts([Part(term) for term in cut(data, X, edges)], asked)
    outline = Outline(
        rows.n_rows,
        rows.n_features,
        rows.n_columns > rows.n_features,
        rows.dtype,
        data.loss.n_outputs,
        rows.mostly_stored(),
        sp.issparse(X),
        1,
    )
    known = KnownOfTargets(
        data.are_labels, data.least_weight, data.has_offset, data.largest_difference
    )
    return objective.of_data(PartedData(PartedRows(parts, outline), data.loss, known))


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
        return LocalParts(self.parts).ask(lambda part: pickle.loads(letter)(part))


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
    return parted


@pytest.fixture
def folds_in_parts():
    """From folds, what they hold out, and the same as above, to all of them together."""
    return PartedFolds


@pytest.fixture
def restless_rows():
    """Rows of an array that send terms elsewhere."""
    return lambda X, n_outputs: RestlessRows(X, n_outputs, has_intercept=True, n_threads=1)
