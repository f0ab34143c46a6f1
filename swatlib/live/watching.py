"""A live run shown in a notebook: a line that says what happens and a figure of the last minutes, kept current."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd
from IPython.display import HTML, Markdown, display

from swatlib.servers import ServicesError
from swatlib.settings import attended

if TYPE_CHECKING:
    from swatlib.live.session import Live

Draw = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], Any]  # readings, scores, events → a figure


REST = 4  # times as long as a figure took, reading included, until the next: kernel and stream share the processors


class LiveView:
    """The line and the figure where the cell that made them shows its output."""

    def __init__(self, live: "Live", draw: Draw, last: str = "20min"):
        self.live, self.draw, self.last = live, draw, last
        self._line = display(Markdown(live.progress), display_id=True)
        self._figure = display(HTML(""), display_id=True)
        self._drawn: tuple | None = None
        self._shown: Any = None
        self._next = 0.0  # when the figure is due again

    def update(self, now: bool = False) -> None:
        """Say what happens; show what is stored `now`, or if the figure is due and somebody may look at it."""
        self._say(self.live.progress)
        if now or (attended() and self._due()):
            self._show(*self._stored())

    async def follow(self, every: float) -> None:
        """Update until the run is closed; reading runs beside the kernel's own loop, which stays free."""
        ended = ""
        while not self.live.closed:
            try:
                await self._look()
            except ServicesError as error:
                ended = f"the run has failed: {error}"
                break
            except Exception as error:  # of the figure; shown to the person who watches, whatever it was
                ended = f"the figure can't be drawn: {error}"
                break
            await asyncio.sleep(every)
        self._say("the run has ended" if self.live.closed else ended)

    async def _look(self) -> None:
        """Update once. A server that answers late is asked again; raises ServicesError when the stream has ended."""
        began = time.monotonic()
        try:
            self._say(await asyncio.to_thread(lambda: self.live.progress))
            stored = await asyncio.to_thread(self._stored) if self._due() else None
        except ServicesError:
            raise
        except Exception as error:
            self._next = time.monotonic() + REST * (time.monotonic() - began)
            if not self.live.closed:
                self._say(f"the run can't be read, which is tried again: {error}")
            return
        if stored:
            self._show(*stored)

    def _due(self) -> bool:
        return time.monotonic() >= self._next

    def _stored(self) -> tuple[float, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """Seconds that reading took, and what is stored."""
        live, began = self.live, time.monotonic()
        stored = live.readings(self.last), live.scores(self.last), live.events()
        return time.monotonic() - began, *stored

    def _say(self, progress: str) -> None:
        self._line.update(Markdown(progress))
        for listen in self.live.listeners:
            listen(progress)

    def _show(self, read: float, readings: pd.DataFrame, scores: pd.DataFrame, events: pd.DataFrame) -> None:
        began = time.monotonic()  # what was waited for between reading and this, as other cells, is no work of a figure
        state = (readings.index.max(), scores.index.max(), len(events), self.live.detectors, self.live.name)
        if len(readings) and len(scores) and state != self._drawn:  # a figure that would be the same is not drawn
            if (figure := self.draw(readings, scores, events)) is not self._shown:  # else it was shown, and grew
                self._figure.update(figure)
                self._shown = figure
            self._drawn = state
        self._next = time.monotonic() + REST * (read + time.monotonic() - began)
