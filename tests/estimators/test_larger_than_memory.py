"""Rows that memory does not hold: a limit of address space, and what a mapped file takes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sk_softmax import SoftmaxRegression

MEBIBYTE = 2**20
N_FEATURES, N_CLASSES, AT_ONCE = 40, 3, 12_500

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="there is no /proc to read memory from"
)


def written(folder, n_bytes):
    """Rows of float64 in a file of so many bytes, X.npy, and labels in y.npy."""
    n_rows = n_bytes // (8 * N_FEATURES)
    rng = np.random.default_rng(0)
    coef = rng.normal(size=(N_FEATURES, N_CLASSES)) / np.sqrt(N_FEATURES)
    X = np.lib.format.open_memmap(folder / "X.npy", "w+", np.float64, (n_rows, N_FEATURES))
    labels = np.empty(n_rows, dtype=np.int8)
    for first in range(0, n_rows, AT_ONCE):
        rows = X[first : first + AT_ONCE]
        rows[:] = rng.normal(size=rows.shape)
        logits = 2 * rows @ coef + rng.gumbel(size=(len(rows), N_CLASSES))
        labels[first : first + AT_ONCE] = logits.argmax(axis=1)
    X.flush()
    np.save(folder / "y.npy", labels)
    return folder


BEGIN = """
import re, resource, sys, threading
import numpy as np
from sk_softmax import Chunks, SoftmaxRegression

folder, n_features, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
y = np.load(folder + "/y.npy")

def memory(name):
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024

rng = np.random.default_rng(0)
few = rng.normal(size=(at_once, n_features))  # what is imported and allocated once
SoftmaxRegression(n_jobs=1).fit(few, np.arange(at_once) % 3)
SoftmaxRegression(n_jobs=1).fit(Chunks([(few, np.arange(at_once) % 3)]))
"""

# Not mapped: a map of the file would need as much address space as its size.
LIMITED = (
    BEGIN
    + """
def read():
    with open(folder + "/X.npy", "rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        for first in range(0, len(y), at_once):
            labels = y[first : first + at_once]
            rows = np.fromfile(file, np.float64, len(labels) * n_features)
            yield rows.reshape(len(labels), n_features), labels

limit = memory("VmSize") + int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    np.load(folder + "/X.npy")
except MemoryError:
    print("not in memory")
model = SoftmaxRegression(n_jobs=1, tol=1e-10).fit(Chunks(read))
np.savez(folder + "/found.npz", coef=model.coef_, value=model.loss_curve_[-1])
"""
)

MAPPED = (
    BEGIN
    + """
X = np.load(folder + "/X.npy", mmap_mode="r")
ended, peak = threading.Event(), 0

def watch():
    global peak
    while not ended.wait(1e-3):
        peak = max(peak, memory("RssAnon"))

before, of_files = memory("RssAnon"), memory("RssFile") + memory("RssShmem")
watcher = threading.Thread(target=watch)
watcher.start()
SoftmaxRegression(n_jobs=1).fit(X, y)
ended.set()
watcher.join()
print(peak - before, memory("RssFile") + memory("RssShmem") - of_files)
before = memory("RssAnon")
copy = np.array(X)
print(memory("RssAnon") - before)
"""
)


def run(script, folder, *arguments):
    command = [sys.executable, "-c", script, str(folder), str(N_FEATURES), str(AT_ONCE)]
    command += map(str, arguments)
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout.split("\n")


@pytest.fixture
def folder(tmp_path):
    """Emptied at once: pytest keeps the folders of three runs."""
    yield tmp_path
    for path in tmp_path.iterdir():
        path.unlink()


@needs_proc
def test_a_file_of_four_times_the_memory_there_is(folder):
    limit = 64 * MEBIBYTE
    written(folder, 4 * limit)
    assert "not in memory" in run(LIMITED, folder, limit)
    X, y = np.load(folder / "X.npy", mmap_mode="r"), np.load(folder / "y.npy")
    expected = SoftmaxRegression(tol=1e-10).fit(X, y)
    with np.load(folder / "found.npz") as found:
        assert found["value"] == pytest.approx(expected.loss_curve_[-1], rel=1e-9)
        np.testing.assert_allclose(found["coef"], expected.coef_, rtol=0, atol=2e-5)


@needs_proc
def test_a_mapped_file_takes_little_memory_of_its_own(folder):
    n_bytes = 200 * MEBIBYTE
    written(folder, n_bytes)
    of_fit, of_copy, *_ = run(MAPPED, folder)
    private, of_file = map(int, of_fit.split())
    assert private < 64 * MEBIBYTE
    assert of_file > 0.9 * n_bytes  # it was read where it is, in pages that can be dropped
    assert int(of_copy) > 0.9 * n_bytes  # a copy would be seen
