"""A small console for a notebook: start and stop the plant, attack it, acknowledge its alarms, choose a detector."""

import ipywidgets as widgets
import pandas as pd

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.live.episodes import EpisodeWatch, acknowledge, episode_state, plants, stored_episodes
from swatlib.live.session import Live
from swatlib.live.sink import InfluxSink
from swatlib.plant import ACTUATORS, SENSORS, TAG_NAMES, TAGS
from swatlib.wording import count, duration

ON_SENSORS, ON_ACTUATORS = ("ramp", "spoof", "freeze"), ("force",)
SPEEDS = {"1 (its own pace)": 1.0, "10": 10.0, "60": 60.0}
ALL_DETECTORS = "all"
NEWEST = 20  # alarm episodes to choose from


def console(live: Live) -> widgets.Widget:
    """The console of a run; its attacks are those of `python -m swatlib attack`."""
    progress = widgets.Label(live.progress)
    live.listeners[:] = [lambda text: setattr(progress, "value", text)]
    answer = widgets.Label(f"python -m swatlib attack --plant {live.name} … does the same")
    rows = [_plant(live, answer), _attack(live, answer), _alarms(live, answer), _detector(live)]
    return widgets.VBox([progress, *rows, answer])


def _plant(live: Live, answer: widgets.Label) -> widgets.Widget:
    minutes = widgets.BoundedFloatText(value=live.minutes or 10.0, min=1, max=1_440, description="minutes")
    speeds = SPEEDS | ({} if live.speed in (None, *SPEEDS.values()) else {f"{live.speed:g}": live.speed})
    speed = widgets.Dropdown(options=list(speeds.items()), value=live.speed or 1.0, description="speed")
    start = widgets.Button(description="Start", tooltip="Another plant, with a name of its own")
    stop = widgets.Button(description="Stop", tooltip="End the plant; servers and stream run on")

    def restart() -> str:
        live.restart(minutes.value, speed.value)
        return f"plant {live.name} starts: {minutes.value:g} minutes at speed {speed.value:g}"

    def end() -> str:
        live.stop()
        return f"plant {live.name} has stopped; Start runs another one"

    start.on_click(_answered(answer, restart))
    stop.on_click(_answered(answer, end))
    return widgets.HBox([minutes, speed, start, stop])


def _attack(live: Live, answer: widgets.Label) -> widgets.Widget:
    tag = widgets.Dropdown(options=TAG_NAMES, value=SENSORS[0], description="tag")
    action = widgets.Dropdown(options=ON_SENSORS, description="action")
    value = widgets.Combobox(value="+1", options=["+1", "-1"], description="value")
    seconds = widgets.BoundedIntText(value=300, min=1, max=SECONDS_PER_DAY, description="seconds")
    button = widgets.Button(description="Attack", button_style="danger")

    def choose(_=None) -> None:
        action.options = ON_ACTUATORS if tag.value in ACTUATORS else ON_SENSORS
        states = list(TAGS[tag.value].codes.values())
        value.options = states or ["+1", "-1"]
        value.value = states[-1] if states else "+1"

    def attack() -> str:
        if live.plant.ended:
            return f"plant {live.name} has ended; press Start, then attack"
        effects = " ".join([tag.value, action.value, *([] if action.value == "freeze" else [value.value])])
        live.attack(effects, seconds.value)
        return f"{effects}, for {seconds.value} s: it begins with the plant's next row"

    tag.observe(choose, "value")
    choose()
    tag.value = "LIT101"
    button.on_click(_answered(answer, attack))
    return widgets.HBox([tag, action, value, seconds, button])


def _alarms(live: Live, answer: widgets.Label) -> widgets.Widget:
    """Acknowledge or shelve one of the newest alarm episodes, as `python -m swatlib alarms` does."""
    reader, to = live.at.reader, live.at.to
    if not isinstance(reader, InfluxSink) or not isinstance(to, InfluxSink):
        return widgets.Label("Alarm episodes are kept in InfluxDB, which does not run here.")
    watch = EpisodeWatch(reader, to)
    episode = widgets.Dropdown(description="alarm", layout={"width": "32em"})
    note = widgets.Text(description="note", placeholder="why, in a few words")
    minutes = widgets.BoundedFloatText(value=60, min=1, max=SECONDS_PER_DAY / 60, description="shelve (min)")
    look = widgets.Button(description="Show alarms", tooltip="The newest alarm episodes, the newest first")
    seen = widgets.Button(description="Acknowledge", tooltip="It was seen, and the note says why it was raised")
    shelve = widgets.Button(description="Shelve", tooltip="The same, and no alert of it for so many minutes")

    def refresh() -> str:
        if live.name in plants(reader):
            watch.look_at(live.name)
        found = stored_episodes(reader, live.name, NEWEST)
        chosen = episode.value
        episode.options = [(_worded(each), start) for start, each in found.iterrows()]
        if len(found):
            episode.value = chosen if chosen in list(found.index) else found.index[0]
        return f"plant {live.name} has {count(len(found), 'alarm episode')} to show, the newest first"

    def say(until: pd.Timestamp | None) -> str:
        if episode.value is None:
            raise ValueError("no alarm is chosen; press Show alarms")
        acknowledge(to, live.name, episode.value, note.value, until)
        refresh()
        shelved = "" if until is None else f", shelved until {until:%H:%M:%S} (UTC)"
        return f"the alarm of {episode.value:%Y-%m-%d %H:%M:%S} is acknowledged{shelved}"

    look.on_click(_answered(answer, refresh))
    seen.on_click(_answered(answer, lambda: say(None)))
    shelve.on_click(
        _answered(answer, lambda: say(pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta(minutes.value, "min")))
    )
    return widgets.VBox([widgets.HBox([look, episode]), widgets.HBox([note, minutes, seen, shelve])])


def _worded(episode: pd.Series) -> str:
    """An alarm episode in a line."""
    lasts = duration((episode["end"] - episode.name).total_seconds() + 1)
    said = f": {episode['note']}" if pd.notna(episode.get("note")) and episode["note"] else ""
    return f"{episode.name:%m-%d %H:%M:%S}, {lasts}, {episode['lead']}, {episode_state(episode)}{said}"


def _detector(live: Live) -> widgets.Widget:
    shown = widgets.Dropdown(options=[ALL_DETECTORS, *live.pipeline.detectors], description="detector")

    def show(_) -> None:
        live.detectors = () if shown.value == ALL_DETECTORS else (shown.value,)

    shown.observe(show, "value")
    return shown


def _answered(answer: widgets.Label, act):
    """For a button: does `act` and shows the sentence that it returns, or the one of its error."""

    def clicked(_) -> None:
        try:
            answer.value = act()
        except (ValueError, OSError) as error:
            answer.value = str(error)

    return clicked
