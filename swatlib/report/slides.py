"""Slides of an executed run: one page that opens offline and moves by keyboard, a PDF, figures and tables as files."""

import math
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from nbconvert.filters import markdown2html

from swatlib.atomic import write_text
from swatlib.metrics import summary
from swatlib.pipeline import Pipeline
from swatlib.plots.annotations import width_of
from swatlib.plots.style import RC, SLIDE_WIDTH, Figure
from swatlib.report.attack_pages import best_named
from swatlib.report.export import Files
from swatlib.report.page import render
from swatlib.report.pdf import chromium, print_pdf
from swatlib.report.run_record import read_record
from swatlib.report.slide_content import MOST_INCHES, SlideData, deck
from swatlib.results.result_cache import cached_results
from swatlib.settings import settings
from swatlib.studies.pair import recordings
from swatlib.wording import did_you_mean

COMPARING = ("04-comparison", "08-attacks", "03-detector")
RECORDINGS = ("normal", "attack", "start", "days_normal", "days_attack", "seed")


@dataclass(frozen=True)
class Made:
    """Paths of what was written; pdf: None where no Chromium is found. notes: what was amiss."""

    page: Path
    pdf: Path | None
    files: Path
    notes: tuple[str, ...]


def slides(name: str) -> Made:
    """Make the slides of the run of that name (its folder works too), beside its pages.

    Recordings and results are made again from the run's parameters, the latter from the cache if they are there.
    Raises ValueError for a run that is not there or whose record can't be read, that has no comparison that ran to its
    end, or whose data or figures are no longer what it says.
    """
    folder = _folder(name)
    run = read_record(folder / "run.json")
    step = _step(run)
    study = _study(run, step)
    _refuse_other(study, run, step)
    files = Files(folder / "files")
    made = [
        {
            "title": slide.title,
            "lines": [markdown2html(line) for line in slide.lines],
            "picture": slide.figure and b64encode(_on_slide(slide.figure, slide.inches)).decode(),
            "wide": slide.wide,
            "tabled": any(line.startswith("|") for line in slide.lines),
            "parts": slide.parts,
        }
        for slide in deck(study, files)
    ]
    page = folder / "slides.html"
    write_text(page, render("slides.html.j2", slides=made, run=run))
    return Made(page, _printed(page), files.folder, study.results.notes)


def _on_slide(figure: Figure, inches: float) -> bytes:
    """A figure as PNG, so many inches wide and no higher than the slide, at which its smallest type can be read."""
    figure.set_size_inches(inches, min(figure.get_figheight(), MOST_INCHES * inches / SLIDE_WIDTH))
    figure.draw_without_rendering()
    for ax in figure.axes:  # less high than in a notebook: a label that was beside its axis would reach into the next
        label, high = ax.get_ylabel(), ax.get_window_extent().height / figure.dpi
        ax.set_ylabel(label.replace(" (", "\n(") if width_of(label, RC["axes.labelsize"]) > high else label)
    return figure._repr_png_()[0]


def _folder(name: str) -> Path:
    reports = settings().reports_folder
    for folder in (Path(name), reports / name):
        if (folder / "run.json").is_file():
            return folder
    runs = sorted(path.parent.name for path in reports.glob("*/run.json"))
    raise ValueError(
        f"There is no run '{name}' in {reports}.{did_you_mean(name, runs)} There are: {', '.join(runs) or 'none'}."
    )


def _step(run: dict) -> dict:
    """The notebook of the run that the slides are made of: of several, the first of COMPARING."""
    done = {step["name"]: step for step in run["notebooks"] if step["status"] == "done"}
    for name in COMPARING:
        if name in done:
            return done[name]
    raise ValueError(
        f"Run '{run['name']}' has no {', '.join(COMPARING[:-1])} or {COMPARING[-1]} that ran to its end; "
        f"make one with `python -m swatlib report {COMPARING[0]}`."
    )


def _study(run: dict, step: dict) -> SlideData:
    parameters = step["parameters"]
    normal, attacked = recordings(**{name: parameters[name] for name in RECORDINGS})
    pipeline = Pipeline(tuple(parameters.get("detectors") or [parameters["detector"]]), budget=parameters["budget"])
    return SlideData(run, parameters, pipeline, normal, attacked, cached_results(pipeline, normal, attacked))


def _refuse_other(study: SlideData, run: dict, step: dict) -> None:
    """Raises ValueError when the run saw other data, or its comparison other figures, than are had now."""
    again = f"make the report anew, the slides of '{run['name']}' would show something else"
    then, now = [data["sha256"] for data in step["data"]], [study.normal.checksum, study.attacked.checksum]
    if then != now:
        raise ValueError(f"The data of the run had the checksums {_short(then)}, now they are {_short(now)}; {again}.")
    figures = _figures(study)
    for name in (name for name in figures if name in step["numbers"]):
        was, figure = step["numbers"][name], figures[name]
        if not _same(was, figure):
            raise ValueError(f"The run's {name} was {was}, now it is {figure}: the code has changed; {again}.")


def _figures(study: SlideData) -> dict:
    """The headline numbers of either comparison, as they are now."""
    per_attack = study.results.per_attack(study.events)
    found = {
        "attacks": len(study.events),
        "found_by_any": per_attack["attack"][per_attack["found"].astype(bool)].nunique(),
    }
    figures = found | summary(study.table()) | best_named(study.results.hit_rates(study.events))
    return {name.replace("_", " "): figure for name, figure in figures.items()}


def _same(was, figure) -> bool:
    """Whether a published number is this figure; one that was not there is null."""
    if isinstance(figure, str) or isinstance(was, str):
        return was == figure
    return math.isnan(figure) if was is None else math.isclose(was, figure)


def _short(checksums: list[str]) -> str:
    return " and ".join(each[:12] for each in checksums) or "none"


def _printed(page: Path) -> Path | None:
    program = chromium()
    if program is None:
        return None
    pdf = page.with_suffix(".pdf")
    print_pdf(page, pdf, program)
    return pdf
