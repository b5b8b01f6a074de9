"""The command shows how far it is on a terminal, and ends by Ctrl-C in one line."""

import io
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sk_softmax import __main__ as command
from sk_softmax.demonstration import comparison, terminal_line
from sk_softmax.demonstration.terminal_line import WIDTH, Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_each_fit_in_one_line_that_goes_away():
    terminal = Terminal()
    progress = Progress(terminal)
    progress.begin("searching", 3)
    for _ in range(3):
        progress.step()
    progress.end()
    lines = terminal.getvalue().split("\r")[1:]
    assert [line.strip() for line in lines] == [
        "0 s, fit 1 of 3: searching",
        "0 s, fit 2 of 3: searching",
        "0 s, fit 3 of 3: searching",
        "0 s, fit 3 of 3: searching",
        "",
        "",
    ]
    assert all(len(line) == WIDTH for line in lines[:-1])
    assert "\n" not in terminal.getvalue()


def test_the_clock_goes_on_while_a_fit_does(monkeypatch):
    monkeypatch.setattr(terminal_line, "EVERY", 0.01)
    terminal = Terminal()
    progress = Progress(terminal)
    progress.begin("fitting")
    n_shown = terminal.getvalue().count("fitting")
    deadline = time.monotonic() + 30
    while terminal.getvalue().count("fitting") < n_shown + 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    progress.end()
    shown = terminal.getvalue()
    time.sleep(0.05)
    assert terminal.getvalue() == shown


def test_elsewhere_nothing_is_shown():
    stream = io.StringIO()
    progress = Progress(stream)
    progress.begin("searching", 3)
    progress.step()
    progress.end()
    assert stream.getvalue() == ""


def test_every_part_of_a_comparison_is_shown(monkeypatch, capsys, overlapping_classes):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(comparison, "CS", [0.1, 1.0])
    ours, theirs = comparison.compare(StandardScaler, *overlapping_classes(3), n_splits=3)
    shown = terminal.getvalue()
    lines = [line.partition(" s")[2].strip() for line in shown.split("\r")]
    parts = {"cross_val_predict, 3 folds": 3, "GridSearchCV over 2 values": 7}
    for part, n_fits in parts.items():
        for name in ("SoftmaxRegression", "LogisticRegression"):
            last = f", fit {n_fits} of {n_fits}: {name}"
            assert any(line.startswith(last) and part in line for line in lines), lines
    assert any(line.startswith(": LogisticRegression") for line in lines)
    # The tables go to standard output, and what is kept counts no fits.
    assert "\r" not in capsys.readouterr().out
    assert ours.search.scoring == theirs.search.scoring == "neg_log_loss"


def test_ctrl_c_is_one_line_and_status_130(monkeypatch, capsys):
    def interrupt(version):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "show_bundled_data", interrupt)
    assert command.main([]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "sk_softmax: ended by Ctrl-C\n"


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent to a process as POSIX does")
def test_ctrl_c_ends_a_process_that_is_at_work(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(4000, 30)), rng.integers(12, size=4000)
    path = tmp_path / "table.csv"
    header = ",".join([*(f"x{j}" for j in range(30)), "y"])
    np.savetxt(path, np.column_stack([X, y]), "%.6g", ",", header=header, comments="")
    arguments = [sys.executable, "-m", "sk_softmax", str(path), "--target", "y"]
    with subprocess.Popen(
        [*arguments, "--save", str(tmp_path / "model.joblib")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        first = process.stdout.readline()  # printed before any fit, and not kept back in a pipe
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert "4000 rows" in first
    assert process.returncode == 130
    assert errors == "sk_softmax: ended by Ctrl-C\n"
    assert "GridSearchCV" not in rest
    assert os.listdir(tmp_path) == ["table.csv"]
