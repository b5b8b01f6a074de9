"""Tests with scikit-learn's array API dispatch, which needs a variable before SciPy is imported.

    SCIPY_ARRAY_API=1 python -m pytest tests/array_api

`tests/estimators/test_without_dispatch.py` runs them so in a process of its own.
"""

import os

import pytest
import sklearn


@pytest.fixture(autouse=True)
def dispatch():
    if os.environ.get("SCIPY_ARRAY_API") != "1":
        pytest.skip("scikit-learn's array API dispatch needs SCIPY_ARRAY_API=1")
    pytest.importorskip("array_api_compat")
    pytest.importorskip("array_api_strict")
    with sklearn.config_context(array_api_dispatch=True):
        yield
