"""The hour's lesson: the same links in both places, its numbers, and played through."""

import re
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from explore.conftest import settle

from sk_softmax.explore.gradient_numbers import gradient_numbers
from sk_softmax.explore.laboratory import Laboratory
from sk_softmax.explore.parts import path_part
from sk_softmax.explore.view import view_of

LESSON = Path(__file__).parent.parent.parent / "examples" / "lesson.md"
LINKS = re.findall(r"\*\*\[(.*?)\]\(http://127.0.0.1:8765/\?(.*?)\)\*\*", LESSON.read_text())
THEMES = ["One neuron", "One gradient step in numbers", "Full batch against minibatches"]
THEMES += ["Momentum", "The penalty", "Three classes and more"]


def steps_of_the_page():
    text = (resources.files("sk_softmax.explore") / "page" / "lesson.js").read_text()
    return re.findall(r'\["(.*?)",\s+"\?(.*?)",', text)


def view_behind(title):
    query = dict(LINKS)[title]
    return view_of(dict(pair.split("=") for pair in query.split("&")))


@pytest.fixture(scope="module")
def laboratory():
    return Laboratory()


@pytest.fixture(autouse=True)
def bundled_cars(monkeypatch):
    monkeypatch.delenv("SK_SOFTMAX_DATA", raising=False)


def values_of(laboratory, title, **changes):
    """The loss after each iteration of each solver of a view, and the scene."""
    view = view_of({**dict(p.split("=") for p in dict(LINKS)[title].split("&")), **changes})
    scene = laboratory.scene(view)
    values = {}
    for name in view.solvers:
        part = path_part(name, view, scene, laboratory.path(name, view, scene))
        steps = zip(part["iterations"], part["values"], strict=True)
        values[name] = [value for at, value in steps if at == int(at)]
    return values, scene


def test_the_lesson_is_an_hour_on_six_themes():
    headings = re.findall(r"^## \d\. (.*) \((\d+) minutes\)$", LESSON.read_text(), flags=re.M)
    assert [theme for theme, _ in headings] == THEMES
    assert sum(int(minutes) for _, minutes in headings) == 60


def test_the_page_and_the_text_have_the_same_links():
    assert len(LINKS) >= 15
    assert steps_of_the_page() == LINKS


def test_one_step_is_as_the_text_says(laboratory):
    view = view_behind("One step")
    scene = laboratory.scene(view)
    path = laboratory.path("gd", view, scene)
    start = gradient_numbers(view, scene.rows, path.params[0])
    np.testing.assert_allclose(start.total[:, 0], [-0.3399, 0.1667], atol=5e-5)
    np.testing.assert_allclose(path.params[1], [[0.3399, -0.1667]], atol=5e-5)
    values, _ = values_of(laboratory, "One step")
    np.testing.assert_allclose(values["gd"], [0.6931, 0.5679], atol=5e-5)


def test_the_descent_of_the_lecture_ends_as_the_text_says(laboratory):
    values, scene = values_of(laboratory, "The lecture's five numbers")
    assert values["gd"][-1] == pytest.approx(0.0769, abs=5e-5)
    assert scene.plane.pair == ((0, 2), (0, 3))


def test_learning_rates_behave_as_the_text_says(laboratory):
    name = "Too small a step, too large a step"
    small = values_of(laboratory, name)[0]["gd"]
    quick, scene = values_of(laboratory, name, learning_rate="10")
    large = values_of(laboratory, name, learning_rate="18")[0]["gd"]
    best = float(scene.best.objective(scene.rows.X, scene.rows.y))
    assert small[-1] > 0.7 * small[0]
    assert (np.diff(small) < 0).all()
    assert quick["gd"][-1] < 1.1 * best
    assert (np.diff(large) > 0).sum() > 10


def test_minibatches_are_ahead_and_tremble_and_of_all_rows_they_are_the_full_batch(laboratory):
    name = "Full batch against minibatches"
    values, scene = values_of(laboratory, name)
    assert values["sgd"][1] < values["gd"][10]
    assert -(-len(scene.rows.X) // 8) == 38
    assert (np.diff(values["sgd"][5:]) > 0).any()
    whole, _ = values_of(laboratory, name, batch_size="400")
    np.testing.assert_allclose(whole["sgd"], whole["gd"], rtol=1e-6)


def test_the_numbers_of_the_narrow_valley(laboratory):
    values, _ = values_of(laboratory, "A narrow valley")
    assert values["gd"][-1] == pytest.approx(0.526, abs=5e-4)
    assert values["momentum"][-1] == pytest.approx(0.294, abs=5e-4)
    values, _ = values_of(laboratory, "RMSprop and Adam")
    assert values["rmsprop"][1] == pytest.approx(0.915, abs=5e-4)
    assert values["adam"][-1] == pytest.approx(0.232, abs=5e-4)
    values, _ = values_of(laboratory, "Curvature")
    assert len(values["newton"]) == 8
    assert values["newton"][-1] == pytest.approx(values["lbfgs"][-1], rel=1e-5)


def test_the_numbers_of_the_penalty(laboratory):
    for C, slope in (("0.01", 0.386), ("1", 4.16), ("inf", 15.8)):
        _, scene = values_of(laboratory, "A penalty draws to zero", C=C)
        assert scene.best.coef_[0, 0] == pytest.approx(slope, rel=5e-3)
    _, scene = values_of(laboratory, "Absolute values set weights to zero")
    np.testing.assert_array_equal(scene.best.coef_[0, :3], 0)
    assert scene.best.coef_[0, 3] == pytest.approx(1.316, abs=5e-4)
    _, scene = values_of(laboratory, "Absolute values set weights to zero", l1_ratio="0")
    assert (np.abs(scene.best.coef_) > 0.1).sum() == 3
    _, scene = values_of(laboratory, "No penalty and no optimum")
    assert not scene.best.converged_


def test_each_row_of_the_gradient_of_three_classes_adds_up_to_zero(laboratory):
    view = view_behind("Three classes")
    scene = laboratory.scene(view)
    numbers = gradient_numbers(view, scene.rows, laboratory.path("gd", view, scene).params[3])
    np.testing.assert_allclose(numbers.data.sum(axis=1), 0, atol=1e-12)
    assert np.abs(numbers.data).max() > 0.01


def test_the_lesson_is_played_through(opened):
    page = opened()
    page.click("#show-lesson")
    assert page.locator("#lesson-step option").count() == len(LINKS)
    for i, (title, query) in enumerate(LINKS):
        if i:
            page.evaluate("document.body.dataset.busy = 'yes'")
            page.click("#lesson-next")
        settle(page)
        assert page.inner_text("#lesson-step option:checked") == f"{i + 1}. {title}"
        assert len(page.inner_text("#lesson-text")) > 50
        assert page.url.split("?")[1] == query, title
        assert page.locator(".why:visible").count() == 0, title
        assert page.locator("#banner:visible").count() == 0, title
        assert page.inner_text("#solver-notes") == "", title
        assert page.locator("#now tbody tr").count() == len(view_behind(title).solvers), title
        play(page, title)
        if title == "One valley":
            page.wait_for_selector("#relief canvas", state="attached")
        if title == "Ten digits":
            assert page.locator("#images canvas").count() == 10
            page.wait_for_selector("#gradient .pictures canvas")
    assert page.is_disabled("#lesson-next")


def play(page, title):
    """Play some steps and go to the end, where every solver has done all its steps."""
    page.click("#reset")
    last = int(page.get_attribute("#step", "max"))
    page.select_option("#speed", "20")
    page.click("#play")
    if last > 3:
        page.wait_for_selector("#play[aria-pressed=true]")
        while int(page.input_value("#step")) < 3:
            page.wait_for_timeout(30)
        if page.get_attribute("#play", "aria-pressed") == "true":
            page.click("#play")
    page.focus("#step")
    page.keyboard.press("End")
    assert page.input_value("#step") == str(last), title
    settle(page)
