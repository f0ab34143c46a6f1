import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from swatlib import cached as cache
from swatlib.cached import Form, cached, cached_together, rows_digest
from swatlib.simulation import cached_simulation, simulate

# Asks for an entry; making it leaves a line in a file, and takes until a file appears.
ASKS = """
import sys, time
from pathlib import Path
from swatlib.cached import Form, cached
folder = Path(sys.argv[1])
form = Form(".txt", lambda path, text: path.write_text(text) and None, lambda path: path.read_text())
def make():
    with (folder / "made").open("a") as file:
        print("made", file=file)
    while not (folder / "go").exists():
        time.sleep(0.01)
    return "value"
print(cached("tables", "one", [1], form, make).values["one"])
"""


def _text(path):
    if path.read_text() == "broken":
        raise ValueError("it makes no sense")
    return path.read_text()


TEXT = Form(".txt", lambda path, text: path.write_text(text) and None, _text)


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tables"


def ask(where):
    return subprocess.Popen([sys.executable, "-c", ASKS, str(where)], stdout=subprocess.PIPE, text=True)


def wait_for(path):
    while not path.exists():
        time.sleep(0.01)


def never():
    raise AssertionError("it is there already")


def is_mapped(recording):
    rows = recording.frame.to_numpy()
    while rows.base is not None and not isinstance(rows, np.memmap):
        rows = rows.base
    return isinstance(rows, np.memmap)


def entries(folder):
    return sorted(path.name.split("-")[0] for path in folder.iterdir() if not path.name.startswith("."))


def test_of_two_processes_that_ask_at_once_one_makes_it(tmp_path):
    first = ask(tmp_path)
    wait_for(tmp_path / "made")
    second = ask(tmp_path)
    time.sleep(1)
    (tmp_path / "go").touch()
    assert [process.communicate()[0] for process in (first, second)] == ["value\n", "value\n"]
    assert (tmp_path / "made").read_text() == "made\n"


def test_whoever_waits_for_one_that_is_killed_makes_it(tmp_path, folder):
    first = ask(tmp_path)
    wait_for(tmp_path / "made")
    second = ask(tmp_path)
    time.sleep(1)
    first.send_signal(signal.SIGKILL)
    (tmp_path / "go").touch()
    assert [process.communicate()[0] for process in (first, second)] == ["", "value\n"]
    assert first.returncode == -signal.SIGKILL
    assert (tmp_path / "made").read_text() == "made\nmade\n"
    assert [path.suffix for path in folder.iterdir()] == [".txt"]


def test_what_is_there_is_not_made_again():
    first = cached("tables", "one", [1], TEXT, lambda: "a")
    assert (first.computed, cached("tables", "one", [1], TEXT, never)) == (("one",), cache.Cached({"one": "a"}))
    assert cached("tables", "one", [2], TEXT, lambda: "b").values == {"one": "b"}
    assert cached("tables", "one", [1], TEXT, lambda: "c", force=True).values == {"one": "c"}
    assert cached("tables", "one", [1], TEXT, never).the_value() == "c"


def test_only_what_is_missing_is_made():
    asked = []

    def make(names):
        asked.append(names)
        return dict.fromkeys(names, "value")

    cached_together("tables", {"a": 1, "b": 2}, TEXT, make)
    assert cached_together("tables", {"a": 1, "c": 3, "b": 2}, TEXT, make).computed == ("c",)
    assert asked == [("a", "b"), ("c",)]


def test_an_entry_that_is_broken_is_named_and_made_anew(folder):
    cached("tables", "one", [1], TEXT, lambda: "a")
    (path,) = folder.iterdir()
    path.write_text("broken")
    mended = cached("tables", "one", [1], TEXT, lambda: "b")
    assert mended.notes == (f"the cached tables {path.name} are broken (it makes no sense) and were made anew",)
    assert cached("tables", "one", [1], TEXT, never).notes == ()


def test_what_raises_leaves_nothing_behind(folder):
    with pytest.raises(ZeroDivisionError):
        cached("tables", "one", [1], TEXT, lambda: 1 / 0)
    assert list(folder.iterdir()) == []


def test_entries_used_longest_ago_make_room(folder, monkeypatch):
    monkeypatch.setattr(cache, "MOST_BYTES", 10)
    for name, text in {"a": "1234", "b": "1234"}.items():
        cached("tables", name, [], TEXT, lambda text=text: text)
        os.utime(max(folder.iterdir(), key=lambda path: path.name), (ord(name),) * 2)
    cached("tables", "a", [], TEXT, never)
    cached("tables", "c", [], TEXT, lambda: "1234")
    assert entries(folder) == ["a", "c"]


def test_what_a_killed_process_left_goes_after_a_day(folder):
    cached("tables", "a", [], TEXT, lambda: "1234")
    (folder / ".a.txt.lock").touch()
    (folder / ".scratch").mkdir()
    os.utime(folder / ".scratch", (0, 0))
    cached("tables", "b", [], TEXT, lambda: "1234")
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == [".a.txt.lock"]


def test_code_that_was_edited_meanwhile_keeps_nothing(folder, monkeypatch):
    monkeypatch.setattr("swatlib.LOADED", 0.0)
    assert cached("tables", "one", [1], TEXT, lambda: "a").notes == (cache.EDITED,)
    assert not folder.exists()


def test_a_simulated_recording_that_is_read_equals_the_simulated_one():
    for attacks in ("2015", None):
        arguments = {"duration": "20min", "attacks": attacks, "seed": 3, "start": "2015-12-28 10:25"}
        made, kept = cached_simulation(**arguments), cached_simulation(**arguments)
        recording = simulate(**arguments)
        for one in (made, kept):
            pd.testing.assert_frame_equal(one.frame, recording.frame, check_exact=True)
            assert one.frame.to_numpy().tobytes() == recording.frame.to_numpy().tobytes()
            pd.testing.assert_frame_equal(one.events, recording.events)
            assert (one.findings, one.source) == (recording.findings, recording.source)
            assert (one.label is None) == (recording.label is None)
            if recording.label is not None:
                pd.testing.assert_series_equal(one.label, recording.label)


def test_rows_simulated_piece_by_piece_into_the_cache_are_those_of_one_run(folder, monkeypatch):
    monkeypatch.setattr("swatlib.simulation.cache.WRITTEN_AT_ONCE", 700)
    whole = simulate("1h", "2015", 3, "2015-12-28 10:00")
    for _ in range(2):  # as made, as read
        recording = cached_simulation("1h", "2015", 3, "2015-12-28 10:00")
        assert recording.frame.to_numpy().tobytes() == whole.frame.to_numpy().tobytes()
        assert recording.source == whole.source
        assert is_mapped(recording)


def test_rows_of_code_that_was_edited_meanwhile_leave_no_file(folder, monkeypatch):
    monkeypatch.setattr("swatlib.LOADED", 0.0)
    recording = cached_simulation(100, None)
    assert list(folder.parent.glob("simulated/*")) == []
    pd.testing.assert_frame_equal(recording.frame, simulate(100, None).frame, check_exact=True)


def test_rows_that_fill_the_disk_are_simulated_in_memory(folder, monkeypatch):
    def full(*given):
        raise OSError("no space left on device")

    monkeypatch.setattr("swatlib.simulation.cache._run_into", full)
    for mapped in (False, True):  # as made, as read
        recording = cached_simulation(100, None)
        assert is_mapped(recording) == mapped
        pd.testing.assert_frame_equal(recording.frame, simulate(100, None).frame, check_exact=True)


def test_rows_that_no_cache_can_hold_are_simulated_in_memory(folder):
    folder.parent.mkdir(exist_ok=True)
    (folder.parent / "simulated").write_text("no folder")
    with pytest.warns(UserWarning, match="no simulated were cached"):
        recording = cached_simulation(100, None)
    pd.testing.assert_frame_equal(recording.frame, simulate(100, None).frame, check_exact=True)


def test_what_is_changed_in_memory_stays_there(folder):
    made, read = cached_simulation(100, None), cached_simulation(100, None)
    (path,) = folder.parent.glob("simulated/*/rows.npy")
    whole = path.read_bytes()
    for recording in (made, read):
        recording.frame.iloc[3, 4] = 9
        recording.frame.to_numpy()[5, 6] = 9
        recording.frame["LIT101"] = 0
    assert path.read_bytes() == whole


def test_a_recording_with_one_other_bit_is_broken(folder):
    cached_simulation(100, None)
    (path,) = folder.parent.glob("simulated/*/rows.npy")
    whole = path.read_bytes()
    path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
    with pytest.warns(UserWarning, match="are broken .its checksum is another. and were made anew"):
        again = cached_simulation(100, None)
    pd.testing.assert_frame_equal(again.frame, simulate(100, None).frame, check_exact=True)


def test_a_digest_sees_values_names_and_times():
    index = pd.date_range("2015-12-28", periods=3, freq="s")
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [True, False, True], "c": ["x", None, "z"]}, index)
    others = [
        table.rename(columns={"a": "d"}),
        table.set_axis(index + pd.Timedelta("1s")),
        table.assign(a=[1.0, 2.0, 4.0]),
        table.assign(c=["x", "y", "z"]),
        table[["a", "b"]],
        table[["a"]],
    ]
    assert len({rows_digest(each) for each in [table, *others]}) == 1 + len(others)
    assert rows_digest(table) == rows_digest(table.copy())
