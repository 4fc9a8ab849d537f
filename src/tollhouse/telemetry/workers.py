"""Makes the metrics of several workers one: they share a directory of memory-mapped values.

prometheus_client chooses where it keeps values when it is imported, by an environment variable. So
this module imports nothing of it, and must have run in the parent before its workers start.
"""

import os
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def prepare_multiprocess(directory: Path) -> None:
    """Empty the directory of an earlier run's values, and name it to this process's children."""
    directory.mkdir(parents=True, exist_ok=True)
    for left_over in directory.glob("*.db"):
        left_over.unlink()
    os.environ[VARIABLE] = str(directory)
