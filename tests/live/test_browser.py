"""Notebook 05 as a person has it: JupyterLab in a real browser, all cells run, the attack button pressed."""

import re

from lab import copied, jupyterlab, new_page, run_all
from waiting import wait

from swatlib.live.wiring import connect
from swatlib.servers import Services

LATEST = "String(document.querySelector('.js-plotly-plot')._fullData.find(trace => trace.name === 'LIT101').x.at(-1))"
SHADES = "document.querySelector('.js-plotly-plot').layout.shapes.filter(shape => shape.type === 'rect').length"


def shown(page, folder, said):
    """What the notebook says, what the browser's console did, and the end of what the log of JupyterLab does."""
    return "\n".join([page.locator(".jp-Notebook").first.inner_text(), *said, (folder / "lab.log").read_text()[-1000:]])


def test_the_attack_button_works_while_the_figure_is_kept_current(need, quick, tmp_path):
    need("kafka")
    copied("05-live", tmp_path, {"pipeline": f'"{quick}"', "attacks": "()"})
    services = tmp_path / "services"
    with new_page() as page, jupyterlab(tmp_path, "05-live") as address:
        said: list[str] = []
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        run_all(page, address)
        page.locator(".js-plotly-plot .nsewdrag").first.wait_for()
        latest = page.evaluate(LATEST)
        wait(lambda: page.evaluate(LATEST) > latest, seen=lambda: shown(page, tmp_path, said))
        assert page.evaluate(SHADES) == 0
        page.get_by_role("button", name="Attack", exact=True).click()
        page.get_by_text("it begins with the plant's next row").wait_for()
        reader = connect(services).reader
        [plant] = re.findall(r"The plant's name is (\S+)\.", page.get_by_text("The plant's name is").inner_text())
        wait(lambda: reader.attacks(plant)["title"].tolist() == ["LIT101 ramp +1"])
        wait(lambda: page.evaluate(SHADES) == 1, seen=lambda: shown(page, tmp_path, said))
        wait(lambda: page.locator(".swat-attacks option").count() == 1)
    wait(lambda: {each.state for each in Services(services).status().values()} <= {"gone", "stopped", "never started"})
