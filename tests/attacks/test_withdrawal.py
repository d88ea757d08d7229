"""Withdrawn consent against everything that is already under way, and one damaged conversation."""

from datetime import timedelta
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import func, select, update
from sqlmodel import col

from app.accounts.actions import withdraw_consent
from app.audit import AuditEntry
from app.chat.models import LogEntry
from app.db import Database, reading, transaction
from app.export import daily, runs
from app.export.models import Row
from app.export.rows import make_rows
from app.settings import Settings
from tests.cast import FARID, GWEN, browser_of, hire_and_sign_in
from tests.export.conversations import CODEBOOK, KEYS, LONG_AGO, NOW, add_closed


async def withdraw(database: Database, conversation: UUID) -> None:
    async with transaction(database) as session:
        await withdraw_consent(session, conversation_id=conversation)


async def rows_left(database: Database) -> int:
    async with reading(database) as session:
        return (await session.execute(select(func.count()).select_from(Row))).scalar_one()


async def test_files_of_a_released_export_are_kept_back_after_a_withdrawal(service: FastAPI) -> None:
    database, settings = service.state.database, service.state.settings
    conversation = await add_closed(database)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    farid, gwen = await hire_and_sign_in(database, FARID), await hire_and_sign_in(database, GWEN)
    asked = {"purpose": "What parents say about mornings", "period": f"{LONG_AGO:%Y-%m}"}
    async with browser_of(service, farid) as browser:
        run = (await browser.post("/api/v1/runs", json=asked)).json()["id"]
        path = f"/api/v1/runs/{run}/files/rows.jsonl"
        async with browser_of(service, gwen) as reviewer:
            for step, status in (("approve", 200), ("build", 202), ("release", 200)):
                assert (await reviewer.post(f"/api/v1/runs/{run}/{step}")).status_code == status
                await service.state.builds.work_off()
        assert (await browser.get(path)).status_code == 200
        await withdraw(database, conversation)
        assert (await browser.get(path)).status_code == 409
        await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)  # which removes the rows
        assert (await browser.get(path)).status_code == 409
        await daily.run_daily(database, KEYS, settings, CODEBOOK, now=NOW)
        assert not runs.run_folder(settings, UUID(run)).exists(), "nobody may have these files any more"
        assert (await browser.get(path)).status_code == 409
    async with reading(database) as session:
        noted = select(func.count()).where(col(AuditEntry.action) == "export.downloaded")
        assert (await session.execute(noted)).scalar_one() == 1


async def test_a_withdrawal_between_rows_and_erasure_takes_the_rows_along(
    database: Database, settings: Settings
) -> None:
    """Erasure cuts the link from rows to their consent: what was withdrawn must not outlive it."""
    old = NOW - timedelta(days=settings.retention_days + 1)
    conversation = await add_closed(database, closed_at=old)
    await add_closed(database, closed_at=old)
    assert (await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)).made == 2
    before = await rows_left(database)
    await withdraw(database, conversation)
    assert await daily.erase_due(database, KEYS, settings, now=NOW) == 2
    assert await rows_left(database) == before // 2


async def test_one_damaged_conversation_does_not_stop_the_daily_job(
    database: Database, settings: Settings
) -> None:
    damaged, _whole = await add_closed(database), await add_closed(database)
    async with transaction(database) as session:
        await session.execute(
            update(LogEntry)
            .where(col(LogEntry.conversation_id) == damaged, col(LogEntry.seq) == 1)
            .values(body=b"\0" * 40)
        )
    made = await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    assert made.made == 1
