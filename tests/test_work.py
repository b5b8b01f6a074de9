"""No change makes fits take more iterations, passes or curvature measurements unnoticed.

Counts are held to those in ``work.json``. If a change of them is meant, ``python -m benchmarks
--quick --record`` writes that file anew.
"""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RECORDED = json.loads((ROOT / "tests" / "work.json").read_text())


@pytest.fixture
def work(monkeypatch):
    """The module of the benchmarks that counts, which is not installed."""
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import work

    return work


def test_the_counts_of_twelve_fits_are_recorded(work):
    assert list(RECORDED) == list(work.FITS)
    assert len(RECORDED) == 12


@pytest.mark.parametrize("name", RECORDED)
def test_a_fit_takes_as_much_work_as_was_recorded(work, name):
    counts = work.counts(name)
    before = work.Counts(*RECORDED[name])
    assert min(before.iterations, before.passes) > 0
    assert not counts.differ_from(before), f"{counts} instead of {before}"


def test_more_than_a_tenth_more_or_less_of_one_count_is_noticed(work):
    before = work.Counts(40, 100.0, 10)
    assert not work.Counts(44, 90.0, 11).differ_from(before)
    assert work.Counts(45, 100.0, 10).differ_from(before)
    assert work.Counts(40, 89.0, 10).differ_from(before)
    assert work.Counts(40, 100.0, 12).differ_from(before)
    assert work.Counts(6, 9.0, 3).differ_from(work.Counts(6, 9.0, 2))
