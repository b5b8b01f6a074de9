"""Parts that workers of a dask client keep: the same bits anywhere, and after a loss."""

import gc
import logging
import os
import pickle
import platform
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from parted import given

from sk_softmax import SoftmaxRegression
from sk_softmax.parts import LocalParts
from sk_softmax.parts.part import answer

dask = pytest.importorskip("dask", reason="dask is not installed")
da = pytest.importorskip("dask.array", reason="dask.array is not installed")
distributed = pytest.importorskip("distributed", reason="dask's distributed is not installed")

if os.environ.get("SK_SOFTMAX_CLUSTER") != "1":
    pytest.skip(
        "clusters of several processes have one of their own: "
        "SK_SOFTMAX_CLUSTER=1 pytest -n 0 tests/parts/test_dask_workers.py",
        allow_module_level=True,
    )

N_PARTS, N_ROWS = 8, 40

# Sockets that dask leaves to the garbage collector when a cluster closes.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(autouse=True)
def _sockets_are_collected_here():
    yield
    gc.collect()


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_PARTS * N_ROWS, 5))
    y = (X @ rng.normal(size=(5, 3)) + rng.gumbel(size=(len(X), 3))).argmax(axis=1)
    return X, y


@pytest.fixture(scope="module")
def _importable():
    """Workers import this file by its name, from a folder that `pytest` does not put on the path.

    `python -m pytest` does. The installed package still comes first.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(Path(__file__).parents[2])])
        yield


@pytest.fixture(scope="module")
def client(_importable):
    with (
        dask.config.set({"distributed.worker.memory.spill": False}),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            processes=True,
            dashboard_address=":0",
            memory_limit="2GiB",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def block(number, X):
    return X[N_ROWS * number : N_ROWS * (number + 1)].copy()


def read_anew(values, make=block):
    """A dask array whose blocks workers can make again."""
    blocks = [
        da.from_delayed(
            dask.delayed(make)(number, values),
            (N_ROWS, *values.shape[1:]),
            dtype=values.dtype,
        )
        for number in range(N_PARTS)
    ]
    return da.concatenate(blocks)


def assert_same_bits(found, expected):
    np.testing.assert_array_equal(found.coef_, expected.coef_)
    np.testing.assert_array_equal(found.intercept_, expected.intercept_)
    np.testing.assert_array_equal(found.loss_curve_, expected.loss_curve_)
    assert found.duality_gap_ == expected.duality_gap_


def in_one_process(table):
    """The same parts without dask."""
    return given(*table, range(0, N_PARTS * N_ROWS + 1, N_ROWS)), None


@pytest.fixture(scope="module")
def expected(table):
    return SoftmaxRegression().fit(*in_one_process(table))


def test_the_bits_are_those_of_one_process(client, table, expected):
    X, y = table
    assert_same_bits(SoftmaxRegression().fit(read_anew(X), read_anew(y)), expected)
    assert_same_bits(SoftmaxRegression(n_jobs=1).fit(read_anew(X), read_anew(y)), expected)
    memory = SoftmaxRegression().fit(X, y)
    assert expected.loss_curve_[-1] == pytest.approx(memory.loss_curve_[-1], abs=1e-12)
    assert expected.n_iter_ == memory.n_iter_


class Asked:
    """Counts calls of workers, and the bytes that they carry."""

    def __init__(self, client, monkeypatch):
        self.questions, self.bytes_out, self.bytes_back, self.before = 0, 0, [], None
        run = client.run

        def noting(function, *arguments, **options):
            if self.before is not None and function.__name__ == "answers_there":
                self.before(self)
            replies = run(function, *arguments, **options)
            if function.__name__ == "answers_there":
                self.questions += 1
                self.shares = sorted(len(keys) for keys in arguments[1].values())
                self.bytes_out += len(pickle.dumps(arguments)) * len(replies)
                self.bytes_back.append(sum(len(pickle.dumps(r)) for r in replies.values()))
            return replies

        monkeypatch.setattr(client, "run", noting)


@pytest.mark.parametrize("n_workers", [1, 4])
def test_any_number_of_workers_gives_the_same_bits(table, expected, n_workers):
    X, y = table
    with (
        distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster),
    ):
        assert_same_bits(SoftmaxRegression().fit(read_anew(X), read_anew(y)), expected)


def placed_so(client, values, shares):
    """A dask array whose blocks of these numbers lie on one worker each."""
    futures = {}
    for worker, numbers in zip(client.nthreads(), shares, strict=True):
        for number in numbers:
            # A key of its own: with that of its content, data of the test before, which are
            # released at some time, would take this along.
            futures[number] = client.scatter(block(number, values), workers=[worker], hash=False)
    shape = (N_ROWS, *values.shape[1:])
    return da.concatenate(
        [
            da.from_delayed(dask.delayed(futures[number]), shape, values.dtype)
            for number in range(N_PARTS)
        ]
    )


@pytest.mark.parametrize("shares", [[[0, 3, 4, 6], [1, 2, 5, 7]], [[*range(N_PARTS)], []]])
def test_any_placement_gives_the_same_bits(client, table, expected, shares, monkeypatch):
    asked = Asked(client, monkeypatch)
    placed = [placed_so(client, values, shares) for values in table]
    assert_same_bits(SoftmaxRegression().fit(*placed), expected)
    assert asked.shares == [4, 4]


def kept_keys(client):
    return [key for key, workers in client.who_has().items() if "softmax" in str(key) and workers]


def eventually(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_nothing_stays_but_what_the_user_persisted(client, table, expected, caplog):
    dX, dy = (client.persist(read_anew(values)) for values in table)
    distributed.wait([dX, dy])
    before = {key for key, workers in client.who_has().items() if workers}
    with caplog.at_level(logging.INFO, logger="sk_softmax"):
        assert_same_bits(SoftmaxRegression().fit(dX, dy), expected)
    assert "are kept in the memory of 2 workers" in caplog.text
    eventually(lambda: not kept_keys(client))
    assert {key for key, workers in client.who_has().items() if workers} == before
    np.testing.assert_array_equal(dX.compute(), table[0])


@pytest.mark.parametrize("is_persisted", [True, False])
def test_dask_counts_the_bytes_of_rows_once(client, table, monkeypatch, is_persisted):
    dX, dy = (read_anew(values) for values in table)
    if is_persisted:
        # Computed by workers, because arrays that are sent arrive at odd addresses.
        dX = client.persist(2 * placed_so(client, table[0], [range(4), range(4, 8)]))
        distributed.wait(dX)
        dy = (dX[:, 0] > 0).astype(int)
    counted = []
    asked = Asked(client, monkeypatch)
    asked.before = lambda _: counted.append(client.nbytes(kept_keys(client), summary=False))
    SoftmaxRegression().fit(dX, dy)
    of_rows = N_ROWS * 5 * 8
    shared = [n_bytes for n_bytes in counted[-1].values() if n_bytes < 200]
    copied = [n_bytes for n_bytes in counted[-1].values() if of_rows <= n_bytes < 2 * of_rows]
    assert len(shared) + len(copied) == N_PARTS
    # Of persisted rows only those are copied that move to another worker: half of them at most.
    assert len(copied) <= N_PARTS // 2 if is_persisted else not shared


def test_rows_are_read_anew_where_they_do_not_fit(client, table, expected, caplog, monkeypatch):
    from sk_softmax.parts import dask_memory

    monkeypatch.setattr(dask_memory, "MOST_FILLED", 0.0)
    with caplog.at_level(logging.INFO, logger="sk_softmax"):
        found = SoftmaxRegression().fit(*(read_anew(values) for values in table))
    assert "are read anew in each pass" in caplog.text
    assert_same_bits(found, expected)


def test_a_question_is_one_call_that_carries_params_and_sums(client, table, monkeypatch):
    asked = Asked(client, monkeypatch)
    local = []
    ask = LocalParts.ask

    def noting(self, question):
        if question.func is answer:  # not one about parts as they were given
            local.append(question)
        return ask(self, question)

    found = SoftmaxRegression().fit(*(read_anew(values) for values in table))
    monkeypatch.setattr(LocalParts, "ask", noting)
    SoftmaxRegression().fit(*in_one_process(table))
    assert asked.questions == len(local)
    # Two workers, each with at most four branches: 18 numbers of a gradient or 18^2 of a Hessian,
    # and what is pickled with them.
    assert asked.bytes_out / asked.questions < 2 * 4096
    assert min(asked.bytes_back) < 2 * 4 * (8 * 18 + 1024)
    assert max(asked.bytes_back) < 2 * 4 * (8 * 18**2 + 1024)
    assert len(found.records_) > 3


def kill_one(client):
    pid = min(client.run(os.getpid).values())
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("during", ["a question", "the time between questions"])
def test_a_killed_worker_changes_nothing(client, table, expected, monkeypatch, during):
    asked = Asked(client, monkeypatch)
    questions = []

    def kill_at_the_fourth(_):
        questions.append(None)
        if len(questions) == 4:
            kill_one(client)
            if during != "a question":
                time.sleep(1)

    asked.before = kill_at_the_fourth
    found = SoftmaxRegression().fit(*(read_anew(values) for values in table))
    assert_same_bits(found, expected)
    assert len(questions) > 5
    client.wait_for_workers(2, timeout=60)


def test_rows_that_cannot_be_made_again_are_an_error(client, table, monkeypatch):
    scattered = [
        da.concatenate(
            [
                da.from_delayed(
                    dask.delayed(client.scatter(block(number, values), hash=False)),
                    (N_ROWS, *values.shape[1:]),
                    values.dtype,
                )
                for number in range(N_PARTS)
            ]
        )
        for values in table
    ]
    asked = Asked(client, monkeypatch)
    asked.before = lambda self: kill_one(client) if self.questions == 3 else None
    model = SoftmaxRegression()
    with pytest.raises(RuntimeError, match=r"Partition \d was lost .* cannot be computed again"):
        model.fit(*scattered)
    assert not hasattr(model, "coef_")
    client.wait_for_workers(2, timeout=60)


def test_parts_may_move_to_another_worker(table, expected, monkeypatch):
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        asked = Asked(client, monkeypatch)

        def retire(self):
            if self.questions == 3:
                client.retire_workers([next(iter(client.nthreads()))])

        asked.before = retire
        found = SoftmaxRegression().fit(*(read_anew(values) for values in table))
        assert_same_bits(found, expected)
        assert len(client.nthreads()) == 1


def test_workers_may_all_be_replaced_by_others(table, expected, monkeypatch):
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        before = set(client.nthreads())
        asked = Asked(client, monkeypatch)

        def replace(self):
            if self.questions == 3:
                cluster.scale(4)
                client.wait_for_workers(4, timeout=30)
                client.retire_workers(list(before))

        asked.before = replace
        found = SoftmaxRegression().fit(*(read_anew(values) for values in table))
        assert_same_bits(found, expected)
        assert len(client.nthreads()) == 2
        assert not before & set(client.nthreads())


def test_a_cluster_that_grows_and_shrinks_on_demand_changes_nothing(table, expected, monkeypatch):
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        # It grows while the rows are read, and shrinks after some two seconds without a task.
        cluster.adapt(
            minimum=1, maximum=2, interval="50ms", wait_count=40, target_duration="100ms"
        )
        asked = Asked(client, monkeypatch)
        n_workers, shares = [], []

        def wait_until_it_has_shrunk(self):
            if self.questions == 3:
                shares.append(self.shares)
                eventually(lambda: len(client.nthreads()) == 1)
            n_workers.append(len(client.nthreads()))

        asked.before = wait_until_it_has_shrunk
        X, y = table
        found = SoftmaxRegression().fit(read_anew(X, slow_block), read_anew(y))
        assert_same_bits(found, expected)
        assert n_workers[0] == 2
        assert shares == [[4, 4]]  # so that parts of the worker that left had to move
        assert n_workers[-1] == 1


def slow_block(number, values):
    time.sleep(0.3)
    return block(number, values)


@pytest.mark.parametrize("at", [0, 3])
def test_workers_that_all_vanish_are_waited_for_and_then_named(table, monkeypatch, at):
    from sk_softmax.parts import dask_clients

    monkeypatch.setattr(dask_clients, "PATIENCE", 2)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        asked = Asked(client, monkeypatch)

        def vanish(self):
            if self.questions == at:
                for worker in list(cluster.workers.values()):
                    cluster.sync(worker.close)
                eventually(lambda: not client.nthreads())

        asked.before = vanish
        model, started = SoftmaxRegression(), time.monotonic()
        with pytest.raises(RuntimeError, match=r"has no worker, and none joined in 2 s\. Start"):
            model.fit(*(read_anew(values) for values in table))
        assert time.monotonic() - started < 30
        assert not hasattr(model, "coef_")


def test_arrays_at_odd_addresses(client, table, expected):
    def odd(number, values):
        some = block(number, values)
        room = np.zeros(some.nbytes + 1, dtype=np.uint8)
        at_odd = room[1:].view(some.dtype).reshape(some.shape)
        at_odd[:] = some
        assert not at_odd.flags.aligned
        return at_odd

    X, y = table
    blocks = [
        da.from_delayed(dask.delayed(odd)(number, X), (N_ROWS, 5), float)
        for number in range(N_PARTS)
    ]
    assert_same_bits(SoftmaxRegression().fit(da.concatenate(blocks), read_anew(y)), expected)


def test_a_kept_part_arrives_elsewhere_at_an_even_address():
    from distributed.protocol import deserialize, serialize
    from distributed.sizeof import sizeof

    from sk_softmax.parts.dask_tasks import Kept

    kept = Kept(np.arange(1000.0), 0)
    header, frames = serialize(kept)
    moved = deserialize(header, [memoryview(b"x" + bytes(frame))[1:] for frame in frames])
    assert moved.part.flags.aligned
    np.testing.assert_array_equal(moved.part, kept.part)
    assert sizeof(moved) == pytest.approx(8_000, abs=500)


def test_errors_in_a_partition_name_it(client, table):
    X, y = table
    X = X.copy()
    X[6 * N_ROWS + 17, 1] = np.nan
    with pytest.raises(ValueError, match="Partition 6: row 17 of X there is the first with NaN"):
        SoftmaxRegression().fit(read_anew(X), read_anew(y))


def threads_of_part(part):
    return ([part.seen([]).rows.n_threads],)


@pytest.mark.parametrize(("n_jobs", "expected_threads"), [(None, 2), (1, 1), (3, 3)])
def test_parts_are_read_by_the_threads_of_their_worker(
    client, table, monkeypatch, n_jobs, expected_threads
):
    from sk_softmax.parts.dask_workers import WorkerParts

    found = []
    release = WorkerParts.release

    def noting(self):
        found.extend(self.ask(threads_of_part)[0])
        release(self)

    monkeypatch.setattr(WorkerParts, "release", noting)
    SoftmaxRegression(n_jobs=n_jobs).fit(*(read_anew(values) for values in table))
    assert found == [expected_threads] * N_PARTS


def page_faults(part):
    """Take and free 1 MiB 200 times, and return how many pages the kernel had to give."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(200):
        np.ones(2**17)
    return (float(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before),)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not the GNU C library")
def test_a_question_keeps_the_memory_that_it_frees(client):
    from sk_softmax.parts.dask_tasks import Kept, call
    from sk_softmax.parts.dask_workers import WorkerParts

    assert set(client.run(os.environ.get, "MALLOC_TRIM_THRESHOLD_").values()) == {"65536"}
    parts = WorkerParts(client, [call(Kept, None, 0, name="part")])
    (inside,) = parts.ask(page_faults)
    outside = max(faults for (faults,) in client.run(page_faults, None).values())
    assert inside < 200 * 256 / 10
    assert outside > 200 * 256 / 2


def test_a_long_fit_shows_life_to_clusters_that_close_when_idle(client, table, monkeypatch):
    from sk_softmax.parts import dask_workers

    submitted = []
    submit = client.submit

    def noting(*arguments, **options):
        submitted.append(arguments)
        return submit(*arguments, **options)

    monkeypatch.setattr(client, "submit", noting)
    SoftmaxRegression().fit(*(read_anew(values) for values in table))
    assert not submitted
    monkeypatch.setattr(dask_workers, "SECONDS_WITHOUT_TASK", 0.0)
    SoftmaxRegression().fit(*(read_anew(values) for values in table))
    assert len(submitted) > 3


def test_callbacks_and_verbose_are_on_the_client(client, table, capsys):
    SoftmaxRegression(verbose=1).fit(*(read_anew(values) for values in table))
    assert "|gradient|" in capsys.readouterr().out


def test_a_closed_client_is_named(table):
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
    ) as cluster:
        client = distributed.Client(cluster)
        dX, dy = (client.persist(read_anew(values)) for values in table)
        distributed.wait([dX, dy])
        client.close()
        # Another test's client may be open, whose workers do not have the rows.
        with dask.config.set(scheduler="synchronous"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Running on a single-machine scheduler")
            with pytest.raises(RuntimeError, match="persisted by a dask client that is closed"):
                SoftmaxRegression().fit(dX, dy)


@pytest.mark.parametrize("at", ["a question", "the time between questions"])
def test_a_client_that_is_closed_during_the_fit_is_named(table, monkeypatch, at):
    from sk_softmax.parts.dask_workers import WorkerParts

    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        asked = Asked(client, monkeypatch)
        if at == "a question":
            asked.before = lambda self: client.close() if self.questions == 2 else None
        else:
            ask = WorkerParts.ask

            def closing(self, question):
                if asked.questions == 2:
                    client.close()
                return ask(self, question)

            monkeypatch.setattr(WorkerParts, "ask", closing)
        model = SoftmaxRegression()
        with pytest.raises(RuntimeError, match="client was closed before the fit had ended"):
            model.fit(*(read_anew(values) for values in table))
        assert not hasattr(model, "coef_")


def test_a_client_without_workers_is_named(table, monkeypatch):
    from sk_softmax.parts import dask_clients

    monkeypatch.setattr(dask_clients, "PATIENCE", 0.2)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster),
        pytest.raises(RuntimeError, match=r"has no worker, .* cluster\.scale\(2\)"),
    ):
        SoftmaxRegression().fit(*(read_anew(values) for values in table))
