"""Scores against labels: the distributions of normal and attack rows, and precision and recall at every threshold."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from swatlib.metrics.case import make_case
from swatlib.metrics.curves import average_precision, precision_recall_curve
from swatlib.metrics.point_based import precision, recall
from swatlib.plots.annotations import LINE_INCHES, chosen, detector_title, end_labels, note, wrapped
from swatlib.plots.looks import looks
from swatlib.plots.style import BLUE, GREY, INK, PALE, VERMILION, WIDTH, Figure, nothing, styled

BINS = 80
POINTS = 800  # of a curve
NO_DETECTOR = "Nothing to show: no detector is chosen."
LEGEND_INCHES, LEGEND_GAP = 2.2, 0.1  # width of the names in a legend, height between two


@styled
def score_distributions(scores: pd.DataFrame, label: pd.Series | None, detectors=None) -> Figure:
    """For each detector the share of normal and of attack rows at each score, with the threshold.

    scores: as `Pipeline.score` gives them. label: bool, on the same rows; None: all rows together.
    Shares are on a log axis, so that the few rows in the tails are visible; so are scores that are positive and span
    more than a factor of 10.
    """
    names = chosen(scores, detectors)
    if not names:
        return nothing(NO_DETECTOR)
    if label is not None and len(label) != len(scores):
        rows = f"label has {len(label):,} rows and the scores have {len(scores):,}"
        raise ValueError(f"{rows}; give both for the same rows")
    attacked = np.zeros(len(scores), bool) if label is None else label.to_numpy()
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    titles = {name: wrapped(detector_title(name), WIDTH / columns - 0.6, 9, "bold") for name in names}
    high = 1.9 + LINE_INCHES * max(title.count("\n") for title in titles.values())
    figure = Figure(high * lines + 0.6)
    axes = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    for place, (ax, name) in enumerate(zip(axes, names, strict=False)):
        _distribution(ax, scores[name], attacked)
        ax.set_title(titles[name])
        ax.set_xlabel("score" if place >= len(names) - columns else "")
        ax.set_ylabel("" if place % columns else "share of rows")
    for ax in axes[len(names) :]:
        ax.set_visible(False)
    note(figure, "blue area: normal rows · red line: attack rows · dashed: threshold · a high score is anomalous")
    return figure


@styled
def precision_recall(scores: pd.DataFrame, label: pd.Series | None, detectors=None) -> Figure:
    """Precision against recall for every threshold, and the point of each detector's alarm.

    scores: as `Pipeline.score` gives them. label: bool, on the same rows; rows without a score are left out. The
    legend is sorted by average precision. The on-delay and off-delay move a point off its curve.
    """
    if label is None or not label.any():
        return nothing("No attack is labelled in this recording: precision and recall are not known.")
    names = chosen(scores, detectors)
    if not names:
        return nothing(NO_DETECTOR)
    cases = {name: make_case(label, scores[name, "alarm"], scores[name, "score"]) for name in names}
    own_looks = looks(names)
    area = {name: float(average_precision(case)) for name, case in cases.items()}
    named = {name: wrapped(f"{detector_title(name)}  {_two_decimals(area[name])}", LEGEND_INCHES) for name in names}
    high = sum(LINE_INCHES * (text.count("\n") + 1) + LEGEND_GAP for text in named.values())
    figure = Figure(max(4.4, high + 0.4), width=8.0)
    ax = figure.subplots()
    for name in sorted(names, key=lambda name: -area[name]):
        own = own_looks[name]
        ax.plot(*_curve(scores[name, "score"], label), color=own.colour, linestyle=own.dashes)
        ax.plot(
            recall(cases[name]), precision(cases[name]), marker=own.marker, markersize=8, markeredgecolor="white",
            color=own.colour, linestyle=own.dashes, clip_on=False, zorder=3, label=named[name],
        )  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(0, 1.02))
    ax.set(xlabel="recall (share of attack rows)", ylabel="precision (share of alarm rows)")
    _guides(ax, chance=float(label.mean()))
    figure.legend(
        loc="outside right upper", title="average precision", alignment="left", labelspacing=0.8, handlelength=4
    )
    note(figure, "marks: each alarm with its own threshold · grey: equal F1")
    return figure


def _distribution(ax: Axes, scored: pd.DataFrame, label: np.ndarray) -> None:
    score = scored["score"].to_numpy(dtype=np.float64)
    there = ~np.isnan(score)
    score, label = score[there], label[there]
    if not score.size:
        ax.text(0.5, 0.5, "no row has a score", transform=ax.transAxes, ha="center", color=GREY)
        return
    log = score.min() > 0 and score.max() > 10 * score.min()
    threshold = float(scored["threshold"].iloc[0])
    edges = (np.geomspace if log else np.linspace)(*_ends(score, threshold), BINS + 1)
    normal, attacked = (np.histogram(rows, edges)[0] / max(len(rows), 1) for rows in (score[~label], score[label]))
    ax.stairs(normal, edges, color=BLUE, fill=True, alpha=0.35)
    ax.stairs(attacked, edges, color=VERMILION, linewidth=1)
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter(lambda value, _: np.format_float_positional(value, trim="-"))
    if log:
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    else:
        ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.axvline(threshold, color=INK, linewidth=0.8, linestyle=(0, (4, 2)))
    ax.minorticks_off()


def _two_decimals(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def _ends(score: np.ndarray, threshold: float) -> tuple[float, float]:
    """Of the bins: the scores' own; those of a constant score are so far apart that the bar of one bin is seen."""
    low, high = float(score.min()), float(score.max())
    if not np.isclose(low, high, rtol=1e-9, atol=0):
        return low, high
    apart = abs(threshold - low) if np.isfinite(threshold) else 0.0
    half = max(0.5, 0.5 * abs(low), apart)
    return low - half, high + half


def _curve(score: pd.Series, label: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision at no more than POINTS thresholds, evenly spread over recall."""
    there = score.notna().to_numpy()
    precision, recall = precision_recall_curve(label.to_numpy()[there], score.to_numpy()[there])
    picked = np.unique(np.searchsorted(-recall, -np.linspace(0, 1, POINTS)).clip(max=len(recall) - 1))
    return recall[picked], precision[picked]


def _guides(ax: Axes, chance: float) -> None:
    ax.axhline(chance, color=GREY, linewidth=0.6, linestyle=(0, (1, 2)))
    named = {"chance": (chance, GREY)}
    for f1 in (0.2, 0.4, 0.6, 0.8):
        recall = np.linspace(f1 / (2 - f1), 1, 200)
        ax.plot(recall, f1 * recall / (2 * recall - f1), color=PALE, linewidth=0.7, zorder=0)
        named[f"F1 {f1:g}"] = f1 / (2 - f1), GREY
    end_labels(ax, named, gap=0.05)
