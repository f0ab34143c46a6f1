"""Notebook 00 as a person has it: a drag, an attack of the list and a score redraw the figure in a real browser.

There the table of attacks is sorted by its headings.
"""

from lab import copied, jupyterlab, new_page, run_all
from waiting import wait

WHOLE = ["2015-12-28 10:00:00", "2015-12-29 10:00:00"]
AROUND_6 = ["2015-12-28 12:17:29", "2015-12-28 12:40:48"]
ATTACK_6 = "6 · 28 Dec 12:27 · AIT202 spoofed to 6 pH".replace(" ", "\xa0\u200b")
DRAWN = """() => {
    const figure = document.querySelector(".js-plotly-plot"), time = figure._fullLayout.xaxis
    const lines = [...figure.querySelectorAll(".js-line")].filter(line => (line.getAttribute("d") || "").length > 20)
    return [time.type, time.range, lines.length]
}"""
SENSORS = 4  # FIT101, LIT101, LIT301, LIT401


def test_what_is_clicked_is_drawn_and_sorted(tmp_path):
    copied("00-explore", tmp_path, {})
    errors = []
    with new_page() as page, jupyterlab(tmp_path, "00-explore") as address:
        page.on("pageerror", lambda error: errors.append(str(error)))
        run_all(page, address)

        def shows(span, lines):
            return page.evaluate(DRAWN)[:2] == ["date", span] and page.evaluate(DRAWN)[2] >= lines

        page.locator(".js-plotly-plot .nsewdrag").first.wait_for()
        wait(lambda: shows(WHOLE, SENSORS))
        page.locator(".js-plotly-plot").scroll_into_view_if_needed()
        place = page.locator(".js-plotly-plot .nsewdrag").nth(1).bounding_box()
        left, width, middle = place["x"], place["width"], place["y"] + place["height"] / 2
        page.mouse.move(left + width * 0.3, middle)
        page.mouse.down()
        page.mouse.move(left + width * 0.15, middle, steps=5)
        page.mouse.up()
        kind, span, lines = wait(lambda: (now := page.evaluate(DRAWN))[1] != WHOLE and now)
        assert kind == "date" and WHOLE[0] < span[0] < span[1] < WHOLE[1] and lines >= SENSORS
        listed = page.locator(".widget-select option").all_text_contents()
        page.locator(".widget-select select").select_option(index=listed.index(ATTACK_6))
        wait(lambda: shows(AROUND_6, SENSORS + 1))
        page.get_by_role("button", name="PCA residual").click()
        wait(lambda: shows(AROUND_6, SENSORS + 2))
        page.get_by_role("button", name="Whole recording").click()
        wait(lambda: shows(WHOLE, SENSORS + 2))
        table = page.locator("table", has=page.locator("th", has_text="visibility"))
        table.scroll_into_view_if_needed()
        starts = table.locator("tbody tr > :nth-child(2)").all_inner_texts()
        assert len(starts) > 5 and starts == sorted(starts)
        for order in (starts, starts[::-1]):
            table.locator("th", has_text="start").click()
            assert table.locator("tbody tr > :nth-child(2)").all_inner_texts() == order
    assert errors == []
