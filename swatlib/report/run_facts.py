"""What the index filters runs by, and sets beside each other for two of them."""

from typing import Any

from swatlib.wording import number


def run_facts(run: dict[str, Any], cells: dict[str, str]) -> dict[str, Any]:
    """Of a run: title, its data, detectors and parameters to filter by, the key figures of its best detector to order
    by, and facts in groups, each a text.

    cells: the parameters that were not given.
    """
    parameters = {name: _text(value) for name, value in run["parameters"].items()} | cells
    return {
        "run": run["name"],
        "data": list(dict.fromkeys(each["name"] for each in run["data"])),
        "detectors": _detectors(run["notebooks"]),
        "parameters": [f"{name}={value}" for name, value in parameters.items()],
        "key": {name: next(iter(row.values())) for name, row in key_table(run["notebooks"]).items()},
        "facts": {
            "Figures": _figures(run["notebooks"]),
            "Parameters": parameters,
            "Data": {each["start"]: f"{each['name']} {each['sha256'][:12]}" for each in run["data"]},
            "Notebooks": {step["name"]: step["checksum"][:12] for step in run["notebooks"]},
            "Versions": run["versions"]
            | {"commit": run["commit"][:12], "edited": ", ".join(run["edited"]) or "nothing"},
            "Machine": {"machine": run["machine"]},
        },
    }


def key_table(steps: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The figures that matter most: by name, then by detector or baseline."""
    table: dict[str, dict[str, str]] = {}
    for who, figures in ((who, figures) for step in steps for who, figures in step["key"].items()):
        for name, value in figures.items():
            table.setdefault(name, {})[who] = number(value)
    return table


def _figures(steps: list[dict[str, Any]]) -> dict[str, str]:
    first = {f"{name}, {who}": value for name, row in key_table(steps).items() for who, value in row.items()}
    rest = {f"{name} ({step['name']})": number(value) for step in steps for name, value in step["numbers"].items()}
    return first | rest


def _detectors(steps: list[dict[str, Any]]) -> list[str]:
    """Names of all detectors of a run, in their order."""
    of_steps = (step["parameters"] for step in steps)
    named = [each for own in of_steps for each in [own.get("detector", ""), *own.get("detectors", ())]]
    return [name for name in dict.fromkeys(map(str, named)) if name]


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
