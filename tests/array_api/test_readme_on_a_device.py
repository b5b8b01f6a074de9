"""The README's example of rows on a device."""

import contextlib
import importlib
import io
import re
from pathlib import Path

import pytest
from sklearn import config_context
from sklearn.datasets import load_iris

from sk_softmax import SoftmaxRegression

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("name", ["torch", "array_api_strict"])
def test_it_runs(name):
    """With the library that it names, or with the strict one in its place."""
    library = pytest.importorskip(name)
    (block,) = re.findall(r"```py\n(.*?)```", README.read_text(), flags=re.S)
    assert "import sklearn, torch\n" in block
    block = block.replace("import sklearn, torch\n", f"import sklearn, {name} as torch\n")
    names = {"load_iris": load_iris, "SoftmaxRegression": SoftmaxRegression}
    with config_context(), contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(block, str(README), "exec"), names)
    module, converged = printed.getvalue().split()
    assert importlib.import_module(module.partition(".")[0]) is library
    assert converged == "True"
