"""Points: what is written, how often it is tried, and that it comes back."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rig import influx_sink
from typer.testing import CliRunner

from swatlib.cli.app import app
from swatlib.live import sink
from swatlib.live.line_protocol import NAME_LENGTH, name_fault, text
from swatlib.live.parity import unequal

TIMES = pd.DatetimeIndex(["2015-12-28 10:00:00", "2015-12-28 10:00:01.5"], name="time")
FRAME = pd.DataFrame({"LIT101": [500.5, np.nan], "MV101": [2, 1]}, TIMES, dtype=np.float32)


@pytest.fixture
def scored():
    fields = {"score": np.float32([np.nan, 2.5]), "threshold": 0.1, "alarm": [False, True], "lead": [None, "LIT101"]}
    one = pd.DataFrame(fields, TIMES).astype({"lead": pd.CategoricalDtype(["LIT101", "MV101"])})
    return pd.concat({"pca": one, "lof": one}, axis=1)


@given(st.sampled_from(["i", "f"]), st.sampled_from([4, 8]), st.lists(st.integers(0, 2**32 - 1)))
def test_a_number_has_the_text_that_reads_back_as_it_bit_by_bit_and_none_where_it_is_not_finite(kind, size, drawn):
    bits = np.array([*drawn, *drawn, 0, 2**31], f"u{size}") << (8 * size - 32)  # some twice; 0 and -0
    numbers = bits.view(f"{kind}{size}")
    again = [None if each is None else numbers.dtype.type(each).tobytes() for each in text(numbers).to_pylist()]
    assert again == [each.tobytes() if np.isfinite(each) else None for each in numbers]


class Answers(BaseHTTPRequestHandler):
    """Gives the statuses of the server's list, one a request, and keeps what was sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.statuses.pop(0)
        self.server.bodies += [body] if status == 204 else []
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        server.statuses, server.bodies = [], []
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def to(server, **settings):
    return sink.InfluxSink(f"http://127.0.0.1:{server.server_port}", "swat", "swat", "secret", **settings)


def test_a_reading_is_one_line_without_what_is_missing():
    label = pd.Series([True, False], TIMES)
    assert sink.reading_points(FRAME, "swat", label).to_pylist() == [
        "reading,plant=swat LIT101=500.5,MV101=2,label=true 1451296800000000000\n",
        "reading,plant=swat MV101=1,label=false 1451296801500000000\n",
    ]


def test_a_score_that_cannot_be_had_is_left_out(scored):
    assert sink.score_points(scored[["pca"]], "swat").to_pylist() == [
        "score,detector=pca,plant=swat threshold=0.1,alarm=false 1451296800000000000\n",
        'score,detector=pca,plant=swat score=2.5,threshold=0.1,alarm=true,lead="LIT101" 1451296801500000000\n',
    ]


def test_a_row_without_any_reading_is_no_line():
    assert sink.reading_points(FRAME * np.nan, "swat").to_pylist() == []


def test_names_are_escaped():
    line = sink.attack_point('a, b="c"\n', 'a "ramp" \\', TIMES[0], TIMES[1])
    assert line.to_pylist() == [
        'attack,plant=a\\,\\ b\\="c" title="a \\"ramp\\" \\\\",start=1451296800.0,end=1451296801.5 '
        "1451296800000000000\n"
    ]


NAMES = st.text(min_size=1, max_size=NAME_LENGTH).filter(lambda name: name_fault(name) is None)
ROWS = hnp.arrays(np.float32, st.tuples(st.integers(0, 4), st.just(2)), elements=st.floats(width=32))


@given(ROWS, NAMES)
def test_any_rows_of_any_plant_come_back(values, plant):
    times = pd.date_range("2015-12-28", periods=len(values), freq="s", name="time")
    frame = pd.DataFrame(values, times, ["LIT101", "MV101"])
    with TemporaryDirectory() as folder:
        files = sink.FileSink(Path(folder))
        files.write(sink.reading_points(frame, plant), plant)
        back = files.readings(plant)[list(frame)]
    pd.testing.assert_frame_equal(back, frame.where(np.isfinite(frame)).dropna(how="all"), check_freq=False)


@pytest.mark.parametrize("wrong", ["", "a\nb", "a\u2028b", "a\\", "\ud800", "\0", "x" * 201, 7])
def test_a_name_without_a_line_has_a_fault(wrong):
    assert name_fault(wrong)


@given(st.lists(NAMES, min_size=2, max_size=5, unique=True))
def test_every_plant_has_a_file_of_its_own(names):
    with TemporaryDirectory() as folder:
        for name in names:
            sink.FileSink(Path(folder)).write(sink.reading_points(FRAME, name), name)
        assert len(list(Path(folder).iterdir())) == len(names)


def test_plants_of_similar_names_are_not_mixed(tmp_path):
    files, plants = sink.FileSink(tmp_path), ["a/b", "a_b", "a b", "A_b", "a%2Fb", "..", "🌊" * 200]
    for number, plant in enumerate(plants):
        files.write(sink.reading_points(FRAME + number, plant), plant)
    assert [files.readings(plant)["LIT101"].iloc[0] for plant in plants] == [500.5 + n for n in range(len(plants))]
    assert set(plants[:-1]) < set(files.names())


def test_a_file_that_two_plants_share_gives_each_its_own(tmp_path):
    """As on file systems that don't tell "A" from "a"."""
    files = sink.FileSink(tmp_path)
    for plant in ("swat", "SWAT"):
        files.write(sink.reading_points(FRAME + len(plant) * (plant == "SWAT"), plant), "swat")
    assert files.readings("swat")["LIT101"].tolist()[:1] == [500.5]


def test_influxdb_and_files_get_the_same_bytes(server, scored, tmp_path):
    server.statuses = [204]
    points = pa.concat_arrays([sink.reading_points(FRAME, "swat"), sink.score_points(scored, "swat")])
    to(server).write(points, "swat")
    sink.FileSink(tmp_path).write(points, "swat")
    assert server.bodies == [(tmp_path / "swat.lp").read_bytes()]


def test_a_write_that_fails_is_tried_again(server):
    server.statuses = [503, 500, 429, 204]
    to(server).write(sink.reading_points(FRAME, "swat"), "swat")
    assert (server.statuses, len(server.bodies)) == ([], 1)


def test_a_wrong_token_fails_at_once(server):
    server.statuses = [401, 204]
    with pytest.raises(sink.SinkError, match="401 Unauthorized"):
        to(server).write(sink.reading_points(FRAME, "swat"), "swat")


def test_an_influxdb_that_is_away_fails_loudly_in_the_end():
    away = sink.InfluxSink("http://127.0.0.1:9", "swat", "swat", "secret", patience=0.5)
    with pytest.raises(sink.SinkError, match=r"127\.0\.0\.1:9 did not store points within 0\.5 s"):
        away.write(sink.reading_points(FRAME, "swat"), "swat")


def test_a_token_is_not_shown():
    assert "secret" not in repr(sink.InfluxSink("http://127.0.0.1:9", "swat", "swat", "secret"))


def test_files_give_back_what_was_written(scored, tmp_path):
    files = sink.FileSink(tmp_path)
    for _ in range(2):
        files.write(sink.reading_points(FRAME, "my plant, no 1"), "my plant, no 1")
        files.write(sink.score_points(scored, "my plant, no 1"), "my plant, no 1")
    assert unequal(files.scores("my plant, no 1"), scored) == []
    pd.testing.assert_frame_equal(files.readings("my plant, no 1")[list(FRAME)], FRAME)
    files.write(sink.attack_point("my plant, no 1", 'a "ramp", on\\off', TIMES[0], TIMES[1]), "my plant, no 1")
    assert files.attacks("my plant, no 1").values.tolist() == [['a "ramp", on\\off', *TIMES]]
    assert files.scores("my plant, no 1", TIMES[1]).index.tolist() == [TIMES[1]]


def test_a_line_cut_short_by_a_kill_is_dropped(tmp_path):
    files, points = sink.FileSink(tmp_path), sink.reading_points(FRAME, "swat")
    files.write(points, "swat")
    with (tmp_path / "swat.lp").open("a") as file:
        file.write("reading,plant=swat LIT10")
    files.write(points, "swat")
    assert list(files.lines("swat")) == points.to_pylist() * 2


def test_influxdb_gives_back_what_was_written(influxdb, scored):
    to = influx_sink(influxdb)
    for _ in range(2):
        to.write(sink.reading_points(FRAME, "o'plant, 1"), "o'plant, 1")
        to.write(sink.score_points(scored, "o'plant, 1"), "o'plant, 1")
    assert unequal(to.scores("o'plant, 1"), scored) == []
    pd.testing.assert_frame_equal(to.readings("o'plant, 1")[list(FRAME)], FRAME)
    to.write(sink.attack_point("o'plant, 1", 'a "ramp", on\\off', TIMES[0], TIMES[1]), "o'plant, 1")
    assert to.attacks("o'plant, 1").values.tolist() == [['a "ramp", on\\off', *TIMES]]
    assert to.scores("o'plant, 1", TIMES[1]).index.tolist() == [TIMES[1]]
    assert to.scores("another").empty


def test_influxdb_tells_plants_of_similar_names_apart(influxdb):
    to, plants = (
        influx_sink(influxdb),
        ["x/y", "x_y", "x y", "x,y", "x=y", " x", "x ", "x,plant=y", '"x"', "x'y", "\U0001f30a" * 200],
    )
    for number, plant in enumerate(plants):
        to.write(sink.reading_points(FRAME * 0 - number - 0.0, plant), plant)
    assert [to.readings(plant)["LIT101"].iloc[0] for plant in plants] == [-n for n in range(len(plants))]


def test_points_of_files_are_loaded_into_influxdb(influxdb, scored, tmp_path):
    files, to, plant = sink.FileSink(tmp_path), influx_sink(influxdb), "from files, später"
    for target in (files, files):
        target.write(sink.reading_points(FRAME, plant), plant)
        target.write(sink.score_points(scored, plant), plant)
        target.write(sink.attack_point(plant, "a freeze", TIMES[0], TIMES[1]), plant)
    assert sink.copy(files, to) == {plant: 14}
    assert unequal(to.scores(plant), files.scores(plant)) == []
    assert to.readings(plant).equals(files.readings(plant))
    assert to.attacks(plant).equals(files.attacks(plant))


@pytest.mark.parametrize(
    ("content", "says"), [(b"\xff\xfe\n", "bytes that are no text"), (b"hello\n", "unable to parse")]
)
def test_a_file_that_holds_no_points_is_named(influxdb, tmp_path, content, says):
    (tmp_path / "odd.lp").write_bytes(content)
    with pytest.raises(sink.SinkError, match=rf"odd\.lp.*{says}"):
        sink.copy(sink.FileSink(tmp_path), influx_sink(influxdb))
    (tmp_path / "odd.lp").write_bytes(b"\n# of another program\n\n")
    assert sink.copy(sink.FileSink(tmp_path), influx_sink(influxdb)) == {"odd": 0}


def test_points_of_files_are_uploaded_at_the_terminal_without_a_kafka(influxdb, influxdb_alone, files):
    files.write(sink.reading_points(FRAME, "typed"), "typed")
    done = CliRunner().invoke(app, ["upload", str(files.folder)], catch_exceptions=False)
    assert done.output == f"typed: 2 points are in InfluxDB at {influxdb.url}\n"
    assert influx_sink(influxdb).readings("typed").equals(files.readings("typed"))


def test_an_upload_names_the_file_whose_last_line_was_cut_short(influxdb, influxdb_alone, files):
    files.write(sink.reading_points(FRAME, "cut"), "cut")
    with (files.folder / "cut.lp").open("a") as file:
        file.write("swat,plant=cut LIT101=5")
    done = CliRunner().invoke(app, ["upload", str(files.folder)], catch_exceptions=False)
    stored, said = done.output.splitlines()
    assert stored == f"cut: 2 points are in InfluxDB at {influxdb.url}"
    assert said.startswith(f"{files.folder / 'cut.lp'}: its last line has no line break")
