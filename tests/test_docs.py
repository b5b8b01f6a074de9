"""Every code block of the site runs and prints what the page shows, and no page forgets a name."""

import contextlib
import doctest
import importlib.util
import inspect
import io
import re
import warnings
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV

import sk_softmax
from sk_softmax import displays, functional, inference, solvers

DOCS = Path(__file__).parent.parent / "docs"
MADE = {"gallery", "generated"}
PAGES = sorted(p for p in DOCS.rglob("*.md") if not MADE & set(p.relative_to(DOCS).parts))
NAMES = [str(page.relative_to(DOCS)) for page in PAGES]
NEEDS = {"coming_from/pytorch.md": "torch"}
"""Libraries that the code of a page compares with and that the tests may do without."""

FENCED = re.compile(r"^(`{3,}|:{3,})([^\n`]*)\n(.*?)^\1\s*$", re.S | re.M)
CODE = re.compile(r"^```(pycon|\{code-cell\}.*?)\n(.*?)^```", re.S | re.M)
NOT_RUN = {"console", "text", ""}
"""Kinds of blocks without Python code."""


def blocks(page):
    """Return kind and text of each block of Python code of a page."""
    return [(kind.split()[0], text) for kind, text in CODE.findall(page.read_text())]


@contextlib.contextmanager
def shown_warnings():
    """Print warnings, as a session shows them, so that a page must show them too."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        # Deprecations between matplotlib and what it depends on are theirs to mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.showwarning = lambda message, category, *_: print(
            f"{category.__name__}: {message}"
        )
        yield


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NAMES if "```pycon" in (DOCS / n).read_text()])
def test_the_code_of_a_page_prints_what_the_page_shows(name, tmp_path, monkeypatch):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    monkeypatch.chdir(tmp_path)
    parser, namespace = doctest.DocTestParser(), {"__name__": "__main__"}
    sessions = [text for kind, text in blocks(DOCS / name) if kind == "pycon"]
    examples = [e for text in sessions for e in parser.get_examples(text)]
    test = doctest.DocTest(examples, namespace, name, name, 0, "")
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    report = io.StringIO()
    with shown_warnings():
        result = doctest.DocTestRunner(optionflags=flags).run(test, out=report.write)
    assert result.failed == 0, report.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in NAMES if "{code-cell}" in (DOCS / n).read_text()])
def test_the_cells_of_a_notebook_run(name, tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    monkeypatch.chdir(tmp_path)
    namespace: dict = {"__name__": "__main__"}
    warnings.simplefilter("ignore", DeprecationWarning)
    for kind, text in blocks(DOCS / name):
        if kind == "{code-cell}":
            text = re.sub(r"\A(:.*\n)+", "", text)  # tags
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(text, name, "exec"), namespace)
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("name", NAMES)
def test_no_block_of_python_is_left_out(name):
    kinds = {kind.strip() for _, kind, _ in FENCED.findall((DOCS / name).read_text())}
    plain = {kind for kind in kinds if not kind.startswith("{")}
    assert plain <= NOT_RUN | {"pycon"}


@pytest.mark.parametrize("module", [sk_softmax, solvers, inference, displays, functional])
def test_the_reference_names_everything_public_and_each_shows_an_example(module):
    reference = (DOCS / "api" / "index.rst").read_text()
    listed = set(re.findall(r"^(?:   |\.\. py:data:: )(\w+)$", reference, re.M))
    for name in module.__all__:
        thing = getattr(module, name)
        if name == "__version__" or inspect.ismodule(thing):
            continue
        assert name in listed
        assert not callable(thing) or ">>> " in inspect.getdoc(thing)


def first_column(page, heading):
    """Return the code in the first cells of the table below a heading."""
    text = (DOCS / page).read_text()
    section = re.split(r"^#+ ", text.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    rows = re.findall(r"^\| (.*?) \|", section, re.M)[1:]
    return {name for row in rows for name in re.findall(r'`"?([\w.-]+)"?`', row)}


@pytest.mark.parametrize("theirs", [LogisticRegression, LogisticRegressionCV])
def test_the_tables_say_what_becomes_of_every_argument(theirs):
    told = first_column("coming_from/logistic_regression.md", f"Arguments of `{theirs.__name__}`")
    assert set(inspect.signature(theirs).parameters) <= told


def test_the_guide_says_when_to_use_every_solver():
    assert set(solvers.SOLVERS) == first_column("guide/solvers.md", "Which one when")


def test_the_citation_is_of_this_version():
    citation = (DOCS.parent / "CITATION.cff").read_text()
    assert re.search(r"^version: (.*)$", citation, re.M)[1] == sk_softmax.__version__


@pytest.fixture(scope="module")
def checker():
    """The module that checks a built site."""
    path = DOCS.parent / ".ci" / "site.py"
    spec = importlib.util.spec_from_file_location("checked_site", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "loads https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="//fonts.example/f.css">', "loads //fonts.example/f.css"),
        ('<a href="nowhere.html">', "refers to nowhere.html, which does not exist"),
        ('<a href="other.html#gone">', "refers to other.html#gone, which has no such place"),
        ('<a href="other.html#here"> <a href="https://example.org/">', None),
    ],
)
def test_a_site_that_loads_from_elsewhere_or_links_nowhere_is_found_out(
    checker, tmp_path, line, fault
):
    (tmp_path / "page.html").write_text(line)
    (tmp_path / "other.html").write_text('<p id="here">')
    found = checker.faults(tmp_path)
    assert [text.partition(" ")[2] for text in found] == ([fault] if fault else [])


def test_a_style_that_loads_from_elsewhere_is_found_out(checker, tmp_path):
    (tmp_path / "style.css").write_text(
        '@import "https://cdn.example/y.css"; p {background: url(x.png)}'
    )
    assert len(checker.faults(tmp_path)) == 1
