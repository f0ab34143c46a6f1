"""Figures and tables as files for a paper or a thesis: SVG and PDF, CSV and LaTeX, each with its caption."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from swatlib.atomic import replacing, write_text
from swatlib.plots.style import Figure

DATES = {"svg": "Date", "pdf": "CreationDate"}  # left out, so that the same figure gives the same bytes
CAPTIONS = "captions.md"


@dataclass
class Files:
    """A folder of figures and tables by name; `captions.md` lists them."""

    folder: Path
    captions: dict[str, str] = field(default_factory=dict)

    def figure(self, name: str, figure: Figure, caption: str) -> Figure:
        """Write NAME.svg and NAME.pdf; the figure as given."""
        for suffix, date in DATES.items():
            with replacing(self.folder / f"{name}.{suffix}") as temporary:
                figure.savefig(temporary, format=suffix, metadata={date: None})
        self._note(name, caption)
        return figure

    def table(self, name: str, table: pd.DataFrame, caption: str) -> pd.DataFrame:
        """Write NAME.csv, unrounded, and NAME.tex, to three figures; the table as given."""
        with replacing(self.folder / f"{name}.csv") as temporary:
            table.to_csv(temporary)
        text = table.to_latex(float_format="%.3g", na_rep="--", escape=True, caption=caption, label=f"tab:{name}")
        write_text(self.folder / f"{name}.tex", text)
        self._note(name, caption)
        return table

    def _note(self, name: str, caption: str) -> None:
        self.captions[name] = caption
        write_text(self.folder / CAPTIONS, "".join(f"**{each}**: {says}\n\n" for each, says in self.captions.items()))
