"""A label column, in any of its spellings, to true where there is an attack."""

from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from swatlib.data.names import is_instrument, resembles_label, says_normal
from swatlib.data.recording import DataError
from swatlib.data.table import Table
from swatlib.wording import count, listed

_NORMAL = {"normal", "0", "false"}
_ATTACK = {"attack", "1", "true"}
_LIKE_NORMAL = _NORMAL | {"benign", "inlier", "nominal", "safe", "ok", "none", ""}
_LIKE_LABEL = {
    "normal",
    "attack",
    "benign",
    "anomaly",
    "anomalous",
    "abnormal",
    "malicious",
    "intrusion",
    "outlier",
    "inlier",
}
_MOSTLY = 0.5  # of the rows
_TWO_NUMBERS = ({"0", "1"}, {"-1", "1"}, {"true", "false"})
_ALLOWED = "write Normal or Attack, 0 or 1, True or False"


def read_labels(table: Table, columns: list[int]) -> tuple[np.ndarray | None, list[str]]:
    """Whether each row is labelled attack, from all label columns together; None without one. And findings.

    DataError: a cell with a third meaning, numbers whose meaning the name leaves open, columns that disagree.
    """
    labels: dict[str, np.ndarray] = {}
    findings: list[str] = []
    for column in columns:
        label, said = _one(table, column)
        labels[table.names[column]] = label
        findings += said
    first = next(iter(labels), "")
    for name, label in labels.items():
        differ = np.flatnonzero(label != labels[first])
        if len(differ):
            raise table.error(
                f"label columns {first!r} and {name!r} disagree (so {count(len(differ), 'row')}); delete the wrong one",
                int(differ[0]),
            )
    if len(labels) > 1:
        findings.append(f"label columns {listed(map(repr, labels))} agree")
    return labels.get(first), findings


def resembling(extra: pd.DataFrame | None) -> list[str]:
    """Names of columns that were kept apart and read like a label, by their name or by what they hold.

    A column that says normal throughout labels nothing.
    """
    columns = {} if extra is None else {str(name): _words(column) for name, column in extra.items()}
    return [name for name, words in columns.items() if not words <= _LIKE_NORMAL and _resembles(name, words)]


def _resembles(name: str, words: set[str]) -> bool:
    in_words = not words.isdisjoint(_LIKE_LABEL)  # beside it may stand any name of an attack
    alone = words <= _LIKE_LABEL | _LIKE_NORMAL
    known = (in_words and alone) or (not is_instrument(name) and (in_words or words in _TWO_NUMBERS))
    return resembles_label(name) or known


def _words(column: pd.Series) -> set[str]:
    return {_squeezed(str(value)) for value in column.dropna().unique()}


def _one(table: Table, column: int) -> tuple[np.ndarray, list[str]]:
    name = table.names[column]
    cells = pc.fill_null(table.columns[column].cast(pa.string()), "").combine_chunks().dictionary_encode()
    texts = cells.dictionary.to_pylist()
    numbers = np.bincount(cells.indices.to_numpy(), minlength=len(texts))
    met = Counter(dict(zip(texts, numbers.tolist(), strict=True)))
    meaning = _meaning(table, name, met)
    unknown = [number for number, text in enumerate(texts) if text not in meaning]
    if unknown:
        raise _third_meaning(table, name, cells.indices.to_numpy(), texts, unknown)
    label = np.array([meaning[text] for text in texts], bool)[cells.indices.to_numpy()]
    return label, _said(name, met, meaning, label)


def _squeezed(text: str) -> str:
    """ "A ttack" and " Attack" are "attack", "1.0" is "1"."""
    bare = "".join(text.split()).casefold()
    return bare.removesuffix(".0")


def _meaning(table: Table, name: str, met: Counter) -> dict[str, bool]:
    """Text to true for attack; what is left out has no known meaning."""
    words = {text: _squeezed(text) for text in met}
    if "benign" in words.values():  # beside it stand the kinds of attack
        return {text: word not in _LIKE_NORMAL for text, word in words.items() if word}
    numeric = set(words.values()) <= {"0", "1", "-1", "true", "false"}
    if numeric and says_normal(name):
        raise table.error(
            f"label column {name!r} holds {listed(met)}, and its name leaves open which of them is the attack; "
            "write Normal and Attack"
        )
    if "-1" in words.values() and numeric:
        raise table.error(
            f"label column {name!r} holds {listed(met)}, and -1 marks the anomaly in some programs and the normal row "
            "in others; write Normal and Attack"
        )
    known = dict.fromkeys(_NORMAL, False) | dict.fromkeys(_ATTACK, True)
    return {text: known[word] for text, word in words.items() if word in known}


def _third_meaning(table: Table, name: str, indices: np.ndarray, texts: list[str], unknown: list[int]) -> DataError:
    rows = np.flatnonzero(np.isin(indices, unknown))
    text = texts[indices[rows[0]]]
    met = f"reads {text!r}" if text else "is empty"
    return table.error(
        f"label column {name!r} {met}, neither normal nor attack ({count(len(rows), 'row')} without a meaning); "
        f"{_ALLOWED}, or rename the column if it is no label",
        int(rows[0]),
    )


def _said(name: str, met: Counter, meaning: dict[str, bool], label: np.ndarray) -> list[str]:
    findings = [
        f"{count(number, 'label')} read {text!r}, counted as attack{'s' if number != 1 else ''}"
        for text, number in met.items()
        if _squeezed(text) == "attack" and len(text.split()) > 1
    ]
    if _MOSTLY < label.mean() < 1 and set(map(_squeezed, met)) in _TWO_NUMBERS:
        one = next(text for text, is_attack in meaning.items() if is_attack)
        findings.append(f"most rows are attack by column {name!r}; if {one} stands for normal, write Normal and Attack")
    kinds = {text: number for text, number in met.items() if meaning[text]}
    if "benign" in map(_squeezed, met):
        if len(names := [text for text in met if text and text not in kinds]) > 1:
            findings.append(f"names of normal operation: {listed(names)}")
        findings.append(f"kinds of attack: {listed(f'{text} ({number:,} rows)' for text, number in kinds.items())}")
    return [*findings, f"label in column {name!r}: {label.sum():,} of {count(len(label), 'row')} are attack"]
