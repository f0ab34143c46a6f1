"""2,000 files that were damaged at random give the right rows or one sentence, and never fewer rows than they say."""

import gzip
import re
import zipfile
from dataclasses import dataclass
from random import Random

import numpy as np
import pandas as pd
import pytest
import wild

from swatlib.data import DataError, Recording, load
from swatlib.data.facts import is_untimed
from swatlib.simulation import Attack, simulate

FILES, BLOCKS = 2_000, 20
ROWS = 48
FOREIGN = re.compile(r"arrow|pandas|numpy|traceback|casting|unsupported|0x[0-9a-f]{6}|<class", re.IGNORECASE)
EXPLAINED = re.compile(r"([\d,]+) (?:rows? dropped|times? occur)")


@dataclass(frozen=True)
class Damaged:
    """A damaged file: how many rows it has, how many cells (or rows of wrong time) may differ, the rows it came from.

    `rows` is None where the damage leaves open how many there are.
    """

    content: bytes
    name: str
    rows: int | None
    differ: int
    right: Recording


@pytest.fixture(scope="module")
def recorded():
    """The last rows before an attack and the first ones in it; noon falls among them."""
    return simulate(600, attacks=[Attack("LIT101 spoof 700", 20, start=580)], start="2015-12-28 11:50:30").between(
        "2015-12-28 11:59:42"
    )


@pytest.fixture(scope="module")
def forms(recorded, tmp_path_factory):
    """Each form as a file of these rows: name, bytes, what it holds."""
    folder = tmp_path_factory.mktemp("forms")
    made = []
    for form in (*wild.LABELLED, *wild.UNLABELLED, *wild.UNTIMED, wild.gdn):
        path = form(recorded, folder)
        made.append((path.name, path.read_bytes(), load(path, cache=False)))
    return made


@pytest.fixture(scope="module")
def cells(recorded):
    """These rows as a table of text."""
    return wild.cells(recorded)


def lines_in(text):
    return [line for line in re.split(r"\r\n|\r|\n", text) if line.strip(" ")]


def explained(recording):
    return sum(int(number.replace(",", "")) for said in recording.findings for number in EXPLAINED.findall(said))


# Damage to text: a function of random, the lines of rows and the delimiter; returns cells that may differ, and lines
# that belong to the row before.


def quotes(random, lines, delimiter):
    for _ in range(random.randint(1, 3)):
        row = random.randrange(len(lines))
        place = random.randrange(len(lines[row]) + 1)
        lines[row] = lines[row][:place] + '"' + lines[row][place:]
    return 3, 0


def quotes_before_cells(random, lines, delimiter):
    column = random.randrange(lines[0].count(delimiter) + 1)
    for _ in range(random.randint(1, 3)):
        row = random.randrange(len(lines))
        cells = lines[row].split(delimiter)
        place = column if random.random() < 0.7 else random.randrange(len(cells))
        cells[place] = '"' + cells[place]
        lines[row] = delimiter.join(cells)
    return 3, 0


def line_breaks_in_quotes(random, lines, delimiter):
    rows = random.sample(range(len(lines)), random.randint(1, 5))
    for row in rows:
        cells = lines[row].split(delimiter)
        place = random.randrange(len(cells))
        cells[place] = f'"{cells[place]}\n"'
        lines[row] = delimiter.join(cells)
    return len(rows), len(rows)


def empty_lines(random, lines, delimiter):
    for _ in range(random.randint(1, 4)):
        lines.insert(random.randrange(len(lines) + 1), random.choice(["", "", delimiter * lines[0].count(delimiter)]))
    return 0, 0


def lines_again(random, lines, delimiter):
    for _ in range(random.choice([1, 3, 8])):
        lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
    return 0, 0


def lines_swapped(random, lines, delimiter):
    one, other = random.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return 0, 0


def lines_joined(random, lines, delimiter):
    row = random.randrange(len(lines) - 1)
    lines[row : row + 2] = [lines[row] + lines[row + 1]]
    return 0, 0


def delimiters(random, lines, delimiter):
    row = random.randrange(len(lines))
    place = random.randrange(len(lines[row]))
    lines[row] = lines[row][:place] + random.choice([delimiter, ";", "\t", " "]) + lines[row][place:]
    return 1, 0


CELLS = (
    "",
    " ",
    "Bad Input",
    "high",
    "1,234.5",
    "1.234,5",
    "TRUE",
    "-1",
    "2",
    "1e99",
    "NaN",
    "inf",
    "None",
    "'",
    "—",
    "\0",
)
CELLS += ("31/12/9999 10:00:00 AM", "28/12/2015 10:00", "10:00:00", "Attack", "normal", "_1", "0x10", "١", "1" * 400)


def cells_replaced(random, lines, delimiter):
    number = random.randint(1, 3)
    for _ in range(number):
        row = random.randrange(len(lines))
        cells = lines[row].split(delimiter)
        cells[random.randrange(len(cells))] = random.choice(CELLS)
        lines[row] = delimiter.join(cells)
    return number * 3, 0


def cut_short(random, lines, delimiter):
    keep = random.randrange(1, len(lines))
    lines[keep:] = [lines[keep][: random.randrange(len(lines[keep]))]]
    return 1, 0


TEXT = (
    quotes,
    quotes_before_cells,
    line_breaks_in_quotes,
    empty_lines,
    lines_again,
    lines_swapped,
    lines_joined,
    delimiters,
    cells_replaced,
    cut_short,
)


def text_of(content):
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and "FIT101" in text.replace(" ", ""):
            return text
    return None


def damaged_text(random, name, text, right):
    ending = random.choice(["\n", "\n", "\r\n", "\r"])
    lines = lines_in(text)
    head, body = lines[:-40], lines[-40:]
    delimiter = max(",;\t", key=body[0].count)
    differ, joined = random.choice(TEXT)(random, body, delimiter)
    made = ending.join([*head, *body]) + random.choice(["", ending])
    held = len(right.frame) + explained(right) + len(lines_in(made)) - len(lines) - joined
    return Damaged(made.encode(), name, held, differ, right)


def damaged_bytes(random, name, content, right):
    """Cut anywhere, or some bytes changed; those of a parquet file have no checksum."""
    if random.random() < 0.5 or content.startswith(b"PAR1"):
        return Damaged(content[: random.randrange(len(content))], name, None, 10**9, right)
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        changed[random.randrange(len(changed))] = random.choice([0, 10, 13, 34, 44, random.randrange(256)])
    return Damaged(bytes(changed), name, None, 10**9, right)


# Damage to what cells mean: a function of random and a table of cells; returns the table and cells that may differ.


def seconds_lost(random, table):
    rows = table.index >= random.choice([0, 10, 24])
    times = pd.to_datetime(table["Timestamp"], format=" %d/%m/%Y %I:%M:%S %p")
    table.loc[rows, "Timestamp"] = times[rows].dt.strftime("%d/%m/%Y %H:%M")
    return table, 0


def halves_lost(random, table):
    times = pd.date_range("2015-12-28 12:00", periods=len(table), freq="30min")
    table["Timestamp"] = times.strftime("%d/%m/%Y %I:%M:%S")
    one, other = random.sample(range(len(table)), 2)
    if random.random() < 0.5:
        table.loc[[one, other], "Timestamp"] = table.loc[[other, one], "Timestamp"].to_numpy()
    return table, None


def date_and_time_apart(random, table):
    times = pd.to_datetime(table["Timestamp"], format=" %d/%m/%Y %I:%M:%S %p")
    table.insert(0, "Date", times.dt.strftime(random.choice(["%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%d 00:00:00"])))
    table["Timestamp"] = times.dt.strftime("%H:%M:%S")
    return table.rename(columns={"Timestamp": random.choice(["Time", "Timestamp"])}), 0


def times_rounded(random, table):
    times = pd.to_datetime(table["Timestamp"], format=" %d/%m/%Y %I:%M:%S %p")
    table["Timestamp"] = times.dt.floor(random.choice(["5s", "10s", "1D"])).astype(str)
    return table, 0


def rows_shuffled(random, table):
    return table.sample(frac=1, random_state=random.randrange(1_000)), 0


def rows_repeated(random, table):
    again = table.sample(random.choice([1, 4, 12]), random_state=random.randrange(1_000))
    if random.random() < 0.5:
        again = again.assign(LIT101="1")
    return pd.concat([table, again], ignore_index=True), 0


def columns_named_otherwise(random, table):
    name = random.choice(list(table))
    return table.rename(columns={name: random.choice(["", "note", "LIT101", "x y", f"{name} ", "Time"])}), 0


def empty_cells(random, table):
    for _ in range(random.randint(1, 30)):
        table.iloc[random.randrange(len(table)), random.randrange(1, 52)] = random.choice([None, "", "Bad Input"])
    return table, 30


def without_label(random, table):
    return table.iloc[:, :-1], 0


MEANING = (
    seconds_lost,
    halves_lost,
    date_and_time_apart,
    times_rounded,
    rows_shuffled,
    rows_repeated,
    columns_named_otherwise,
    empty_cells,
    without_label,
)
COMPANIONS = (
    b"",
    b"%PDF-1.7",
    b"\x89PNG\r\n\x1a\n",
    b"PK\x05\x06" + bytes(18),
    b"Dear all\n",
    bytes(99),
    b"Attack #,Start Time,Attack Point\n1,28/12/2015 10:29:14,MV-101\n2,28/12/2015 10:51:08,P-102\n",
    b",FIT101,LIT101\ncount,240,240\nmean,1,2\nstd,0,1\n",
    b"Timestamp,FIT101,LIT101\n",
    b"Tag,Unit\nFIT101,m3/h\nLIT101,mm\n",
)


def written(random, table, folder):
    """A table as CSV, workbook or parquet, perhaps packed with something beside it."""
    kind = random.choice(["csv", "csv", "xlsx", "parquet"])
    path = folder / f"rows.{kind}"
    if kind == "csv":
        wild.csv(table, path)
    elif kind == "xlsx":
        wild.small_xlsx(table.astype(object).where(table.notna(), None), path)
    else:
        twice = pd.Index([name or "none" for name in table])
        table.astype(str).set_axis(twice, axis=1).loc[:, ~twice.duplicated()].to_parquet(path)
    packed = random.choice(["plain", "plain", "zip", "gz"])
    if packed == "gz":
        return "rows.gz", gzip.compress(path.read_bytes(), 1)
    if packed == "zip":
        with zipfile.ZipFile(folder / "rows.zip", "w") as archive:
            for number, content in enumerate(random.sample(COMPANIONS, random.randint(0, 3))):
                archive.writestr(f"beside {number}", content)
            archive.write(path, path.name)
        path = folder / "rows.zip"
    return path.name, path.read_bytes()


def damaged_meaning(random, recorded, cells, folder):
    table, differ = random.choice(MEANING)(random, cells.copy())
    name, content = written(random, table, folder)
    return Damaged(content, name, len(table), differ, recorded)


def damaged(random, forms, recorded, cells, folder):
    name, content, right = random.choice(forms)
    how = random.random()
    if how < 0.5:
        return damaged_meaning(random, recorded, cells, folder)
    text = text_of(content)
    if text and how < 0.9:
        return damaged_text(random, name, text, right)
    return damaged_bytes(random, name, content, right)


def fault(case, folder):
    """What is wrong with how a damaged file is read; empty when nothing is."""
    path = folder / case.name
    path.write_bytes(case.content)
    try:
        loaded = load(path, cache=False)
    except DataError as error:
        said = str(error)
        return f"no plain sentence: {said}" if "\n" in said or len(said) > 600 or FOREIGN.search(said) else ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if case.rows is not None and len(loaded.frame) + explained(loaded) != case.rows:
        return f"{len(loaded.frame)} rows and {explained(loaded)} explained of {case.rows}"
    return differences(case, loaded)


def differences(case, loaded):
    """Rows are the right ones, at the right times from each other, with the right label."""
    tags = [tag for tag in loaded.frame if tag in case.right.frame]
    here, there = (recording.frame[tags].to_numpy()[:, None] for recording in (loaded, case.right))
    unequal = ((here != there.swapaxes(0, 1)) & ~(np.isnan(here) & np.isnan(there.swapaxes(0, 1)))).sum(axis=2)
    nearest = unequal.argmin(axis=1)
    if case.differ is None:
        return "" if (np.diff(nearest) > 0).all() else "rows out of order"
    if (wrong := unequal.min(axis=1).sum()) > case.differ:
        return f"{wrong} cells differ"
    if loaded.label is not None and case.right.label is not None:
        wrong = (loaded.label.to_numpy() != case.right.label.to_numpy()[nearest]).sum()
        if wrong > case.differ:
            return f"{wrong} labels differ"
    if is_untimed(loaded):
        return ""
    off = (loaded.frame.index - case.right.frame.index[nearest]).to_series().value_counts().iloc[1:].sum()
    return f"{off} rows off in time" if off > case.differ else ""


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_damaged_file_gives_the_right_rows_or_one_sentence(block, forms, recorded, cells, tmp_path):
    faults = {}
    for seed in range(block, FILES, BLOCKS):
        case = damaged(Random(seed), forms, recorded, cells, tmp_path)
        if said := fault(case, tmp_path):
            faults[seed] = f"{case.name}: {said}"
    assert faults == {}
