"""A small console for a notebook: start and stop the plant, attack it, and choose the detector that is shown."""

import ipywidgets as widgets

from swatlib.arrays import SECONDS_PER_DAY
from swatlib.live.session import Live
from swatlib.plant import ACTUATORS, SENSORS, TAG_NAMES, TAGS

ON_SENSORS, ON_ACTUATORS = ("ramp", "spoof", "freeze"), ("force",)
SPEEDS = {"1 (its own pace)": 1.0, "10": 10.0, "60": 60.0}
ALL_DETECTORS = "all"


def console(live: Live) -> widgets.Widget:
    """The console of a run; its attacks are those of `python -m swatlib attack`."""
    progress = widgets.Label(live.progress)
    live.listeners[:] = [lambda text: setattr(progress, "value", text)]
    answer = widgets.Label(f"python -m swatlib attack --plant {live.name} … does the same")
    return widgets.VBox([progress, _plant(live, answer), _attack(live, answer), _detector(live), answer])


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
