"""Pages of single attacks: they open in a real browser without a network, and can be zoomed there."""

import numpy as np
import pandas as pd
import pytest
from lab import page_in

from swatlib.data import Recording
from swatlib.report.mouse_pages import PLOTLY, attack_files, attack_links, save_attack_page

TIMES = pd.date_range("2015-12-28 10:00", periods=4000, freq="s", name="time")
SHOWN = """() => {
    const figure = document.querySelector("#figure"), { range, type } = figure._fullLayout.xaxis
    const drawn = line => line.getAttribute("d") && parseFloat(line.style.strokeWidth) > 0
    const lines = [...figure.querySelectorAll(".js-line")].filter(drawn)
    return [type, range, lines.length]
}"""
LINES = 4  # attack, LIT101, FIT101, MV101 open; the alarm begins later
AROUND_1 = ["2015-12-28 10:06:40", "2015-12-28 10:36:40"]


@pytest.fixture
def folder(tmp_path):
    """Pages of two attacks, the second with a name that no file could have."""
    level = np.linspace(500, 800, len(TIMES), dtype=np.float32)
    frame = pd.DataFrame({"LIT101": level, "FIT101": level / 300, "MV101": 1 + (level > 600)}, TIMES)
    rows = [
        ("1", TIMES[1000], TIMES[1600], "LIT101", "LIT101 spoof 900", ""),
        ("2/</b>", TIMES[3000], TIMES[3100], "MV101", "MV101 force open", ""),
    ]
    events = pd.DataFrame(rows, columns=["attack", "start", "end", "points", "action", "visibility"])
    recording = Recording(frame, pd.Series(False, TIMES, name="attack"), events=events)
    alarm = level > 700
    lead = pd.Series(np.where(alarm, "LIT101", None), TIMES).astype("category")
    one = pd.DataFrame({"score": alarm * 5.0 + 1, "threshold": 3.0, "alarm": alarm, "lead": lead}, TIMES)
    for name in events["attack"]:
        said = "What was done & what moved </script>."
        save_attack_page(
            tmp_path, recording, pd.concat({"pca": one}, axis=1), name, f"Attack {name}", said, events["attack"]
        )
    return tmp_path


def test_plotly_lies_once_in_a_run_and_each_attack_has_a_page(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["attack-1.html", "attack-2-b-.html", PLOTLY]
    assert attack_links(folder) == {"1": "attack-1.html", "2-b-": "attack-2-b-.html"}
    assert (folder / "attack-1.html").stat().st_size < 1_000_000


def test_attacks_whose_names_differ_in_signs_alone_have_a_page_each():
    files = attack_files(["run 1", "run.1", "run/1", "β", "γ", 7, "x" * 300])
    assert [*files.values()][:6] == [f"attack-{name}.html" for name in ("run-1", "run-1-2", "run-1-3", "β", "γ", "7")]
    assert len(files["x" * 300]) < 60


def test_a_page_opens_offline_without_an_error_and_zooms(folder, browser):
    met, page = [], page_in(browser)
    page.context.set_offline(True)
    page.on("console", lambda message: met.append(message.text))
    page.on("pageerror", lambda error: met.append(str(error)))
    page.on("request", lambda request: met.append(request.url) if request.url.startswith("http") else None)
    page.goto((folder / "attack-1.html").as_uri())
    page.locator("#figure .nsewdrag").first.wait_for()
    assert page.evaluate(SHOWN) == ["date", AROUND_1, LINES]
    place = page.locator("#figure .nsewdrag").nth(1).bounding_box()
    middle = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + 300, middle)
    page.mouse.down()
    page.mouse.move(place["x"] + 200, middle, steps=5)
    page.mouse.up()
    page.wait_for_function(f"document.querySelector('#figure')._fullLayout.xaxis.range[0] > '{AROUND_1[0]}'")
    page.get_by_role("link", name="2/</b>").click()
    page.locator("h1", has_text="Attack 2/</b>").wait_for()
    page.locator("#figure .nsewdrag").first.wait_for()
    assert page.evaluate(SHOWN)[0] == "date"
    assert met == []


def test_the_whole_figure_is_on_paper_that_is_narrower_than_the_window(folder, browser):
    page = page_in(browser)
    page.goto((folder / "attack-1.html").as_uri())
    page.locator("#figure .main-svg").first.wait_for()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint')), document.querySelector('main').style.width = '600px'")
    ends = "names => [...document.querySelectorAll(names)].map(each => each.getBoundingClientRect().right)"
    assert max(page.evaluate(ends, "#figure .nsewdrag")) < max(page.evaluate(ends, "main"))
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#figure .main-svg[viewBox]").count() == 0


def test_a_page_without_its_plotly_says_so(folder, browser):
    (folder / PLOTLY).unlink()
    page = page_in(browser)
    page.goto((folder / "attack-1.html").as_uri())
    page.get_by_text(f"{PLOTLY} is not beside this page: copy both.").wait_for()
