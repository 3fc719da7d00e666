"""Several worker processes: where they add up their metrics.

Nothing here imports prometheus_client, which looks for the folder when it is imported.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"


def prepare_workers(number: int) -> None:
    """Make the folder in which workers share their metrics; called before they are started.

    A folder that the environment names is used, and emptied of the counts of an earlier run. Else
    a temporary one is made, and removed when this process ends.

    Args:
        number: of processes; one alone needs no folder.
    """
    given = os.environ.get(FOLDER)
    if given:
        folder = Path(given)
        folder.mkdir(parents=True, exist_ok=True)
        for file in folder.glob("*.db"):
            file.unlink()
    elif number > 1:
        made = tempfile.mkdtemp(prefix="iort-cds-metrics-")
        os.environ[FOLDER] = made
        atexit.register(_remove, made)


def _remove(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.environ.pop(FOLDER, None)
