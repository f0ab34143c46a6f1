"""Notebook 05 as a person has it: JupyterLab in a real browser, all cells run, the attack button pressed."""

import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

import nbformat
import pytest
from playwright.sync_api import sync_playwright
from rig import wait

from swatlib.live.wiring import connect
from swatlib.servers import Services
from swatlib.servers.records import free_ports
from swatlib.settings import NOTEBOOKS, environment

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
SHORT = {"detectors": '("pca", "kmeans")', "attacks": "()"}
SLOW = 180_000  # ms


@pytest.fixture
def page():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"No browser is found: one of {', '.join(BROWSERS)} is needed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 2400})
        page.set_default_timeout(SLOW)
        yield page
        browser.close()


def copied(folder):
    """Notebook 05 without outputs, two detectors in place of seven."""
    notebook = nbformat.read(NOTEBOOKS / "05-live.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    lines = [line.partition(" = ") for line in parameters.source.splitlines()]
    parameters.source = "\n".join(f"{name} = {SHORT.get(name, value)}" for name, _, value in lines)
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, folder / "live.ipynb")


@contextmanager
def jupyterlab(folder):
    """Its address; the kernel has a services folder of its own."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--port-retries=0",
               f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=", "--ServerApp.password="]  # fmt: skip
    variables = environment(SWAT_SERVICES_FOLDER=str(folder / "services"), JUPYTER_CONFIG_DIR=str(folder / "config"))
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=variables, start_new_session=True)
    try:
        wait(lambda: b"is running at" in (folder / "lab.log").read_bytes())
        yield f"http://127.0.0.1:{port}/lab/tree/live.ipynb?reset"
    finally:
        process.terminate()
        process.wait(30)


def test_the_attack_button_works_while_the_figure_is_kept_current(page, need, tmp_path):
    need("kafka")
    copied(tmp_path)
    services = tmp_path / "services"
    with jupyterlab(tmp_path) as address:
        page.goto(address)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator('[data-command="runmenu:run-all"]').click()
        figure = page.locator(".jp-OutputArea-output img")
        page.get_by_text("starting Spark").first.wait_for()
        figure.first.wait_for()
        before = figure.first.get_attribute("src")
        page.get_by_role("button", name="Attack", exact=True).click()
        page.get_by_text("it begins with the plant's next row").wait_for()
        reader = connect(services).reader
        [plant] = re.findall(r"The plant's name is (\S+)\.", page.get_by_text("The plant's name is").inner_text())
        wait(lambda: reader.attacks(plant)["title"].tolist() == ["LIT101 ramp +1"])
        wait(lambda: figure.first.get_attribute("src") != before)
    wait(lambda: {each.state for each in Services(services).status().values()} <= {"gone", "stopped", "never started"})
