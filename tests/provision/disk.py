"""A small disk of the tests' own, in memory, which is full after some megabytes."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.provision.packages import CannotProvideError


@contextmanager
def small_disk(*, megabytes: int) -> Iterator[Path]:
    """Mount it until the block ends; CannotProvideError for whoever may not mount, which is all but root."""
    with tempfile.TemporaryDirectory(prefix="earshot-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "earshot-disk", folder]
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            raise CannotProvideError(f"A small disk can be mounted by root only: {mounted.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)
