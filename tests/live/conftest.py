"""What many tests of the live stream ask for."""

import pytest
from rig import topics

from swatlib.live import sink


@pytest.fixture
def names(kafka):
    """New topics for readings, rejected messages and commands."""
    return topics(kafka)


@pytest.fixture
def files(tmp_path):
    """A sink that writes its points to files."""
    return sink.FileSink(tmp_path / "points")
