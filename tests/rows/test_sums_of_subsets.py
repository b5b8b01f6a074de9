"""Several subsets at once: a thread takes one at a time, and the sums have the same bits."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax.rows import rows_of

# Of 100 columns a block holds 4,096 gathered rows at most: the last subset is several blocks.
SIZES = (0, 1, 700, 15_000)


@pytest.mark.parametrize("form", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("n_subsets", [1, 4])
def test_sums_are_those_of_each_subset_alone(n_subsets, form):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 99)) * (rng.random((20_000, 99)) < 0.2)
    subsets = [rng.choice(20_000, size, replace=False) for size in SIZES[-n_subsets:]]
    weights = [rng.random(len(numbers)) for numbers in subsets]
    terms = [lambda block, w=w: (block.gram(w[block.rows]), block.n_rows) for w in weights]
    found = {}
    for n_threads in (1, 2, 3):
        rows = rows_of(form(X), 3, has_intercept=True, n_threads=n_threads)
        found[n_threads] = list(rows.sums_of_subsets(subsets, terms))
        alone = [rows.subset(s).sum(term) for s, term in zip(subsets, terms, strict=True)]
        for sums, expected in zip(found[n_threads], alone, strict=True):
            assert sums[1] == expected[1]
            np.testing.assert_array_equal(sums[0], expected[0])
    for (one, _), (several, _) in zip(found[1], found[3], strict=True):
        np.testing.assert_array_equal(one, several)
    design = np.column_stack([X, np.ones(len(X))])[subsets[-1]]
    expected = design.T @ (design * weights[-1][:, None])
    np.testing.assert_allclose(found[2][-1][0], expected, rtol=1e-10, atol=1e-8)
