"""Writes the boards: `python stack/boards` after a change to them; a test holds that the files are what this makes.

`--detector NAME` adds the board of another detector of a pipeline.
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

import alarm_system
import detector
import machinery
import overview
import plant

from swatlib.atomic import write_text
from swatlib.pipeline import DEFAULT

STACK = Path(__file__).resolve().parents[1]


def made(others: Sequence[str] = ()) -> dict[Path, str]:
    """Path below `stack` to content. others: names of detectors beside the default ones."""
    own = {re.sub(r"[^\w-]", "-", name): detector.board(name) for name in (*DEFAULT, *others)}
    pages = {"overview": overview.board(), "alarms": alarm_system.board(), "plant": plant.board(), **own}
    made = {Path("grafana", "dashboards", f"swat-{name}.json"): page.json() for name, page in pages.items()}
    boards = {"health": machinery.health(), "machine": machinery.machine(), "stream": machinery.stream()}
    return made | {Path("chronograf", f"{name}.dashboard"): board.json() for name, board in boards.items()}


def write(to: Path, others: Sequence[str] = ()) -> None:
    for path, content in made(others).items():
        write_text(to / path, content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the boards of Grafana and Chronograf.")
    parser.add_argument("folder", type=Path, nargs="?", default=STACK)
    parser.add_argument("--detector", action="append", default=[], help="its name in the pipeline; may repeat")
    asked = parser.parse_args()
    write(asked.folder, asked.detector)
