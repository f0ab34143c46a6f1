"""A notebook as a person has it: JupyterLab in a real browser."""

import shutil
import subprocess
import sys
from contextlib import contextmanager

import nbformat
import pytest
from playwright.sync_api import sync_playwright
from waiting import wait

from swatlib.servers.records import free_ports
from swatlib.settings import NOTEBOOKS, environment

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
SLOW = 180_000  # ms


@contextmanager
def new_browser():
    """A browser; without one the test is skipped."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"No browser is found: one of {', '.join(BROWSERS)} is needed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def page_in(browser):
    """A page that shares nothing with others."""
    page = browser.new_page(viewport={"width": 1400, "height": 2400})
    page.set_default_timeout(SLOW)
    return page


@contextmanager
def new_page():
    """A page of a browser of its own."""
    with new_browser() as browser:
        yield page_in(browser)


def copied(name, folder, parameters):
    """A notebook without outputs, with other values in its parameters cell."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    first = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    lines = [line.partition(" = ") for line in first.source.splitlines()]
    first.source = "\n".join(f"{name} = {parameters.get(name, value)}" for name, _, value in lines)
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, folder / f"{name}.ipynb")


@contextmanager
def jupyterlab(folder, name):
    """The address of a notebook there; the kernel has a services folder of its own."""
    [port] = free_ports(1)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--port-retries=0",
               f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=", "--ServerApp.password="]  # fmt: skip
    variables = environment(SWAT_SERVICES_FOLDER=str(folder / "services"), JUPYTER_CONFIG_DIR=str(folder / "config"))
    with (folder / "lab.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=variables, start_new_session=True)
    try:
        wait(lambda: b"is running at" in (folder / "lab.log").read_bytes())
        yield f"http://127.0.0.1:{port}/lab/tree/{name}.ipynb?reset"
    finally:
        process.terminate()
        process.wait(30)


def run_all(page, address):
    page.goto(address)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator('[data-command="runmenu:run-all"]').click()
