"""What tests of reports share."""

import pytest
from lab import new_browser


@pytest.fixture
def reports(monkeypatch, tmp_path):
    """An empty folder of reports."""
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path / "reports"))
    return tmp_path / "reports"


@pytest.fixture(scope="module")
def browser():
    """One for the tests of a file: a page of it shares nothing with others. Not beside asyncio in this thread."""
    with new_browser() as browser:
        yield browser
