"""Every example runs, in a folder of its own, and shows what it promises."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOWN = {
    "iris_virginica_by_gradient_descent.py": ["0.126957", "5.53844134", "98.0 %"],
    "digits_with_coefficient_images.py": ["accuracy on 450 others: 0.9", "taken for a"],
    "choosing_C_in_a_pipeline.py": ["<- chosen", "log loss on rows never seen"],
}


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """``output(name)``: what an example prints when run in a folder of its own, once."""

    @cache
    def run(name):
        # Deprecations between matplotlib and what it depends on are theirs to mend.
        strict = ["-W", "error", "-W", "ignore::DeprecationWarning"]
        result = subprocess.run(
            [sys.executable, *strict, EXAMPLES / name],
            cwd=tmp_path_factory.mktemp("example"),
            env={**os.environ, "MPLBACKEND": "Agg"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def test_no_example_is_forgotten():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_example_shows_what_it_promises(name, output):
    for text in SHOWN[name]:
        assert text in output(name)


def test_the_lecture_and_ours_agree_line_by_line(output):
    lines = output("iris_virginica_by_gradient_descent.py").splitlines()
    numbers = [line.split()[-2:] for line in lines if "at step" in line or "at 5000 " in line]
    assert len(numbers) == 13
    assert all(lecture == ours for lecture, ours in numbers)
