"""Arrays of the array API where scikit-learn's dispatch is off, and a run of the tests of it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from on_device import place_of
from sklearn.datasets import load_iris

from sk_softmax import SoftmaxRegression
from sk_softmax.parts.device_arrays import compat, is_on_device, on_host

strict = place_of("strict:CPU_DEVICE").xp
FOLDER = Path(__file__).parents[1] / "array_api"


@pytest.mark.slow
def test_with_dispatch_in_a_process_of_its_own():
    """`SCIPY_ARRAY_API` has to be set before SciPy is imported."""
    if os.environ.get("SCIPY_ARRAY_API") == "1":
        pytest.skip("this process runs them itself")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", FOLDER]
    ran = subprocess.run(
        command,
        env=os.environ | {"SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-5000:]
    assert " passed" in ran.stdout


def test_arrays_that_numpy_can_read_are_read_by_numpy():
    X, y = load_iris(return_X_y=True)
    expected = SoftmaxRegression().fit(X, y)
    found = SoftmaxRegression().fit(strict.asarray(X), strict.asarray(y))
    np.testing.assert_array_equal(found.coef_, expected.coef_)
    assert isinstance(found.predict(strict.asarray(X)), np.ndarray)


def test_arrays_that_numpy_cannot_read_are_an_error_that_names_the_setting():
    X, y = load_iris(return_X_y=True)
    there = strict.asarray(X, device=strict.Device("device1"))
    message = r"set_config\(array_api_dispatch=True\), after SCIPY_ARRAY_API=1"
    with pytest.raises(TypeError, match=message):
        SoftmaxRegression().fit(there, y)
    with pytest.raises(TypeError, match=message):
        SoftmaxRegression().fit(X, y).predict(there)


def test_without_array_api_compat_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "array_api_compat", None)
    with pytest.raises(ImportError, match=r"pip install 'sk-softmax\[array-api\]'"):
        compat()


def test_nothing_is_imported_to_recognise_an_array(monkeypatch):
    monkeypatch.setitem(sys.modules, "array_api_compat", None)
    pandas = pytest.importorskip("pandas")
    for array in (np.ones(3), np.float64(1), [1.0], "text", None, pandas.DataFrame([[1.0]])):
        assert not is_on_device(array)
    assert on_host([1.0, 2.0]).tolist() == [1.0, 2.0]
    assert is_on_device(strict.asarray([1.0]))
