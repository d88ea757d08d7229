"""System packages: installed where that is possible, else a sentence that says what to install."""

import os
import shutil
import subprocess


class CannotProvideError(RuntimeError):
    """Something the tests need is missing and could not be installed; the message says how to get it."""


def apt_install(package: str) -> bool:
    """Install a Debian package as root; False where there is no apt, no right or no mirror."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
    if subprocess.run(install, env=environment, capture_output=True, check=False).returncode == 0:
        return True
    subprocess.run(["apt-get", "update", "-q"], env=environment, capture_output=True, check=False)
    return subprocess.run(install, env=environment, capture_output=True, check=False).returncode == 0
