"""What the slides of a run say: question, plant, method, results, two attacks in detail, limits. All computed."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from swatlib.data import Recording, attacks
from swatlib.metrics import compare, compare_resampled, verdict, with_intervals
from swatlib.pipeline import Pipeline
from swatlib.plant import GAUGED_TANKS, STAGES
from swatlib.plots import hit_rates, matrix, plant_sketch, strip
from swatlib.plots.annotations import detector_title
from swatlib.plots.style import Figure
from swatlib.report.attack_pages import DOUBT, markdown, most_disputed, naming, pages
from swatlib.report.export import Files
from swatlib.results.detection import DetectionResults
from swatlib.wording import duration, number

FILES = ("normal", "attack")
DRAWN = (
    "In brackets what 95 % of draws of other attacks and days hold; ● the best of a column, ≈ not told from it. "
    "Italic: rows that know nothing of the plant, or all."
)
SET = "Bold: a tag that was attacked. Italic: another of its stage. on: the alarm stood already. –: missed."
DETAILED = 2  # attacks that get a slide
COLUMNS = {
    "event_recall": "attacks found",
    "delay_median_s": "median delay",
    "event_f1": "event F1",
    "false_alarms_per_day": "false alarms a day",
    "false_positive_rate": "in alarm outside attacks",
    "f1": "F1 over rows",
}
UNLABELLED = {"alarms_per_day": "alarms a day"}
DRAWN_COLUMNS = ["event_recall", "event_f1", "false_alarms_per_day"]


@dataclass(frozen=True)
class Slide:
    """lines: Markdown, one paragraph or table each. wide: figure under them. parts: of a bar, in percent."""

    title: str
    lines: list[str]
    figure: Figure | None = None
    wide: bool = False
    parts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SlideData:
    """A run as it was asked for and what came out: all that the slides are made of."""

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
        return compare(self.results.scores, self.attacked.label, self.events, self.parameters["seed"])

    def samples(self) -> pd.DataFrame:
        return compare_resampled(self.results.scores, self.attacked.label, self.events, self.parameters["seed"])


def deck(study: SlideData, files: Files) -> list[Slide]:
    """The slides in their order; figures and tables are written to `files` on the way."""
    table, told = study.table(), study.results.per_attack(study.events)
    files.table("calibration", study.results.calibration, "Threshold of each detector, from normal days alone.")
    slides = [
        _question(study),
        _plant(study, files),
        _method(study),
        _results(study, table, files),
        _strip(study, files),
    ]
    if len(study.events):
        slides += [_matrix(study, told, files), _naming(study, files), *_details(study, told, files)]
    return [*slides, _limits(study, table, told), _again(study)]


def _question(study: SlideData) -> Slide:
    names = ", ".join(map(detector_title, study.results.detectors))
    asked = "- How often, and when, does a detector alarm on days of which no attack is known?"
    if len(study.events):
        asked = (
            f"- Which of the {len(study.events)} attacks does a detector find, and how soon?\n"
            "- What does it cost in false alarms?\n- Does it name what was attacked, more often than chance would?"
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
            f"Learnt on {study.normal.days:.1f} normal days, judged on {study.attacked.days:.1f} days with "
            f"{len(study.events) or 'no known'} attacks{', all simulated' if _simulated(study) else ''}.",
        ],
        figure,
        wide=True,
    )


def _method(study: SlideData) -> Slide:
    pipeline = study.pipeline
    shares = dict(zip(("fit", "threshold", "check"), (round(100 * share) for share in pipeline.shares), strict=True))
    k, n = pipeline.persistence
    return Slide(
        "Method",
        [
            "The normal days are cut into parts that follow each other. All is frozen before the attacked days are "
            "opened; no label and no attacked row reaches a fit, a threshold or the choice of a tag.",
            f"- Budget of false alarms a day, the same for all: **{pipeline.budget:g}**, turned into a threshold on "
            f"the second part\n- Score averaged over {pipeline.smoothing} rows, alarm when {k} of the last {n} exceed "
            "the threshold, nothing looks ahead\n- Each attack counts once; no point adjustment\n- Rows that know "
            "nothing stand in the same table",
        ],
        parts=shares,
    )


def _results(study: SlideData, table: pd.DataFrame, files: Files) -> Slide:
    files.table("comparison", table, "All metrics of all detectors, and of rows that know nothing.")
    samples = study.samples()
    named = samples if samples.empty else samples.rename(detector_title, axis=1, level="name")
    says = verdict(table.rename(detector_title, level="name"), named)
    columns = UNLABELLED if samples.empty else COLUMNS
    shown = table[list(columns)].map(number)
    if not samples.empty:
        drawn = with_intervals(table, samples, DRAWN_COLUMNS).loc[["detector"]]
        shown.loc[drawn.index, DRAWN_COLUMNS] = drawn
        shown["false_positive_rate"] = [f"{share:.1%}" for share in table["false_positive_rate"]]
        shown["delay_median_s"] = ["–" if pd.isna(delay) else duration(delay) for delay in table["delay_median_s"]]
    rows = [
        [detector_title(name) if kind == "detector" else f"*{name}*", *row]
        for (kind, name), row in zip(shown.index, shown.to_numpy(), strict=True)
    ]
    lines = [says, markdown(["", *columns.values()], rows)]
    return Slide("Results", lines if samples.empty else [*lines, DRAWN])


def _strip(study: SlideData, files: Files) -> Slide:
    caption = "Alarms against time: those that touch an attack tall, false ones low."
    figure = files.figure("alarms", strip(study.results.scores, study.events), caption)
    shares = study.results.scores.xs("alarm", axis=1, level=1).mean()
    says = f"{detector_title(shares.idxmax())} alarms longest: in {shares.max():.1%} of the rows."
    return Slide("Alarms over time", [says], figure, wide=True)


def _matrix(study: SlideData, told: pd.DataFrame, files: Files) -> Slide:
    caption = "Which detector finds which attack, after how long, and the tag it names first."
    files.table("attacks", told, caption)
    by_attack = told.groupby("attack", sort=False)["found"].sum()
    nobody = ", ".join(map(str, by_attack.index[by_attack == 0])) or "none"
    says = f"{(by_attack > 0).sum()} of {len(by_attack)} are found by at least one. Found by nobody: {nobody}."
    files.figure("matrix", matrix(told), caption)
    return Slide("Attack by attack", [says], matrix(told, wide=True), wide=True)


def _naming(study: SlideData, files: Files) -> Slide:
    rates = study.results.hit_rates(study.events)
    caption = "Share of the found attacks in which one of the first tags is an attacked one, and what chance gives."
    files.table("naming", rates, caption)
    says = f"{naming(rates)} Attacks on nothing that this recording has a tag of are left out."
    figure = files.figure("naming", hit_rates(rates), caption)
    return Slide("Does it name what was attacked?", [says], figure, wide=True)


def _details(study: SlideData, told: pd.DataFrame, files: Files) -> Iterator[Slide]:
    events = study.events
    closer = events[events["attack"].isin(most_disputed(told, events, DETAILED))]
    for page in pages(study.normal, study.attacked, study.results, closer, narrow=True):
        number = page.heading.partition(":")[0].lower().replace(" ", "-")
        files.figure(number, page.figure, f"{page.heading}. {page.done} {page.moved} {page.spoken}")
        yield Slide(page.heading, [page.done, page.moved, page.brief, SET], page.figure)


def _limits(study: SlideData, table: pd.DataFrame, told: pd.DataFrame) -> Slide:
    lines = [_source(study), _kept_budget(study, table), *_in_alarm(table)]
    if len(told):
        stood = told["standing"].sum()
        lines += [
            f"{stood} of {told['found'].sum()} findings are by an alarm that stood already when the attack began.",
            f"{len(study.events)} attacks are few: one more or less is {1 / len(study.events):.0%} of recall. "
            f"Chances under {DOUBT:.0%} are not corrected for the number of detectors.",
        ]
    return Slide("Limits", ["\n".join(f"- {line}" for line in lines)])


def _source(study: SlideData) -> str:
    names = {source.name for source in study.attacked.source}
    if _simulated(study):
        return (
            "The rows are simulated, one seed: a plant that is more regular than the real one, so that false alarms "
            "are fewer and attacks stand out more than they would."
        )
    return f"One recording of one plant ({', '.join(sorted(names))}): another season or another plant may differ."


def _simulated(study: SlideData) -> bool:
    return any(source.name.startswith("simulated") for source in study.attacked.source)


def _in_alarm(table: pd.DataFrame) -> Iterator[str]:
    shares = table.loc["detector", "false_positive_rate"].dropna()
    if len(shares):
        yield (
            "A false alarm counts once, however long it lasts, and one that runs into an attack not at all: read them "
            f"with the time in alarm outside attacks, {shares.min():.1%} to {shares.max():.1%} here."
        )


def _kept_budget(study: SlideData, table: pd.DataFrame) -> str:
    column = "alarms_per_day" if table["event_f1"].isna().all() else "false_alarms_per_day"
    alarms = table.loc["detector", column]
    return (
        f"For a budget of {study.pipeline.budget:g} a day there were {alarms.min():.1f} to {alarms.max():.1f} "
        f"{column.replace('_per_day', '').replace('_', ' ')} a day on the attacked days; the plant's recovery after an "
        "attack counts among them."
    )


def _again(study: SlideData) -> Slide:
    command = ["python", "-m", "swatlib", "report", *(step["name"] for step in study.run["notebooks"])]
    for name, value in study.run["parameters"].items():
        command += [f"--{name}", "FILE"] if name in FILES else ["-p", f"{name}={value}"]
    versions = ", ".join(f"{name} {number}" for name, number in study.run["versions"].items())
    sums = ", ".join(dict.fromkeys(each.checksum[:16] for each in (study.normal, study.attacked)))
    return Slide(
        "How to get the same again",
        [
            f"`{shlex.join(command)}`",
            f"Data (SHA-256): {sums}. Commit {study.run['commit'][:12]}. {versions}.",
        ],
    )
