"""Every example runs, in a folder of its own, and shows what it promises."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOWN = {
    "iris_virginica_by_gradient_descent.py": ["0.126957", "5.53844134", "98.0 %"],
    "digits_with_coefficient_images.py": ["accuracy on 450 others: 0.9", "taken for a"],
    "mnist_by_minibatches.py": [
        "epoch 25",
        "accuracy 9",
        "10 epochs from normal numbers",
        "minibatch_mistakes.png",
    ],
    "softmax_and_a_gradient_step_in_numbers.py": ["0.9335", "1.4979", "path_[1]"],
    "loss_surface_and_paths.py": [
        "turns back",
        "accuracy of the dividing line: 0.9",
        "loss_surface.gif",
    ],
    "soft_labels_from_annotators.py": [
        "majority vote",
        "shares of the votes",
        "probable true labels",
    ],
    "streaming_a_large_file.py": ["MB of memory in use", "before learning from it 0."],
    "few_features_and_the_right_penalty.py": [
        "in the order of entry: proline",
        "within one standard error",
        "in groups: ",
        "drew wine_path.png",
    ],
    "election_study_with_intervals.py": [
        "2.0701",
        "257.0274",
        "by 7.9 (95 % interval 6.0 to 10.5)",
        "drew election_study.png",
    ],
    "choosing_C_in_a_pipeline.py": ["<- chosen", "log loss on rows never seen"],
}
LONGEST = {  # above two seconds each
    "iris_virginica_by_gradient_descent.py",
    "loss_surface_and_paths.py",
    "few_features_and_the_right_penalty.py",
    "streaming_a_large_file.py",
    "digits_with_coefficient_images.py",
    "mnist_by_minibatches.py",
    "election_study_with_intervals.py",
    "choosing_C_in_a_pipeline.py",
    "soft_labels_from_annotators.py",
}


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """``output(name)``: what an example prints when run in a folder of its own, once."""

    without_data = {k: v for k, v in os.environ.items() if k != "SK_SOFTMAX_DATA"}

    @cache
    def run(name):
        # Deprecations between matplotlib and what it depends on are theirs to mend.
        strict = ["-W", "error", "-W", "ignore::DeprecationWarning"]
        result = subprocess.run(
            [sys.executable, *strict, EXAMPLES / name],
            cwd=tmp_path_factory.mktemp("example"),
            # Bundled data, whatever else is at hand: test_full_data.py has the rest.
            env={**without_data, "MPLBACKEND": "Agg"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def test_no_example_is_forgotten():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] if n in LONGEST else []) for n in SHOWN],
)
def test_example_shows_what_it_promises(name, output):
    for text in SHOWN[name]:
        assert text in output(name)


@pytest.mark.slow
def test_the_lecture_and_ours_agree_line_by_line(output):
    lines = output("iris_virginica_by_gradient_descent.py").splitlines()
    numbers = [line.split()[-2:] for line in lines if "at step" in line or "at 5000 " in line]
    assert len(numbers) == 13
    assert all(lecture == ours for lecture, ours in numbers)


def test_the_small_numbers_are_the_lectures(output):
    text, _, step = output("softmax_and_a_gradient_step_in_numbers.py").partition("\nloss ")
    lines = text.splitlines()[1:]
    assert len(lines) == 14
    for line in lines:
        assert line[44:78].split() == line[78:].split(), line
    steps = [line.split()[-2:] for line in step.splitlines()[2:]]
    assert len(steps) == 15
    assert all(by_hand == ours for by_hand, ours in steps)


@pytest.mark.slow
def test_where_the_weights_begin_hardly_matters(output):
    lines = output("mnist_by_minibatches.py").splitlines()
    losses = [float(re.search(r"loss ([0-9.]+)", line)[1]) for line in lines if "epochs" in line]
    assert losses[0] == pytest.approx(losses[1], rel=0.01)
    assert losses[0] != losses[1]


@pytest.mark.slow
def test_the_paths_are_what_the_text_says_of_them(output):
    lines = output("loss_surface_and_paths.py").splitlines()[1:5]
    names = ["full batch", "minibatches of 16", "momentum 0.9", "RMSprop"]
    assert [line[:18].strip() for line in lines] == names
    turns = {name: int(line[18:].split()[0]) for name, line in zip(names, lines, strict=True)}
    above = {name: float(line[18:].split()[1]) for name, line in zip(names, lines, strict=True)}
    assert turns["full batch"] == 0, "goes straight down, then creeps along"
    assert turns["minibatches of 16"] > 5, "turns back again and again"
    assert turns["momentum 0.9"] > 1, "swings to and fro"
    assert min(above, key=above.get) == "minibatches of 16", "get furthest"


def test_probable_labels_are_worth_more_than_a_majority(output):
    lines = output("soft_labels_from_annotators.py").splitlines()
    losses = {line[:28].strip(): float(line.split()[-1]) for line in lines[4:]}
    assert losses["the true labels"] < losses["probable true labels"] < losses["majority vote"]


@pytest.mark.slow
def test_streaming_takes_far_less_memory_than_the_file(output):
    lines = output("streaming_a_large_file.py").splitlines()
    file, memory = (float(re.search(r"([0-9.]+) MB", line)[1]) for line in lines[:2])
    assert memory < file / 2
