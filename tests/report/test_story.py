import numpy as np
import pandas as pd
import pytest

from swatlib.data import Recording
from swatlib.report import attack_pages
from swatlib.report.attack_pages import best_named, chosen_attacks, most_disputed, naming, pages
from swatlib.results.detection import DetectionResults
from swatlib.results.movement import movements

TIMES = pd.date_range("2015-12-28 10:00", periods=3600, freq="s", name="time")
EVENTS = pd.DataFrame(
    [
        (7, TIMES[600], TIMES[900], "LIT301", "SPOOF LIT301 = 1200", "clear"),
        (8, TIMES[1800], TIMES[2400], "P101;LIT101", "FORCE P101 on", ""),
    ],
    columns=["attack", "start", "end", "points", "action", "visibility"],
)
TAGS = ["FIT101", "LIT101", "P101", "LIT301"]


@pytest.fixture
def normal():
    """Levels that swing; a pump that switches."""
    swing = np.sin(np.arange(3600) / 50)
    columns = {"FIT101": 2 + swing, "LIT101": 600 + 10 * swing, "P101": 1 + (swing > 0), "LIT301": 900 + 10 * swing}
    return Recording(pd.DataFrame(columns, TIMES, dtype=np.float32))


@pytest.fixture
def attacked(normal):
    frame = normal.frame.copy()
    frame.loc[TIMES[600:900], "LIT301"] = 1200
    return Recording(frame, events=EVENTS)


def judged(first, tag):
    """An alarm of 50 rows from row `first`, led by `tag`; none where it is None."""
    alarm = np.zeros(3600, bool)
    if first is not None:
        alarm[first : first + 50] = True
    lead = pd.Categorical(np.where(alarm, tag, None), categories=TAGS)
    return pd.DataFrame({"score": 1.0 * alarm, "threshold": 0.5, "alarm": alarm, "lead": lead}, TIMES)


def ranking(first, *tags):
    return pd.DataFrame([[f"{tags[0]} jumps", *tags]], TIMES[[first]], ["why", *range(1, len(tags) + 1)], dtype=object)


@pytest.fixture
def results():
    """pca finds 7 after 12 s and names it; kmeans finds 8 by an alarm that stood already, by a tag of its stage."""
    scores = pd.concat({"pca": judged(612, "LIT301"), "kmeans": judged(1790, "FIT101")}, axis=1)
    rankings = {"pca": ranking(612, "LIT301", "P101", "FIT101"), "kmeans": ranking(1790, "FIT101", "P101", "LIT301")}
    nameable, none = dict.fromkeys(rankings, tuple(TAGS)), pd.DataFrame()
    return DetectionResults(scores, none, None, rankings, nameable, none, (8, 10), 60)


def test_a_page_says_what_was_done_what_moved_and_who_spoke(normal, attacked, results):
    first, second = pages(normal, attacked, results, EVENTS)
    assert first.heading == "Attack 7: LIT301 spoofed to 1200 mm"
    assert first.done == "28 Dec 2015, 10:10:00, for 5 min, on LIT301. Listed as clear."
    assert first.moved.startswith("Moved faster than on normal days: LIT301 (")
    assert first.spoken == "Found by PCA residual after 12 s; missed by k-means."
    assert second.spoken == "Found by k-means by an alarm that stood already; missed by PCA residual."


def test_its_table_sets_attacked_tags_in_bold_and_those_of_the_stage_in_italics(normal, attacked, results):
    first, second = pages(normal, attacked, results, EVENTS)
    assert first.table.splitlines()[2:] == [
        "| PCA residual | 12 s | LIT301 jumps | **LIT301** | P101 | FIT101 |  |  |",
        "| k-means | – |  |  |  |  |  |  |",
    ]
    assert second.table.splitlines()[3] == "| k-means | on | FIT101 jumps | *FIT101* | **P101** | LIT301 |  |  |"


def test_its_brief_table_says_why_and_sets_that_as_its_tag(normal, attacked, results):
    first, second = pages(normal, attacked, results, EVENTS)
    assert first.brief.splitlines() == [
        "| detector | after | why |",
        "| --- | --- | --- |",
        "| PCA residual | 12 s | **LIT301 jumps** |",
        "| k-means | – |  |",
    ]
    assert second.brief.splitlines()[3] == "| k-means | on | *FIT101 jumps* |"


def test_a_recording_without_an_attack_has_no_page(normal, results):
    assert list(pages(normal, normal, results, EVENTS.iloc[:0])) == []


def test_what_an_attack_is_called_is_shown_as_it_is_and_never_as_html(normal, attacked, results, monkeypatch):
    shown = []
    monkeypatch.setattr(attack_pages, "display", lambda *each: shown.extend(each))
    odd = EVENTS.assign(action=["level <LL & <script>", ""])
    attack_pages.show_attacks(normal, Recording(attacked.frame, events=odd), results)
    assert shown[0].data.splitlines()[0] == "### Attack 7: level &lt;LL &amp; &lt;script&gt;"


def test_rates_follow_from_the_rankings(results):
    rates = results.hit_rates(EVENTS)
    assert rates["hits"].unstack("first").loc["pca"].to_numpy().tolist() == [[1, 1, 1], [1, 1, 1]]
    assert rates["hits"].unstack("first").loc["kmeans"].to_numpy().tolist() == [[1, 1, 1], [0, 1, 1]]
    assert best_named(rates) == {"best_at_naming": "pca", "its_hits": "1 of 1"}
    assert naming(rates).startswith("The lead tag of **PCA residual** is right most often: it is an attacked one")


def test_without_an_attack_nothing_is_named(results):
    rates = results.hit_rates(EVENTS.iloc[:0])
    said = "No found attack is known to be on a tag of the recording: no lead tag can be right or wrong."
    assert (best_named(rates), naming(rates)) == ({}, said)


def test_where_no_list_says_what_was_attacked_no_detector_is_said_to_have_missed_it(results):
    unknown = EVENTS.assign(points="")
    assert results.per_attack(unknown)["found"].any()
    assert naming(results.hit_rates(unknown)).startswith("No found attack is known to be on a tag")


def test_false_alarms_are_blamed_on_the_tag_that_leads_them(results):
    blamed = results.blamed(EVENTS.iloc[:1])
    assert blamed.to_dict("index") == {"FIT101": {"pca": 0, "kmeans": 1}}


def test_the_most_disputed_attack_is_the_one_that_detectors_disagree_on(results):
    assert most_disputed(results.per_attack(EVENTS), EVENTS, most=1) == [7]


@pytest.mark.parametrize(("which", "attacks"), [("few", [7, 8]), ("all", [7, 8]), ("8", [8]), ("8, 7", [7, 8])])
def test_attacks_are_chosen_by_name(results, which, attacks):
    assert chosen_attacks(which, EVENTS, results.per_attack(EVENTS))["attack"].tolist() == attacks


def test_an_attack_that_is_not_there_is_refused_with_those_that_are(results):
    with pytest.raises(ValueError, match="no attack '9' in this recording; its attacks are 7, 8; name some of them"):
        chosen_attacks("7, 9", EVENTS, results.per_attack(EVENTS))


def test_movement_is_in_multiples_of_the_usual(normal, attacked):
    ahead, during = movements(attacked.frame, normal.frame[["LIT101", "LIT301"]], EVENTS)
    usual = np.quantile(np.abs(normal.frame["LIT301"].diff(60).dropna()), 0.999)
    jump = np.abs(attacked.frame["LIT301"].diff(60)).iloc[600:900].max()
    assert during.loc[7].round(4).to_dict() == {"LIT101": 1.0, "LIT301": pytest.approx(jump / usual, rel=1e-3)}
    assert ahead.loc[7].max() < 1.01
