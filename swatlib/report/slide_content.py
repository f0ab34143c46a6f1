"""What the slides of a run say, computed from its results: question, plant, method, results, attacks, limits."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from swatlib.data import Recording, attacks
from swatlib.metrics import intervals, summary, verdict
from swatlib.pipeline import Pipeline
from swatlib.plant import GAUGED_TANKS, STAGES
from swatlib.plots import hit_rates, matrix, plant_sketch, strip
from swatlib.plots.annotations import detector_title
from swatlib.plots.style import SLIDE_WIDTH, Figure
from swatlib.report.attack_pages import DOUBT, markdown, most_disputed, naming, pages
from swatlib.report.export import Files
from swatlib.report.notebook_parameters import as_typed
from swatlib.results import DetectionResults, cached_comparison, cached_draws
from swatlib.wording import count, duration

RECORDING_FILES = ("normal", "attack")
BASELINES = ("random", "all-alarm")
TABLE_NOTE = (
    "95 % CI: of the false alarms per day, when days are drawn anew. Italic: baselines, which never read a sensor."
)
TAG_MARKS = "Bold: an attacked tag. Italic: another tag of its stage. on: the alarm stood already. –: missed."
DETAILED = 2  # attacks that get slides
MOST_INCHES = 3.3  # height of a figure on a slide of the usual width
PLANT_INCHES = 9.0  # in less, names of the plant's stages and tanks would touch
ATTACKED_HEADS = [
    "attacks found",
    "median delay",
    "event F1",
    "false alarms per day",
    "95 % CI",
    "normal time in alarm",
    "F1 (rows)",
]


@dataclass(frozen=True)
class Slide:
    """lines: Markdown, one paragraph or table each. wide: figure under them. parts: of a bar, in percent.

    inches: width of the figure, whose type is the larger the less they are.
    """

    title: str
    lines: list[str]
    figure: Figure | None = None
    wide: bool = False
    parts: dict[str, int] = field(default_factory=dict)
    inches: float = SLIDE_WIDTH


@dataclass(frozen=True)
class SlideData:
    """A run, its parameters, recordings and results: all that the slides are made of."""

    run: dict
    parameters: dict
    pipeline: Pipeline
    normal: Recording
    attacked: Recording
    results: DetectionResults

    @property
    def events(self) -> pd.DataFrame:
        return attacks(self.attacked)

    def table(self) -> pd.DataFrame:
        return cached_comparison(self.results.scores, self.attacked.label, self.events, self.parameters["seed"])

    def samples(self) -> pd.DataFrame:
        return cached_draws(self.results.scores, self.attacked.label, self.events, self.parameters["seed"])


def deck(study: SlideData, files: Files) -> list[Slide]:
    """The slides in their order; figures and tables are written to `files` on the way."""
    table, per_attack = study.table(), study.results.per_attack(study.events)
    files.table("calibration", study.results.calibration, "Threshold of each detector, from normal days alone.")
    slides = [
        _question(study),
        _plant(study, files),
        _method(study),
        _results(study, table, files),
        _strip(study, files),
    ]
    if len(study.events):
        slides += [_matrix(study, per_attack, files), _naming(study, files), *_details(study, table, per_attack, files)]
    return [*slides, _limits(study, table, per_attack), _again(study)]


def _question(study: SlideData) -> Slide:
    names = ", ".join(map(detector_title, study.results.detectors))
    asked = "- How often, and when, does a detector raise an alarm on days without a known attack?"
    if len(study.events):
        asked = (
            f"- Which of the {len(study.events)} attacks does a detector find, and how soon?\n"
            "- What does it cost in false alarms?\n- Does it name what was attacked more often than chance?"
        )
    return Slide(
        "Who notices that a water plant is under attack?",
        [
            asked,
            f"Compared: {names}. Run {study.run['name']}, {study.run['started'][:10]}.",
        ],
    )


def _plant(study: SlideData, files: Files) -> Slide:
    tags, gauged = study.results.tags, len(GAUGED_TANKS)
    figure = files.figure("plant", plant_sketch(), "The plant: tanks, and the flows between them.")
    return Slide(
        "The plant",
        [
            f"Secure Water Treatment testbed: {len(STAGES)} stages, {gauged} tanks with a level meter, {len(tags)} "
            f"tags in this recording, a row every {study.normal.period.total_seconds():g} s.",
            f"Fitted on {study.normal.days:.1f} normal days, judged on {study.attacked.days:.1f} days with "
            f"{count(len(study.events), 'attack') if len(study.events) else 'no known attacks'}"
            f"{', all simulated' if _simulated(study) else ''}.",
        ],
        figure,
        wide=True,
        inches=PLANT_INCHES,
    )


def _method(study: SlideData) -> Slide:
    pipeline = study.pipeline
    shares = dict(zip(("fit", "threshold", "check"), (round(100 * share) for share in pipeline.shares), strict=True))
    k, n = pipeline.on_delay
    return Slide(
        "Method",
        [
            "The normal days are cut into parts that follow each other. Nothing is fitted after the attacked days are "
            "read; no label and no attacked row is used for a fit, a threshold or the choice of a tag.",
            f"- Budget of false alarms per day, the same for all: **{pipeline.budget:g}**, turned into a threshold on "
            "the second part, which the third checks; the one in use is set on both\n"
            f"- Score averaged over {pipeline.smoothing} rows, alarm when {k} of the last {n} exceed "
            f"the threshold (on-delay), until they have not for {pipeline.off_delay:g} s (off-delay); "
            "no smoothing into the future\n- Each attack counts once; no point adjustment\n"
            "- Baselines that never read a sensor stand in the same table",
        ],
        parts=shares,
    )


def _results(study: SlideData, table: pd.DataFrame, files: Files) -> Slide:
    files.table("comparison", table, "All metrics of all detectors and baselines.")
    samples = study.samples()
    named = samples if samples.empty else samples.rename(detector_title, axis=1, level="name")
    says = verdict(table.rename(detector_title, level="name"), named)
    known = [(kind, name) for kind, name in table.index if kind == "detector" or name in BASELINES]
    if samples.empty:
        heads, shown = ["alarms per day"], [[f"{alarms:.1f}"] for alarms in table.loc[known, "alarms_per_day"]]
    else:
        heads, shown = ATTACKED_HEADS, _cells(table.loc[known], samples, len(study.events))
    rows = [
        [detector_title(name) if kind == "detector" else f"*{name}*", *cells]
        for (kind, name), cells in zip(known, shown, strict=True)
    ]
    tabled = markdown(["", *heads], rows)
    return Slide("Results", [says, tabled] if samples.empty else [says, tabled, TABLE_NOTE])


def _cells(table: pd.DataFrame, samples: pd.DataFrame, attacks_known: int) -> list[list[str]]:
    """Cells of each row of `table`, as text: one form in each column."""
    ends = intervals(samples)["false_alarms_per_day"].reindex(table.index)
    return [
        [
            f"{row.event_recall * attacks_known:.0f} of {attacks_known}",
            "–" if pd.isna(row.delay_median_s) else duration(row.delay_median_s),
            f"{row.event_f1:.2f}",
            f"{row.false_alarms_per_day:.1f}",
            "–" if pd.isna(low) else f"{low:.1f} to {high:.1f}",
            f"{row.false_positive_rate:.1%}",
            f"{row.f1:.2f}",
        ]
        for row, low, high in zip(table.itertuples(), ends["low"], ends["high"], strict=True)
    ]


def _strip(study: SlideData, files: Files) -> Slide:
    caption = "Alarms against time: those that touch an attack tall, false ones low."
    figure = files.figure("alarms", strip(study.results.scores, study.events), caption)
    shares = study.results.scores.xs("alarm", axis=1, level=1).mean()
    says = f"{detector_title(shares.idxmax())} is in alarm for longest: {shares.max():.1%} of the rows."
    return Slide("Alarms over time", [says], figure, wide=True)


def _matrix(study: SlideData, per_attack: pd.DataFrame, files: Files) -> Slide:
    caption = "Which detector finds which attack, after how long, and the tag it names first."
    files.table("attacks", per_attack, caption)
    by_attack = per_attack.groupby("attack", sort=False)["found"].sum()
    nobody = ", ".join(map(str, by_attack.index[by_attack == 0])) or "none"
    says = f"{(by_attack > 0).sum()} of {len(by_attack)} are found by at least one. Found by none: {nobody}."
    files.figure("matrix", matrix(per_attack), caption)
    return Slide("Attack by attack", [says], matrix(per_attack, wide=True), wide=True)


def _naming(study: SlideData, files: Files) -> Slide:
    rates = study.results.hit_rates(study.events)
    caption = "Share of the found attacks in which one of the first tags is an attacked one, and what chance gives."
    files.table("naming", rates, caption)
    says = f"{naming(rates)} Attacks on points without a tag in this recording are left out."
    figure = files.figure("naming", hit_rates(rates), caption)
    return Slide("Does it name what was attacked?", [says], figure, wide=True)


def _details(study: SlideData, table: pd.DataFrame, per_attack: pd.DataFrame, files: Files) -> Iterator[Slide]:
    """Two slides for each attack: what the plant and the best detector did, and what each detector made of it."""
    events, best = study.events, summary(table).get("best_detector", study.results.detectors[0])
    closer = events[events["attack"].isin(most_disputed(per_attack, events, DETAILED))]
    for page in pages(study.normal, study.attacked, study.results, closer, best=best):
        name = page.heading.partition(":")[0]
        files.figure(
            name.lower().replace(" ", "-"), page.figure, f"{page.heading}. {page.done} {page.moved} {page.spoken}"
        )
        page.figure.suptitle("")
        yield Slide(page.heading, [page.done], page.figure, wide=True)
        yield Slide(f"{name}: what each detector found", [page.moved, page.brief, TAG_MARKS])


def _limits(study: SlideData, table: pd.DataFrame, per_attack: pd.DataFrame) -> Slide:
    lines = [_source(study), _kept_budget(study, table), *_in_alarm(table)]
    if len(per_attack):
        stood = per_attack["standing"].sum()
        lines += [
            f"{stood} of {per_attack['found'].sum()} attacks found began while an alarm stood already.",
            f"{len(study.events)} attacks are few: one more or fewer changes recall by {1 / len(study.events):.0%}. "
            f"Chances under {DOUBT:.0%} are not corrected for the number of detectors.",
        ]
    return Slide("Limits", ["\n".join(f"- {line}" for line in lines)])


def _source(study: SlideData) -> str:
    names = {source.name for source in study.attacked.source}
    if _simulated(study):
        return (
            "The rows are simulated with one seed. The simulated plant is more regular than the real one: it causes "
            "fewer false alarms, and attacks are easier to find."
        )
    return f"One recording of one plant ({', '.join(sorted(names))}): other seasons and plants may differ."


def _simulated(study: SlideData) -> bool:
    return any(source.name.startswith("simulated") for source in study.attacked.source)


def _in_alarm(table: pd.DataFrame) -> Iterator[str]:
    shares = table.loc["detector", "false_positive_rate"].dropna()
    if len(shares):
        yield (
            "A false alarm counts once, however long it lasts, and not at all if it lasts into an attack; the normal "
            f"time in alarm, {shares.min():.1%} to {shares.max():.1%} here, shows its length."
        )


def _kept_budget(study: SlideData, table: pd.DataFrame) -> str:
    column = "alarms_per_day" if table["event_f1"].isna().all() else "false_alarms_per_day"
    alarms = table.loc["detector", column]
    return (
        f"For a budget of {study.pipeline.budget:g} per day there were {alarms.min():.1f} to {alarms.max():.1f} "
        f"{column.replace('_per_day', '').replace('_', ' ')} per day on the attacked days; alarms while the "
        "plant recovers from an attack count among them."
    )


def _again(study: SlideData) -> Slide:
    command = ["python", "-m", "swatlib", "report", *(step["name"] for step in study.run["notebooks"])]
    for name, value in study.run["parameters"].items():
        command += [f"--{name}", "FILE"] if name in RECORDING_FILES else ["-p", f"{name}={as_typed(value)}"]
    versions = ", ".join(f"{name} {number}" for name, number in study.run["versions"].items())
    sums = ", ".join(dict.fromkeys(each.checksum[:16] for each in (study.normal, study.attacked)))
    return Slide(
        "How to reproduce this",
        [
            f"`{shlex.join(command)}`",
            f"Data (SHA-256): {sums}. Commit {study.run['commit'][:12]}. {versions}.",
        ],
    )
