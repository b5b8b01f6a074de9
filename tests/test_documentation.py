"""Every docstring's example and the README's code run and print what they say."""

import ast
import contextlib
import dataclasses
import doctest
import importlib
import inspect
import io
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sk_softmax

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(sk_softmax.__path__, "sk_softmax.")
    if not module.name.endswith("__main__")
)
README = Path(__file__).parent.parent / "README.md"


# Deprecations between matplotlib and what it depends on are theirs to mend.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


@pytest.mark.parametrize("name", sk_softmax.functional.__all__)
def test_every_function_shows_an_example_and_names_its_shapes(name):
    text = getattr(sk_softmax.functional, name).__doc__
    for section in ("Parameters", "Returns", "Examples"):
        assert section in text
    assert "shape" in text.lower()


@pytest.mark.parametrize("name", sk_softmax.solvers.SOLVERS)
def test_every_option_of_a_solver_is_documented_once_with_its_default(name):
    solver = sk_softmax.solvers.SOLVERS[name]
    section = re.search(
        r"^Parameters\n-+\n(.*?)(?=^\S+\n-+\n|\Z)", inspect.getdoc(solver), flags=re.S | re.M
    )
    entries = re.findall(r"^(\S.*) : .*default=(.+)\n    \S", section[1] if section else "", re.M)
    documented = [(option, ast.literal_eval(default)) for option, default in entries]
    assert documented == [(field.name, field.default) for field in dataclasses.fields(solver)]


def test_the_number_of_iterations_of_every_solver_is_documented():
    text = inspect.getdoc(sk_softmax.SoftmaxRegression)
    entry = re.search(r"^max_iter : .*?\n(?=\S)", text, flags=re.S | re.M)[0]
    groups = re.findall(
        r"([\d,]+)(?: epochs)? for (.*?)(?=, [\d,]+ for|, and [\d,]+ epochs|\. )",
        " ".join(entry.split()),
    )
    documented = {
        name: int(number.replace(",", ""))
        for number, names in groups
        for name in re.findall(r'``"(.+?)"``', names)
    }
    solvers = sk_softmax.solvers.SOLVERS
    assert documented == {name: make().default_max_iter for name, make in solvers.items()}


@pytest.mark.slow
def test_solvers_are_made_where_docstrings_are_stripped():
    code = "from sk_softmax.solvers import Adam; print(Adam(shuffle=False).get_params())"
    command = [sys.executable, "-OO", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ast.literal_eval(result.stdout) == sk_softmax.solvers.Adam(shuffle=False).get_params()


def test_the_readme_prints_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```(python|text)\n(.*?)```", README.read_text(), flags=re.S)
    assert any(kind == "python" for kind, _ in blocks)
    namespace: dict = {}
    printed = ""
    for kind, block in blocks:
        if kind == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block, str(README), "exec"), namespace)
            printed = out.getvalue()
        elif printed:
            assert printed.strip() == block.strip()
            printed = ""
    assert printed == "", "the last block prints something that the README does not show"


def test_ci_runs_the_two_commands_of_the_readme():
    commands = re.search(r"```console\n(.*?)```", README.read_text(), flags=re.S).group(1)
    ci = (README.parent / ".ci" / "run").read_text().splitlines()
    assert len(commands.splitlines()) == 2
    for command in commands.splitlines():
        assert command in ci
