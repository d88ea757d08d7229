"""What the processes of a server cost, from /proc: CPU seconds and memory of whole process trees."""

import os
from pathlib import Path

from benchmarks.plan import Memory

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def tree(root: int) -> list[int]:
    """The process and everything that it started, as far as it still runs."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, look = [], [root]
    while look:
        pid = look.pop()
        found.append(pid)
        look.extend(children.get(pid, []))
    return found


def cpu_seconds(root: int) -> float:
    """CPU time of a process tree so far; of ended children too, once they were waited for."""
    return sum(sum(map(int, fields[11:15])) for pid in tree(root) if (fields := _stat(pid))) / TICKS


def memory(root: int) -> Memory:
    """Memory of a process tree: resident, and with shared pages divided among their users."""
    resident = proportional = 0
    for pid in tree(root):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name == "Rss":
                resident += 1024 * int(rest.split()[0])
            elif name == "Pss":
                proportional += 1024 * int(rest.split()[0])
    return Memory(resident=resident, proportional=proportional)


def parent_of(pid: int) -> int:
    """The process that started this one."""
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold blanks; empty where the process is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
