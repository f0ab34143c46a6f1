from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from swatlib.settings import ROOT, SettingsError, environment, set_for_a_while, settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """No SWAT_ variable of the machine, and no `.env`."""
    for name in ("CACHE_FOLDER", "REPORTS_FOLDER", "PYTHON"):
        monkeypatch.delenv(f"SWAT_{name}", raising=False)
    monkeypatch.setattr("swatlib.settings.ROOT", tmp_path)


def test_reports_lie_in_the_clone_and_the_cache_with_the_user():
    assert settings().reports_folder == ROOT / "reports"
    assert settings().cache_folder.name == "swatlib"


def test_a_variable_moves_a_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SWAT_CACHE_FOLDER", "~/swat-cache")
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", "made")
    assert settings().cache_folder == Path("~/swat-cache").expanduser()
    assert settings().reports_folder == tmp_path / "made"


def test_the_environment_wins_over_the_file(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("SWAT_CACHE_FOLDER=from-file\nSWAT_REPORTS_FOLDER=from-file\nGRAFANA_PORT=3000\n")
    monkeypatch.setenv("SWAT_REPORTS_FOLDER", "from-environment")
    assert (settings().cache_folder.name, settings().reports_folder.name) == ("from-file", "from-environment")


def test_a_folder_that_is_a_file_is_refused_by_the_variables_name(monkeypatch, tmp_path):
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("SWAT_CACHE_FOLDER", "taken")
    with pytest.raises(SettingsError, match=r"^SWAT_CACHE_FOLDER=taken: is a file, and a folder is wanted$"):
        settings()


def test_a_misspelt_variable_is_refused_wherever_it_stands(monkeypatch, tmp_path):
    monkeypatch.setenv("SWAT_CASH_FOLDER", "x")
    with pytest.raises(SettingsError, match=r"SWAT_CASH_FOLDER is no setting. Did you mean 'SWAT_CACHE_FOLDER'\?"):
        settings()
    monkeypatch.delenv("SWAT_CASH_FOLDER")
    (tmp_path / ".env").write_text("SWAT_REPORT_FOLDER=x\n")
    with pytest.raises(SettingsError, match=r"Did you mean 'SWAT_REPORTS_FOLDER'\?"):
        settings()


@pytest.mark.parametrize(
    "master", ["local", "local[*]", "local[2,4]", "local-cluster[2,1,1024]", "spark://a:7077,b:7077"]
)
def test_spark_masters_of_every_kind_are_taken(monkeypatch, master):
    monkeypatch.setenv("SWAT_SPARK_MASTER", master)
    assert settings().spark_master == master


def test_what_is_no_spark_master_is_refused_by_the_variables_name(monkeypatch):
    monkeypatch.setenv("SWAT_SPARK_MASTER", "http://host:8080")
    with pytest.raises(SettingsError, match=r"^SWAT_SPARK_MASTER=http://host:8080: is no Spark master; local\[\*\], "):
        settings()


def test_no_other_thread_meets_what_is_set_for_a_while():
    with ThreadPoolExecutor(1) as pool:
        with set_for_a_while(SECRET_OF_A_GATEWAY="hidden"):
            met = pool.submit(environment)
            assert wait([met], timeout=0.2).done == set()
        assert "SECRET_OF_A_GATEWAY" not in met.result()


@pytest.mark.parametrize(("given", "passed"), [("C", "C.UTF-8"), ("POSIX", "C.UTF-8"), ("de_DE.UTF-8", "de_DE.UTF-8")])
def test_a_program_is_started_in_a_locale_with_umlauts(given, passed, monkeypatch):
    monkeypatch.setenv("LC_ALL", given)
    assert environment()["LC_ALL"] == passed
