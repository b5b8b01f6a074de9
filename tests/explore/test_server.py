"""Who is let in, what is answered, and what is taken away; without a browser."""

import contextlib
import json
import re
import runpy
import signal
import subprocess
import sys
import threading
import urllib.request

import numpy as np
import pytest
from explore.asgi import Client

from sk_softmax.__main__ import main
from sk_softmax.explore.answers import Newest, answered
from sk_softmax.explore.command import address_of
from sk_softmax.explore.laboratory import Laboratory
from sk_softmax.explore.own_file import OwnFile
from sk_softmax.explore.server import application
from sk_softmax.explore.view import view_of

pytest.importorskip("starlette", reason='the page needs pip install "sk-softmax[explore]"')
pytest.importorskip("plotly", reason='the page needs pip install "sk-softmax[explore]"')

PORT, TOKEN = 8765, "a-token"
HEADERS = {"X-Explore-Token": TOKEN}


def client_of(laboratory, host=f"127.0.0.1:{PORT}"):
    return Client(application(laboratory, PORT, TOKEN), host)


@pytest.fixture(scope="module")
def client():
    return client_of(Laboratory())


@pytest.fixture
def flowers(tmp_path):
    """A CSV file of one's own, in a folder whose name no answer may hold."""
    folder = tmp_path / "secret folder"
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["height,width,colour,kind"]
    for i in range(60):
        kind = ["daisy", "rose"][i % 2]
        height, width = rng.normal(size=2) + (i % 2)
        lines.append(f"{height:.3f},{width:.3f},{['red', 'blue'][i % 3 == 0]},{kind}")
    path = folder / "flowers.csv"
    path.write_text("\n".join(lines))
    return path


def parts_of(client, **query):
    answer = client.get("/answer", params={"tab": "t", "number": 1, **query}, headers=HEADERS)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def named(parts, name):
    return [part for part in parts if part["part"] == name]


# --- who is let in ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/answer", "/gradient", "/code", "/file", "/nowhere"])
@pytest.mark.parametrize("token", [None, "", "another", TOKEN + "x"])
def test_without_the_token_there_is_no_answer(client, path, token):
    headers = {} if token is None else {"X-Explore-Token": token}
    method = "POST" if path == "/gradient" else "GET"
    answer = client.request(method, path, headers=headers)
    assert answer.status_code == 403
    assert "open the address that the command printed" in answer.text


def test_a_token_in_the_address_is_not_taken(client):
    assert client.get("/answer", params={"token": TOKEN}).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:1"])
def test_another_host_is_refused_even_with_the_token(host):
    for path in ("/", "/code", "/plotly.min.js"):
        answer = client_of(Laboratory(), host).get(path, headers=HEADERS)
        assert answer.status_code == 421
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_another_site_is_refused_even_with_the_token(client):
    answer = client.get("/code", headers={**HEADERS, "Origin": "http://evil.example"})
    assert answer.status_code == 403
    own = client.get("/code", headers={**HEADERS, "Origin": f"http://127.0.0.1:{PORT}"})
    assert own.status_code == 200


def test_the_page_may_load_nothing_from_outside(client):
    for path in ("/", "/explore.css", "/main.js", "/plotly.min.js"):
        answer = client.get(path)
        assert answer.status_code == 200
        policy = dict(
            part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["connect-src"] == "'self'"
        assert not any("http" in sources or "*" in sources for sources in policy.values())
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
    page = client.get("/").text
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert not re.search(r"<script(?! src)|style=|\son\w+=", page)  # nothing inline


def test_the_token_is_behind_the_hash_and_no_path_is_in_the_link(flowers):
    own = OwnFile(flowers, "kind")
    assert address_of(8765, "abc", own) == "http://127.0.0.1:8765/?data=own#token=abc"


# --- answers ------------------------------------------------------------------------------------


def test_the_paths_come_before_the_surface(client):
    parts = parts_of(client, solvers="gd,sgd,newton", epochs="10")
    kinds = [part["part"] for part in parts if part["part"] != "progress"]
    assert kinds == ["data", "frame", "path", "path", "path", "paths", "surface", "done"]
    path = named(parts, "path")[0]
    assert path["solver"] == "gd"
    assert len(path["iterations"]) == len(path["values"]) == len(path["pair"]) == 11
    assert path["values"][-1] < path["values"][0]
    assert len(path["validation"]["loss"]) == 11
    surface = named(parts, "surface")[0]
    assert np.array(surface["values"]).shape == (50, 50)


def test_what_the_page_has_is_not_sent_again(client):
    parts = parts_of(client)
    data, surface = named(parts, "data")[0], named(parts, "surface")[0]
    has = f"{data['key']},{surface['key']}"
    again = parts_of(client, has=has, learning_rate="0.1")
    assert not named(again, "data")
    assert "values" not in named(again, "surface")[0]
    assert named(parts_of(client, has=has, C="7"), "surface")[0]["values"]


def test_a_path_is_fitted_once_for_the_controls_that_it_reads(monkeypatch):
    laboratory, fitted = Laboratory(), []
    path = Laboratory.path
    monkeypatch.setattr(
        Laboratory,
        "path",
        lambda self, name, *more: fitted.append(name) or path(self, name, *more),
    )
    client = client_of(laboratory)
    first = named(parts_of(client, solvers="gd,momentum"), "path")
    second = named(parts_of(client, solvers="gd,momentum", momentum="0.5"), "path")
    assert fitted == ["gd", "momentum", "momentum"]
    assert second[0] == first[0]
    assert second[1]["pair"] != first[1]["pair"]
    for change in ({"C": "2"}, {"start_y": "1"}, {"others": "held"}, {"validation": "0"}):
        fitted.clear()
        parts_of(client, solvers="gd", **change)
        assert fitted == ["gd"]


def test_an_impossible_value_is_answered_at_its_control(client):
    parts = parts_of(client, learning_rate="-3")
    assert parts == [{"part": "impossible", "field": "learning_rate", "message": "-3 is not a "
                      "positive number. A step is this number times the gradient, downhill. Try "
                      "0.1."}]  # fmt: skip
    (impossible, done) = parts_of(client, features="8")
    assert impossible["field"] == "features"
    assert done["part"] == "done"


def test_a_solver_that_refuses_leaves_the_others_their_paths(client):
    parts = parts_of(client, solvers="gd,newton", l1_ratio="0.5")
    assert [part["solver"] for part in named(parts, "refused")] == ["gd"]
    assert [part["solver"] for part in named(parts, "path")] == ["newton"]


def test_paths_that_overflow_are_json(client):
    parts = parts_of(
        client, solvers="gd,momentum,sgd", learning_rate="200", scale="raw", start_x="1e5"
    )
    assert len(named(parts, "path")) == 3


def test_the_gradient_of_any_params(client):
    answer = client.post("/gradient", params={}, headers=HEADERS, json=[0.0, 0.0]).json()
    assert answer["part"] == "gradient"
    assert answer["outputs"] == [[0.5]] * 3
    for wrong in ([0.0], [[0.0, 0.0], [0.0, 0.0]], "text", [None, 1.0]):
        refused = client.post("/gradient", params={}, headers=HEADERS, json=wrong).json()
        assert refused["part"] == "impossible"


def test_requests_that_no_page_sends_are_no_errors(client):
    assert parts_of(client, tab="another", number="x")[-1]["part"] == "done"
    answer = client.request("POST", "/gradient", headers=HEADERS)  # without a body
    assert answer.json()["part"] == "impossible"


def test_a_newer_request_cancels_an_older_one():
    newest, laboratory, parts = Newest(), Laboratory(), []
    view = view_of({"data": "moons", "rows": "5000", "solvers": "sgd,adam", "epochs": "1000"})
    newest.announce("tab", 1)
    newest.announce("other tab", 9)
    worker = threading.Thread(
        target=answered,
        args=(laboratory, view, frozenset(), parts.append, lambda: newest.is_newest("tab", 1)),
    )
    pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
    worker.start()
    while not any(part["part"] == "progress" for part in parts):
        assert worker.is_alive()
    newest.announce("tab", 2)
    worker.join(timeout=20)
    assert not worker.is_alive()
    assert not any(part["part"] in ("path", "surface", "done") for part in parts)
    progress = [part for part in parts if part["part"] == "progress"]
    assert 0 < progress[0]["share"] < 1


def test_a_page_that_goes_away_ends_its_computation(client):
    pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
    # Some 20 seconds, if nobody went away.
    long = {
        "data": "moons",
        "rows": "10000",
        "solvers": "sgd",
        "batch_size": "8",
        "epochs": "1000",
    }
    left = client.leave("/answer", params={"tab": "gone", "number": 1, **long}, headers=HEADERS)
    assert left.status_code == 200
    running = [thread for thread in threading.enumerate() if thread.name == "explore answer"]
    for thread in running:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert '"surface"' not in left.text


# --- a file of one's own ------------------------------------------------------------------------


def test_a_file_is_shown_without_its_path(flowers):
    client = client_of(Laboratory(OwnFile(flowers, "kind")))
    parts = parts_of(client, data="own")
    data = named(parts, "data")[0]
    assert data["allColumns"] == ["height", "width", "colour_red"]
    assert data["classes"] == ["daisy", "rose"]
    assert "60 rows" in data["note"]
    code = client.get("/code", params={"data": "own"}, headers=HEADERS).text
    for text in (json.dumps(parts), code):
        assert "secret" not in text


def test_a_file_that_turns_bad_is_explained_and_read_again_when_mended(flowers):
    client = client_of(Laboratory(OwnFile(flowers, "kind")))
    good = flowers.read_text()
    assert named(parts_of(client, data="own"), "path")
    flowers.write_text(good + "\n1,2")
    (impossible, _) = parts_of(client, data="own")
    assert impossible["field"] == "data"
    assert impossible["message"] == "The file, row 61 has 2 values where the header has 4."
    flowers.unlink()
    (impossible, _) = parts_of(client, data="own")
    assert impossible["message"] == "The file does not exist."
    flowers.write_text(good)
    assert named(parts_of(client, data="own"), "path")


def test_a_link_to_a_file_where_there_is_none(client):
    (impossible, _) = parts_of(client, data="own")
    assert "explore data.csv --target COLUMN" in impossible["message"]


@pytest.mark.parametrize(
    ("text", "target", "says"),
    [
        ("a,b\n1,2\n3,4", "c", "has no column 'c'"),
        ("a,b\n1,2\n3", "b", "row 2 has 1 values"),
        ("a,b\n1,x\n3,x", "b", "a single class"),
        ("", "b", "is empty"),
        (None, "b", "does not exist"),
    ],
)
def test_a_bad_file_is_refused_before_anything_is_served(tmp_path, capsys, text, target, says):
    path = tmp_path / "bad.csv"
    if text is not None:
        path.write_text(text)
    assert main(["explore", str(path), "--target", target, "--no-browser"]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert says in err
    assert err.count("\n") == 1


def test_options_that_cannot_be(capsys, tmp_path):
    assert main(["explore", "--target", "kind", "--no-browser"]) == 2
    assert "--target needs a file" in capsys.readouterr().err
    assert main(["explore", "--port", "99999", "--no-browser"]) == 2
    assert "choose another" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_an_interrupt_ends_the_command_in_order():
    pytest.importorskip("uvicorn", reason='the page needs pip install "sk-softmax[explore]"')
    command = [sys.executable, "-m", "sk_softmax", "explore", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        address = process.stdout.readline().split()[-1].decode().split("#")[0]
        # The socket listens before the address is printed: an answer means that it serves.
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert not errors


@pytest.mark.slow
def test_without_its_packages_the_command_says_what_to_install(tmp_path):
    code = (
        "import sys; sys.modules['starlette.applications'] = None\n"
        "from sk_softmax.__main__ import main; sys.exit(main(['explore', '--no-browser']))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 2
    assert 'pip install "sk-softmax[explore]"' in result.stderr


# --- what is taken away -------------------------------------------------------------------------

TAKEN = {
    "three solvers": {},
    "start, momentum, two slopes": {
        "features": "2,3",
        "across": "0.1",
        "up": "0.0",
        "start_x": "-1.5",
        "start_y": "0.25",
        "solvers": "gd,momentum,sgd,sgd_momentum,rmsprop,adam,lbfgs,newton",
        "learning_rate": "0.05",
        "seed": "4",
        "C": "inf",
    },
    "three classes held": {
        "classes": "all",
        "features": "2,3",
        "others": "held",
        "targets": "shares",
        "solvers": "gd,newton",
        "start_x": "1",
    },
    "two of three classes held": {
        "classes": "all",
        "features": "2,3",
        "across": "0.0",
        "up": "2.b",
        "others": "held",
        "solvers": "gd,sgd,adam,lbfgs,newton",
        "start_y": "0.5",
        "epochs": "10",
    },
    "intercept across, held": {
        "features": "2,3",
        "across": "0.b",
        "up": "0.1",
        "others": "held",
        "start_y": "-2",
        "solvers": "momentum",
    },
    "two of three classes": {"classes": "0-1", "scale": "raw", "validation": "0", "C": "0.01"},
    "elastic net on moons": {
        "data": "moons",
        "rows": "80",
        "l1_ratio": "0.5",
        "solvers": "gd,lbfgs",
        "C": "0.1",
    },
    "made-up cars": {"data": "cars", "solvers": "gd"},
    "no solver": {"solvers": "none"},
}


def printed_by(code, folder, capsys):
    """Run a program in a folder and return the pairs of numbers that it prints."""
    matplotlib = pytest.importorskip("matplotlib", reason="the code draws with matplotlib")
    matplotlib.use("Agg")
    (folder / "taken.py").write_text(code)
    with contextlib.chdir(folder):
        runpy.run_path("taken.py")
    matplotlib.pyplot.close("all")
    assert (folder / "loss_surface.png").stat().st_size > 10_000
    out = capsys.readouterr().out
    return np.array(re.findall(r"(-?\d+\.\d+), (-?\d+\.\d+)$", out, flags=re.M), dtype=float)


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib")
@pytest.mark.parametrize("query", TAKEN.values(), ids=TAKEN)
def test_the_code_reproduces_the_paths(client, query, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("SK_SOFTMAX_DATA", raising=False)
    parts = parts_of(client, **query)
    ends = [part["pair"][-1] for part in named(parts, "path")]
    ends.append(named(parts, "frame")[0]["optimum"])
    code = client.get("/code", params=query, headers=HEADERS).json()["code"]
    printed = printed_by(code, tmp_path, capsys)
    np.testing.assert_allclose(printed, ends, rtol=1e-6, atol=1e-6)


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib")
def test_the_code_for_a_file_of_ones_own_runs_beside_it(flowers, capsys):
    client = client_of(Laboratory(OwnFile(flowers, "kind")))
    query = {"data": "own", "solvers": "gd"}
    end = named(parts_of(client, **query), "path")[0]["pair"][-1]
    code = client.get("/code", params=query, headers=HEADERS).json()["code"]
    printed = printed_by(code, flowers.parent, capsys)
    np.testing.assert_allclose(printed[0], end, rtol=1e-6, atol=1e-6)


def test_the_html_file_holds_everything(client):
    query = {"solvers": "gd,adam", "epochs": "5", "step": "3"}
    page = client.get("/file", params=query, headers=HEADERS).text
    assert not re.search(r"<(script|link|img)[^>]* (src|href)=\"(?!data:)", page)
    assert "default-src 'none'" in page
    kept = json.loads(
        re.search(r'<script type="application/json" id="kept">(.*?)</script>', page)[1]
    )
    assert kept["query"] == query
    assert [len(kept["gradients"][name]) for name in ("gd", "adam")] == [6, 5 * 7 + 1]
    assert "SoftmaxRegression(" in kept["code"]
    answer = client.get("/file", params={"C": "-1"}, headers=HEADERS)
    assert answer.status_code == 422
