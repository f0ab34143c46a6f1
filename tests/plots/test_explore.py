"""The interactive figure: what it draws of which rows, and what can be read back."""

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from swatlib import plots
from swatlib.data import Recording
from swatlib.plots.explore_lanes import milliseconds, spans_of, stretched, telling_rows
from swatlib.plots.explore_panels import drawing
from swatlib.plots.figure_sent import growth
from swatlib.plots.plotly_data import packed
from swatlib.plots.style import Figure

TIMES = pd.date_range("2015-12-28 10:00", periods=200_000, freq="s", name="time")
PEAKS = (7, 12_345, 99_999, 199_998)  # rows of a single second


@pytest.fixture
def recording():
    """A quiet level with four peaks of one row, a valve that opens for a second, two attacks."""
    level = np.full(len(TIMES), 600, np.float32)
    level[list(PEAKS)] = (900, 910, 920, 930)
    valve = np.ones(len(TIMES), np.float32)
    valve[50_000] = 2
    label = pd.Series(False, TIMES, name="attack")
    events = pd.DataFrame(
        [
            (1, TIMES[1000], TIMES[1600], "LIT101", "LIT101 spoof 900", ""),
            (2, TIMES[9000], TIMES[9100], "MV101;P101", "MV101 force open", ""),
        ],
        columns=["attack", "start", "end", "points", "action", "visibility"],
    )
    for event in events.itertuples():
        label[event.start : event.end - pd.Timedelta("1s")] = True
    frame = pd.DataFrame({"LIT101": level, "MV101": valve, "P101": valve, "FIT101": level / 400}, TIMES)
    return Recording(frame, label, events=events)


@pytest.fixture
def scores():
    alarm = np.zeros(len(TIMES), dtype=bool)
    alarm[1200:1700] = True
    lead = pd.Series(np.where(alarm, "LIT101", None), TIMES).astype("category")
    one = pd.DataFrame({"score": alarm * 5.0 + 1, "threshold": 3.0, "alarm": alarm, "lead": lead}, TIMES)
    return pd.concat({"pca": one, "guard": one.assign(alarm=False)}, axis=1)


def trace(view, name):
    return next(each for each in drawing(view.stretch)["data"] if each.get("name") == name)


def test_no_peak_of_a_single_row_is_lost(recording):
    drawn = trace(plots.explore(recording, tags=["LIT101"]), "LIT101")
    assert len(drawn["y"]) < 10_000
    for row in PEAKS:
        at = np.flatnonzero(drawn["x"] == milliseconds(TIMES[[row]])[0])
        assert drawn["y"][at].tolist() == [recording.frame["LIT101"].iloc[row]]


def test_a_zoom_draws_every_row_of_the_shown_time(recording):
    view = plots.explore(recording).show(TIMES[12_000], TIMES[12_600])
    drawn = trace(view, "LIT101")
    inside = (drawn["x"] >= milliseconds(TIMES[[12_000]])) & (drawn["x"] < milliseconds(TIMES[[12_600]]))
    assert drawn["y"][inside].tolist() == recording.frame["LIT101"].iloc[12_000:12_600].tolist()
    assert "600 rows, each is drawn" in view.detail


def test_a_reading_that_stands_alone_is_a_dot_and_others_a_line(recording):
    frame = recording.frame.iloc[:8].copy()
    frame.iloc[[1, 3, 4], 0] = np.nan
    view = plots.explore(Recording(frame), tags=["LIT101", "FIT101"])
    assert np.flatnonzero(trace(view, "LIT101")["marker"]["size"]).tolist() == [0, 2]
    assert "marker" not in trace(view, "FIT101")


def test_the_view_can_be_read_back_and_is_a_fixed_figure(recording, scores):
    view = plots.explore(recording, scores).show_attack(2)
    around = pd.Timedelta("10min")
    assert (view.start, view.end) == (TIMES[9000] - around, TIMES[9100] + around)
    assert view.tags == ("FIT101", "LIT101", "MV101", "P101")
    figure = view.show_scores(["pca"]).figure()
    assert isinstance(figure, Figure)
    assert len(figure.axes[0].get_yticklabels()) == 2  # lanes of two detectors
    assert len(figure.axes) == 5


def test_the_tags_of_an_attack_are_added_until_the_next(recording):
    view = plots.explore(recording, tags=["FIT101"])
    assert view.show_attack(1).tags == ("FIT101", "LIT101")
    assert view.show_attack(2).tags == ("FIT101", "MV101", "P101")
    assert view.show(tags=["LIT101"]).tags == ("LIT101",)


def test_a_time_is_kept_within_the_recording_and_above_seconds(recording):
    view = plots.explore(recording)
    assert view.show("2014-01-01", "2030-01-01").start == TIMES[0]
    assert view.end == TIMES[-1] + pd.Timedelta("1s")
    view.show(TIMES[500], TIMES[500])
    assert view.end - view.start == pd.Timedelta("5s")


def test_the_mouse_is_told_states_in_words_alarms_with_their_lead_and_attacks(recording, scores):
    view = plots.explore(recording, scores)
    valve = trace(view, "MV101")
    at = valve["x"].tolist().index(milliseconds(TIMES[[50_000]])[0])
    assert [valve["text"][each] for each in (at - 1, at, at + 1)] == ["closed", "open", "closed"]
    assert {*trace(view, "PCA residual")["text"]} == {"–", "alarm, LIT101 leads"}
    said = {*trace(view, "attack")["text"]}
    assert said == {"–", "1: LIT101 spoofed to 900 mm", "2: MV101, P101: MV101 forced open"}


def test_unknown_tags_attacks_and_detectors_are_named(recording, scores):
    view = plots.explore(recording, scores)
    with pytest.raises(ValueError, match=r"LIT999: no tag of this recording; choose from LIT101, MV101"):
        plots.explore(recording, tags=["LIT999"])
    with pytest.raises(ValueError, match="no attack 7 in this recording; its attacks are 1, 2"):
        view.show_attack(7)
    with pytest.raises(ValueError, match="no scores of lof; there are those of pca, guard"):
        view.show_scores(["lof"])


def test_a_gap_breaks_the_line_and_a_time_without_rows_is_drawn_empty(recording):
    holed = recording.take(np.r_[0:50_000, 150_000:200_000])
    drawn = trace(plots.explore(holed), "LIT101")
    assert np.isnan(drawn["y"]).sum() == 1
    assert spans_of(np.ones(4, bool), np.array([0.0, 1, 50, 51]), 1.0).tolist() == [[0, 2], [50, 52]]
    view = plots.explore(holed).show(TIMES[80_000], TIMES[90_000])
    assert drawing(view.stretch)["data"]
    assert "0 rows" in view.detail


def test_without_anybody_to_click_the_picture_is_the_fixed_figure(recording, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    data, about = plots.explore(recording)._repr_mimebundle_()
    assert {*data} == {"image/png", "text/plain"} and {*about} == {"image/png"}
    monkeypatch.setenv("JPY_SESSION_NAME", "00-explore.ipynb")
    assert "application/vnd.jupyter.widget-view+json" in plots.explore(recording)._repr_mimebundle_()


def test_a_time_without_a_zone_is_meant_on_the_clock_of_the_recording(recording, scores):
    known = {side: recording.events[side].dt.tz_localize("Asia/Singapore") for side in ("start", "end")}
    zoned = Recording(recording.frame.tz_localize("Asia/Singapore"), events=recording.events.assign(**known))
    view = plots.explore(zoned, scores.tz_localize("Asia/Singapore")).show("2015-12-28 11:00", "2015-12-28 11:10")
    assert (view.start, view.end) == (zoned.frame.index[3600], zoned.frame.index[4200])
    assert {*milliseconds(TIMES[3600:4200])} <= {*trace(view, "LIT101")["x"]}


def clicked(button):
    button.value = not button.value


def test_buttons_list_and_zoom_change_the_view_and_the_figure_follows(recording, scores):
    from swatlib.plots.explore_widget import ExplorationWidget

    view = plots.explore(recording, scores)
    shown = ExplorationWidget(view)
    view.listeners.append(shown.refresh)
    clicked(shown.tags["FIT101"])
    assert view.tags == ("LIT101", "MV101", "P101")
    shown.attacks.value = 1
    assert (view.attack, view.start) == (1, TIMES[400])
    zoom(shown.plot, "2015-12-28 11:00:00", "2015-12-28 11:01:00.4")
    assert (view.start, view.end) == (TIMES[3600], TIMES[3660] + pd.Timedelta("400ms"))
    assert (view.attack, shown.attacks.value) == (None, None)
    clicked(shown.scores["pca"])
    assert view.scored == ("pca",)
    view.show(tags=["MV101"]).show_scores([])
    assert {"data", "layout"} < {*shown.plot.sent}
    assert shown.plot.sent.items() >= packed(drawing(view.stretch)).items()


def zoom(plot, start, end, seen=None):
    """What the browser sends after a drag on the figure of that number, else on the last."""
    number = plot.asked.get("number", 0) + 1
    plot.asked = {"span": [start, end], "number": number, "seen": plot.sent["number"] if seen is None else seen}


def test_a_zoom_that_the_kernel_hears_of_after_a_jump_is_dropped_and_one_after_a_zoom_is_not(recording):
    from swatlib.plots.explore_widget import ExplorationWidget

    view = plots.explore(recording)
    shown = ExplorationWidget(view)
    view.listeners.append(shown.refresh)
    whole = shown.plot.sent["number"]
    zoom(shown.plot, TIMES[0], TIMES[9000])
    zoom(shown.plot, TIMES[0], TIMES[6000], seen=whole)
    assert (view.end, shown.plot.sent["answers"]) == (TIMES[6000], 2)
    view.show_attack(2)
    jumped = (view.start, view.end)
    zoom(shown.plot, TIMES[0], TIMES[3000], seen=whole)
    assert ((view.start, view.end), shown.plot.sent["answers"]) == (jumped, None)
    zoom(shown.plot, TIMES[0], TIMES[3000])
    assert view.end == TIMES[3000]


def at_row(recording, scores, rows):
    """Both as they were after so many rows, the attacks that had begun."""
    begun = recording.events[recording.events["start"] < TIMES[rows]]
    return Recording(recording.frame.iloc[:rows], events=begun), scores.iloc[:rows]


def put_together(data, more):
    """The traces that the browser has after it was sent `more`."""

    def joined(old, part):
        return [*list(old)[part["drop"] :], *part["add"]]

    return [
        trace | each["changed"] | {name: joined(trace[name], part) for name, part in each["grown"].items()}
        for trace, each in zip(data, more, strict=True)
    ]


@pytest.mark.parametrize("rows", [700, 1005, 1300])
def test_of_a_figure_that_grows_only_new_rows_are_sent(recording, scores, rows):
    view = plots.explore(*at_row(recording, scores, rows))
    before = drawing(view.stretch)["data"]
    view.grow(*at_row(recording, scores, rows + 7))
    after = drawing(view.stretch)["data"]
    more = growth(before, after)
    level = next(each for each, trace in zip(more, after, strict=True) if trace.get("name") == "LIT101")
    assert [len(level["grown"][name]["add"]) for name in ("x", "y")] == [7, 7]
    whole = put_together(before, more)
    assert [each["name"] for each in whole if "name" in each] == [each["name"] for each in after if "name" in each]
    for trace, wanted in zip(whole, after, strict=True):
        for name in ("x", "y"):
            np.testing.assert_array_equal(np.asarray(trace[name], float), np.asarray(wanted[name], float))
        assert list(trace.get("text") or []) == list(wanted.get("text") or [])


def test_what_a_page_must_load_within_two_seconds_is_small(recording):
    from swatlib.plots.explore_widget import ExplorationWidget

    plot = ExplorationWidget(plots.explore(recording)).plot
    assert len(plot._esm) < 5_000 < len(plot.plotly)


def test_a_page_that_was_loading_when_rows_came_is_sent_all_of_them(recording, scores):
    from swatlib.plots.explore_widget import ExplorationWidget

    view = plots.explore(*at_row(recording, scores, 1100))
    shown = ExplorationWidget(view)
    begun = shown.plot.sent["number"]
    view.grow(*at_row(recording, scores, 1200))
    shown.grow()
    shown.plot._handle_custom_msg({"has": begun + 1}, [])
    assert shown.plot.sent["number"] == begun
    shown.plot._handle_custom_msg({"has": begun}, [])
    assert shown.plot.sent["number"] == begun + 2
    assert shown.plot.sent["data"] == packed(drawing(view.stretch))["data"]


def test_a_view_goes_along_with_the_end_and_stays_where_it_was_put(recording, scores):
    view = plots.explore(*at_row(recording, scores, 1100))
    view.grow(*at_row(recording, scores, 1200))
    assert (view.start, view.end) == (TIMES[0], TIMES[1200])
    view.grow(*at_row(recording, scores, 1300))
    assert (view.start, view.end) == (TIMES[100], TIMES[1300])
    view.show(TIMES[200], TIMES[300])
    view.grow(*at_row(recording, scores, 1400))
    assert (view.start, view.end) == (TIMES[200], TIMES[300])
    view.show(*view.whole).grow(*at_row(recording, scores, 1500))
    assert (view.start, view.end) == (TIMES[0], TIMES[1500])


def test_a_live_figure_takes_up_rows_attacks_and_another_plant(recording, scores, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "05-live.ipynb")
    events = pd.DataFrame({"title": ["LIT101 spoof 900"], "attack": [1], "start": TIMES[1000], "end": TIMES[1300]})
    show = plots.following()
    view = show(recording.frame.iloc[:900], scores.iloc[:900], events.iloc[:0])
    assert view.widget is show.view.widget
    assert show(recording.frame.iloc[600:1100], scores.iloc[600:1100], events) is view
    pd.testing.assert_frame_equal(view.recording.frame, recording.frame.iloc[:1100])
    assert view.show_attack(1).tags[:2] == ("FIT101", "LIT101")
    show(recording.frame.iloc[:300], scores[["pca"]].iloc[:300], events.iloc[:0])
    assert (len(view.recording.frame), view.end, view.stretch.detectors) == (300, TIMES[300], ["pca"])


def test_all_that_is_sent_to_the_browser_is_json(recording, scores):
    spec = drawing(plots.explore(recording, scores).show_scores(["pca"]).stretch)
    json.dumps(packed(spec), allow_nan=False)


def test_bars_are_joined_below_a_pixel_and_never_thinner():
    spans = np.array([[0.0, 1.0], [2.0, 3.0], [50.0, 51.0], [50.5, 70.0]])
    assert stretched(spans, 5.0).tolist() == [[0.0, 7.0], [50.0, 70.0]]
    assert all(before[1] <= after[0] for before, after in pairwise(stretched(spans, 1.0)))


def test_both_sides_of_each_change_are_told():
    codes = np.repeat([1.0, 2.0, 1.0], [5000, 3, 5000])
    assert {4999, 5000, 5002, 5003} <= {*telling_rows(codes)}


def test_importing_the_figures_loads_neither_plotly_nor_widgets():
    program = "import sys, swatlib.plots; print(sorted({'plotly', 'ipywidgets', 'anywidget'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_frame_is_no_recording(recording):
    with pytest.raises(ValueError, match=r"^explore shows a Recording, not an object of type DataFrame; give what"):
        plots.explore(recording.frame)


def test_a_tag_may_stand_alone_and_what_is_no_time_is_named(recording):
    view = plots.explore(recording, tags="LIT101")
    assert view.tags == ("LIT101",) and view.show(tags="MV101").tags == ("MV101",)
    for wrong in ("noon-ish", ""):
        with pytest.raises(ValueError, match=f"'{wrong}' is no time; write it as in '2015-12-28 10:00'"):
            view.show(wrong)
    with pytest.raises(ValueError, match="5 is no time"):
        view.show(5)


def test_a_clock_without_a_date_is_not_taken_as_one_of_today(recording):
    with pytest.raises(ValueError, match="'10:30' has no date; write it as in '2015-12-28 10:30'"):
        plots.explore(recording).show("10:30")


def test_one_detector_or_tag_may_be_given_by_its_name_alone(recording, scores):
    view = plots.explore(recording, scores).show_scores("pca")
    assert view.scored == ("pca",)
    with pytest.raises(ValueError, match="no scores of lof; there are those of pca"):
        view.show_scores("lof")
    assert plots.excerpt(recording, tags="LIT101", scores=scores, scored="pca").axes
