"""Splits of rows in parts are those of scikit-learn's splitters on all rows."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from sk_softmax.fitting.row_splits import BlocksOfRows, Stratified, Tally


def parts_of(labels, n_parts, rng):
    """Labels cut anywhere; some parts may be empty."""
    edges = [0, *np.sort(rng.integers(0, len(labels) + 1, n_parts - 1)), len(labels)]
    return [labels[first:last] for first, last in pairwise(edges)]


def held_out_by(split, parts):
    first_rows = np.cumsum([len(part) for part in parts]) - [len(part) for part in parts]
    split = pickle.loads(pickle.dumps(split))
    return np.concatenate(
        [
            split.held_out_by(part, number, int(first))
            for number, (part, first) in enumerate(zip(parts, first_rows, strict=True))
        ]
    )


def of_scikit_learn(splitter, labels):
    folds = np.full(len(labels), -1)
    for number, (_, test) in enumerate(splitter.split(np.zeros((len(labels), 1)), labels)):
        folds[test] = number
    return folds


def stratified(parts, n_folds, n_classes):
    tallies = [Tally.of(part, n_classes) for part in parts]
    counts = np.array([tally.counts for tally in tallies])
    lengths = np.array([len(part) for part in parts])
    first = (np.cumsum(lengths) - lengths)[:, None] + np.array([t.first for t in tallies])
    first_rows = np.where(counts > 0, first, lengths.sum()).min(axis=0)
    return Stratified.of(n_folds, counts, first_rows)


@pytest.mark.parametrize("n_rows", [7, 20, 101])
@pytest.mark.parametrize("n_folds", [2, 3, 7])
def test_blocks_of_rows(n_rows, n_folds):
    rng = np.random.default_rng(n_rows)
    labels = rng.integers(0, 3, n_rows)
    expected = of_scikit_learn(KFold(n_folds), labels)
    for n_parts in (1, 2, 9):
        parts = parts_of(labels, n_parts, rng)
        found = held_out_by(BlocksOfRows(n_rows, n_folds), parts)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("seed", range(40))
def test_stratified_by_counts(seed):
    """Classes of any size and in any order, one of them with fewer rows than folds."""
    rng = np.random.default_rng(seed)
    n_classes = int(rng.integers(1, 6))
    sizes = rng.integers(1, 30, n_classes)
    sizes[0] = 30
    labels = np.repeat(rng.permutation(n_classes), sizes)
    if seed % 3:
        rng.shuffle(labels)
    n_folds = int(rng.integers(2, 9))
    expected = of_scikit_learn(StratifiedKFold(n_folds), labels)
    for n_parts in (1, 2, 9):
        parts = parts_of(labels, n_parts, rng)
        found = held_out_by(stratified(parts, n_folds, n_classes), parts)
        np.testing.assert_array_equal(found, expected)


def test_a_class_without_rows_changes_no_fold():
    """As one that is most probable in no row of probabilities."""
    labels = np.random.default_rng(0).choice([0, 2, 3], 50)
    parts = [labels[:20], labels[20:]]
    found = held_out_by(stratified(parts, 4, 5), parts)
    np.testing.assert_array_equal(found, of_scikit_learn(StratifiedKFold(4), labels))
