"""What the cost model says of messages and bytes is what workers in this process send."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sk_softmax.parts.tree import grown

ROOT = Path(__file__).parent.parent
MODULES = ["cluster_constants", "cluster_page", "cost_model", "counting_workers", "simulated"]


@pytest.fixture
def benchmarks(monkeypatch):
    """The modules of that package, which is not installed."""
    monkeypatch.syspath_prepend(ROOT)
    return SimpleNamespace(**{m: importlib.import_module(f"benchmarks.{m}") for m in MODULES})


PLACEMENTS = {
    "one worker": (1, [0]),
    "one part each": (7, range(7)),
    "eight parts each": (104, range(0, 104, 8)),
    "three parts each": (15, range(0, 15, 3)),
    "unequal": (11, [0, 1, 5, 6, 10]),
    "more than 256 parts": (300, [0, 100, 200, 257, 299]),
}


@pytest.mark.parametrize("by_tree", [False, True])
@pytest.mark.parametrize("name", PLACEMENTS)
@pytest.mark.parametrize("sizes", [(3, 2), (50, 5), (255, 3), (256, 4), (70, 300)])
def test_messages_and_bytes_of_an_evaluation_exactly(name, by_tree, sizes, benchmarks):
    n_parts, edges = PLACEMENTS[name]
    shape = benchmarks.cost_model.Shape(2 * max(n_parts, sizes[1]), *sizes)
    envelopes = benchmarks.cluster_constants.envelopes()
    found = benchmarks.simulated.check(shape, envelopes, n_parts, edges, by_tree=by_tree)
    n_workers, answer = len(edges), 8 * (shape.n_outputs * (sizes[0] + 1))
    assert found.out.messages == n_workers
    assert found.out.payload == n_workers * answer
    assert found.between.messages == (n_workers - 1 if by_tree else 0)
    assert found.back.messages == (1 if by_tree else n_workers)


def test_a_wrong_model_is_found_out(benchmarks):
    shape = benchmarks.cost_model.Shape(20, 4, 3)
    envelopes = benchmarks.cluster_constants.envelopes()
    wrong = type(envelopes)(envelopes.question + 1, envelopes.part, envelopes.branch)
    with pytest.raises(AssertionError, match="the model says"):
        benchmarks.simulated.check(shape, wrong, 4, [0, 2], by_tree=True)


@pytest.mark.parametrize("n_parts", [1, 2, 5, 6, 8, 13])
def test_branches_are_those_of_the_tree(n_parts, benchmarks):
    for first in range(n_parts):
        for last in range(first + 1, n_parts + 1):
            tree = grown(((i, (1.0,)) for i in range(first, last)), n_parts)
            assert benchmarks.cost_model.branches(first, last, n_parts) == sorted(
                tree, key=lambda node: node[1] << node[0]
            )


def test_whole_numbers_take_so_many_bytes_of_a_pickle(benchmarks):
    sizes = [benchmarks.counting_workers.sent((n,))[1].envelope for n in (0, 255, 256, 65536)]
    expected = [benchmarks.cost_model.bytes_of_whole(n) for n in (0, 255, 256, 65536)]
    assert np.diff(sizes).tolist() == np.diff(expected).tolist()


@pytest.mark.parametrize("by_tree", [False, True])
def test_the_answer_of_workers_has_the_bits_of_parts_in_one_place(by_tree, benchmarks):
    rng = np.random.default_rng(0)
    answers = [(rng.normal(), rng.normal(size=(2, 3)), [i]) for i in range(13)]
    local = importlib.import_module("sk_softmax.parts").LocalParts(answers)
    expected = local.ask(copied)
    for edges in ([0, 5, 6], range(13), [0]):
        workers = benchmarks.counting_workers.CountingWorkers(answers, edges, by_tree=by_tree)
        for ours, theirs in zip(workers.ask(copied), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert workers.each(copied)[12][2] == [12]


def copied(part):
    value, array, names = part
    return value, array.copy(), list(names)


def test_a_fit_sends_one_message_a_worker_for_each_question(benchmarks):
    shape = benchmarks.cost_model.Shape(3000, 6, 3)
    cluster = benchmarks.cost_model.Cluster(5, 1, 1e9, parts_per_worker=2)
    fit = benchmarks.simulated.counted_fit(shape, cluster)
    questions = fit.evaluations + fit.others
    assert fit.evaluations >= fit.n_iter > 3
    assert fit.traffic.out.messages == 5 * questions
    assert fit.traffic.back.messages == 5 * questions
    assert fit.traffic.between.messages == 0
    # A question holds params and a gradient, or the numbers of 64 rows, but not those of a sample.
    counting = benchmarks.counting_workers
    for question in fit.traffic.questions:
        _, flow = counting.sent(question)
        assert flow.payload <= 8 * max(2 * shape.n_parameters, 64)
        assert flow.envelope < 600


def test_estimates_add_up_and_grow_with_what_they_depend_on(benchmarks):
    model = benchmarks.cost_model
    shape = model.Shape(10**9, 50, 5)
    envelopes = benchmarks.cluster_constants.envelopes()
    constants = model.Constants({(50, 5, "float32"): 1e-7}, 1e-10, 2e-3, envelopes)
    cluster = model.Cluster(n_workers=100, n_threads=8, link=1e9)
    direct, tree = (
        model.estimate(shape, "float32", constants, cluster, by_tree=way) for way in (False, True)
    )
    assert direct.compute == pytest.approx(1e9 * 1e-7 / 800)
    assert direct.overhead == pytest.approx(0.2)
    assert tree.overhead == pytest.approx(0.398)
    answer = 8 * 5 * 51
    assert direct.adding == pytest.approx(99 * answer * 1e-10)
    assert tree.adding == pytest.approx(7 * answer * 1e-10)
    assert direct.link > tree.link > 100 * answer / 1e9
    assert direct.total == direct.compute + direct.overhead + direct.link + direct.adding


@pytest.fixture
def small_study(benchmarks, monkeypatch):
    """A study of a second, with workers of dask."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(benchmarks.cluster_constants, "NUMBERS_OF_ROWS", 2**12)
    monkeypatch.setattr(benchmarks.cluster_constants, "PER_WORKER", 2)
    model = benchmarks.cost_model
    return benchmarks.cluster_page.Study(
        [model.Shape(10**6, 4, 3)],
        model.Cluster(6, 2, 1e9, parts_per_worker=2),
        (1, 2),
        [model.Shape(500, 4, 3)],
    )


def test_the_page_says_what_is_counted_and_what_is_an_estimate(
    benchmarks, small_study, tmp_path, capsys
):
    assert benchmarks.cluster_page.main(tmp_path, small_study) == 0
    page = (tmp_path / "scale.md").read_text()
    assert page in capsys.readouterr().out
    (shape,) = small_study.shapes
    envelopes = benchmarks.cluster_constants.envelopes()
    out = 8 * 3 * 5 + envelopes.question + 4
    assert f"| {shape} | {out} bytes |" in page
    assert "12 messages | " in page
    assert "7 messages | " in page
    assert "5 messages |" in page
    assert "## Estimates: 1,000,000 rows on 6 workers" in page
    assert "| a matrix a class, of one worker | of all workers |" in page
    assert f"| {shape} | {8 * 3 * 25} bytes | {6 * 8 * 3 * 25 / 1000:.3g} kB |" in page
    assert max(map(len, page.splitlines())) < 200


def test_without_dask_the_page_says_what_to_install(benchmarks, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="pip install distributed"):
        benchmarks.cluster_constants.seconds_of_empty_questions((1,))
