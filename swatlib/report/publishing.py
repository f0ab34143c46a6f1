"""What an executed notebook published: its numbers and recordings, small pictures, and its cells as a page has them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swatlib.report.headline import read_headline, read_intervals, read_key_figures
from swatlib.report.notebook_parameters import read_notebook
from swatlib.report.page import notebook_body, save_thumbnails
from swatlib.report.run_record import DONE, FAILED, NO_PAGE, Step, UsedRecording, first_line


def note_published(step: Step, folder: Path) -> str:
    """Note in `step` what its notebook in `folder` published, and write its thumbnails; HTML of its cells."""
    notebook = read_notebook(folder / f"{step.name}.ipynb")
    step.numbers, used = read_headline(notebook)
    step.intervals = read_intervals(notebook)
    step.key = read_key_figures(notebook)
    step.data = [UsedRecording(**each) for each in used]
    step.thumbnails = save_thumbnails(notebook, folder, step.name)
    return notebook_body(notebook)


@contextmanager
def page_of(step: Step) -> Iterator[None]:
    """What is raised here, of whatever kind, is the error of this notebook: it takes no page from another."""
    try:
        yield
    except Exception as error:
        step.page = None
        step.status = FAILED if step.status == DONE else step.status
        step.error = "; ".join(filter(None, (step.error, f"{NO_PAGE}: {type(error).__name__}: {first_line(error)}")))
