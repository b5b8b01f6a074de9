"""The benchmark finds what it is to find, and its report shows what its file of results holds."""

import importlib
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "benchmarks" / "report"
MODULES = [
    "__main__",
    "comparison",
    "competitors.competitor",
    "competitors.scikit_learn",
    "data",
    "details",
    "many_fits",
    "measure",
    "plots",
    "problems",
    "readme",
    "report",
    "results",
    "results_file",
    "scaling",
    "standard_errors",
    "versions",
]


@pytest.fixture
def benchmarks(monkeypatch):
    """The modules of that package, which is not installed."""
    monkeypatch.syspath_prepend(ROOT)
    found = {name: importlib.import_module(f"benchmarks.{name}") for name in MODULES}
    return SimpleNamespace(**{name.split(".")[-1]: module for name, module in found.items()})


def test_the_tables_of_the_report_are_those_of_the_results(benchmarks):
    results = benchmarks.results_file.read(REPORT / "results.json")
    assert len(results.curves) > 100
    report = (REPORT / "README.md").read_text()
    assert "\n".join(benchmarks.report.tables(results)) in report
    assert report.startswith(
        "\n".join(["# Benchmark", "", *benchmarks.comparison.losses(results)])
    )


def test_the_tables_of_the_readme_are_those_of_the_results(benchmarks):
    results = benchmarks.results_file.read(REPORT / "results.json")
    section = benchmarks.readme.section(results)
    assert section.count("\n|") > 20
    assert section in (ROOT / "README.md").read_text()


def test_what_the_readme_claims_is_in_the_results(benchmarks):
    results = benchmarks.results_file.read(REPORT / "results.json")
    ratios = {
        line.problem: line.ratios("sk_softmax")
        for line in benchmarks.comparison.lines(results)
        if line.aim in ("to 1e-3", "with standard errors")
    }
    text = " ".join((ROOT / "README.md").read_text().split())
    claimed = re.search(r"up to (\d+) times as fast", text)
    measured = [ratios[p].one for p in benchmarks.readme.SHOWN if ratios.get(p) is not None]
    assert int(claimed[1]) == round(max(measured))
    claimed = re.search(r"takes (\d+)(?: to (\d+))? times as long on one thread", text)
    found = sorted(ratios[each.problem].one for each in results.standard_errors)
    least, most = claimed.groups()
    assert [int(least), int(most or least)] == [round(found[0]), round(found[-1])]


def test_what_was_read_is_written_again_as_it_was(benchmarks, tmp_path):
    benchmarks.results_file.write(
        benchmarks.results_file.read(REPORT / "results.json"), tmp_path / "results.json"
    )
    assert (tmp_path / "results.json").read_text() == (REPORT / "results.json").read_text()


def test_times_keep_four_digits_and_objectives_twelve(benchmarks, tmp_path):
    Curve, Point = benchmarks.measure.Curve, benchmarks.measure.Point
    point = Point(np.pi / 100, None, np.e / 100)
    curve = Curve("iris", "float32", "sk_softmax", [point], "a note", np.pi)
    many = benchmarks.many_fits.ManyFits(1 / 3, None, "CV", "as it comes", "somebody", False)
    growth = benchmarks.scaling.Growth(1 / 3, 1 / 6, "rows", 100, "10 features")
    results = benchmarks.results.Results(many_fits=[many], growth=[growth], remarks=["a remark"])
    results.keep([curve], best=1.0)
    benchmarks.results_file.write(results, tmp_path / "results.json")
    again = benchmarks.results_file.read(tmp_path / "results.json")
    assert again.curves == [
        Curve(
            "iris",
            "float32",
            "sk_softmax",
            [Point(0.03142, None, 0.0271828182846)],
            "a note",
            3.142,
        )
    ]
    assert again.best == {"iris float32": 0.0271828182846}
    assert (again.many_fits[0].one, again.many_fits[0].reached) == (0.3333, False)
    assert (again.growth[0].all, again.growth[0].size) == (0.1667, 100)
    assert again.remarks == ["a remark"]


class Gradual:
    """A contender whose n-th iteration is at ``1 + 1 / n^2`` and takes ``n`` milliseconds."""

    name = "gradual"
    efforts = (5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560)

    def __init__(self, competitor):
        self.competitor, self.threads = competitor, []

    def can_fit(self, task):
        return True

    def run(self, task, effort, n_threads):
        self.threads.append(n_threads)
        return self.competitor.Run(effort / 1000 / n_threads, np.array([1 + effort**-2.0]), None)


def search_of(benchmarks, limit):
    contender = Gradual(benchmarks.competitor)
    search = benchmarks.measure.Search(contender, None, lambda coef, _: float(coef[0]), 1.0)
    search.run(limit, benchmarks.measure.CLOSE)
    return contender, search


def test_the_least_effort_that_is_close_enough_is_found(benchmarks):
    contender, search = search_of(benchmarks, limit=np.inf)
    assert 32 <= search.effort_to(1e-3) <= 35  # 31.6 is the exact one, found to a tenth
    assert 1000 <= search.effort_to(1e-6) <= 1100
    assert search.note == ""
    benchmarks.measure.time_in_turn([search], benchmarks.measure.CLOSE, repeated=0.1)
    point = search.tried[search.effort_to(1e-3)]
    assert point.all == pytest.approx(point.one / benchmarks.measure.ALL)
    assert set(contender.threads) == {1, benchmarks.measure.ALL}


def test_no_fit_is_begun_that_would_take_longer_than_the_limit(benchmarks):
    _, search = search_of(benchmarks, limit=0.5)
    assert max(point.one for point in search.tried.values()) == pytest.approx(0.5)
    assert search.effort_to(1e-3) is not None
    assert search.effort_to(1e-6) is None
    assert search.note.startswith("stopped after")


def test_others_get_fifty_times_our_time_up_to_some_seconds_or_two_and_a_half_times_ours(
    benchmarks,
):
    limit = benchmarks.measure.Patience(50, 10).limit
    assert [limit(s) for s in (0.001, 0.1, 1, 20, None)] == [0.2, 5, 10, 50, 10]


def test_the_command_line_decides_before_a_problem_who_takes_part_and_for_how_long(benchmarks):
    main, problem = benchmarks.__main__, benchmarks.problems.Problem("a", None)
    slow = replace(
        problem, patience=benchmarks.measure.Patience(8.0, 20.0), others=("saga", "newton-cg")
    )
    competitors = [SimpleNamespace(name=name) for name in ("sklearn saga", "sklearn lbfgs")]

    def field(*arguments):
        options = main._parser().parse_args(arguments)
        return main.Field([], competitors, options, None)

    def names(field, problem):
        return [competitor.name for competitor in field.others(problem)]

    assert names(field(), problem) == ["sklearn saga", "sklearn lbfgs"]
    assert names(field(), slow) == ["sklearn saga"]
    assert names(field("--competitors", "lbfgs"), slow) == ["sklearn lbfgs"]
    assert names(field("--competitors"), slow) == []
    assert field().limit(slow, 2.0) == 16.0
    assert field("--seconds", "10").limit(slow, 2.0) == 10.0
    assert field("--ratio", "3").limit(slow, 2.0) == 6.0


def results_of(benchmarks, seconds):
    """Results on one problem: from contender to seconds on one thread and on all."""
    Curve, Point = benchmarks.measure.Curve, benchmarks.measure.Point
    results = benchmarks.results.Results()
    curves = [Curve("iris", "float64", name, [Point(*s, 1.0)]) for name, s in seconds.items()]
    results.keep(curves, best=1.0)
    return results


def test_the_report_begins_with_where_another_library_is_faster(benchmarks):
    results = results_of(
        benchmarks,
        {"sk_softmax": (0.2, 0.1), "sk_softmax before": (0.3, 0.3), "slow": (9.0, 5.0)}
        | {"fast": (0.15, 0.9)},
    )
    first = "\n".join(benchmarks.comparison.losses(results))
    # The better of both counts for another library, ours is compared at one thread and at all.
    assert "- iris, to 1e-3: 0.75 / 1.50 (fast)" in first
    assert "slow" not in first
    table = "\n".join(benchmarks.comparison.table(results))
    assert "| iris | to 1e-3 | 300 / 300 ms | 200 / 100 ms | 150 / 900 ms (fast) |" in table
    assert "| 0.50 / 0.50 | 0.75 / 1.50 |" in table
    won = results_of(benchmarks, {"sk_softmax": (0.2, 0.1), "slow": (9.0, 5.0)})
    assert "nowhere" in "\n".join(benchmarks.comparison.losses(won))


def test_a_profile_ends_where_the_time_of_a_competitor_ended(benchmarks):
    results = results_of(benchmarks, {"sk_softmax": (0.2, 0.1), "other": (0.4, 0.4)})
    Curve, Point = benchmarks.measure.Curve, benchmarks.measure.Point
    curves = [
        Curve("wine", "float64", "sk_softmax", [Point(0.1, 0.1, 1.0)]),
        Curve("wine", "float64", "other", [Point(0.7, None, 2.0)], "stopped", given=0.7),
    ]
    results.keep(curves, best=1.0)
    found = benchmarks.plots.profile(results, ["sk_softmax", "other"], "to 1e-3", "one")
    ratios, shares, end = found["other"]
    assert (ratios.tolist(), shares.tolist(), end) == ([2.0], [0.5], pytest.approx(7.0))
    assert found["sk_softmax"][2] == np.inf


@pytest.mark.slow
def test_both_versions_answer_from_processes_of_their_own(benchmarks):
    iris = next(problem for problem in benchmarks.problems.PROBLEMS if problem.name == "iris")
    task = iris.task(np.float64)
    value = benchmarks.measure.value_at(task)
    ours, before = benchmarks.versions.versions(against=ROOT)
    try:
        runs = [version.run(task, 1e-6, 1) for version in (ours, before)]
        with pytest.raises(RuntimeError, match="tol"):
            ours.run(task, -1.0, 1)
        assert [value(run.coef, run.intercept) for run in runs] == pytest.approx([0.19257544] * 2)
        assert before.describe().startswith("sk_softmax before: version")
    finally:
        ours.close()
        before.close()


def test_every_solver_of_the_installed_scikit_learn_takes_part(benchmarks):
    assert {"lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"} < set(
        benchmarks.scikit_learn.solvers()
    )


def test_a_data_set_that_is_nowhere_is_unavailable(benchmarks, monkeypatch, tmp_path):
    monkeypatch.setenv("SK_SOFTMAX_DATA", str(tmp_path))

    def fetch_openml(*arguments, **options):
        raise OSError("no network")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
    with pytest.raises(benchmarks.data.Unavailable, match=r"letter\.npz"):
        benchmarks.data.from_openml.__wrapped__("letter", "letter")
    np.savez(tmp_path / "letter.npz", X=np.ones((3, 2), np.float32), y=[0, 1, 2])
    assert benchmarks.data.from_openml.__wrapped__("letter", "letter")[0].dtype == np.float64


@pytest.fixture
def inference(benchmarks, monkeypatch):
    """Results of the small problems with standard errors, all calls made once."""
    monkeypatch.setattr(benchmarks.measure, "MOST_CALLS", 1)
    results = benchmarks.results.Results()
    steps = list(benchmarks.details.measure_inference(results, is_short=True))
    assert len(steps) == len(results.standard_errors)
    return results


def test_both_find_the_same_standard_errors(benchmarks, inference):
    contenders = [each.contender for each in inference.standard_errors]
    assert contenders == ["sk_softmax", "statsmodels MNLogit, newton"] * 2
    for ours, theirs in zip(*[iter(inference.standard_errors)] * 2, strict=True):
        assert ours.difference is None
        assert 0 < theirs.difference < 1e-6
        assert min(ours.one, ours.all, ours.peak, theirs.one, theirs.all, theirs.peak) > 0
        assert ours.problem == theirs.problem
    # Rows of 5 numbers; (3 - 1) (5 + 1) coefficients.
    first = inference.standard_errors[0]
    assert (first.rows, first.covariance) == (2000 * 5 * 8 / 1e6, 12**2 * 8 / 1e6)


def test_the_report_compares_them(benchmarks, tmp_path):
    StandardErrors = benchmarks.standard_errors.StandardErrors
    found = [
        StandardErrors(0.1, 0.05, "rows", "sk_softmax", 3.0, 8.0, 0.04),
        StandardErrors(1.0, 2.0, "rows", "statsmodels MNLogit, ncg", 50.0, 8.0, 0.04, 2e-9),
        StandardErrors(0.2, 0.1, "alone", "sk_softmax", 3.0, 8.0, 0.04),
    ]
    results = benchmarks.results.Results(standard_errors=found)
    benchmarks.results_file.write(results, tmp_path / "results.json")
    assert benchmarks.results_file.read(tmp_path / "results.json") == results
    lines = benchmarks.report.tables(results)
    # The better of both times counts for statsmodels, and ours on one thread and on all.
    row = "| rows | 100 / 50 ms | 1 / 2 s (ncg) | 10 / 20 | 3 | 50 | 8 | 0.04 | 2.0e-09 |"
    assert row in lines
    assert "| alone | 200 / 100 ms | - | - | 3 | - | 8 | 0.04 | - |" in lines
    assert "nowhere" in "\n".join(benchmarks.comparison.losses(results))
    found[1].all = 0.08
    lost = "\n".join(benchmarks.comparison.losses(results))
    assert "- rows, with standard errors: 0.80 / 1.60 (statsmodels MNLogit, ncg)" in lost
    # A fit that ends elsewhere has not arrived, however fast it was.
    found[1].difference = 10.7
    assert "nowhere" in "\n".join(benchmarks.comparison.losses(results))
    table = "\n".join(benchmarks.comparison.table(results))
    assert "| rows | with standard errors | 100 / 50 ms | - | > 10 |" in table
    row = "| rows | 100 / 50 ms | 1 / 0.08 s (ncg) | - | 3 | 50 | 8 | 0.04 | 1.1e+01 |"
    assert row in benchmarks.report.tables(results)


def test_estimates_are_compared_in_standard_errors(benchmarks):
    Estimates = benchmarks.standard_errors.Estimates
    ours = Estimates(np.array([[1.0, 2.0]]), np.array([[0.5, 4.0]]))
    moved = Estimates(np.array([[1.0, 2.4]]), np.array([[0.5, 4.0]]))
    assert ours.difference(moved) == pytest.approx(0.1)
    surer = Estimates(np.array([[1.0, 2.4]]), np.array([[0.4, 4.0]]))
    assert ours.difference(surer) == pytest.approx(0.2)


def test_a_method_that_does_not_arrive_gives_way_to_one_that_does(benchmarks, monkeypatch):
    module = benchmarks.standard_errors
    X, y = benchmarks.data.made_up(2000, 5, 3)
    ours = module._ours(X, y)
    monkeypatch.setattr(module, "METHODS", {"newton": 1, "ncg": 1000})  # a single step
    method, difference, theirs = module._mnlogit(X, y, ours)
    assert method == "ncg"
    assert difference == ours.difference(theirs()) < module.FAR
    monkeypatch.setattr(module, "METHODS", {"newton": 1})
    method, difference, _ = module._mnlogit(X, y, ours)
    assert difference > module.FAR


def test_without_statsmodels_this_package_is_measured_alone(benchmarks, monkeypatch):
    def missing():
        raise benchmarks.competitor.Missing("statsmodels is not installed: left out")

    monkeypatch.setattr(benchmarks.details.statsmodels, "competitors", missing)
    monkeypatch.setattr(benchmarks.measure, "MOST_CALLS", 1)
    results = benchmarks.results.Results()
    list(benchmarks.details.measure_inference(results, is_short=True))
    assert {each.contender for each in results.standard_errors} == {"sk_softmax"}
    assert results.remarks == ["statsmodels is not installed: left out"]


def test_cover_types_give_way_to_rows_that_are_made_up(benchmarks, monkeypatch):
    module = benchmarks.standard_errors
    names = list(module.problems(is_short=True))
    assert names == ["made up, 2,000 x 5, 3 classes", "made up, 1,000 x 8, 4 classes"]

    def nowhere():
        raise benchmarks.data.Unavailable("covtype.npz")

    monkeypatch.setattr(module, "covtype", nowhere)
    assert list(module.problems(is_short=False)) == [
        "made up, 100,000 x 10, 7 classes",
        "made up, 20,000 x 50, 10 classes",
    ]
    monkeypatch.setattr(module, "covtype", lambda: (np.arange(54.0)[None].repeat(3, 0), [1, 2, 7]))
    name, load = next(iter(module.problems(is_short=False).items()))
    assert name == "cover types, standardised, 100,000 x 10, 7 classes"
    assert load.args == (100_000,)
