"""The boards' files: what is committed is what the program makes, and holds none of the traps of Grafana 12."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

from swatlib.live import links as boards
from swatlib.pipeline import DEFAULT
from swatlib.plots.looks import looks
from swatlib.plots.style import BLACK
from swatlib.settings import ROOT

STACK = ROOT / "stack"
PROVISIONING = STACK / "grafana" / "provisioning"
GRAFANA = STACK / "grafana" / "dashboards"
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GRAFANA.glob("*.json"))}
CHRONOGRAF = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((STACK / "chronograf").glob("*.dashboard"))
}
BUILT_IN = {"-- Mixed --", "-- Dashboard --", "__expr__"}
GRID, CHRONOGRAFS_GRID = 24, 12


def provisioned(kind):
    return yaml.safe_load((PROVISIONING / kind / "swat.yaml").read_text(encoding="utf-8"))


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(board):
    """What a board asks; a panel that shows answers of another asks nothing."""
    return [target for panel in panels(board) for target in panel["targets"] if "panelId" not in target]


def values(whole, key):
    """All that stands under `key`, wherever in a JSON."""
    parts = whole.values() if isinstance(whole, dict) else whole if isinstance(whole, list) else ()
    found = [whole[key]] if isinstance(whole, dict) and key in whole else []
    return found + [each for part in parts for each in values(part, key)]


def assert_side_by_side(places, width):
    covered = [
        (place["x"] + dx, place["y"] + dy) for place in places for dx in range(place["w"]) for dy in range(place["h"])
    ]
    assert len(set(covered)) == len(covered)
    assert max(x for x, _ in covered) < width


@pytest.fixture(params=BOARDS)
def board(request):
    return BOARDS[request.param]


def test_the_files_are_what_the_program_makes(tmp_path):
    subprocess.run([sys.executable, str(STACK / "boards"), str(tmp_path)], check=True, capture_output=True)
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    files = (*GRAFANA.iterdir(), *(STACK / "chronograf").glob("*.dashboard"))
    kept = {path.relative_to(STACK): path.read_text() for path in files}
    assert made == kept


def test_there_is_a_board_for_each_detector_one_of_all_and_one_of_the_plant():
    assert set(BOARDS) == {"swat-overview", "swat-alarms", "swat-plant", *(f"swat-{name}" for name in DEFAULT)}
    assert {name: board["uid"] for name, board in BOARDS.items()} == {name: name for name in BOARDS}


def test_panel_numbers_are_unique_and_panels_do_not_overlap(board):
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    assert_side_by_side([panel["gridPos"] for panel in board["panels"]], GRID)


def test_the_sdk_reads_a_board_back_whole(board):
    again = json.loads(json.dumps(Dashboard.from_json(board), default=lambda each: each.to_json()))
    assert [panel["title"] for panel in again["panels"]] == [panel["title"] for panel in board["panels"]]
    assert [target["query"] for target in targets(again)] == [target["query"] for target in targets(board)]


def test_every_target_has_a_query_and_influxql_is_raw(board):
    for target in targets(board):
        assert target["query"] and target["refId"]
        assert ("rawQuery" in target) == (target["datasource"]["uid"] == "swat-influxql")


def test_every_data_source_is_provisioned(board):
    known = {source["uid"] for source in provisioned("datasources")["datasources"]} | BUILT_IN
    assert {source["uid"] for source in values(board, "datasource")} - known == set()


def test_an_interval_without_points_is_a_gap(board):
    for panel in panels(board):
        if panel["type"] in ("timeseries", "state-timeline"):
            assert "insertNulls" in panel["fieldConfig"]["defaults"]["custom"]
    grouped = [target["query"] for target in targets(board) if "GROUP BY time" in target["query"]]
    assert [query for query in grouped if "fill(null)" not in query] == []


def test_a_band_is_asked_in_intervals_that_hold_a_row(board):
    # Rows come each second, give or take a little; an interval without one would be a stripe.
    bands = [panel for panel in panels(board) if panel["type"] == "state-timeline"]
    assert [panel.get("interval") for panel in bands] == ["5s"] * len(bands)


def test_a_detector_has_the_colour_of_the_figures_on_every_board(board):
    colours = {name: look.colour for name, look in looks(DEFAULT).items()}
    for panel in panels(board):
        for each in panel["fieldConfig"]["overrides"]:
            name, [fixed] = each["matcher"]["options"], values(each, "fixedColor") or [""]
            if name in colours:
                assert fixed == ("text" if colours[name] == BLACK else colours[name])


def test_each_detector_has_a_colour_of_its_own_beside_the_others():
    [excess] = [panel for panel in panels(BOARDS["swat-overview"]) if panel["title"].startswith("Score above")]
    fixed = {each["matcher"]["options"]: values(each, "fixedColor") for each in excess["fieldConfig"]["overrides"]}
    assert set(fixed) == set(DEFAULT) and len({colour for [colour] in fixed.values()}) == len(DEFAULT)


def test_an_empty_table_says_what_there_is_none_of(board):
    tables = [panel for panel in panels(board) if panel["type"] == "table"]
    assert [panel["title"] for panel in tables if not panel["fieldConfig"]["defaults"].get("noValue")] == []


def test_regular_expressions_stand_between_slashes(board):
    matchers = [matcher["options"] for matcher in values(board, "matcher") if matcher["id"] == "byRegexp"]
    reduced = [options.get("fields") for options in values(board, "reduceOptions") if options.get("fields")]
    assert [each for each in matchers + reduced if not re.fullmatch("/.+/", each)] == []


def test_attacks_and_maintenance_are_regions_with_an_end(board):
    for shown in board["annotations"]["list"]:
        assert (shown["enable"], shown["datasource"]["uid"], "timeEnd" in shown["target"]["query"]) == (
            True, "swat-flux", True,
        )  # fmt: skip


def test_nothing_hides_in_the_menu_of_controls(board):
    assert values(board, "placement") in ([], ["bottom"] * len(values(board, "placement")))
    assert values(board, "perPage") == []


def test_a_panel_shows_answers_of_one_that_asks_itself_and_no_query_is_asked_twice(board):
    by_number = {panel["id"]: panel for panel in panels(board)}
    asked = [target["query"] for target in targets(board)]
    assert len(set(asked)) == len(asked)
    for panel in panels(board):
        if sources := [target["panelId"] for target in panel["targets"] if "panelId" in target]:
            [source] = sources
            assert panel["datasource"]["uid"] == "-- Dashboard --"
            assert all("query" in target for target in by_number[source]["targets"])
            assert panel.get("interval") == by_number[source].get("interval")


def test_a_panel_that_shows_a_part_names_what_the_query_gives(board):
    by_number = {panel["id"]: panel for panel in panels(board)}
    for panel in panels(board):
        source = by_number[panel["targets"][0].get("panelId", panel["id"])]
        for each in panel.get("transformations", ()):
            time, *names = each["options"]["include"]["names"]
            assert (
                time == "Time" and [name for name in names if f' "{name}"' not in source["targets"][0]["query"]] == []
            )


def test_links_lead_to_boards_that_exist(board):
    urls = [link for links in values(board, "url") for link in re.findall(r"/d/(swat-[^?]*)", links)]
    named = {uid for uid in urls if uid != "swat-${__value.raw}"}  # that one is a detector's name
    assert named <= set(BOARDS)
    assert [(link["type"], link["tags"]) for link in board["links"]] == [("dashboards", ["swat"])]
    assert all("swat" in each["tags"] for each in BOARDS.values())


def test_times_in_links_and_boards_are_whole(board):
    assert board["time"] == {"from": "now-15m", "to": "now"} and board["refresh"] == "10s"


def test_tokens_come_from_files_and_viewers_only_read():
    sources = provisioned("datasources")["datasources"]
    secrets = [value for source in sources for value in source["secureJsonData"].values()]
    assert secrets == ["Token $__file{/run/secrets/read}", "$__file{/run/secrets/read}"]
    assert {source["url"] for source in sources} == {"${INFLUX_URL}"}


def test_boards_lie_where_their_provider_looks():
    [provider] = provisioned("dashboards")["providers"]
    assert Path(provider["options"]["path"]).name == GRAFANA.name
    assert not provider["allowUiUpdates"]


def test_the_alert_has_a_folder_of_its_own_and_leads_to_a_panel():
    alerting, [provider] = provisioned("alerting"), provisioned("dashboards")["providers"]
    [group] = alerting["groups"]
    [rule] = group["rules"]
    assert group["folder"] != provider["folder"]
    assert int(group["interval"].removesuffix("s")) % 10 == 0
    assert rule["for"] == "90s"
    board = BOARDS[rule["annotations"]["__dashboardUid__"]]
    assert int(rule["annotations"]["__panelId__"]) in {panel["id"] for panel in panels(board)}
    assert {each["datasourceUid"] for each in rule["data"]} == {"swat-flux", "__expr__"}
    assert alerting["policies"][0]["receiver"] == alerting["contactPoints"][0]["name"]
    assert "$$" not in str(rule)


@pytest.fixture(params=CHRONOGRAF)
def file(request):
    return CHRONOGRAF[request.param]


def test_chronografs_boards_have_high_numbers_of_their_own():
    # Those made in its pages count from 1, and shadow a file with the same number.
    numbers = [file["id"] for file in CHRONOGRAF.values()]
    assert sorted(numbers) == [9001, 9002, 9003]


def test_a_chronograf_file_is_a_bare_board_with_a_name(file):
    assert list(file) == ["id", "name", "organization", "cells"]
    assert file["name"] and file["organization"] == "default"


def test_nothing_in_a_chronograf_file_is_taken_for_a_template(file):
    assert "{{" not in json.dumps(file, ensure_ascii=False)


def test_cells_are_visible_and_do_not_overlap(file):
    names = [cell["i"] for cell in file["cells"]]
    assert all(names) and len(set(names)) == len(names)
    assert_side_by_side(file["cells"], CHRONOGRAFS_GRID)


def test_cells_have_what_their_kind_needs(file):
    for cell in file["cells"]:
        assert cell["queries"] and all(each["query"] for each in cell["queries"])
        kinds = [color["type"] for color in cell.get("colors", ())]
        if cell["type"] == "table":
            assert cell["tableOptions"]["verticalTimeAxis"]
            if cell["fieldOptions"]:  # raw names have headings
                [query] = [each["query"] for each in cell["queries"]]
                named = [each["internalName"].removesuffix(".last") for each in cell["fieldOptions"][1:]]
                assert [name for name in named if name not in query] == []
        elif cell["type"] == "gauge":
            assert kinds[0] == "min" and kinds[-1] == "max"
        elif cell["type"] == "single-stat":
            assert set(kinds) <= {"text", "background"} and cell["decimalPlaces"]["isEnforced"]
            assert cell["colors"][0]["value"] == "-1000000"
        else:
            assert cell["type"] in ("line", "line-stacked", "bar") and set(kinds) == {"scale"}
        assert all(isinstance(color["value"], str) and len(color["hex"]) == 7 for color in cell.get("colors", ()))


def test_an_axis_that_ends_somewhere_says_where(file):
    ends = {
        cell["name"]: cell["axes"]["y"]["bounds"][1]
        for cell in file["cells"]
        if "bounds" in cell.get("axes", {}).get("y", {})
    }
    assert [name for name, end in ends.items() if end and not name.endswith(f", up to {end}")] == []


def test_chronografs_queries_name_their_bucket_and_ask_the_pages_time(file):
    for query in (each for cell in file["cells"] for each in cell["queries"]):
        if query["type"] == "influxql":
            assert '"telegraf"."autogen".' in query["query"]
            assert ":dashboardTime:" in query["query"] and ":upperDashboardTime:" in query["query"]


def test_the_boards_name_only_measurements_that_telegraf_gathers():
    config = (STACK / "telegraf" / "telegraf.conf").read_text(encoding="utf-8")
    asked = set(re.findall(r'"autogen"\."(\w+)"', " ".join(values(list(CHRONOGRAF.values()), "query"))))
    inputs = set(re.findall(r"\[\[inputs\.(\w+)]]", config)) | set(re.findall('name_override = "(.*)"', config))
    kafka = {f"kafka_{name}" for name in re.findall(r'^    name = "(\w+)"', config, re.MULTILINE)}
    internal = {"internal_agent", "internal_write", "internal_influxdb_v2_listener", "procstat_lookup"}
    assert asked - inputs - kafka - internal == {"stream", "producer"}  # those are pushed


def test_links_open_a_recording_on_its_own_time(monkeypatch):
    monkeypatch.setattr(boards, "_answers", lambda place: True)
    start, end = pd.Timestamp("2015-12-28 10:00"), pd.Timestamp("2015-12-28 11:00")
    assert boards.links("my plant", start, end) == [
        "http://localhost:3000/d/swat-overview?var-plant=my%20plant&from=1451296800000&to=1451300400000",
        "http://localhost:8888/sources/0/dashboards/9001?lower=2015-12-28T10:00:00Z&upper=2015-12-28T11:00:00Z",
    ]
