"""The figure of a live run: kept current, and never at the stream's cost."""

import asyncio
from types import SimpleNamespace

import pandas as pd
import pytest
from IPython.display import DisplayHandle

from swatlib.live import watching
from swatlib.live.watching import REST, LiveView
from swatlib.servers import ServicesError


class Clock:
    """A clock that goes on by itself only while something is drawn."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    ticking = Clock()
    monkeypatch.setenv("JPY_SESSION_NAME", "a notebook that somebody looks at")
    monkeypatch.setattr(watching, "time", ticking)
    monkeypatch.setattr(watching, "display", lambda *_, **__: DisplayHandle())  # outside a notebook there is none
    return ticking


@pytest.fixture
def view(clock):
    """A view of a run that has a new row at each look, whose figure takes three seconds to draw."""
    said: list[str] = []

    def rows(_) -> pd.DataFrame:
        return pd.DataFrame({"LIT101": 1.0}, [pd.Timestamp(len(said), unit="s")])

    def draw(*_) -> str:
        clock.now += 3.0
        return "figure"

    live = SimpleNamespace(progress="1 row stored", readings=rows, scores=rows, events=pd.DataFrame, listeners=[])
    live.detectors, live.name, live.said = (), "swat", said
    live.listeners.append(said.append)
    return LiveView(live, draw)


def test_a_figure_rests_longer_than_it_took(view, clock):
    drawn = 0
    for _ in range(100):
        before, clock.now = clock.now, clock.now + 1.0
        view.update()
        drawn += clock.now - before > 1.0
    assert len(view.live.said) == 100
    assert 3.0 * drawn <= clock.now / (REST + 1) + 3.0


def test_the_last_figure_shows_the_last_row(view, clock):
    view.update()
    before = clock.now
    view.update()
    assert clock.now == before
    view.update(now=True)
    assert clock.now == before + 3.0


def test_where_nobody_looks_the_last_figure_alone_is_drawn(view, clock, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME")
    for _ in range(100):
        view.update()
    assert (clock.now, len(view.live.said)) == (0.0, 100)
    view.update(now=True)
    assert clock.now == 3.0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            TimeoutError("read timed out"),
            ["the run can't be read, which is tried again: read timed out", "1 row stored"],
        ),
        (ServicesError("the stream has ended"), ["the run has failed: the stream has ended"]),
    ],
)
def test_a_server_that_answers_late_does_not_end_what_is_shown_and_a_stream_that_ended_does(view, error, said):
    class Run(SimpleNamespace):
        @property
        def closed(self) -> bool:
            return len(self.said) > 1

        @property
        def progress(self) -> str:
            if not self.said:
                raise error
            return "1 row stored"

    view.live = Run(**vars(view.live))
    asyncio.run(view.follow(0))
    assert view.live.said[: len(said)] == said
    assert (view._shown == "figure") == (len(said) > 1)


def test_a_figure_that_cannot_be_drawn_is_named_and_ends_what_is_shown(view):
    view.live.closed, view.draw = False, lambda *_: {}["LIT999"]
    asyncio.run(view.follow(0))
    assert view.live.said == ["1 row stored", "the figure can't be drawn: 'LIT999'"]


def test_a_reading_that_failed_rests_as_one_that_did_not(view, clock):
    def late(_) -> pd.DataFrame:
        clock.now += 3.0
        raise TimeoutError("read timed out")

    view.live.closed, view.live.scores = False, late
    asyncio.run(view._look())
    clock.now += REST * 3.0 - 1
    assert not view._due()
    clock.now += 1
    assert view._due()
