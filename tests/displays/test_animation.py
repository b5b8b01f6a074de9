"""An animation of paths: what each frame shows, and that matplotlib alone saves it."""

import numpy as np
import pytest

from sk_softmax import SoftmaxRegression
from sk_softmax.displays import LossLandscapeDisplay

matplotlib = pytest.importorskip("matplotlib")
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # Deprecations between matplotlib and what it depends on are theirs to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
WHERE = {"parameters": ((0, 0), (0, -1)), "n_points": 8, "draw": False}


@pytest.fixture(scope="module")
def display():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 1)) + 1
    y = (X[:, 0] + rng.logistic(size=60) > 1).astype(int)
    paths = {}
    for solver, n_iter in (("gd", 12), ("newton-cholesky", 5)):
        model = SoftmaxRegression(solver=solver, max_iter=n_iter, tol=1e-12, keep_path=True)
        paths[solver] = model.fit(X, y, coef_init=[[-2.0]]).path_
    return LossLandscapeDisplay.from_estimator(model, X, y, paths=paths, **WHERE)


def begun(animation):
    """The animation with its first frame drawn: without that it warns when it is deleted."""
    animation._init_draw()
    return animation


def frames_of(animation):
    return list(animation.new_frame_seq())


def test_paths_grow_in_step_and_the_shorter_waits(display):
    animation = begun(display.animate())
    longest, shorter = (len(path) for path in display.paths.values())
    assert longest > shorter
    assert frames_of(animation) == list(range(longest))
    for step in (0, 3, longest - 1):
        animation._draw_frame(step)
        for line, path in zip(display.lines_, display.paths.values(), strict=True):
            np.testing.assert_array_equal(line.get_xydata(), path[: step + 1])
        heads = display.ax_.lines[-2:]
        for head, path in zip(heads, display.paths.values(), strict=True):
            np.testing.assert_array_equal(head.get_xydata(), path[[min(step, len(path) - 1)]])
        assert f"iteration {step}" in [text.get_text() for text in display.ax_.texts]


def test_long_paths_have_as_many_frames_as_asked_for(display):
    animation = begun(display.animate(n_frames=4))
    longest = max(map(len, display.paths.values()))
    frames = frames_of(animation)
    assert len(frames) == 4
    assert (frames[0], frames[-1]) == (0, longest - 1)


@pytest.mark.slow
def test_a_gif_has_all_frames(display, tmp_path):
    image = pytest.importorskip("PIL.Image")  # matplotlib needs Pillow
    path = tmp_path / "paths.gif"
    display.animate(n_frames=5, interval=200).save(path, writer="pillow", dpi=40)
    with image.open(path) as picture:
        assert picture.format == "GIF"
        assert picture.n_frames == 5
        assert picture.info["duration"] == 200
        first = np.asarray(picture.convert("RGB")).astype(int)
        picture.seek(4)
        last = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(first - last).max() > 50


def test_html_has_buttons_and_needs_no_other_file(display):
    page = display.animate(n_frames=3).to_jshtml()
    assert page.count("data:image/png;base64") == 3
    assert "anim" in page
    assert "<button" in page


def test_in_given_axes_with_options_of_plot(display):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    begun(display.animate(n_frames=2, ax=ax, n_levels=5))
    assert display.ax_ is ax
    assert len(display.contour_.levels) <= 6


def test_nothing_to_animate(display):
    with pytest.raises(ValueError, match="n_frames=1 must be 2 or more"):
        display.animate(n_frames=1)
    empty = LossLandscapeDisplay(
        display.x, display.y, display.values, {}, display.labels, display.optimum
    )
    with pytest.raises(ValueError, match="There are no paths to animate"):
        empty.animate()
