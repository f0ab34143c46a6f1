"""The boards' files: what is committed is what the program makes, and holds none of the traps of Grafana 12."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

from swatlib.live.boards import GRAFANA
from swatlib.pipeline import DEFAULT
from swatlib.settings import ROOT

STACK = ROOT / "stack"
PROVISIONING = STACK / "grafana" / "provisioning"
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GRAFANA.glob("*.json"))}
BUILT_IN = {"-- Mixed --", "__expr__"}
GRID = 24


def provisioned(kind):
    return yaml.safe_load((PROVISIONING / kind / "swat.yaml").read_text(encoding="utf-8"))


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(board):
    return [target for panel in panels(board) for target in panel["targets"]]


def values(whole, key):
    """All that stands under `key`, wherever in a JSON."""
    parts = whole.values() if isinstance(whole, dict) else whole if isinstance(whole, list) else ()
    found = [whole[key]] if isinstance(whole, dict) and key in whole else []
    return found + [each for part in parts for each in values(part, key)]


@pytest.fixture(params=BOARDS)
def board(request):
    return BOARDS[request.param]


def test_the_files_are_what_the_program_makes(tmp_path):
    subprocess.run([sys.executable, str(STACK / "boards"), str(tmp_path)], check=True, capture_output=True)
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    kept = {path.relative_to(STACK): path.read_text() for path in (*GRAFANA.iterdir(),)}
    assert made == kept


def test_there_is_a_board_for_each_detector_one_of_all_and_one_of_the_plant():
    assert set(BOARDS) == {"swat-overview", "swat-plant", *(f"swat-{name}" for name in DEFAULT)}
    assert {name: board["uid"] for name, board in BOARDS.items()} == {name: name for name in BOARDS}


def test_panel_numbers_are_unique_and_panels_do_not_overlap(board):
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    cells = [
        (place["x"] + dx, place["y"] + dy)
        for place in (panel["gridPos"] for panel in board["panels"])
        for dx in range(place["w"])
        for dy in range(place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < GRID


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


def test_what_is_silent_is_a_hole(board):
    for panel in panels(board):
        if panel["type"] in ("timeseries", "state-timeline"):
            assert "insertNulls" in panel["fieldConfig"]["defaults"]["custom"]
    grouped = [target["query"] for target in targets(board) if "GROUP BY time" in target["query"]]
    assert [query for query in grouped if "fill(null)" not in query] == []


def test_regular_expressions_stand_between_slashes(board):
    matchers = [matcher["options"] for matcher in values(board, "matcher") if matcher["id"] == "byRegexp"]
    reduced = [options.get("fields") for options in values(board, "reduceOptions") if options.get("fields")]
    assert [each for each in matchers + reduced if not re.fullmatch("/.+/", each)] == []


def test_attacks_are_regions_with_an_end(board):
    [attacks] = board["annotations"]["list"]
    assert (attacks["enable"], attacks["datasource"]["uid"], "timeEnd" in attacks["target"]["query"]) == (
        True, "swat-flux", True,
    )  # fmt: skip


def test_nothing_hides_in_the_menu_of_controls(board):
    assert values(board, "placement") in ([], ["bottom"] * len(values(board, "placement")))
    assert values(board, "perPage") == []


def test_links_lead_to_boards_that_exist(board):
    urls = [link for links in values(board, "url") for link in re.findall(r"/d/(swat-[^?]*)", links)]
    named = {uid for uid in urls if uid != "swat-${__value.raw}"}  # that one is a detector's name
    assert named <= set(BOARDS)
    assert [(link["type"], link["tags"]) for link in board["links"]] == [("dashboards", ["swat"])]
    assert all("swat" in each["tags"] for each in BOARDS.values())


def test_times_in_links_and_boards_are_whole(board):
    assert board["time"] == {"from": "now-15m", "to": "now"} and board["refresh"] == "5s"


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
    assert rule["for"] == "30s"
    board = BOARDS[rule["annotations"]["__dashboardUid__"]]
    assert int(rule["annotations"]["__panelId__"]) in {panel["id"] for panel in panels(board)}
    assert {each["datasourceUid"] for each in rule["data"]} == {"swat-influxql", "__expr__"}
    assert alerting["policies"][0]["receiver"] == alerting["contactPoints"][0]["name"]
    assert "$$" not in str(rule)
