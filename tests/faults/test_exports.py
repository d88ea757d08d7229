"""F12: a killed row job or build leaves everything or nothing, and nothing of who has withdrawn."""

import random
import shutil
from pathlib import Path

from app.settings import Settings
from tests.export.folders import torn
from tests.faults.exports import kill_exports
from tests.faults.ground import Ground
from tests.faults.nursery import Nursery

SEED = 20261126
KILLS = 5


async def test_f12_killed_jobs_leave_all_or_nothing(settings: Settings, nursery: Nursery) -> None:
    outcome = await kill_exports(Ground(settings, nursery), KILLS, SEED, random.Random(SEED))
    assert outcome.failures == []
    assert outcome.count == KILLS
    assert outcome.told["killed at work"] != f"0 of {KILLS}"


async def test_half_a_folder_is_found(settings: Settings, nursery: Nursery, tmp_path: Path) -> None:
    """The control: files that were written in place, and not aside, would be seen when torn."""
    await kill_exports(Ground(settings, nursery), 0, SEED, random.Random(SEED))
    (whole,) = (settings.data_dir / "exports").iterdir()
    assert torn(whole) == []
    for name, harm in (
        ("rows.csv", lambda file: file.write_bytes(file.read_bytes()[:-10])),
        ("rows.jsonl", Path.unlink),
        ("manifest.json", Path.unlink),
    ):
        half = tmp_path / f"half-{name}"
        shutil.copytree(whole, half)
        harm(half / name)
        assert torn(half)
