"""A small console for a notebook: choose a tag and what is done to it, press the button, and the plant is attacked."""

import ipywidgets as widgets

from swatlib.live.session import Live
from swatlib.plant import ACTUATORS, SENSORS, TAG_NAMES, TAGS

ON_SENSORS, ON_ACTUATORS = ("ramp", "spoof", "freeze"), ("force",)


def console(live: Live) -> widgets.Widget:
    """The console of a run; what it sends is what `python -m swatlib attack` sends."""
    tag = widgets.Dropdown(options=TAG_NAMES, value=SENSORS[0], description="tag")
    what = widgets.Dropdown(options=ON_SENSORS, description="attack")
    value = widgets.Combobox(value="+1", options=["+1", "-1"], description="value")
    seconds = widgets.BoundedIntText(value=300, min=1, max=86_400, description="seconds")
    button = widgets.Button(description="Attack", button_style="danger")
    said = widgets.Label(f"python -m swatlib attack --plant {live.name} … does the same")

    def choose(_=None) -> None:
        what.options = ON_ACTUATORS if tag.value in ACTUATORS else ON_SENSORS
        states = list(TAGS[tag.value].codes.values())
        value.options = states or ["+1", "-1"]
        value.value = states[-1] if states else "+1"

    def attack(_) -> None:
        effects = " ".join([tag.value, what.value, *([] if what.value == "freeze" else [value.value])])
        try:
            live.attack(effects, seconds.value)
            said.value = f"{effects}, for {seconds.value} s: it begins with the plant's next row"
        except (ValueError, OSError) as error:
            said.value = str(error)

    tag.observe(choose, "value")
    choose()
    tag.value = "LIT101"
    button.on_click(attack)
    return widgets.VBox([widgets.HBox([tag, what, value, seconds, button]), said])
