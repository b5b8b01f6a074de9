"""A library that does not return from a fit does not hold up the benchmark."""

import importlib
import os
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

# Each waits for a limit of seconds.
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent
MODULES = ["competitors.competitor", "limited", "many_fits", "measure", "report", "results"]


@pytest.fixture
def benchmarks(monkeypatch):
    """The modules of that package, which is not installed."""
    monkeypatch.syspath_prepend(ROOT)
    found = {name: importlib.import_module(f"benchmarks.{name}") for name in MODULES}
    return SimpleNamespace(**{name.split(".")[-1]: module for name, module in found.items()})


@pytest.fixture
def process(benchmarks, monkeypatch):
    """Another process that has begun, in which nothing is fitted to warm up, with short limits."""
    monkeypatch.setattr(benchmarks.limited, "LEAST_SECONDS", 3.0)
    process = benchmarks.limited.OtherProcess()
    process.call(fit, task_of(benchmarks, 0.0), 5, 1)
    process.warm.add("slow")
    yield process
    process.close()


def fit(task, effort, n_threads):
    """Return the process and the first row; 40 iterations never end, 80 are refused."""
    if effort == 40:
        time.sleep(600)
    if effort == 80:
        raise ValueError("too many\nof them")
    if effort == 160:
        os._exit(1)
    return np.array([[1 + effort**-2.0, os.getpid()]]), task.X[0]


def limited(benchmarks, process, expected=0.5):
    efforts = benchmarks.competitor.doubling()
    slow = benchmarks.competitor.Competitor("slow", fit, efforts)
    return benchmarks.limited.Limited(slow, process, expected)


def task_of(benchmarks, first):
    return benchmarks.competitor.Task(np.array([[first], [2.0]]), np.array([0, 1]))


def test_a_fit_that_does_not_return_is_ended(benchmarks, process):
    contender, task = limited(benchmarks, process), task_of(benchmarks, 3.0)
    before = contender.run(task, 5, 1)
    with pytest.raises(benchmarks.limited.Stopped, match=r"after 3 s within one fit"):
        contender.run(task, 40, 1)
    assert not process.warm
    # In a new process, which is told of the task anew.
    after = limited(benchmarks, process, expected=100.0).run(task, 5, 1)
    processes = {before.coef[0, 1], after.coef[0, 1], os.getpid()}
    assert len(processes) == 3
    assert before.intercept == after.intercept == 3.0


def test_a_limit_is_five_times_what_a_fit_should_take(benchmarks):
    assert benchmarks.limited.most_seconds(6.0) == 30
    assert benchmarks.limited.most_seconds(0.2) == benchmarks.limited.LEAST_SECONDS


def test_what_a_fit_raises_or_breaks_is_told(benchmarks, process):
    contender, task = limited(benchmarks, process), task_of(benchmarks, 3.0)
    here = contender.run(task, 5, 1).coef[0, 1]
    with pytest.raises(RuntimeError, match="too many"):
        contender.run(task, 80, 1)
    assert contender.run(task_of(benchmarks, 4.0), 5, 1).intercept == 4.0
    assert contender.run(task, 5, 1).coef[0, 1] == here
    with pytest.raises(RuntimeError, match="its process ended"):
        contender.run(task, 160, 1)
    # One begun anew fits something small first, which this competitor refuses.
    assert limited(benchmarks, process, expected=100.0).run(task, 5, 1).intercept == 3.0
    assert process.warm == {"slow"}


def test_the_curve_says_that_a_fit_was_stopped_and_keeps_those_before(benchmarks, process):
    search = benchmarks.measure.Search(
        limited(benchmarks, process),
        task_of(benchmarks, 3.0),
        lambda coef, _: float(coef[0, 0]),
        1.0,
    )
    search.run(0.5, benchmarks.measure.CLOSE)
    assert search.note == "stopped after 3 s within one fit"
    assert search.efforts() == [5, 10, 20]
    assert search.given == 0.5
    curve = benchmarks.measure.Curve(
        "iris", "float64", "slow", list(search.tried.values()), search.note, search.given
    )
    assert curve.times_to(1.0, 1e-3) is None
    results = benchmarks.results.Results()
    results.keep([curve], best=1.0)
    assert "> 0.5 s" in "\n".join(benchmarks.report.tables(results))


def test_a_fit_that_is_stopped_on_all_threads_alone_keeps_its_time_on_one(benchmarks):
    class Slower:
        efforts = (5,)

        def run(self, task, effort, n_threads):
            if n_threads > 1:
                raise benchmarks.limited.Stopped("stopped after 10 s within one fit")
            return benchmarks.competitor.Run(0.1, np.ones(1), np.zeros(1))

    search = benchmarks.measure.Search(Slower(), None, lambda *_: 1.0, 1.0)
    search.run(np.inf, benchmarks.measure.CLOSE)
    benchmarks.measure.time_in_turn([search], benchmarks.measure.CLOSE)
    assert search.tried[5].one == 0.1
    if benchmarks.measure.ALL > 1:
        assert search.tried[5].all is None


def test_a_path_that_does_not_return_has_not_reached_its_aim(benchmarks, process, monkeypatch):
    monkeypatch.setattr(benchmarks.many_fits, "_adelie_path", never)
    task = task_of(benchmarks, 3.0)
    path = benchmarks.many_fits._limited_path(process, task, np.ones(3), 0.1, 1e-3, 1)
    assert path == {"seconds": 3.0}
    finest = {"Cs": np.ones(1), "coefs": np.zeros((1, 1, 1)), "intercepts": np.zeros((1, 1))}
    assert benchmarks.many_fits._suboptimality(task, finest)(path) == np.inf


def never(task, Cs, tol, n_threads):
    time.sleep(600)
