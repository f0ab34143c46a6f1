"""Interactive pages of the attacks of a run. They open offline; plotly.js lies beside them, once a run."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from swatlib.atomic import write_text
from swatlib.data import Recording

PLOTLY = "plotly.min.js"
PAGES = "attack-*.html"


def save_attack_page(
    folder: Path, recording: Recording, scores: pd.DataFrame, attack: Any, heading: str, said: str, among: Iterable
) -> str:
    """Write the page of an attack, which leads to those `among` which it stands; the name of its file."""
    from swatlib.plots import explore  # the process of a run, which lists these pages, draws nothing
    from swatlib.plots.closeup import shown_tags
    from swatlib.plots.explore_panels import drawing
    from swatlib.plots.plotly_data import packed, plotly_js
    from swatlib.report.page import render

    if not (folder / PLOTLY).exists():
        write_text(folder / PLOTLY, plotly_js())
    view = explore(recording, scores, tags=()).show_attack(attack)
    view.show(tags=shown_tags(recording, attack))
    file = attack_file(attack)
    others = {str(each): attack_file(each) for each in among}
    figure = packed(drawing(view.stretch))
    page = render(
        "attack.html.j2", run=folder.name, heading=heading, said=said, detail=view.detail, figure=figure, others=others,
        current=file, plotly=PLOTLY,
    )  # fmt: skip
    write_text(folder / file, page)
    return file


def attack_file(attack: Any) -> str:
    """The name of an attack's page."""
    return f"attack-{re.sub(r'[^0-9A-Za-z]+', '-', str(attack))}.html"


def attack_links(folder: Path) -> dict[str, str]:
    """Attacks of a run that have a page, and its file, in the order of their numbers."""
    files = {path.stem.removeprefix("attack-"): path.name for path in folder.glob(PAGES)}
    return dict(sorted(files.items(), key=lambda named: (not named[0].isdigit(), named[0].zfill(9))))
