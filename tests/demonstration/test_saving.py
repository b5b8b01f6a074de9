"""Nothing is lost by --save: no input, no file without being asked, no half of a file."""

import os
import stat

import joblib
import pytest

from sk_softmax.__main__ import main
from sk_softmax.demonstration import comparison, own_data, saving

TABLE = "a,y\n" + "".join(f"{i},{'uv'[i > 9]}\n" for i in range(20))


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comparison, "CS", [1.0])  # nothing here depends on the search
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return path


@pytest.fixture
def no_work(monkeypatch):
    """Fail if anything is read or fitted before the place to save to is checked."""

    def fail(*args, **kwargs):
        raise AssertionError("work was begun")

    monkeypatch.setattr(own_data, "read_table", fail)


def save(*arguments):
    return main(["table.csv", "--target", "y", "--save", *map(str, arguments)])


def refused(message, capsys, *arguments):
    assert save(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("link", [None, os.symlink, os.link])
def test_the_input_is_never_replaced(link, force, data, no_work, capsys):
    place = data
    if link:
        place = data.with_name("link.joblib")
        link(data, place)
    refused("it is the input", capsys, place, *force)
    assert data.read_text() == TABLE


def test_a_file_is_replaced_only_by_force(data, capsys):
    place = data.with_name("model.joblib")
    place.write_text("precious")
    refused("it exists; --force replaces it", capsys, place)
    assert place.read_text() == "precious"
    assert save(place, "--force") == 0
    assert joblib.load(place).predict([[0.0], [19.0]]).tolist() == ["u", "v"]
    assert sorted(path.name for path in data.parent.iterdir()) == ["model.joblib", "table.csv"]


def test_a_link_stays_a_link(data):
    target, link = data.with_name("target.joblib"), data.with_name("link.joblib")
    target.write_text("old")
    link.symlink_to(target)
    assert save(link, "--force") == 0
    assert link.is_symlink()
    joblib.load(target)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere/model.joblib", "its folder does not exist"),
        ("table.csv/model.joblib", "its folder does not exist"),
        (".", "it is a folder"),
        ("", "it is a folder"),
        ("x" * 300, "cannot be written"),
    ],
)
def test_where_nothing_can_be_saved_is_said_before_the_work(place, message, data, no_work, capsys):
    refused(message, capsys, place)
    refused(message, capsys, place, "--force")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_not_a_regular_file_is_not_replaced(data, no_work, capsys):
    pipe = data.with_name("pipe")
    os.mkfifo(pipe)
    refused("it is not a regular file", capsys, pipe, "--force")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_folder_that_cannot_be_written_to(data, no_work, monkeypatch, capsys):
    # Permissions do not stop root, as whom tests may run.
    def touch(path, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(saving.Path, "touch", touch)
    refused("cannot be written: Permission denied", capsys, "model.joblib")


def test_a_write_that_fails_leaves_what_was_there(data, monkeypatch, capsys):
    place = data.with_name("model.joblib")
    place.write_text("precious")

    def dump(pipeline, path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving.joblib, "dump", dump)
    assert save(place, "--force") == 2
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert place.read_text() == "precious"
    assert sorted(path.name for path in data.parent.iterdir()) == ["model.joblib", "table.csv"]


def test_a_file_that_comes_during_the_work_is_not_replaced(data, monkeypatch, capsys):
    place = data.with_name("model.joblib")

    def dump(pipeline, path):
        place.write_text("precious")

    monkeypatch.setattr(saving.joblib, "dump", dump)
    assert save(place) == 2
    assert "it exists; --force replaces it" in capsys.readouterr().err
    assert place.read_text() == "precious"


def test_a_file_is_whole_before_it_has_its_name(data, monkeypatch):
    place = data.with_name("model.joblib")
    dump = joblib.dump

    def dump_elsewhere(pipeline, path):
        assert path.parent == place.parent
        dump(pipeline, path)
        assert not place.exists()

    monkeypatch.setattr(saving.joblib, "dump", dump_elsewhere)
    assert save(place) == 0
    joblib.load(place)


def test_the_name_says_how_to_compress(data):
    assert save("model.joblib.gz") == 0
    assert data.with_name("model.joblib.gz").read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_are_those_of_any_new_file(data):
    assert save("model.joblib") == 0
    new = data.with_name("new")
    new.touch()
    assert data.with_name("model.joblib").stat().st_mode == new.stat().st_mode
