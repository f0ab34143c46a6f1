"""Fitted pipelines in the cache folder, a detector an entry, as `Pipeline.save` writes them; and fitted features."""

import hashlib
import json
from copy import copy, deepcopy
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd

from swatlib.cached import Cached, Form, cached, cached_together, rows_digest
from swatlib.data import Recording, attacks
from swatlib.detectors import DETECTORS
from swatlib.origins import origin_of
from swatlib.pipeline import FITTED_EACH, VIEWS, Pipeline
from swatlib.views.features import Features


def cached_fit(pipeline: Pipeline, normal: Recording, force: bool = False) -> Pipeline:
    """What `pipeline.fit(normal)` gives, of which each detector that is there is read and the others are fitted.

    pipeline: its parameters count, and it is not fitted itself. force: fit all anew. Raises what `Pipeline.fit` raises.
    """
    return fits_of(pipeline, tuple(pipeline.detectors), normal, force).the_value()


def cached_features(features: Features, frame: pd.DataFrame, force: bool = False) -> Features:
    """What `features.fit(frame)` gives; `features` are not fitted themselves. force: fit anew."""
    depends = [rows_digest(frame), asdict(features)]
    form = Form(".json", _save_features, _load_features)
    return cached("fits", "features", depends, form, lambda: deepcopy(features).fit(frame), force).the_value()


def fits_of(pipeline: Pipeline, names: tuple[str, ...], normal: Recording, force: bool = False) -> Cached[Pipeline]:
    """One pipeline with those of its detectors, and what the cache had to say."""
    kept = tuple(name for name in names if name in DETECTORS)  # others may hold types that are not read back
    if normal.label is not None and normal.label.any():
        kept = ()  # refused by `fit`
    shared = [recording_digest(normal), parameters(pipeline), version("skops")]
    found = cached_together(
        "fits",
        {name: [*shared, detector_part(pipeline, name)] for name in kept},
        Form("", _save, Pipeline.load),
        lambda missing: _fitted_each(pipeline, missing, normal),
        force=force,
    )
    others = _fitted_each(pipeline, tuple(name for name in names if name not in kept), normal)
    each = found.values | others
    joined = _joined(pipeline, {name: each[name] for name in names}, normal)
    return Cached({"pipeline": joined}, (*found.computed, *others), found.notes)


def detector_part(pipeline: Pipeline, name: str) -> Any:
    """What an entry depends on of one detector of a pipeline, as JSON takes it.

    Another text each time for a class whose source can't be known, so that its entry is never read.
    """
    return pipeline.identity(name) or uuid4().hex


def pipeline_part(pipeline: Pipeline) -> list[Any]:
    """What tables of all its detectors together depend on; they hold the names as well."""
    return [parameters(pipeline), [[name, detector_part(pipeline, name)] for name in pipeline.detectors]]


def parameters(pipeline: Pipeline) -> dict[str, Any]:
    """What every entry of a pipeline depends on."""
    return {name: value for name, value in asdict(pipeline).items() if name != "detectors"}


def recording_digest(recording: Recording) -> str:
    """Digest of all rows, label and events; a recording's own checksum is that of the files it was cut from."""
    return rows_digest(recording.frame, recording.label, attacks(recording))


def with_detectors(pipeline: Pipeline, names: tuple[str, ...]) -> Pipeline:
    """A copy, not fitted, with those of its detectors."""
    return deepcopy(pipeline.only(*names))


def _save_features(path: Path, fitted: Features) -> None:
    kept = json.dumps(fitted.to_dict())
    path.write_text(json.dumps([kept, _digest(kept)]))


def _load_features(path: Path) -> Features:
    kept, digest = json.loads(path.read_text())
    if digest != _digest(kept):
        raise ValueError("its checksum is another")
    return Features.from_dict(json.loads(kept))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _save(folder: Path, fitted: Pipeline) -> None:
    fitted.save(folder)


def _fitted_each(pipeline: Pipeline, names: tuple[str, ...], normal: Recording) -> dict[str, Pipeline]:
    """Those detectors, fitted together since they share what they see, each as a pipeline of its own."""
    if not names:
        return {}
    fitted = with_detectors(pipeline, names).fit(normal)
    return {name: fitted.only(name) for name in names}


def _joined(pipeline: Pipeline, parts: dict[str, Pipeline], normal: Recording) -> Pipeline:
    """Pipelines of one detector each as one; whatever they were fitted with, what they see is the same."""
    first = next(iter(parts.values()))
    joined = copy(first)
    joined.detectors = pipeline.only(*parts).detectors
    joined.origins_ = (origin_of(normal),)
    for what in FITTED_EACH:
        setattr(joined, what, {name: getattr(part, what)[name] for name, part in parts.items()})
    for part in parts.values():
        for what in {model.sees for model in part.models_.values()} & {*VIEWS}:
            setattr(joined, what, getattr(part, what))
    return joined
