import functools
import itertools

import matplotlib
import matplotlib.dates as mdates
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from IPython.core.formatters import DisplayFormatter
from matplotlib._pylab_helpers import Gcf
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.text import Text
from sklearn.isotonic import isotonic_regression

from swatlib import plots
from swatlib.alarms import BUDGETS
from swatlib.data import Recording
from swatlib.detectors import DETECTORS
from swatlib.metrics import evaluate, per_attack
from swatlib.metrics.budget_curve import CURVE_METRICS, ENDS
from swatlib.pipeline import DEFAULT
from swatlib.plant import FLOWS, GAUGED_TANKS, STAGES, TAG_NAMES, TAGS, TANKS
from swatlib.plots.annotations import spread_out, width_of, wrapped
from swatlib.plots.looks import looks
from swatlib.plots.series import GAP, thin
from swatlib.plots.sketch import PLACES
from swatlib.plots.style import ATTACK_BAND, BLACK, BLUE, ON_BAR, VERMILION, WIDTH

TIMES = pd.date_range("2015-12-28 10:00", periods=3 * 3600, freq="s", name="time")
ATTACKS = ((1800, 2400, "MV101"), (2400, 3000, "LIT101;P101"), (7200, 7500, "MV504"))
EVENTS = pd.DataFrame(
    [(n, TIMES[a], TIMES[b], tags, f"what {n} did", "clear") for n, (a, b, tags) in enumerate(ATTACKS, start=1)],
    columns=["attack", "start", "end", "points", "action", "visibility"],
)
SENSORS = [name for name in TAG_NAMES if TAGS[name].is_sensor]


@functools.cache
def normal() -> Recording:
    """Three hours in which sensors swing and actuators switch, and P102 stands still."""
    seconds, columns = np.arange(len(TIMES)), {}
    for number, (name, tag) in enumerate(TAGS.items()):
        swing = np.sin(2 * np.pi * seconds / (600 + 37 * number))
        columns[name] = 700 + 200 * swing if tag.kind == "level" else 2 + swing if tag.is_sensor else 1 + (swing > 0)
    return Recording(pd.DataFrame(columns, TIMES, dtype=np.float32).assign(P102=np.float32(1)))


def quiet() -> Recording:
    """The same with a label that says so."""
    return Recording(normal().frame, pd.Series(False, TIMES, name="attack"))


def still(tags) -> Recording:
    """The same, and these tags stand still too."""
    return Recording(normal().frame.assign(**dict.fromkeys(tags, np.float32(1))))


@functools.cache
def attacked() -> Recording:
    """The same with three attacks, of which 1 and 2 touch; 2 spoofs LIT101."""
    frame = normal().frame.copy()
    frame.loc[TIMES[2400:3000], "LIT101"] = 1150
    label = pd.Series(False, TIMES, name="attack")
    for start, stop, _ in ATTACKS:
        label.iloc[start:stop] = True
    return Recording(frame, label, events=EVENTS)


@functools.cache
def scores() -> pd.DataFrame:
    """pca finds attack 2 after 60 s by LIT101, stays on for 100 s, and has one false alarm; ocsvm sees nothing."""
    alarm = np.zeros(len(TIMES), dtype=bool)
    alarm[2460:3100] = alarm[9000:9050] = True
    score = np.where(alarm, 8.0, 2.0) + np.sin(np.arange(len(TIMES)))
    score[:300] = np.nan
    lead = pd.Series(np.where(alarm, "LIT101", None), TIMES)
    pca = pd.DataFrame({"score": score, "threshold": 5.0, "alarm": alarm, "lead": lead.astype("category")}, TIMES)
    ocsvm = pca.assign(score=pca["score"] - 20, threshold=-5.0, alarm=False, lead=None)
    return pd.concat({"pca": pca, "ocsvm": ocsvm}, axis=1)


@functools.cache
def verdicts() -> pd.DataFrame:
    told = {name: per_attack(EVENTS, scores()[name]["alarm"], scores()[name]["lead"]) for name in ("pca", "ocsvm")}
    return pd.concat(told, names=["detector"])


FIGURES = {
    "stages": lambda: plots.stages(attacked()),
    "stages, all sensors": lambda: plots.stages(attacked(), tags=SENSORS),
    "tanks": lambda: plots.tanks(attacked()),
    "attack": lambda: plots.closeup(attacked(), scores(), 2),
    "strip": lambda: plots.strip(scores(), EVENTS),
    "matrix": lambda: plots.matrix(verdicts()),
    "score_distributions": lambda: plots.score_distributions(scores(), attacked().label),
    "precision_recall": lambda: plots.precision_recall(scores(), attacked().label),
    "movement": lambda: plots.movement(attacked(), normal()),
    "drift": lambda: plots.drift(normal(), ["AIT201"], block="30min"),
    "drift, one tag": lambda: plots.drift(Recording(normal().frame[["LIT101"]]), block="30min"),
    "drift, five of many": lambda: plots.drift(still(TAG_NAMES[5:]), ["LIT101"], block="30min"),
    "drift, twenty": lambda: plots.drift(still(TAG_NAMES[20:]), block="30min"),
    "plant_sketch": plots.plant_sketch,
    "plant_sketch, a row": lambda: plots.plant_sketch(attacked().frame.iloc[2500]),
}


STEPS_TAKEN = pd.DataFrame(
    {"step": ["this workbench", "labels", "best"], "f1": [0.5, 0.42, 0.97], "found": [5, 5, 7], "attacks": [7, 8, 8]}
)
PROTOCOLS = pd.DataFrame({"threshold": ["budget", "best"] * 2, "labels": ["true"] * 2 + ["official"] * 2}).assign(
    f1=[0.5, 0.6, 0.4, 0.9]
)
MOVEMENTS = EVENTS.assign(offset_s=[-20.0, np.nan, 66.0], true_offset_s=[-21.0, 0.0, 66.0])
PHANTOM = pd.DataFrame({"start": TIMES[[5000]], "end": TIMES[[5700]], "rows": [700]})
WINDOWS = EVENTS.rename(columns={"start": "true_start", "end": "true_end"})

FIGURES |= {
    "waterfall": lambda: plots.waterfall(STEPS_TAKEN),
    "spread": lambda: plots.spread(PROTOCOLS),
    "offsets": lambda: plots.offsets(MOVEMENTS),
    "phantom": lambda: plots.phantom(attacked(), PHANTOM, WINDOWS, attack=2),
}


def curve(detectors):
    """Each detector finds a little more at a larger budget, and is in alarm for longer."""
    rows = {}
    for place, name in enumerate(detectors):
        for budget in BUDGETS:
            found, delay, share = 0.3 + 0.05 * place + 0.02 * budget**0.5, 2.0 * 2**place, 1e-4 * 2**place * budget
            ends = [end for value in (found, delay, share, budget) for end in (value, 0.8 * value, 1.2 * value)]
            rows[name, budget] = [5.0, *ends]
    metrics = [metric.__name__ for metric in CURVE_METRICS]
    columns = pd.MultiIndex.from_tuples([("threshold", "value"), *itertools.product(metrics, ENDS)])
    return pd.DataFrame(rows, columns).T.rename_axis(["detector", "budget"])


FIGURES |= {
    "over_budgets": lambda: plots.over_budgets(curve(DEFAULT), 1.0),
    "over_budgets, one detector": lambda: plots.over_budgets(curve(["pca"]), 24.0),
    "over_budgets, ten": lambda: plots.over_budgets(curve([*DEFAULT, "dbscan", "autoencoder", "mine"]), 0.05),
}


TUNED = ["lof:neighbours=50" if name == "lof" else name for name in DEFAULT]
OWN = [f"mine/detectors.py:TheDetectorNumber{number}" for number in range(9)]
LONG = [f"pyod:AnomalyTransformer:window_size=30:hidden_size={2**n}:epochs=20:learning_rate=0.001" for n in range(7)]


def scores_of(detectors) -> pd.DataFrame:
    """The scores of pca, those of each detector a little higher."""
    return pd.concat({name: scores()["pca"].assign(score=lambda one: one["score"] + 1) for name in detectors}, axis=1)


def verdicts_of(detectors, times: int = 1) -> pd.DataFrame:
    """What pca finds, of each detector, so many times."""
    rows = pd.concat([verdicts().loc["pca"]] * times).assign(attack=range(1, times * len(EVENTS) + 1))
    return pd.concat(dict.fromkeys(detectors, rows), names=["detector"])


def stressed(detectors, stresses=("none", "clock")) -> pd.DataFrame:
    """Each stress costs every detector an attack more, and a false alarm per day."""
    rows = [(name, stress, 30 - i, float(i), i / 4) for i, stress in enumerate(stresses) for name in detectors]
    return pd.DataFrame(rows, columns=["detector", "stress", *plots.robustness.STRESS_PANELS])


FIGURES["waterfall, up to 1"] = lambda: plots.waterfall(STEPS_TAKEN.assign(f1=[0.5, 0.985, 1.0]))
FIGURES["matrix, wide, 48 attacks"] = lambda: plots.matrix(verdicts_of(DEFAULT, 16), wide=True)
FIGURES["matrix, wide, 102 attacks"] = lambda: plots.matrix(verdicts_of(DEFAULT, 34), wide=True)

for named, names in {"one with a parameter": TUNED, "nine own": OWN, "long names": LONG}.items():
    FIGURES |= {
        f"matrix, {named}": lambda names=names: plots.matrix(verdicts_of(names)),
        f"matrix, wide, {named}": lambda names=names: plots.matrix(verdicts_of(names), wide=True),
        f"over_budgets, {named}": lambda names=names: plots.over_budgets(curve(names), 1.0),
        f"score_distributions, {named}": lambda names=names: plots.score_distributions(scores_of(names), None),
        f"precision_recall, {named}": lambda names=names: plots.precision_recall(scores_of(names), attacked().label),
        f"strip, {named}": lambda names=names: plots.strip(scores_of(names), EVENTS),
        f"excerpt, {named}": lambda names=names: plots.excerpt(
            attacked(), tags=["LIT101"], scores=scores_of(names), scored=names[-1:]
        ),
        f"under_stress, {named}": lambda names=names: plots.under_stress(stressed(names)),
        f"attack, {named}": lambda names=names: plots.closeup(attacked(), scores_of(names), 2, names[-2:]),
    }


@functools.cache
def made(name: str):
    """A figure, and what making it left behind: settings of matplotlib, figures that pyplot keeps."""
    before = dict(matplotlib.rcParams)
    figure = FIGURES[name]()
    changed = {name for name, value in matplotlib.rcParams.items() if value != before[name]}
    return figure, changed, Gcf.get_all_fig_managers()


@functools.cache
def drawn(name: str):
    figure, *_ = made(name)
    figure.draw_without_rendering()
    return figure


def texts(figure) -> list[Text]:
    """Every text that shows; labels of ticks beyond the view are kept by matplotlib and not drawn."""
    unseen = {
        tick.label1
        for ax in figure.axes
        for axis in (ax.xaxis, ax.yaxis)
        for tick in axis.get_major_ticks()
        if not ax.axison or not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text not in unseen]
    return [text for text in shown if text.get_text().strip()]


def words(figure) -> list[str]:
    return [text.get_text() for text in texts(figure)]


def spans(ax, colour) -> list[tuple[int, int]]:
    """From and to which row each bar of a colour stands."""
    zero = mdates.date2num(TIMES[0])
    boxes = [
        path.get_extents()
        for bars in ax.findobj(PolyCollection)
        if to_hex(bars.get_facecolor()[0]) == to_hex(colour)
        for path in bars.get_paths()
    ]
    return [(round((box.x0 - zero) * 86_400), round((box.x1 - zero) * 86_400)) for box in boxes]


# Every figure


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_small_cut_off_or_over_another(name):
    figure = drawn(name)
    boxes = {text: text.get_window_extent() for text in texts(figure)}
    assert [text.get_text() for text in boxes if text.get_fontsize() < 8] == []
    assert [text.get_text() for text, box in boxes.items() if not figure.bbox.padded(1).fully_contains(*box.min)] == []
    assert [text.get_text() for text, box in boxes.items() if not figure.bbox.padded(1).fully_contains(*box.max)] == []
    inner = {text: box.padded(-1.5) for text, box in boxes.items()}
    pairs = itertools.combinations(inner, 2)
    assert [(a.get_text(), b.get_text()) for a, b in pairs if inner[a].overlaps(inner[b])] == []


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_written_as_a_formula(name):
    assert not [text for text in words(drawn(name)) if "$" in text]


@pytest.mark.parametrize("name", ["a$b_$c", "50 % & #1_a{b}"])
def test_a_name_with_any_sign_is_drawn_as_it_is(name):
    events = EVENTS.assign(attack=["1", name, "3"])
    figure = plots.closeup(Recording(attacked().frame, attacked().label, events=events), scores(), name)
    figure.draw_without_rendering()
    assert f"Attack {name}: what 2 did" in "\n".join(words(figure))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_leaves_nothing_behind(name):
    assert made(name)[1:] == (set(), [])


def test_a_notebook_shows_a_figure_as_one_picture_at_twice_the_pixels():
    data, metadata = DisplayFormatter().format(drawn("plant_sketch"))
    assert set(data) == {"text/plain", "image/png"}
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["width"] == 960


def test_text_stays_text_in_a_vector_file(tmp_path):
    drawn("plant_sketch").savefig(tmp_path / "plant.svg")
    assert "FIT201" in (tmp_path / "plant.svg").read_text()


# Long series


@given(arrays(float, st.integers(1, 400), elements=st.floats(-1e6, 1e6)), st.integers(1, 20))
def test_thinning_loses_no_peak(values, bins):
    series = pd.Series(values, TIMES[: len(values)])
    thinned = thin(series, bins)
    assert len(thinned) <= max(2 * bins, len(values) if len(values) <= 2 * bins else 0)
    assert (thinned.min(), thinned.max()) == (series.min(), series.max())
    assert thinned.index.is_monotonic_increasing
    assert thinned.equals(series[thinned.index])


def test_thinning_keeps_rows_without_a_reading_empty():
    series = pd.Series(np.where(np.arange(1000) < 500, np.nan, 1.0), TIMES[:1000])
    assert thin(series, 10).isna().sum() >= 5
    assert thin(series, 10).dropna().eq(1).all()


@pytest.mark.parametrize(("hole", "breaks"), [(GAP, 0), (GAP + 1, 1)])
def test_a_line_breaks_at_a_gap_in_time(hole, breaks):
    index = TIMES[:50].append(TIMES[49 + hole : 99 + hole])
    thinned = thin(pd.Series(1.0, index))
    assert thinned.isna().sum() == breaks
    assert thinned.index.is_monotonic_increasing


# The plant


def test_no_bar_stands_in_a_gap_in_time():
    times = TIMES[:200].append(TIMES[5000:5200])
    on = Recording(normal().frame.loc[times, ["LIT101", "P101"]].assign(P101=np.float32(2)))
    *_, pump = plots.excerpt(on, tags=["P101"]).axes
    assert spans(pump, ON_BAR) == [(0, 200), (5000, 5200)]


def test_a_reading_that_stands_alone_is_a_dot():
    frame = normal().frame[["LIT101"]].iloc[:6].copy()
    frame.iloc[[1, 3], 0] = np.nan
    (ax,) = plots.excerpt(Recording(frame), tags=["LIT101"]).axes
    (level,) = (line for line in ax.lines if len(line.get_xdata()) == 6)
    assert (level.get_marker(), level.get_markevery()) == ("o", [0, 2])


def test_long_names_of_attacks_leave_the_room_of_the_figure():
    events = EVENTS.assign(attack=[f"{number} " + "an insider at the valve " * 9 for number in range(3)])
    recording = Recording(attacked().frame, attacked().label, events=events)
    made = plots.stages(recording), plots.strip(scores(), events), plots.movement(recording, normal())
    table = verdicts().assign(attack=list(events["attack"]) * 2)
    for figure in (*made, plots.matrix(table, wide=True)):
        figure.draw_without_rendering()
        assert figure.axes[0].get_position().width > 0.35


def test_the_overview_has_the_six_stages_in_order():
    titles = [ax.get_title(loc="left") for ax in drawn("stages").axes if ax.get_title(loc="left")]
    assert titles == [f"{stage}  {name}" for stage, name in STAGES.items()]


def test_every_axis_of_sensors_carries_its_unit():
    labels = {ax.get_ylabel().replace("\n", " ") for ax in drawn("stages, all sensors").axes}
    kinds = {TAGS[name].kind: TAGS[name].unit for name in SENSORS}
    assert labels - {""} == {kind if kind == unit else f"{kind} ({unit})" for kind, unit in kinds.items()}


def test_every_sensor_is_named_once_and_every_actuator_that_moves():
    met = words(drawn("stages, all sensors"))
    assert [name for name in TAG_NAMES if met.count(name) != 1] == ["P102"]


def test_attacks_stand_where_they_were_on_every_axis_and_touching_ones_apart():
    for ax in drawn("stages").axes:
        assert spans(ax, ATTACK_BAND) == [(start, stop) for start, stop, _ in ATTACKS]


def test_attacks_are_numbered_and_close_ones_as_a_range():
    assert {"1", "2", "3"} <= {text.get_text() for text in drawn("stages").axes[0].texts}
    many = pd.concat([EVENTS.assign(start=t, end=t + pd.Timedelta("20s")) for t in TIMES[100:900:200]])
    crowded = Recording(normal().frame, attacked().label, events=many.assign(attack=range(1, len(many) + 1)))
    assert "1–12" in words(plots.stages(crowded))


def test_tanks_stand_beside_their_set_points_and_flows():
    met = words(drawn("tanks"))
    for tank in GAUGED_TANKS:
        assert {f"{tank.name}  {tank.description}", tank.level, f"H {tank.high:g}", f"L {tank.low:g}"} <= set(met)
        assert {f"{flow.meter} in" for flow in tank.inflows} | {f"{flow.meter} out" for flow in tank.outflows} <= set(
            met
        )


def test_a_recording_without_attacks_or_with_few_tags_is_drawn():
    part = Recording(normal().frame[["LIT301", "FIT401"]], quiet().label)
    assert {"LIT301", "FIT401"} <= set(words(plots.stages(part)))
    assert "T301  UF feed" in words(plots.tanks(part))


def test_one_tag_may_be_given_by_its_name_alone():
    assert "LIT101" in words(plots.stages(normal(), tags="LIT101"))
    shown = plots.movement(attacked(), normal(), tags="LIT101").axes[0].get_xticklabels()
    assert [label.get_text() for label in shown] == ["LIT101"]


def test_a_time_without_a_zone_is_meant_on_the_clock_of_the_recording():
    known = EVENTS.assign(**{side: EVENTS[side].dt.tz_localize("Asia/Singapore") for side in ("start", "end")})
    zoned = Recording(attacked().frame.tz_localize("Asia/Singapore"), events=known)
    figures = [plots.stages(each, "2015-12-28 11:00", "2015-12-28 12:00") for each in (zoned, attacked())]
    for figure in figures:
        figure.draw_without_rendering()
    shown, wanted = ([label.get_text() for label in figure.axes[-1].get_xticklabels()] for figure in figures)
    assert shown == wanted and "11:30" in shown


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: plots.stages(normal(), "2016-01-01"), "no row lies between 2016-01-01 and None; they go from 2015"),
        (lambda: plots.stages(normal(), tags=["P101", "LIT999"]), "P101, LIT999: no sensor of this recording"),
        (lambda: plots.score_distributions(scores(), quiet().label[:9]), "label has 9 rows and the scores have 10,800"),
        (lambda: plots.stages(normal().frame), "shows a Recording, not an object of type DataFrame"),
        (lambda: plots.movement(attacked(), normal().frame), "shows a Recording, not an object of type DataFrame"),
        (lambda: plots.movement(attacked(), normal(), ["LIT999"]), "LIT999: no tag of these recordings; choose from"),
        (lambda: plots.strip(scores()["pca"], EVENTS), "of one detector give scores"),
        (lambda: plots.excerpt(attacked(), scores=scores(), scored="lof"), "no scores of lof; there are those of pca"),
        (lambda: plots.excerpt(attacked(), tags="LIT101", scored="pca"), "there are no scores to draw"),
        (lambda: plots.closeup(attacked(), scores(), 9), "no attack 9 in this recording; its attacks are 1, 2, 3"),
        (lambda: plots.closeup(quiet(), scores(), 1), "no attack 1 in this recording; its attacks are none"),
        (lambda: plots.over_budgets(curve(["pca"]), 0.9), r"this curve has no budget 0\.9; its budgets are 0\.05, "),
        (lambda: plots.strip(scores(), EVENTS, ["pcA"]), "no scores of pcA; there are those of pca, ocsvm"),
    ],
)
def test_what_cannot_be_drawn_is_said(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# Detectors


def test_an_attack_up_close_sets_its_tags_in_bold():
    bold = {text.get_text() for text in texts(drawn("attack")) if text.get_fontweight() == "bold"}
    assert bold == {"LIT101", "P101"}


def test_an_attack_up_close_tells_when_each_detector_spoke_and_by_which_tag():
    met = words(drawn("attack"))
    assert {"PCA residual", "after 60 s\nLIT101", "one-class SVM", "missed"} <= set(met)
    assert "Attack 2: what 2 did\n28 Dec 2015 10:40:00 to 10:50:00, 10 min" in met


def test_an_attack_up_close_can_be_given_as_a_row_and_its_detectors_chosen():
    met = words(plots.closeup(attacked(), scores(), EVENTS.iloc[1], ["pca"]))
    assert "PCA residual" in met and "one-class SVM" not in met


@pytest.mark.parametrize(("hours", "until"), [(1, "11:30:00"), (26, "29 Dec 12:30:00")])
def test_the_end_of_an_attack_has_its_date_where_that_is_another_day(hours, until):
    event = EVENTS.assign(end=EVENTS["start"] + pd.Timedelta(hours, "h")).iloc[0]
    assert f"28 Dec 2015 10:30:00 to {until}," in plots.closeup(attacked(), scores(), event).get_suptitle()


def test_the_strip_tells_true_from_false_alarms_under_the_truth():
    (ax,) = drawn("strip").axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["attacks", "PCA residual", "one-class SVM"]
    assert spans(ax, BLACK) == [(1800, 3000), (7200, 7500)]
    assert spans(ax, BLUE) == [(2460, 3100)]
    assert spans(ax, VERMILION) == [(9000, 9050)]


def test_the_matrix_has_a_row_an_attack_and_a_cell_a_verdict():
    (ax,) = drawn("matrix").axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["MV101   1", "LIT101 P101   2", "MV504   3"]
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "PCA residual\n1 of 3, 60 s\n1 ●",
        "one-class SVM\n0 of 3\n",
    ]
    assert [word for word in words(drawn("matrix")) if word in {"60 s", "● LIT101", "–"}] == [
        "–",
        "60 s",
        "● LIT101",
        *"––––",
    ]


def test_the_matrix_shows_a_tag_of_the_right_stage_a_wrong_tag_and_an_alarm_that_stood_already():
    table = verdicts().assign(standing=True, lead_tag="FIT101", attacked=pd.array([False] * 6, dtype="boolean"))
    told = [word for word in words(plots.matrix(table)) if word in {"on", "◐ FIT101", "○ FIT101"}]
    assert told == ["on", "◐ FIT101"]


def test_the_name_of_an_attack_is_cut_where_it_would_take_the_room_of_the_cells():
    table = verdicts().assign(attack="somebody opened the valve by hand and wrote a whole report on it, with reasons")
    (ax,) = plots.matrix(table).axes
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert all(name.endswith("…") and width_of(name) <= WIDTH / 2 for name in names)


def test_the_wide_matrix_has_a_row_a_detector_and_leaves_out_what_has_no_room():
    (ax,) = plots.matrix(verdicts(), wide=True).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "PCA residual\n1 of 3, 60 s, 1 ●",
        "one-class SVM\n0 of 3",
    ]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["MV101", "LIT101\nP101", "MV504"]
    assert "60 s\n● LIT101" in words(plots.matrix(verdicts(), wide=True))
    many = pd.concat([verdicts()] * 12).assign(standing=lambda table: table["found"])
    figure = plots.matrix(many, wide=True)
    assert "on\n●" in words(figure) and "LIT101 P101" in words(figure) and figure.get_figheight() < 5


def test_of_very_many_attacks_every_fifth_is_named():
    assert [word for word in words(drawn("matrix, wide, 102 attacks")) if word.isdigit()] == [
        *map(str, range(5, 101, 5))
    ]


def test_a_title_is_broken_at_blanks_and_else_after_signs_to_its_width_line_by_line():
    title = "local outlier factor, neighbours=50\n4 of 12, 60 s"
    assert wrapped(title, 10) == title
    assert wrapped(title, 0.9) == "local\noutlier factor,\nneighbours=50\n4 of 12, 60 s"
    assert wrapped("neighbours=50", 0.8) == "neighbours=\n50"
    assert wrapped("k-means", 10, most=3) == "k-m\nean\ns"


def test_a_long_action_is_set_in_lines_that_the_figure_holds():
    event = EVENTS.iloc[1].to_dict() | {
        "action": "FORCE P101, P102, MV201 on, SPOOF LIT101 = 700 (MV101 was meant open)"
    }
    said = plots.closeup(attacked(), scores(), event, width=5).get_suptitle().splitlines()
    assert len(said) == 3 and max(map(len, said)) < 60


def test_a_curve_has_its_detectors_colour_and_the_figures_of_the_budget_in_use():
    figure = drawn("over_budgets")
    own = looks(DEFAULT)
    for place, name in enumerate(DEFAULT):
        found = figure.axes[place]
        assert to_hex(found.lines[1].get_color()) == to_hex(own[name].colour)
        assert f"{0.32 + 0.05 * place:.0%}" in [text.get_text() for text in found.texts]


def test_score_distributions_show_each_threshold():
    axes = drawn("score_distributions").axes
    assert [ax.get_title(loc="left") for ax in axes] == ["PCA residual", "one-class SVM"]
    assert [ax.lines[0].get_xdata()[0] for ax in axes] == [5.0, -5.0]


def test_precision_recall_marks_where_the_alarm_stands():
    (ax,) = drawn("precision_recall").axes
    met = evaluate(attacked().label, scores()["pca"]["alarm"], scores()["pca"]["score"])
    marked = {
        line.get_label(): (*line.get_xdata(), *line.get_ydata()) for line in ax.lines if line.get_marker() != "None"
    }
    assert marked[f"PCA residual  {met['average_precision']:.2f}"] == (met["recall"], met["precision"])


def test_an_average_precision_that_is_not_known_is_a_dash():
    (legend,) = plots.precision_recall(scores(), attacked().label | True).legends
    assert [text.get_text() for text in legend.texts] == ["PCA residual  –", "one-class SVM  –"]


def test_a_detector_has_its_own_colour_whatever_others_are_drawn():
    def colours(*names):
        (ax,) = plots.precision_recall(scores(), attacked().label, names).axes
        return {line.get_label(): line.get_color() for line in ax.lines if line.get_marker() != "None"}

    assert colours("pca", "ocsvm") == colours("pca") | colours("ocsvm")


def test_no_two_detectors_look_alike():
    names = [*DETECTORS, *map("pyod:{}".format, ("KNN", "HBOS", "COPOD", "ECOD", "LODA", "MCD", "INNE", "GMM"))]
    assert len(set(looks(names).values())) == len(names)
    assert {looks([name])[name] for name in DEFAULT} == set(looks(DEFAULT).values())


def test_twenty_detectors_without_a_look_of_their_own_differ_from_each_other():
    assert len({*looks(f"mine.py:D{number}" for number in range(20)).values()}) == 20


# Tags


def test_movement_frames_the_attacked_tag_and_shows_its_jump():
    before, during = drawn("movement").axes[:2]
    tags = [label.get_text() for label in during.get_xticklabels()]
    assert [(round(p.get_x() + 0.5), round(p.get_y() + 0.5)) for p in during.patches] == [(tags.index("LIT101"), 1)]
    assert during.images[0].get_array()[1, tags.index("LIT101")] > 3
    assert before.images[0].get_array()[1, tags.index("LIT101")] == 1


def test_movement_tells_a_tag_without_a_reading_from_one_that_stands_still():
    frame = attacked().frame.copy()
    frame.loc[TIMES[7000:], "LIT101"] = np.nan
    figure = plots.movement(Recording(frame, attacked().label, events=EVENTS), normal())
    during = figure.axes[1]
    tags = [label.get_text() for label in during.get_xticklabels()]
    cells = during.images[0].get_array()[2]
    assert np.flatnonzero(np.ma.getmaskarray(cells)).tolist() == [tags.index("LIT101")]
    assert "grey: no reading" in figure.get_supxlabel() and "no reading" not in drawn("movement").get_supxlabel()


def test_movement_leaves_out_a_tag_that_one_recording_lacks():
    lacking = Recording(attacked().frame.drop(columns="FIT101"), attacked().label, events=EVENTS)
    before = drawn("movement").axes[0]
    shown = [[label.get_text() for label in ax.get_xticklabels()] for ax in plots.movement(lacking, normal()).axes[:2]]
    assert shown == [[label.get_text() for label in before.get_xticklabels() if label.get_text() != "FIT101"]] * 2


def test_drift_names_what_drifts_and_what_is_constant():
    (ax, _) = drawn("drift").axes
    bold = [label.get_text() for label in ax.get_yticklabels() if label.get_fontweight() == "bold"]
    assert bold == ["AIT201"]
    assert "bold: drifting · constant: P102" in words(drawn("drift"))


def test_the_sketch_has_a_place_for_every_tank_and_flow():
    assert {flow.source for flow in FLOWS} | {flow.sink for flow in FLOWS} | set(TANKS) == set(PLACES)
    assert {*TANKS, *(flow.meter for flow in FLOWS)} <= set(words(drawn("plant_sketch")))


def test_the_sketch_has_a_dash_for_what_was_not_read():
    row = attacked().frame.iloc[2500].copy()
    row[["LIT101", "FIT201"]] = np.nan
    said = words(plots.plant_sketch(row))
    assert {"LIT101\n–", "FIT201\n–"} < set(said) and not any("nan" in each for each in said)


def test_the_sketch_of_a_row_gives_its_readings():
    row = attacked().frame.iloc[2500]
    met = set(words(drawn("plant_sketch, a row")))
    assert {"LIT101\n1150 mm", f"FIT201\n{row['FIT201']:.2f} m³/h"} <= met


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: plots.movement(quiet(), normal()), "no movement to show"),
        (lambda: plots.movement(attacked(), normal(), ["P102"]), "No sensor that changes on the normal days"),
        (lambda: plots.drift(still(TAG_NAMES)), "No tag of this recording changes"),
        (lambda: plots.stages(normal(), tags=[]), "no sensor is chosen"),
        (lambda: plots.stages(Recording(normal().frame[["AIT202", "P101"]])), "neither a level nor a flow"),
        (lambda: plots.tanks(Recording(normal().frame[["FIT101"]])), "no level of a tank"),
        (lambda: plots.score_distributions(scores(), None, []), "no detector is chosen"),
        (lambda: plots.precision_recall(scores(), attacked().label, []), "no detector is chosen"),
        (lambda: plots.strip(scores().iloc[:0], EVENTS), "the scores have no row"),
        (lambda: plots.drift(Recording(normal().frame.iloc[:0])), "No tag of this recording changes"),
        (lambda: plots.closeup(quiet(), scores()), "nothing to show in detail"),
        (lambda: plots.matrix(pd.DataFrame()), "nothing to find"),
        (lambda: plots.precision_recall(scores(), None), "precision and recall are not known"),
    ],
)
def test_without_anything_to_draw_there_is_the_reason_in_place_of_a_figure(draw, says):
    assert says in draw().texts[0].get_text()


def test_scores_without_a_label_are_drawn_as_one():
    figure = plots.score_distributions(scores(), None)
    assert len(figure.axes) == len(scores().columns.unique(0))


def test_scores_of_which_no_row_has_one_are_said_to_be_none():
    silent = scores()
    silent.loc[:, silent.columns.get_level_values(1) == "score"] = np.nan
    assert [ax.texts[0].get_text() for ax in plots.score_distributions(silent, None).axes] == ["no row has a score"] * 2


@pytest.mark.parametrize(("rows", "value"), [(1, 7.0), (len(TIMES), 7.0), (len(TIMES), 4000.0)])
def test_a_score_that_is_constant_or_of_one_row_has_a_bar(rows, value):
    flat = scores()[["pca"]].copy()
    flat["pca", "score"] = pd.Series(value, TIMES[:rows])
    (ax,) = plots.score_distributions(flat, None).axes
    heights, edges, _ = ax.patches[0].get_data()
    assert heights.sum() == 1 and np.diff(edges).min() > np.ptp(ax.get_xlim()) / 100


def test_the_waterfall_ends_each_bar_with_its_f1_and_what_was_found():
    said = words(drawn("waterfall"))
    assert [f"{value:.3f}" for value in STEPS_TAKEN["f1"]] == [
        word for word in said if word.startswith("0.") and len(word) == 5
    ]
    assert [word for word in said if " of " in word] == ["5 of 7", "5 of 8", "7 of 8"]


def test_the_spread_has_a_row_a_choice_the_lower_median_first():
    labels = [text.get_text() for text in drawn("spread").axes[0].get_yticklabels()]
    assert labels == ["threshold: budget", "threshold: best", "labels: true", "labels: official"]


def test_offsets_say_where_no_attacked_tag_moves():
    assert words(drawn("offsets")).count("no attacked tag moves") == 1


def test_a_phantom_stands_beside_the_attack_it_copies_or_is_said_to_be_missing():
    assert [ax.get_title(loc="left") for ax in drawn("phantom").axes[:2]] == [
        "label without an attack, 28 Dec",
        "attack 2, 28 Dec",
    ]
    assert words(plots.phantom(attacked(), PHANTOM.iloc[:0], WINDOWS)) == [
        "Every interval of the official label in this recording has an attack."
    ]


def test_a_recording_without_official_labels_is_not_said_to_have_an_attack_under_each():
    said = words(plots.phantom(attacked(), PHANTOM.iloc[:0], WINDOWS.iloc[:0]))
    assert said == ["The official labels of 2015 are not those of this recording."]


@given(st.lists(st.floats(0, 1), max_size=8).map(sorted).map(np.array), st.sampled_from([0.05, 0.1, 0.15, 0.3]))
def test_labels_are_moved_apart_as_little_as_possible(places, gap):
    steps = gap * np.arange(len(places))
    least = isotonic_regression(places - steps, y_min=0, y_max=max(0, 1 - steps[-1])) if len(places) else places
    assert spread_out(places, gap) == pytest.approx(least + steps)
