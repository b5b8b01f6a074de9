"""What is printed and shown holds the numbers, and says what a reader has to know."""

import pickle
import re
import subprocess
import sys
from html import unescape

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sk_softmax import SoftmaxRegression


@pytest.fixture(scope="module")
def ours(election, election_fit):
    return election_fit.inference(*election)


def test_one_block_a_class_with_all_columns(ours, capsys):
    print(ours)
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert len({len(line) for line in lines if line.startswith("---")}) == 1
    for outcome, row in zip(ours.outcomes, ours.coef, strict=True):
        start = lines.index(f"{outcome} against 0")
        block = lines[start + 2 : start + 2 + len(ours.columns)]
        assert [line.split()[0] for line in block] == list(ours.columns)
        coefficients = [float(line.split()[1]) for line in block]
        assert_allclose(coefficients, row, atol=1e-4, rtol=1e-3)
    for fact in ("944", "36", "-1461.9227", "-1750.3467", "0.16478", "2995.8455", "3170.4500"):
        assert fact in printed
    assert printed == str(ours.summary()) + "\n"


def cells_of(inference, number):
    """The cells of one column of coefficients in the first block."""
    return inference.summary().tables[0].cells[number]


def test_coefficients_of_any_unit_show_four_digits_of_their_error(draw, infer):
    X, y = draw(3, 60)
    usual = infer(X, y)
    for factor in (1e12, 1e7, 1e-8, 1e-140):
        scaled = infer(X * [factor, 1, 1, 1], y)
        coef, std_err, z, p, low, high = cells_of(scaled, 0)
        assert (z, p) == cells_of(usual, 0)[2:4]
        assert max(map(len, (coef, std_err, low, high))) <= 12
        wanted = usual.coef[0, 0] / factor, usual.std_err[0, 0] / factor
        assert_allclose([float(coef), float(std_err)], wanted, atol=1e-3 * wanted[1])
        assert cells_of(scaled, 1) == cells_of(usual, 1)


def test_html_holds_the_same_cells(ours):
    text, page = str(ours), ours._repr_html_()
    assert page == ours.summary()._repr_html_()
    cells = re.findall(r"<td>(.*?)</td>", page)
    assert page.count("<table>") == 1 + len(ours.outcomes)
    assert all(unescape(cell) in text for cell in cells)
    assert len(re.findall("<tr>", page)) == len(re.findall("</tr>", page))


def test_html_scrolls_in_its_own_box_in_the_colours_of_the_page(ours):
    page = ours._repr_html_()
    style = page[page.index("<style>") : page.index("</style>")]
    assert all("sk-softmax-summary" in rule for rule in style.split("}")[:-1])
    assert "color" not in style
    start, end = page.index('<div class="sk-softmax-summary">'), page.index("</div>")
    assert page[start:end].count("<table>") == page.count("<table>")


def test_names_cannot_break_the_page(draw, infer):
    import pandas as pd

    X, y = draw(3, 60)
    frame = pd.DataFrame(X, columns=["<b>", "a & b", "c", "d"])
    page = infer(frame, np.array(["<i>", "x", "y"])[y])._repr_html_()
    assert "<td>&lt;b&gt;</td>" in page
    assert "a &amp; b" in page
    assert "<i>" not in page


def test_what_is_no_likelihood_is_not_shown(election, election_fit):
    clustered = election_fit.inference(
        *election, covariance="cluster", groups=np.arange(944) // 10, small_sample="stata"
    )
    text = str(clustered)
    assert "AIC" not in text
    assert "Log pseudolikelihood" in text
    assert "Clusters" in text
    assert "factor as in Stata" in text


def test_frames(ours):
    frame = ours.to_frame()
    assert frame.index.names == ["class", "column"]
    assert list(frame.columns) == ["coef", "std_err", "z", "p_value", "low", "high"]
    for name in ("coef", "std_err", "z", "p_value"):
        assert_allclose(frame[name], getattr(ours, name).ravel())
    assert_allclose(frame.loc[(6, "educ"), "coef"], ours.coef[5, 3])
    covariance = ours.covariance.to_frame()
    assert_allclose(covariance.loc[(6, "educ"), (6, "educ")], ours.std_err[5, 3] ** 2, rtol=1e-10)


def test_ratios_have_the_name_of_their_number_of_classes(ours, spector, infer):
    found = ours.odds_ratios(level=0.9)
    assert found.name == "relative risk ratio"
    assert_allclose(found.ratio, np.exp(ours.coef))
    assert_allclose(found.low, np.exp(ours.conf_int(0.9)[..., 0]))
    assert_allclose(found.high, np.exp(ours.conf_int(0.9)[..., 1]))
    assert list(found.to_frame().columns) == ["relative risk ratio", "low", "high"]
    assert infer(*spector).odds_ratios().name == "odds ratio"


def test_an_inference_can_be_stored(ours, election):
    copy = pickle.loads(pickle.dumps(ours))
    assert str(copy) == str(ours)
    assert_allclose(
        copy.predict_interval(election.X[:3]).low, ours.predict_interval(election.X[:3]).low
    )
    clustered = ours.estimate.coordinates.n_parameters  # numbers grow with these, not with rows
    groups = np.repeat(np.arange(8), 118)
    stored = pickle.dumps(
        SoftmaxRegression(C=np.inf)
        .fit(*election)
        .inference(*election, covariance="cluster", groups=groups)
    )
    assert len(stored) < 8 * clustered**2 + 6000 < 8 * clustered**2 + groups.nbytes


@pytest.mark.slow
def test_pandas_and_matplotlib_are_imported_only_where_asked_for():
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('pandas', 'matplotlib', 'statsmodels'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import numpy as np, sk_softmax\n"
        "X = np.random.default_rng(0).normal(size=(90, 2)); y = np.arange(90) % 3\n"
        "i = sk_softmax.SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y)\n"
        "str(i), i._repr_html_(), i.feature_tests(), str(i.marginal_effects(X))\n"
        "print(i.coef.shape)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "(2, 3)"


def test_without_pandas_the_error_says_what_to_install(ours, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        ours.to_frame()


def test_two_classes_have_one_block(spector):
    text = str(SoftmaxRegression(C=np.inf).fit(*spector).inference(*spector))
    assert text.count("against") == 1
    assert "1 against 0" in text
