"""The index of reports in a real browser: runs are filtered, and two of them set beside each other."""

import pytest
from lab import page_in

from swatlib.report.run_record import DONE, ReportRun, Step, UsedRecording, save_record
from swatlib.report.runner import write_index

OWN = UsedRecording("own.csv", "ab" * 32, 10, "2015-12-28 10:00:00", "2015-12-28 10:00:09")


def record(name, budget, detectors, f1, data, started):
    """A run of one notebook."""
    key = {"guard": {"attacks found": "3 of 4", "F1": f1}, "random": {"attacks found": "1 of 4", "F1": 0.1}}
    parameters = {"detectors": detectors, "budget": budget}
    step = Step(
        "04-comparison", "Which is best?", 3, {"budget": budget}, parameters, status=DONE, numbers={"attacks": 4},
        key=key, data=data,
    )  # fmt: skip
    versions = {"python": "3.12.1", "numpy": "2.0"}
    given = {"budget": budget}
    return ReportRun(name, given, [step], started, "c" * 40, versions, "2 cores", status=DONE, data=data)


@pytest.fixture
def index(reports):
    """Of three runs."""
    runs = (
        record("a", 1.0, ["guard", "pca"], 0.5, [], "2026-01-01T10:00:00+00:00"),
        record("b", 0.5, ["guard", "lof"], 0.75, [OWN], "2026-01-02T10:00:00+00:00"),
        record("c", 0.5, ["guard"], 0.5, [OWN], "2026-01-03T10:00:00+00:00"),
    )
    for run in runs:
        save_record(run, reports / run.name)
    return write_index()


@pytest.fixture
def page(index, browser):
    """The index in a browser without a network."""
    met, page = [], page_in(browser)
    page.context.set_offline(True)
    page.on("console", lambda message: met.append(message.text))
    page.on("pageerror", lambda error: met.append(str(error)))
    page.goto(index.as_uri())
    yield page
    page.close()
    assert met == []


def shown(page):
    return [row.locator(".compare input").get_attribute("value") for row in page.locator("tr.done:visible").all()]


def table(page, selector):
    return [row.split("\t") for row in page.locator(selector).inner_text().splitlines()]


def test_the_key_figures_stand_first_and_the_rest_is_folded(page):
    first = page.locator("tr.done").first
    assert table(page, "tr.done >> nth=0 >> table.key") == [
        ["", "guard", "random"],
        ["attacks found", "3 of 4", "1 of 4"],
        ["F1", "0.500", "0.100"],
    ]
    assert [each.get_attribute("open") for each in first.locator("details").all()] == [None, None]


def test_a_figure_of_thousands_is_ordered_by_its_value_and_a_damaged_run_stays_last(reports, index, page):
    save_record(record("d", 1.0, ["guard"], 1234.5, [], "2025-01-01T10:00:00+00:00"), reports / "d")
    (reports / "e").mkdir()
    (reports / "e" / "run.json").write_text("{}")
    write_index()
    page.reload()
    page.locator("[name=order]").select_option("F1, falling")
    assert shown(page) == ["d", "b", "c", "a"]
    assert "damaged" in page.locator(".runs > tbody > tr").last.inner_text()


def test_a_long_name_of_a_run_stays_in_its_column(reports, index, page):
    save_record(record("l" * 200, 1.0, ["guard"], 0.5, [], "2026-01-04T10:00:00+00:00"), reports / ("l" * 200))
    write_index()
    page.reload()
    assert page.locator("td.run").first.evaluate("cell => cell.scrollWidth <= cell.clientWidth")


def test_the_key_figures_name_each_detector_also_one_without_the_first_figure(reports, index, page):
    run = record("d", 1.0, ["guard"], 0.5, [], "2026-01-04T10:00:00+00:00")
    run.notebooks[0].key["lof"] = {"F1": 0.25}
    save_record(run, reports / "d")
    write_index()
    page.reload()
    assert table(page, "tr.done >> nth=0 >> table.key")[-1] == ["F1", "0.500", "0.100", "0.250"]


def test_runs_are_filtered_by_data_detector_and_parameter_and_a_reload_keeps_it(page):
    assert shown(page) == ["c", "b", "a"]
    page.locator("[name=data]").select_option("own.csv")
    assert shown(page) == ["c", "b"]
    page.locator("[name=detector]").select_option("lof")
    assert shown(page) == ["b"]
    page.reload()
    assert (shown(page), page.locator("output").inner_text()) == (["b"], "1 of 3 runs")
    page.locator("[name=parameter]").fill("budget=1")
    assert shown(page) == []
    for name in ("data", "detector"):
        page.locator(f"[name={name}]").select_option("all")
    assert shown(page) == ["a"]


def test_runs_are_ordered_by_a_figure_of_their_best_detector_and_a_reload_keeps_it(page):
    page.locator("[name=order]").select_option("F1, falling")
    assert shown(page) == ["b", "c", "a"]
    page.locator("[name=order]").select_option("F1, rising")
    page.reload()
    assert shown(page) == ["c", "a", "b"]
    page.locator("[name=order]").select_option("newest first")
    assert shown(page) == ["c", "b", "a"]


def test_two_runs_side_by_side_show_what_changed(page):
    for name in ("c", "b"):
        page.locator(f".compare input[value={name}]").check()
    assert page.locator(".compare input[value=a]").is_disabled()
    assert table(page, ".changed table") == [
        ["", "b", "c"],
        ["Figures"],
        ["F1, guard", "0.750", "0.500"],
        ["Parameters"],
        ["detectors", "guard, lof", "guard"],
    ]
    page.reload()
    assert page.locator(".changed h2").inner_text() == "What changed"


def test_nothing_overlaps_in_a_window_of_any_width(reports, page):
    run = record("d", 0.5, ["guard", "forecast"], 0.5, [OWN], "2026-11-27T22:22:00+00:00")
    figures = {"attacks found": "32 of 36", "false alarms per day": 2.25, "median delay (s)": 122.5}
    run.notebooks[0].key = {"forecast": figures, "only-largest": figures}
    save_record(run, reports / run.name)
    page.goto(write_index().as_uri())
    wider = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.innerText)"
    for width in (1600, 1200, 1130, 900, 480):
        page.set_viewport_size({"width": width, "height": 1000})
        overlapping = page.locator(".runs td, .runs th").evaluate_all(wider)
        assert (overlapping, page.evaluate("document.documentElement.scrollWidth")) == ([], width)
