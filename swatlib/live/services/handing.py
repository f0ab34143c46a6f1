"""Secrets of the containers: made once, and handed to each service as files that it alone may read.

set-up/     operator write read admin jupyter    what was made, for whoever owns the folder
writers/    write                                producer, stream, Telegraf
readers/    read                                 Chronograf
grafana/    read admin                           the password of Grafana's `admin`
notebooks/  write read jupyter                   the token in JupyterLab's address
"""

import secrets
import shutil
from pathlib import Path

from swatlib.live.services.influx import OPERATOR, READ, SECRET, WRITE
from swatlib.live.services.tools import store

PASSWORDS = ADMIN, JUPYTER = "admin", "jupyter"
MADE = "set-up"
HANDED = {"writers": (WRITE,), "readers": (READ,), "grafana": (READ, ADMIN), "notebooks": (WRITE, READ, JUPYTER)}


def hand_out(folder: Path, owner: int | None = None) -> None:
    """Complete `folder`, which holds the tokens of `influx.set_up` in `set-up`; `owner`: the services' user number."""
    for name in PASSWORDS:
        if not (folder / MADE / name).exists():
            store(folder / MADE / name, secrets.token_urlsafe(24), SECRET)
    _own(folder / MADE, (OPERATOR, WRITE, READ, *PASSWORDS), folder.stat().st_uid)
    for service, names in HANDED.items():
        (folder / service).mkdir(exist_ok=True)
        for name in names:
            store(folder / service / name, (folder / MADE / name).read_text(encoding="utf-8"), SECRET)
        _own(folder / service, names, owner)


def _own(folder: Path, names: tuple[str, ...], owner: int | None) -> None:
    folder.chmod(0o700)
    for path in (folder, *(folder / name for name in names)):
        if owner is not None and path.stat().st_uid != owner:
            shutil.chown(path, owner)
