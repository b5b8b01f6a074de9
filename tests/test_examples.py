"""Every example runs, in a folder of its own, and shows what it promises."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOWN = {
    "iris_virginica_by_gradient_descent.py": ["0.126957", "5.53844134", "98.0 %"],
    "digits_with_coefficient_images.py": ["accuracy on 450 others: 0.9", "taken for a"],
    "choosing_C_in_a_pipeline.py": ["<- chosen", "log loss on rows never seen"],
}


def test_no_example_is_forgotten():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize("name", SHOWN)
def test_example(name, tmp_path):
    result = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", EXAMPLES / name],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    for text in SHOWN[name]:
        assert text in result.stdout


def test_the_lecture_and_ours_agree_line_by_line(tmp_path):
    out = subprocess.run(
        [sys.executable, EXAMPLES / "iris_virginica_by_gradient_descent.py"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    numbers = [line.split()[-2:] for line in out.splitlines() if "at step" in line]
    numbers += [line.split()[-2:] for line in out.splitlines() if "at 5000 " in line]
    assert len(numbers) == 13
    assert all(lecture == ours for lecture, ours in numbers)
