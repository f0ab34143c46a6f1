"""Links to the boards of Grafana and Chronograf on this machine."""

from urllib.parse import quote

import pandas as pd

from swatlib.servers.influx import direct


def links(plant: str, start: pd.Timestamp, end: pd.Timestamp) -> list[str]:
    """Addresses of the overview and of the health board, where they answer, at the plant's own time."""
    first, last = (round(when.timestamp() * 1_000) for when in (start, end))
    bounds = f"lower={start.isoformat()}Z&upper={end.isoformat()}Z"
    pages = {
        "http://localhost:3000": f"/d/swat-overview?var-plant={quote(plant)}&from={first}&to={last}",
        "http://localhost:8888": f"/sources/0/dashboards/9001?{bounds}",
    }
    return [place + page for place, page in pages.items() if _answers(place)]


def _answers(place: str) -> bool:
    try:
        direct.open(place, timeout=1).close()
    except OSError:
        return False
    return True
