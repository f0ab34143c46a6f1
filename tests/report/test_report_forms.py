"""Whatever form a pair of files has, the comparison says what it can: fewer tags, no labels, other days."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import wild

from swatlib import plots
from swatlib.data import attacks
from swatlib.metrics import compare, summary, verdict
from swatlib.pipeline import Pipeline
from swatlib.report.attack_pages import ALL, best_named, chosen_attacks, naming, pages
from swatlib.results.result_cache import cached_results
from swatlib.studies.pair import recordings

EVERY = 30  # seconds a row, so that a day is written and read in a moment
FEWER = ["LIT301", "FIT601", "P102", "MV504", "AIT501"]


@pytest.fixture(scope="module")
def pair(whole_2015):
    """Eighteen normal hours, and the first eight with attacks, a row every half minute."""

    def thinned(part):
        return replace(part, frame=part.frame.iloc[::EVERY], label=part.label.iloc[::EVERY], events=None)

    return thinned(whole_2015.between("2015-12-24", "2015-12-24 18:00")), thinned(
        whole_2015.between("2015-12-28 10:00", "2015-12-28 18:00")
    )


def moved(recording, to):
    """The same rows at other times."""
    shift = pd.Timestamp(to) - recording.frame.index[0].normalize()
    times = recording.frame.index + shift
    return replace(recording, frame=recording.frame.set_axis(times), label=recording.label.set_axis(times))


def without(recording, tags):
    return replace(recording, frame=recording.frame.drop(columns=[tag for tag in tags if tag in recording.frame]))


FORMS = {  # form, day of the normal rows, day of the attacked ones, whether it has labels
    "2015": (wild.official_csv, "2015-12-24", "2015-12-28", True),
    "June 2017": (wild.june_2017_csv, "2017-06-10", "2017-06-13", False),
    "July 2019": (wild.july_2019_v1, "2019-07-17", "2019-07-18", False),
    "July 2019, labelled": (wild.july_2019_labelled, "2019-07-17", "2019-07-18", True),
    "December 2019": (wild.december_2019, "2019-12-04", "2019-12-06", False),
    "June 2020": (wild.june_2020_xlsx, "2020-06-20", "2020-06-22", False),
}


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """Loads a pair of files and judges one detector on it, as notebooks 04 and 08 do."""
    monkeypatch.setenv("SWAT_CACHE_FOLDER", str(tmp_path / "cache"))

    def judge(normal, attack):
        normal_days, attacked = recordings(str(normal), str(attack))
        return normal_days, attacked, cached_results(Pipeline(("kmeans", "pca")), normal_days, attacked)

    return judge


def written(form, folder, recording):
    folder.mkdir()
    return form(recording, folder)


@pytest.mark.parametrize("release", FORMS)
def test_a_release_is_judged_as_far_as_its_labels_go(release, pair, judged, tmp_path):
    form, normal_day, attacked_day, labelled = FORMS[release]
    paths = [
        written(form, tmp_path / name, moved(part, day))
        for name, part, day in zip(("normal", "attack"), pair, (normal_day, attacked_day), strict=True)
    ]
    normal_days, attacked, found = judged(*paths)
    events = attacks(attacked)
    starts = pair[1].label & ~pair[1].label.shift(fill_value=False)
    assert len(events) == (starts.sum() if labelled else 0)
    table = compare(found.scores, attacked.label, events)
    assert table.loc["detector"].index.tolist() == found.detectors
    assert table.loc["detector", "alarms_per_day"].notna().all() and verdict(table) and summary(table)
    shown(normal_days, attacked, found)


def test_files_with_fewer_tags_are_judged_on_those_they_share(pair, judged, tmp_path):
    normal, attack = pair
    paths = (
        written(wild.parquet_with_index, tmp_path / "normal", without(normal, FEWER)),
        written(wild.parquet_with_index, tmp_path / "attack", without(attack, ["FIT101"])),
    )
    normal_days, attacked, found = judged(*paths)
    assert found.tags == [tag for tag in pair[0].frame if tag not in {*FEWER, "FIT101"}]
    told, rates = found.per_attack(attacks(attacked)), found.hit_rates(attacks(attacked))
    on_a_tag = told["points"].str.split(";").map(lambda points: bool(set(points) & set(found.tags)))
    nameable = (told["found"] & on_a_tag).groupby("detector", sort=False).sum()
    assert told["found"].any() and rates["of"].xs(("tag", 1), level=("right", "first")).to_dict() == nameable.to_dict()
    shown(normal_days, attacked, found)


def shown(normal_days, attacked, found):
    """Every figure and sentence of the notebooks can be made."""
    events = attacks(attacked)
    told, rates = found.per_attack(events), found.hit_rates(events)
    for figure in (plots.strip(found.scores, events), plots.matrix(told), plots.hit_rates(rates)):
        figure.draw_without_rendering()
    assert naming(rates) and isinstance(best_named(rates), dict)
    assert found.blamed(events).columns.tolist() == found.detectors
    close = list(pages(normal_days, attacked, found, chosen_attacks(ALL, events, told)))
    assert len(close) == len(events)
    assert np.isfinite([len(page.table) for page in close]).all()
