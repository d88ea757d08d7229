"""A Chromium for the browser tests, and the flags that it needs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.provision.packages import CannotProvideError, apt_install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# The last --disable-features wins, so this replaces Playwright's own list, in which storage partitioning is
# off: the widget's third-party iframe would be tested in a browser that no parent has.
DISABLED_FEATURES = (
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "Translate",
)


def chromium_flags() -> list[str]:
    """Command-line flags: no sandbox as root (Chromium refuses otherwise), and no traffic of its own."""
    return [
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--disable-features={','.join(DISABLED_FEATURES)}",
    ]


def find_chromium(playwright_path: str) -> str:
    """Chromium's path: that in EARSHOT_TEST_CHROMIUM, the system's, Playwright's, or one installed now."""
    named = os.environ.get("EARSHOT_TEST_CHROMIUM")
    if named:
        return named
    system = _on_system()
    if system:
        return system
    if Path(playwright_path).exists():
        return playwright_path
    if apt_install("chromium"):
        return _on_system() or playwright_path
    download = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(download, capture_output=True, check=False).returncode == 0:
        return playwright_path
    raise CannotProvideError(
        "The browser tests need Chromium: install it, or name one in EARSHOT_TEST_CHROMIUM."
    )


def _on_system() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)
