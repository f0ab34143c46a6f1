"""Interactive pages of the attacks of a run. They open offline; plotly.js lies beside them, once a run."""

import re
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path
from typing import Any

import pandas as pd

from swatlib.atomic import write_text
from swatlib.data import Recording

PLOTLY = "plotly.min.js"
PAGES = "attack-*.html"
MOST_OF_NAME = 40  # characters of the name of an attack in that of its file


def save_attack_page(
    folder: Path, recording: Recording, scores: pd.DataFrame, attack: Any, heading: str, said: str, among: Iterable,
    notebook: str = "08-attacks",
) -> str:  # fmt: skip
    """Write the page of an attack, which leads to those `among` which it stands and to the page of the `notebook`.

    Returns the name of its file.
    """
    from swatlib.plots import explore  # the process of a run, which lists these pages, draws nothing
    from swatlib.plots.closeup import shown_tags
    from swatlib.plots.explore_panels import drawing
    from swatlib.plots.plotly_data import packed, plotly_js
    from swatlib.report.page import render

    if not (folder / PLOTLY).exists():
        write_text(folder / PLOTLY, plotly_js())
    view = explore(recording, scores, tags=()).show_attack(attack)
    view.show(tags=shown_tags(recording, attack))
    others = attack_files(among)
    file = others[str(attack)]
    figure = packed(drawing(view.stretch))
    page = render(
        "attack.html.j2", run=folder.name, heading=heading, said=said, detail=view.detail, figure=figure, others=others,
        current=file, plotly=PLOTLY, notebook=notebook,
    )  # fmt: skip
    write_text(folder / file, page)
    return file


def attack_files(attacks: Iterable) -> dict[str, str]:
    """The name of each attack's page; of names that differ in signs alone the later ones get a number."""
    files: dict[str, str] = {}
    for name in map(str, attacks):
        plain = "attack-" + re.sub(r"\W+", "-", name)[:MOST_OF_NAME]
        numbered = (f"{plain}-{number}.html" for number in count(2))
        files[name] = next(file for file in chain([f"{plain}.html"], numbered) if file not in files.values())
    return files


def attack_links(folder: Path) -> dict[str, str]:
    """Attacks of a run that have a page, and its file, in the order of their numbers."""
    files = {path.stem.removeprefix("attack-"): path.name for path in folder.glob(PAGES)}
    return dict(sorted(files.items(), key=lambda named: (not named[0].isdigit(), named[0].zfill(9))))
