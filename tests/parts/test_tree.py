"""Answers are added in one order, whoever adds them."""

import numpy as np
import pytest

from sk_softmax.parts.tree import grown, joined, total

SIZES = [1, 2, 3, 5, 8, 13, 128]


def answers_of(n_parts):
    rng = np.random.default_rng(n_parts)
    return [
        (rng.normal() * 10.0 ** rng.integers(-8, 8), rng.normal(size=3), [number])
        for number in range(n_parts)
    ]


def copies(answers, numbers):
    """Numbered copies, because answers are added in place."""
    for number in numbers:
        value, array, names = answers[number]
        yield number, (value, array.copy(), list(names))


def assert_same_bits(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("n_parts", SIZES)
def test_the_sum_is_right(n_parts):
    answers = answers_of(n_parts)
    value, array, names = total(grown(copies(answers, range(n_parts)), n_parts), n_parts)
    assert value == pytest.approx(sum(answer[0] for answer in answers), rel=1e-12)
    np.testing.assert_allclose(array, np.sum([a[1] for a in answers], axis=0), rtol=1e-12)
    assert names == list(range(n_parts))


@pytest.mark.parametrize("n_parts", SIZES)
@pytest.mark.parametrize("n_workers", [2, 3, 7])
def test_bits_do_not_depend_on_who_holds_which_part(n_parts, n_workers):
    answers = answers_of(n_parts)
    expected = total(grown(copies(answers, range(n_parts)), n_parts), n_parts)
    rng = np.random.default_rng(0)
    for _ in range(5):
        holder = rng.integers(n_workers, size=n_parts)
        order = rng.permutation(n_parts)
        branches = [
            grown(copies(answers, [i for i in order if holder[i] == worker]), n_parts)
            for worker in rng.permutation(n_workers)
        ]
        assert_same_bits(total(joined(branches, n_parts), n_parts), expected)


def test_another_order_of_additions_has_other_bits():
    """So that the test above can fail."""
    values = [answer[0] for answer in answers_of(128)]
    in_turn = 0.0
    for value in values:
        in_turn += value
    branches = grown(((i, (value,)) for i, value in enumerate(values)), 128)
    assert total(branches, 128) != (in_turn,)


def test_a_branch_holds_as_much_as_it_can():
    branches = grown(((i, (1.0,)) for i in range(6)), 8)
    assert sorted(branches) == [(1, 2), (2, 0)]
    assert grown(((i, (1.0,)) for i in [0, 2, 4]), 8).keys() == {(0, 0), (0, 2), (0, 4)}


def test_a_missing_answer_is_an_error():
    branches = grown(((i, (1.0,)) for i in [0, 1, 3]), 4)
    with pytest.raises(ValueError, match=r"4 parts were asked, but the answers cover"):
        total(branches, 4)
