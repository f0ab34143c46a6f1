"""A page for each attack: what was done, which sensors moved, when each detector raised an alarm and for which tag."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

import pandas as pd
from IPython.display import Markdown, display

from swatlib.data import Recording, attacks
from swatlib.plant import SENSORS, stage_of
from swatlib.plots import closeup as drawn
from swatlib.plots.annotations import detector_title
from swatlib.plots.attack_words import attack_words
from swatlib.plots.style import SLIDE_WIDTH, Figure
from swatlib.report.mouse_pages import save_attack_page
from swatlib.results.detection import DetectionResults
from swatlib.results.movement import movements
from swatlib.settings import settings
from swatlib.wording import duration

FEW, ALL = "few", "all"
RANKED_TAGS, MOST_MOVED, MOST_SHOWN = 5, 5, 3
DOUBT = 0.01
CLEARLY = 1.1  # times as fast as usual


@dataclass(frozen=True)
class Page:
    """heading: number and action. done, moved, spoken: a sentence each. named: detector × after, why, 1 … 5.

    spoken: which detectors found the attack, and after how long. named: delay, reason and the five leading tags.
    """

    heading: str
    done: str
    moved: str
    spoken: str
    named: pd.DataFrame
    attacked: tuple[str, ...]
    figure: Figure

    @property
    def table(self) -> str:
        """`named` in Markdown; an attacked tag is bold, another of an attacked stage in italics."""
        rows = [
            [detector_title(name), after, why, *(self._set(tag, tag) for tag in tags)]
            for name, after, why, *tags in self.named.itertuples()
        ]
        return markdown(["detector", *map(str, self.named.columns)], rows)

    @property
    def brief(self) -> str:
        """The same for a slide: `after` and `why` alone; `why` is marked as the tag that it begins with."""
        named = self.named[["after", "why"]].itertuples()
        rows = [[detector_title(name), after, self._set(why.partition(" ")[0], why)] for name, after, why in named]
        return markdown(["detector", "after", "why"], rows)

    def _set(self, tag: str, text: str) -> str:
        near = tag and stage_of(tag) in {stage_of(point) for point in self.attacked}
        return f"**{text}**" if tag in self.attacked else f"*{text}*" if near else text


def show_attacks(normal: Recording, attacked: Recording, results: DetectionResults, which: str = FEW) -> None:
    """Display the pages of the attacks that `which` means, as in `chosen_attacks`, one after the other."""
    events = attacks(attacked)
    shown = chosen_attacks(which, events, results.per_attack(events))
    own = settings().page
    for page, attack in zip(pages(normal, attacked, results, shown), shown["attack"], strict=True):
        said = f"{page.done} {page.moved} {page.spoken}"
        link = ""
        if own is not None:
            among = shown["attack"]
            file = save_attack_page(own.parent, attacked, results.scores, attack, page.heading, said, among, own.stem)
            link = f" [Look at it with the mouse]({quote(file)})."
        display(Markdown(f"### {escape(page.heading, quote=False)}\n\n{escape(said, quote=False)}{link}"), page.figure)
        display(Markdown(page.table))


def chosen_attacks(which: str, events: pd.DataFrame, attack_table: pd.DataFrame) -> pd.DataFrame:
    """The events that `which` means: "few" (the three most disputed), "all", or names as in "3, 7, 11".

    Raises ValueError for one that is not there.
    """
    known = events["attack"].astype(str)
    if which in {FEW, ALL}:
        wanted = known if which == ALL else set(map(str, most_disputed(attack_table, events, MOST_SHOWN)))
    else:
        wanted = {name.strip() for name in which.split(",")}
    if unknown := sorted(set(wanted) - set(known)):
        says = (
            f"its attacks are {', '.join(known) or 'none'}; name some of them with commas between, {FEW!r} or {ALL!r}"
        )
        raise ValueError(f"no attack {unknown[0]!r} in this recording; {says}")
    return events[known.isin(wanted)]


def pages(
    normal: Recording, attacked: Recording, results: DetectionResults, events: pd.DataFrame, best: str = ""
) -> Iterator[Page]:
    """Pages of those events of the recording, which may be none. best: the only detector of
    their figures, which then have the width of a slide.
    """
    if events.empty:
        return
    attack_table, named = results.per_attack(events), results.named(events)
    moved = movements(attacked.frame, normal.frame[[tag for tag in normal.frame if tag in SENSORS]], events)[1]
    for event in events.itertuples():
        spoken = attack_table[(attack_table["attack"] == event.attack).to_numpy()]
        ranked = named[named.index.get_level_values("attack") == event.attack].droplevel("attack")
        form: dict[str, Any] = {"detectors": [best], "width": SLIDE_WIDTH} if best else {}
        figure = drawn(attacked, results.scores, event, **form)
        yield _page(event, moved.loc[event.attack], spoken, ranked, figure)


def best_named(rates: pd.DataFrame) -> dict:
    """Headline numbers of `Results.hit_rates`: the detector whose lead tag is right most often, and how often."""
    best = _best_lead_tag(rates)
    return {} if best is None else {"best_at_naming": best.name, "its_hits": f"{best['hits']:.0f} of {best['of']:.0f}"}


def naming(rates: pd.DataFrame) -> str:
    """What a table of `Results.hit_rates` says of the lead tags, in a sentence or two of Markdown."""
    best = _best_lead_tag(rates)
    if best is None:
        return "No found attack is known to be on a tag of the recording: no lead tag can be right or wrong."
    chances = rates["p_random"].xs(("tag", 1), level=("right", "first"))
    beyond = [detector_title(name) for name in chances.index[chances < DOUBT]]
    return (
        f"The lead tag of **{detector_title(best.name)}** is right most often: it is an attacked one in "
        f"{best['hits']:.0f} of the {best['of']:.0f} attacks that it finds on recorded tags ({best['low']:.0%} to "
        f"{best['high']:.0%}, 95 % CI), where a random ranking is expected to be right in {best['expected']:.0%}. "
        f"Better than chance (probability under {DOUBT:.0%}): {', '.join(beyond) or 'none'}."
    )


def _best_lead_tag(rates: pd.DataFrame) -> pd.Series | None:
    """The row of the detector whose lead tag is right most often; None where no found attack is on a tag it reads."""
    first = rates.xs(("tag", 1), level=("right", "first"))
    return first.loc[first["hits"].idxmax()] if first["of"].any() else None


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def most_disputed(attack_table: pd.DataFrame, events: pd.DataFrame, most: int = 2) -> list:
    """Attacks that the detectors disagree on most, of equal ones the longer first.

    An attack found by an alarm that stood already counts as missed here.
    """
    if events.empty:
        return []
    found = (attack_table["found"] & ~attack_table["standing"]).groupby(attack_table["attack"]).mean()
    split = (found - 0.5).abs().reindex(events["attack"]).to_numpy()
    order = events.assign(split=split, longest=events["start"] - events["end"]).sort_values(["split", "longest"])
    return order["attack"].head(most).tolist()


def _page(event, moved: pd.Series, spoken: pd.DataFrame, ranked: pd.DataFrame, figure: Figure) -> Page:
    heading = f"Attack {event.attack}: {attack_words(event.action, event.points)}"
    attacked = tuple(point for point in event.points.split(";") if point)
    return Page(heading, _done(event), _moved(moved), _spoken(spoken), _named(spoken, ranked), attacked, figure)


def _done(event) -> str:
    seconds = (event.end - event.start).total_seconds()
    listed = f" Listed as {event.visibility}." if event.visibility else ""
    points = event.points.replace(";", ", ") or "unknown points"
    return f"{event.start:%d %b %Y, %H:%M:%S}, for {duration(seconds)}, on {points}.{listed}"


def _moved(moved: pd.Series) -> str:
    if len(moved) and moved.isna().all():
        return "No sensor was read long enough to tell whether it moved."
    beyond = moved[moved >= CLEARLY].sort_values(ascending=False, kind="stable").head(MOST_MOVED)
    if beyond.empty:
        return "No sensor moved clearly faster than on normal days."
    return (
        f"Moved faster than on normal days: {', '.join(f'{tag} ({times:.1f} times)' for tag, times in beyond.items())}."
    )


def _spoken(spoken: pd.DataFrame) -> str:
    found = spoken[spoken["found"]].sort_values("delay_s", kind="stable")
    if found.empty:
        return "No detector found it."
    said = [f"{detector_title(name)} {_after(row)}" for name, row in zip(found.index, found.itertuples(), strict=True)]
    missed = [detector_title(name) for name in spoken.index[~spoken["found"]]]
    return f"Found by {', '.join(said)}" + (f"; missed by {', '.join(missed)}." if missed else ".")


def _after(row) -> str:
    return "by an alarm that stood already" if row.standing else f"after {duration(row.delay_s)}"


def _named(spoken: pd.DataFrame, ranked: pd.DataFrame) -> pd.DataFrame:
    after = ["–" if not row.found else "on" if row.standing else duration(row.delay_s) for row in spoken.itertuples()]
    first = ranked.reindex(index=spoken.index, columns=["why", *range(1, RANKED_TAGS + 1)]).fillna("")
    return first.assign(after=after)[["after", *first.columns]]
