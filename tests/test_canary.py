"""A canary: attacks and labels turned upside down leave the fitted pipeline as it is, byte for byte."""

import json
import re
from dataclasses import replace
from zipfile import ZipFile

import numpy as np
import pytest

from swatlib.pipeline import Pipeline
from swatlib.studies.pair import recordings

MEMORY_ADDRESS = re.compile(rb"\d{12,}")  # skops names arrays by where they lay


def parts(path):
    """What a skops file says, addresses numbered in the order in which its schema names them."""
    with ZipFile(path) as archive:
        files = {name.encode(): archive.read(name) for name in archive.namelist()}
    schema = files.pop(b"schema.json")
    numbers = {address: str(k).encode() for k, address in enumerate(dict.fromkeys(MEMORY_ADDRESS.findall(schema)))}
    named = {MEMORY_ADDRESS.sub(lambda m: numbers[m.group()], name): content for name, content in files.items()}
    return MEMORY_ADDRESS.sub(lambda m: numbers[m.group()], schema), named


def learned(folder):
    """All bytes of a saved pipeline but for addresses, dates and the checksums over them."""
    description = json.loads((folder / "pipeline.json").read_text())
    del description["files"], description["sha256"]
    return json.dumps(description), {path.name: parts(path) for path in sorted(folder.glob("*.skops"))}


def spoilt(attacked):
    """The same recording with labels inverted and every attack row replaced by noise."""
    rows = attacked.frame.copy()
    noise = np.random.default_rng(41).normal(500, 300, size=(int(attacked.label.sum()), rows.shape[1]))
    rows[attacked.label] = noise.astype(np.float32)
    return replace(attacked, frame=rows, label=~attacked.label)


def write(recording, path):
    label = {} if recording.label is None else {"attack": recording.label.astype(int)}
    recording.frame.assign(**label).to_parquet(path)
    return str(path)


@pytest.fixture(scope="module")
def files(normal, attacked, tmp_path_factory):
    """Paths of six normal hours, of four with attacks, and of the canary."""
    folder = tmp_path_factory.mktemp("canary")
    part = attacked.between(end="2015-12-28 14:00")
    pair = {"normal": normal.between(end="2015-12-23 06:00"), "attacked": part, "canary": spoilt(part)}
    return {name: write(recording, folder / f"{name}.parquet") for name, recording in pair.items()}


def fitted_on(files, attack):
    normal, _ = recordings(files["normal"], files[attack])
    return Pipeline(startup=0).fit(normal)


@pytest.fixture(scope="module")
def honest(files, tmp_path_factory):
    return learned(fitted_on(files, "attacked").save(tmp_path_factory.mktemp("honest") / "pipeline"))


def test_no_attack_row_and_no_label_reaches_the_fit(files, honest, tmp_path):
    assert learned(fitted_on(files, "canary").save(tmp_path / "canary")) == honest


def test_the_canary_would_sing(honest, tmp_path, normal, attacked):
    changed = normal.between(end="2015-12-23 06:00").frame.copy()
    changed.iloc[10_000:10_060] = attacked.frame[attacked.label].iloc[:60].to_numpy()
    sung = Pipeline(startup=0).fit(replace(normal, frame=changed, label=None))
    assert learned(sung.save(tmp_path / "sung")) != honest
