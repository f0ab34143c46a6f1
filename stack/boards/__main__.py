"""Writes the boards: `python stack/boards` after a change to them; a test holds that the files are what this makes."""

import sys
from pathlib import Path

import detector
import machinery
import overview
import plant

from swatlib.atomic import write_text
from swatlib.pipeline import DEFAULT

STACK = Path(__file__).resolve().parents[1]


def made() -> dict[Path, str]:
    """Path below `stack` to content."""
    pages = {"overview": overview.board(), "plant": plant.board(), **{name: detector.board(name) for name in DEFAULT}}
    made = {Path("grafana", "dashboards", f"swat-{name}.json"): page.json() for name, page in pages.items()}
    boards = {"health": machinery.health(), "machine": machinery.machine(), "stream": machinery.stream()}
    return made | {Path("chronograf", f"{name}.dashboard"): board.json() for name, board in boards.items()}


def write(to: Path) -> None:
    for path, content in made().items():
        write_text(to / path, content)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else STACK)
