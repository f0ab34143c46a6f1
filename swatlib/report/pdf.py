"""A page printed to PDF by the Chromium of this machine, where there is one."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from swatlib.atomic import replacing

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
SECONDS = 120


def chromium() -> str | None:
    """Path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def print_pdf(page: Path, pdf: Path, program: str) -> None:
    """Print a page that fetches nothing. Raises OSError when the browser fails or takes over two minutes."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium refuses root its sandbox
    options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", *(["--no-sandbox"] if root else [])]
    with tempfile.TemporaryDirectory() as profile, replacing(pdf) as temporary:
        options += [f"--user-data-dir={profile}", f"--print-to-pdf={temporary}"]
        command = [program, *options, page.resolve().as_uri()]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
        except subprocess.SubprocessError as error:
            raise OSError(f"{program} could not print {page.name}: {error}") from None
        if not temporary.is_file():
            raise OSError(f"{program} printed nothing of {page.name}")
