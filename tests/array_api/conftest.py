"""Tests with scikit-learn's array API dispatch, which needs a variable before SciPy is imported.

    SCIPY_ARRAY_API=1 python -m pytest tests/array_api

`tests/estimators/test_without_dispatch.py` runs them so in a process of its own.
"""

import os

import pytest
import sklearn

from sk_softmax.estimators.input import dispatch as dispatch_of_arrays


@pytest.fixture(autouse=True)
def dispatch():
    if os.environ.get("SCIPY_ARRAY_API") != "1":
        pytest.skip("scikit-learn's array API dispatch needs SCIPY_ARRAY_API=1")
    try:
        context = sklearn.config_context(array_api_dispatch=True)
        context.__enter__()
    except ImportError as error:  # SciPy before 1.14
        pytest.skip(str(error))
    yield
    context.__exit__(None, None, None)


@pytest.fixture
def in_no_host_memory(monkeypatch):
    """NumPy views no array: those that lie in the host's memory stand for those of a device."""
    monkeypatch.setattr(dispatch_of_arrays, "is_in_host_memory", lambda array: False)
