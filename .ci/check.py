"""Every check of the project, one readable line each; exits 1 when any of them failed.

`check.py` runs them all, `check.py NAME…` those whose names begin so.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# The tree that this file stands in is what is checked, whichever one is installed.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "UV_SYSTEM_CERTS": "1"}
TYPES = ROOT / "app" / "realtime" / "client" / "frames.d.ts"
LOCK = ROOT / "requirements.lock"
COMPILE = ("pip", "compile", "-q", "--universal", "--python-version", "3.11", "--generate-hashes")
COMPILE_OUTPUT = ("--no-header", "--no-annotate", "--extra", "dev", "-o")
# Written so that they do not find themselves.
ADDRESSES = r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs|npmjs[.]org|deb[.]debian[.]org"
HOMES = r"/hom[e]/[a-z][a-z0-9_-]*/|/User[s]/[A-Za-z][A-Za-z0-9_-]*/|/roo[t]/"


class CheckFailedError(Exception):
    """A check found something; the message shows it."""


def run(*command: str | Path) -> str:
    """What the command printed; CheckFailedError with all of it unless it ended with 0."""
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise CheckFailedError(finished.stdout)
    return finished.stdout


def browser_types() -> None:
    """The browser's types are those that the schema gives."""
    tracked = TYPES.read_bytes()
    try:
        run("node", "app/realtime/client/generate.mjs")
        if TYPES.read_bytes() != tracked:
            raise CheckFailedError(f"{TYPES.relative_to(ROOT)} is stale: npm run frames")
    finally:
        TYPES.write_bytes(tracked)


def lock() -> None:
    """requirements.lock is what pyproject.toml asks for; without a package index, at least satisfies it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [
        Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["dev"])
    ]
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text(), flags=re.MULTILINE))
    for requirement in asked:
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in locked or not requirement.specifier.contains(locked[name], prereleases=True):
            raise CheckFailedError(f"requirements.lock does not satisfy {requirement}: make lock")
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder) / LOCK.name
        compiled.write_bytes(LOCK.read_bytes())
        try:
            run(BIN / "uv", *COMPILE, *COMPILE_OUTPUT, compiled, "pyproject.toml")
        except CheckFailedError as error:
            if "No solution found" in str(error):
                raise
            return
        if compiled.read_bytes() != LOCK.read_bytes():
            raise CheckFailedError("requirements.lock is stale: make lock")


def addresses() -> None:
    """No tracked file names a package index, or a folder of somebody's machine."""
    here = "|".join(re.escape(f"{path}/") for path in {ROOT, Path.home()} if len(path.parts) > 1)
    forbidden = re.compile("|".join(part for part in (ADDRESSES, HOMES, here) if part))
    found = []
    for name in run("git", "ls-files", "-z").split("\0"):
        path = ROOT / name
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if forbidden.search(line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    if found:
        raise CheckFailedError("\n".join(found))


def command(*parts: str | Path) -> Callable[[], object]:
    """A check that is one command."""
    return lambda: run(*parts)


CHECKS: dict[str, Callable[[], object]] = {
    "ruff": command(BIN / "ruff", "check", "-q", "."),
    "format": command(BIN / "ruff", "format", "--check", "-q", "."),
    "mypy": command(BIN / "mypy"),
    "imports": command(BIN / "lint-imports"),
    "typescript": command("node_modules/.bin/tsc"),
    "schemas": command(sys.executable, "-m", "app.realtime.schema", "--check"),
    "browser types": browser_types,
    "content": command(BIN / "earshot", "content", "check"),
    "risk model": command(sys.executable, "-m", "training.train_risk", "--check"),
    "tagger": command(sys.executable, "-m", "training.train_tagger", "--check"),
    "ages model": command(sys.executable, "-m", "training.train_ages", "--check"),
    "migrations on sqlite": command(sys.executable, ".ci/migrations.py", "sqlite"),
    "migrations on postgresql": command(sys.executable, ".ci/migrations.py", "postgresql"),
    "lock": lock,
    "compose": command(
        BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"
    ),
    "addresses": addresses,
}


def attempt(check: Callable[[], object]) -> tuple[str | None, float]:
    """What the check found, or None, and the seconds it took."""
    start = time.perf_counter()
    try:
        check()
    except (CheckFailedError, OSError) as error:
        return str(error), time.perf_counter() - start
    return None, time.perf_counter() - start


def main(prefixes: list[str]) -> int:
    """Run the checks, two at a time, and print them in order."""
    chosen = [name for name in CHECKS if not prefixes or name.startswith(tuple(prefixes))]
    if not chosen:
        print(f"There is no such check; there are: {', '.join(CHECKS)}")
        return 2
    failed = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        outcomes = pool.map(lambda name: attempt(CHECKS[name]), chosen)
        for name, (fault, seconds) in zip(chosen, outcomes, strict=True):
            print(f"{name:<26}{'ok' if fault is None else 'FAILED':<8}{seconds:5.1f} s", flush=True)
            if fault is not None:
                failed.append(name)
                print(f"{fault.rstrip()}\n", flush=True)
    print(f"{len(chosen) - len(failed)} of {len(chosen)} checks passed", end="")
    print(f"; FAILED: {', '.join(failed)}" if failed else ".")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
