"""The benchmark's report shows what its file of results holds."""

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "benchmarks" / "report"


@pytest.fixture
def benchmarks(monkeypatch):
    """The package of that name, which is not installed."""
    monkeypatch.syspath_prepend(ROOT)
    import benchmarks.report
    import benchmarks.results_file

    return benchmarks


def test_the_tables_of_the_report_are_those_of_the_results(benchmarks):
    results = benchmarks.results_file.read(REPORT / "results.json")
    assert len(results.curves) > 100
    assert "\n".join(benchmarks.report.tables(results)) in (REPORT / "README.md").read_text()


def test_what_was_read_is_written_again_as_it_was(benchmarks, tmp_path):
    benchmarks.results_file.write(
        benchmarks.results_file.read(REPORT / "results.json"), tmp_path / "results.json"
    )
    assert (tmp_path / "results.json").read_text() == (REPORT / "results.json").read_text()


def test_times_keep_six_digits_and_objectives_twelve(benchmarks, tmp_path):
    point = benchmarks.measure.Point(np.pi / 100, np.e / 100)
    curve = benchmarks.measure.Curve("iris", "float32", "sk_softmax", [point], "a note")
    results = benchmarks.report.Results()
    results.keep([curve], best=1.0)
    benchmarks.results_file.write(results, tmp_path / "results.json")
    again = benchmarks.results_file.read(tmp_path / "results.json")
    (kept,) = again.curves
    assert kept.points == [benchmarks.measure.Point(0.0314159, 0.0271828182846)]
    assert again.best == {"iris float32": 0.0271828182846}
    assert (kept.problem, kept.dtype, kept.competitor, kept.note) == (
        "iris",
        "float32",
        "sk_softmax",
        "a note",
    )
