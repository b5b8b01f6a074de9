"""The page in a real browser, as a lecturer uses it."""

import io
import re
import time
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from explore.conftest import settle

from sk_softmax.explore.laboratory import Laboratory
from sk_softmax.explore.view import view_of

# What a plot of the page holds, by the name of the trace.
TRACE = """([plot, name]) => {
    const trace = document.getElementById(plot).data.find((one) => one.name === name);
    return trace && { x: [...trace.x], y: [...trace.y] };
}"""


# The red of all pixels of a canvas.
PAINTED = """(id) => {
    const canvas = document.getElementById(id);
    const { width, height } = canvas;
    const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    return [...pixels.filter((_, i) => i % 4 === 0)];
}"""


def trace(page, plot, name):
    return page.evaluate(TRACE, [plot, name])


def query_of(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def change(page, action):
    """Do something that asks for an answer, and wait until it is drawn."""
    page.evaluate("document.body.dataset.busy = 'yes'")
    action()
    settle(page)


def pixel_of(page, x, y):
    """The pixel of the window at which two parameters have these values."""
    return page.evaluate(
        """([x, y]) => {
            const plot = document.getElementById("contour");
            const { xaxis, yaxis } = plot._fullLayout;
            const box = plot.getBoundingClientRect();
            const left = box.left + xaxis._offset, top = box.top + yaxis._offset;
            return [left + xaxis.d2p(x), top + yaxis.d2p(y)];
        }""",
        [x, y],
    )


def cells_of(table):
    """The cells of each row of a table, numbers as floats."""

    def read(text):
        try:
            return float(text.replace("\N{MINUS SIGN}", "-"))
        except ValueError:
            return text

    rows = table.locator("tbody tr").all()
    return [[read(text) for text in row.inner_text().split("\t")] for row in rows]


# --- the start ----------------------------------------------------------------------------------


def test_a_click_at_any_pixel_is_the_start(opened):
    page = opened("solvers=gd,newton")
    # 0.7134 and -1.2345 are no points of the grid, whose steps are 0.17 and 0.11.
    u, v = pixel_of(page, 0.7134, -1.2345)
    change(page, lambda: page.mouse.click(u, v))
    start = query_of(page)
    assert float(start["start_x"]) == pytest.approx(0.7134, abs=0.015)  # half a pixel
    assert float(start["start_y"]) == pytest.approx(-1.2345, abs=0.015)
    for name in ("gradient descent", "Newton"):
        path = trace(page, "contour", name)
        assert path["x"][0] == pytest.approx(float(start["start_x"]), abs=1e-6)
        assert path["y"][0] == pytest.approx(float(start["start_y"]), abs=1e-6)
    assert page.input_value("#start_x") == start["start_x"]


def test_the_start_is_dragged(opened):
    page = opened("solvers=gd")
    window = page.evaluate("document.getElementById('contour').layout.xaxis.range")
    u, v = pixel_of(page, 0, 0)
    page.mouse.move(u, v)
    page.mouse.down()
    for i in range(8):
        page.mouse.move(u + 12 * i, v + 3 * i)
    page.mouse.up()
    settle(page)
    path = trace(page, "contour", "gradient descent")
    end = page.evaluate(
        """([u, v]) => {
            const { xaxis, yaxis } = document.getElementById("contour")._fullLayout;
            const box = document.getElementById("contour").getBoundingClientRect();
            const left = box.left + xaxis._offset, top = box.top + yaxis._offset;
            return [xaxis.p2d(u - left), yaxis.p2d(v - top)];
        }""",
        [u + 84, v + 21],
    )
    assert [path["x"][0], path["y"][0]] == pytest.approx(end, abs=1e-3)
    assert page.evaluate("document.getElementById('contour').layout.xaxis.range") == window


def test_the_start_by_fields_and_by_keys(opened):
    page = opened("solvers=gd")
    change(page, lambda: page.fill("#start_x", "2.5"))
    assert trace(page, "contour", "gradient descent")["x"][0] == 2.5
    page.focus("#contour")
    change(page, lambda: page.keyboard.press("ArrowUp"))
    low, high = page.evaluate("document.getElementById('contour').layout.yaxis.range")
    expected = 0.02 * (high - low)
    assert trace(page, "contour", "gradient descent")["y"][0] == pytest.approx(expected, abs=1e-3)
    assert float(page.input_value("#start_y")) == pytest.approx(expected, abs=1e-3)


# --- sliders ------------------------------------------------------------------------------------


def test_a_slider_by_key_changes_field_address_and_path(opened):
    page = opened("solvers=gd")
    before = trace(page, "contour", "gradient descent")
    page.focus("#learning_rate-slider")
    change(page, lambda: page.keyboard.press("ArrowRight"))
    rate = query_of(page)["learning_rate"]
    assert float(rate) > 0.5
    assert page.input_value("#learning_rate") == rate
    after = trace(page, "contour", "gradient descent")
    # From zeros the first step is the learning rate times the same gradient.
    assert after["x"][1] / before["x"][1] == pytest.approx(float(rate) / 0.5, rel=1e-5)


def test_a_drag_ends_at_the_value_of_the_slider(opened):
    page = opened("solvers=gd,sgd")
    page.focus("#epochs-slider")
    for _ in range(9):
        page.keyboard.press("ArrowLeft")  # quicker than answers come
    deadline = time.monotonic() + 20
    while (
        len(trace(page, "contour", "gradient descent")["x"])
        != int(page.input_value("#epochs")) + 1
    ):
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    assert page.input_value("#epochs") == "1"
    assert len(trace(page, "contour", "minibatch SGD")["x"]) == 1 + 7


def test_an_impossible_value_is_explained_in_place(opened):
    page = opened()
    change(page, lambda: page.fill("#learning_rate", "-1"))
    why = page.locator("#learning_rate-why")
    assert "not a positive number" in why.inner_text()
    assert page.get_attribute("#learning_rate", "aria-invalid") == "true"
    assert page.get_attribute("#learning_rate", "aria-describedby") == "learning_rate-why"
    change(page, lambda: page.fill("#learning_rate", "0.25"))
    assert why.is_hidden()
    assert page.get_attribute("#learning_rate", "aria-invalid") is None


def test_a_solver_that_takes_no_l1_is_explained_beside_the_solvers(opened):
    page = opened("solvers=gd,newton")
    page.focus("#l1_ratio-slider")
    change(page, lambda: page.keyboard.press("End"))
    assert "has none at zero" in page.locator("#solver-notes").inner_text()
    assert trace(page, "contour", "gradient descent") is None
    assert trace(page, "contour", "Newton")


# --- playing ------------------------------------------------------------------------------------


def test_play_step_and_reset_move_everything_together(opened):
    page = opened("solvers=gd,sgd&epochs=12")
    shown = page.locator("#step-text")
    assert shown.inner_text() == "12 of 12"
    page.click("#reset")
    assert shown.inner_text() == "0 of 12"
    assert query_of(page)["step"] == "0"
    settle(page)
    sigmoid = "Explore.rows.probabilities([1.2])[1]"
    assert page.evaluate(sigmoid) == pytest.approx(0.5)  # at zero weights
    flat = page.evaluate(PAINTED, "regions")
    assert len(trace(page, "contour", "gradient descent")["x"]) == 1
    page.click("#forward")
    settle(page)
    assert shown.inner_text() == "1 of 12"
    assert len(trace(page, "contour", "minibatch SGD")["x"]) == 1 + 7  # 112 rows, 16 at a time
    assert page.evaluate(sigmoid) > 0.52
    assert page.evaluate(PAINTED, "regions") != flat
    page.click("#back")
    assert shown.inner_text() == "0 of 12"
    page.select_option("#speed", "20")
    page.click("#play")
    assert page.get_attribute("#play", "aria-pressed") == "true"
    page.wait_for_selector("#play[aria-pressed=false]", timeout=20_000)
    assert shown.inner_text() == "12 of 12"
    assert "step" not in query_of(page)
    rows = page.locator("#now tbody tr")
    assert rows.count() == 2
    assert rows.nth(0).locator("td").nth(0).inner_text() == "12"


def test_minibatches_are_played_one_by_one(opened):
    page = opened("solvers=gd,sgd&epochs=12")
    page.select_option("#pace", "minibatch")
    assert page.inner_text("#step-text") == "12 of 12"
    page.click("#reset")
    for _ in range(3):
        page.click("#forward")
    settle(page)
    assert page.inner_text("#step-text") == "0+3/7 of 12"
    assert len(trace(page, "contour", "gradient descent")["x"]) == 1
    steps = trace(page, "contour", "minibatch SGD")
    assert len(steps["x"]) == 4
    assert [page.locator("#now tbody td").nth(i).inner_text() for i in (0, 7)] == ["0", "0+3/7"]
    page.reload()
    settle(page)
    assert page.inner_text("#step-text") == "0+3/7 of 12"
    assert trace(page, "contour", "minibatch SGD") == steps
    page.select_option("#pace", "")
    assert page.inner_text("#step-text") == "0 of 12"
    page.click("#forward")
    assert page.inner_text("#step-text") == "1 of 12"
    change(page, lambda: page.uncheck("#solver-sgd"))
    assert page.locator("#pace").is_hidden()


def test_parameters_of_two_classes_are_held_on_the_surface(opened):
    page = opened("classes=all&features=2,3&solvers=gd,newton&epochs=60&learning_rate=2")
    change(page, lambda: page.check("#others-held"))
    change(page, lambda: page.select_option("#up", "0.1"))
    assert page.locator(".why:visible").count() == 0
    assert page.inner_text("#solver-notes") == ""
    assert "lie on this surface" in page.inner_text("#slice")
    assert query_of(page)["up"] == "0.1"
    star = trace(page, "contour", "optimum")
    for name in ("gradient descent", "Newton"):
        path = trace(page, "contour", name)
        assert [path["x"][-1], path["y"][-1]] == pytest.approx(
            [star["x"][0], star["y"][0]], abs=0.1
        )


def test_the_keys_of_the_player(opened):
    page = opened("solvers=gd&epochs=5")
    page.keyboard.press("r")
    assert page.inner_text("#step-text") == "0 of 5"
    page.keyboard.press("l")
    page.keyboard.press("l")
    page.keyboard.press("j")
    assert page.inner_text("#step-text") == "1 of 5"
    page.focus("#seed")
    page.keyboard.press("r")  # in a field it is a letter
    assert page.inner_text("#step-text") == "1 of 5"


def test_keys_are_harmless_while_other_data_are_computed(opened):
    page = opened("classes=all&features=2,3&solvers=gd,sgd&epochs=5")
    page.evaluate("document.body.dataset.busy = 'yes'")
    page.select_option("#data", "digits")
    page.evaluate("document.activeElement.blur()")
    for key in "rlljr" * 4:
        page.keyboard.press(key)
        page.wait_for_timeout(20)
    settle(page)
    assert page.locator("#images canvas").count() == 10
    assert len(trace(page, "contour", "minibatch SGD")["x"]) == 1


def test_the_gradient_in_numbers_follows_the_step(opened):
    page = opened(
        "features=0,1,2,3&scale=raw&validation=0&C=inf&learning_rate=0.1&solvers=gd&step=0"
    )
    page.wait_for_selector("#gradient[data-norm]")
    table = page.locator("#gradient table").last
    cells = cells_of(table)
    # The HCMUS lecture's gradient at zero.
    assert [row[2] for row in cells] == [0.7257, 0.5373, 0.02833, -0.07567, 0.1667]
    before = page.get_attribute("#gradient", "data-norm")
    page.click("#forward")
    page.wait_for_selector(f"#gradient:not([data-norm='{before}'])")
    cells = cells_of(table)
    assert [row[1] for row in cells] == [-0.07257, -0.05373, -0.002833, 0.007567, -0.01667]


# --- what is drawn ------------------------------------------------------------------------------

VIEWS = {
    "iris": "",
    "three classes": "classes=all&features=2,3",
    "one column, three classes": "classes=all&features=2",
    "held": "classes=all&features=2,3&others=held&solvers=gd,newton",
    "cars": "data=cars&features=3,4",
    "digits": "data=digits&solvers=gd,lbfgs&epochs=20",
    "two digits": "data=digits&classes=3-8&solvers=gd&epochs=20",
    "moons": "data=moons&rows=200&targets=shares",
    "no solver": "solvers=none",
    "no finite optimum": "classes=0&C=inf&solvers=gd,newton",
}


FORMS = ["contour", "3d", "both"]


@pytest.mark.parametrize(
    ("query", "form"),
    [(query, FORMS[i % 3]) for i, query in enumerate(VIEWS.values())],
    ids=VIEWS,
)
def test_every_view_is_drawn(opened, query, form):
    page = opened(f"{query}&surface={form}")
    assert page.locator(".why:visible").count() == 0
    if form != "3d":
        # From white at the optimum to grey on the walls, and something of all shades between.
        assert len(set(page.evaluate(PAINTED, "bands"))) > 20
        assert page.locator("#contour .scatterlayer .trace").count() >= 1
    if form != "contour":
        page.wait_for_selector("#relief canvas", state="attached")
    if "digits" in query:
        assert page.locator("#images canvas").count() in (1, 10)
    else:
        assert page.locator("#plane .scatterlayer .trace").count() >= 2
        assert len(set(page.evaluate(PAINTED, "regions"))) > 8  # a curve alone has few
    width, height = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert (width, height) == (1280, 800)


@pytest.mark.parametrize(
    ("query", "row"),
    [("features=2", [0.3]), ("classes=all&features=2,3", [0.3, -1.2])],
)
def test_the_regions_are_those_of_predict_proba(opened, query, row):
    page = opened(f"{query}&solvers=none")
    view = view_of(dict(pair.split("=") for pair in query.split("&")))
    expected = Laboratory().scene(view).best.predict_proba([row])[0]
    on_page = page.evaluate("(row) => Explore.rows.probabilities(row)", row)
    np.testing.assert_allclose(on_page, expected, rtol=1e-5)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1280, 800), (1920, 1080)])
def test_both_sizes_show_everything_at_once(opened, width, height, tmp_path):
    image = pytest.importorskip("PIL.Image", reason="pictures are read by Pillow")
    page = opened("solvers=gd")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(page.url + ",momentum,sgd,adam&classes=all&features=2,3")
    settle(page)
    page.wait_for_timeout(500)
    sizes = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert sizes == [width, height]
    for id_ in ("contour", "plane", "loss", "gradient"):
        box = page.locator(f"#{id_}").bounding_box()
        assert box["width"] > 250
        assert box["height"] > 110
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
    for select in page.locator("label:visible, legend:visible, button:visible").all():
        assert select.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1"), select.inner_text()
    picture = image.open(io.BytesIO(page.screenshot(path=tmp_path / "page.png")))
    assert picture.size == (width, height)
    colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24)}
    for solver in ((0, 114, 178), (213, 94, 0), (0, 158, 115), (86, 180, 233)):
        assert solver in colours


def test_every_control_is_reached_by_the_tab_key(opened):
    page = opened("classes=all&features=2,3")
    wanted = set(
        page.evaluate(
            """[...document.querySelectorAll("button, select, input, summary, #contour")]
                .filter((e) => e.checkVisibility() && !e.closest('details:not([open]) > div')
                        && !e.disabled && e.type !== "radio").map((e, i) => {
                    e.dataset.number = i;
                    return String(i);
                })"""
        )
    )
    page.evaluate("document.body.focus()")
    reached = set()
    for _ in range(len(wanted) + 30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.dataset.number ?? ''"))
    missed = wanted - reached
    assert not [
        page.locator(f"[data-number='{i}']").evaluate("(e) => e.outerHTML") for i in missed
    ]


# --- links, tabs, files -------------------------------------------------------------------------


def test_a_reloaded_link_is_the_same_view(opened):
    query = (
        "data=moons&rows=100&solvers=gd,adam&learning_rate=0.05&start_x=1&C=10&step=4&shown=adam"
    )
    page = opened(query)
    before = trace(page, "contour", "Adam")
    assert page.url.split("?")[1] == query  # and the token is not in the address any more
    page.reload()
    settle(page)
    assert trace(page, "contour", "Adam") == before
    assert len(before["x"]) == 1 + 4 * 5  # 75 rows, 16 at a time
    assert page.input_value("#learning_rate") == "0.05"
    assert page.input_value("#shown") == "adam"
    assert page.inner_text("#step-text") == "4 of 30"


def test_a_link_without_token_opens_in_the_same_browser_alone(opened, chromium, served):
    opened("solvers=gd")
    page = opened("solvers=newton", token=False)
    assert trace(page, "contour", "Newton")
    context = chromium.new_context()
    stranger = context.new_page()
    stranger.goto(served.link("solvers=newton", token=False))
    assert "open the address that the command printed" in stranger.inner_text("#banner")
    assert stranger.evaluate("document.getElementById('contour').data") is None
    context.close()


def test_two_tabs_at_once(opened):
    one, other = opened("solvers=gd"), opened("data=moons&rows=100&solvers=gd,newton")
    for page, rate in ((one, "0.2"), (other, "0.4"), (one, "0.1"), (other, "0.3")):
        page.evaluate("document.body.dataset.busy = 'yes'")
        page.fill("#learning_rate", rate)
    for page, rate, query in (
        (one, 0.1, {"solvers": "gd"}),
        (other, 0.3, {"data": "moons", "rows": "100", "solvers": "gd"}),
    ):
        settle(page)
        view = view_of({**query, "learning_rate": str(rate)})
        laboratory = Laboratory()
        scene = laboratory.scene(view)
        expected = scene.plane.of(laboratory.path("gd", view, scene).params)
        path = trace(page, "contour", "gradient descent")
        np.testing.assert_allclose(np.column_stack([path["x"], path["y"]]), expected, atol=1e-6)


def test_a_bad_csv_is_explained_in_place_and_mended(opened, serving, tmp_path):
    folder = tmp_path / "secret folder"
    folder.mkdir()
    path = folder / "marks.csv"
    rng = np.random.default_rng(1)
    lines = ["hours,sleep,passed"]
    lines += [
        f"{h:.2f},{s:.2f},{'yes' if h + s > 0 else 'no'}" for h, s in rng.normal(size=(40, 2))
    ]
    good = "\n".join(lines)
    path.write_text(good)
    server = serving(path, "--target", "passed")
    page = opened("data=own&solvers=gd", server=server)
    assert trace(page, "contour", "gradient descent")
    assert "your file" in page.inner_text("#question")
    path.write_text(good + "\n1.0,yes")
    change(page, lambda: page.fill("#learning_rate", "0.2"))
    assert page.inner_text("#data-why") == "The file, row 41 has 2 values where the header has 3."
    assert "secret" not in page.content()
    assert "secret" not in page.url
    path.write_text(good)
    change(page, lambda: page.fill("#learning_rate", "0.3"))
    assert page.locator("#data-why").is_hidden()


def test_names_in_a_csv_are_text_and_nothing_else(opened, serving, tmp_path):
    path = tmp_path / "names.csv"
    rng = np.random.default_rng(2)
    lines = ["<img src=x onerror=alert(1)>,<b>bold</b>,kind"]
    lines += [
        f"{a:.2f},{b:.2f},<i>{'u' if a > 0 else 'v'}</i>" for a, b in rng.normal(size=(30, 2))
    ]
    path.write_text("\n".join(lines))
    page = opened("data=own", server=serving(path, "--target", "kind"))
    assert page.locator("#page img, #page #plane b, #page #plane i").count() == 0
    assert "<b>bold</b>" in page.inner_text("#plane")


def test_the_code_is_shown(opened):
    page = opened("solvers=gd&learning_rate=0.125")
    page.click("#show-code")
    page.wait_for_selector("#dialog-code[open]")
    code = page.inner_text("#code")
    compile(code, "taken.py", "exec")
    assert "GradientDescent(learning_rate=0.125" in code
    page.keyboard.press("Escape")
    assert page.locator("#dialog-code").is_hidden()


def test_the_html_file_plays_without_a_server(opened, chromium, tmp_path):
    page = opened("solvers=gd,newton&epochs=8&surface=both")
    with page.expect_download() as download:
        page.click("#save-file")
    path = tmp_path / "view.html"
    download.value.save_as(path)
    assert download.value.suggested_filename == "softmax.html"
    before = trace(page, "contour", "gradient descent")
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    alone, wrong, asked = context.new_page(), [], []
    alone.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    alone.on("pageerror", lambda error: wrong.append(str(error)))
    alone.on("request", lambda r: asked.append(r.url))
    alone.goto(path.as_uri())
    settle(alone)
    assert trace(alone, "contour", "gradient descent") == before
    alone.click("#reset")
    alone.click("#forward")
    assert len(trace(alone, "contour", "gradient descent")["x"]) == 2
    alone.wait_for_selector("#gradient[data-norm]")
    assert alone.locator("#learning_rate").is_disabled()
    alone.click("#show-code")
    assert "SoftmaxRegression(" in alone.inner_text("#code")
    alone.wait_for_timeout(300)
    assert not wrong
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    context.close()


def test_the_page_says_when_its_server_has_ended(chromium, serving):
    server = serving()
    context = chromium.new_context()
    page = context.new_page()
    page.goto(server.link("solvers=gd"))
    settle(page)
    server.end()
    page.fill("#learning_rate", "0.2")
    page.wait_for_selector("#banner:visible")
    assert "Start it again" in page.inner_text("#banner")
    context.close()


def test_slow_answers_show_how_far_they_are(opened):
    page = opened("data=moons&rows=5000&solvers=gd")
    page.fill("#batch_size", "1")
    page.check("#solver-sgd")
    page.wait_for_selector("#progress[aria-valuenow]:visible", timeout=20_000)
    assert re.fullmatch(r"minibatch SGD: \d+ %", page.inner_text("#progress span"))
    change(page, lambda: page.uncheck("#solver-sgd"))  # and a newer request ends them
    assert page.locator("#progress").is_hidden()
    assert page.evaluate("Explore.request.isRunning()") is False
