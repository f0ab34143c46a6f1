"""What tests of reports share."""

import pytest


@pytest.fixture
def reports(monkeypatch, tmp_path):
    """An empty folder of reports."""
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", str(tmp_path / "reports"))
    return tmp_path / "reports"
