"""The daily job: who is taken, what is written, and that a withdrawal is felt."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from app.accounts.actions import withdraw_consent
from app.accounts.models import Consent
from app.audit import AuditEntry
from app.chat.models import Conversation
from app.db import Database, reading, transaction
from app.export import rows as rows_module
from app.export.daily import erase_due
from app.export.models import Row, RowGroup, RowLink
from app.export.queries import Selection, groups_after
from app.export.rows import make_rows, withdraw_rows
from app.safeguarding.models import Concern
from app.settings import Settings
from tests.export.conversations import CODEBOOK, KEYS, LONG_AGO, NOW, add_closed
from tests.scenes import until_it_waits

ALL = Selection(LONG_AGO.date().replace(day=1) - timedelta(days=400), NOW.date(), None, simulated=True)


async def run(database: Database, settings: Settings) -> rows_module.RowsMade:
    return await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)


async def count(database: Database, table: type) -> int:
    async with reading(database) as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def withdraw(database: Database, conversation: object) -> None:
    async with transaction(database) as session:
        await session.execute(
            update(Consent).where(col(Consent.conversation_id) == conversation).values(withdrawn_at=NOW)
        )


async def test_a_conversation_becomes_rows_without_its_names(database: Database, settings: Settings) -> None:
    conversation = await add_closed(database, barriers=["bullying"], age_band="8-10", region="wales-north")
    done = await run(database, settings)
    assert (done.made, done.rows, done.set_aside) == (1, 3, 0)
    async with reading(database) as session:
        group = (await session.scalars(select(RowGroup))).one()
        rows = list(await session.scalars(select(Row).order_by(col(Row.number))))
        actions = set(await session.scalars(select(col(AuditEntry.action))))
    assert group.id != conversation
    assert (group.main_topic, group.barriers, group.age_band) == (
        "school-attendance/school-refusal",
        ["bullying"],
        "8-10",
    )
    assert [row.speaker for row in rows] == ["parent", "coach", "parent"]
    text = " ".join(row.text for row in rows).casefold()
    assert not any(word in text for word in ("tomos", "pryce", "elmfield", "07700"))
    assert rows[0].text.count("[PERSON_1]") == rows[1].text.count("[PERSON_1]") == 1
    for row in rows:
        for span in row.spans:
            masked = row.text[int(str(span["start"])) : int(str(span["end"]))]
            assert masked.startswith(f"[{span['type']}")
    assert {"transcript.read", "rows.made"} <= actions


async def test_the_job_run_again_makes_nothing_twice(database: Database, settings: Settings) -> None:
    await add_closed(database)
    assert (await run(database, settings)).made == 1
    assert (await run(database, settings)).made == 0
    assert await count(database, RowGroup) == 1


@pytest.mark.parametrize(
    ("facts", "taken"),
    [
        ({}, True),
        ({"consent": False}, False),
        ({"on_hold": True}, False),
        ({"status": "wrap_up"}, False),
        ({"disposition": "prank"}, False),
        ({"closed_at": NOW - timedelta(days=6)}, False),
        ({"closed_at": NOW - timedelta(days=6), "origin": "simulated"}, True),
    ],
)
async def test_only_a_conversation_that_is_ready_is_taken(
    database: Database, settings: Settings, facts: dict[str, object], taken: bool
) -> None:
    await add_closed(database, **facts)  # type: ignore[arg-type]
    assert (await run(database, settings)).made == int(taken)


async def test_an_open_concern_keeps_a_conversation_back(database: Database, settings: Settings) -> None:
    conversation = await add_closed(database)
    concern = Concern(conversation_id=conversation, category="abuse_neglect", raised_at=NOW, changed_at=NOW)
    async with transaction(database) as session:
        session.add(concern)
    assert (await run(database, settings)).made == 0
    async with transaction(database) as session:
        await session.execute(update(Concern).values(state="closed"))
    assert (await run(database, settings)).made == 1


async def test_simulated_conversations_are_left_alone_in_production(
    database: Database, settings: Settings
) -> None:
    await add_closed(database, origin="simulated")
    production = settings.model_copy(update={"env": "production"})
    assert (await run(database, production)).made == 0


async def test_a_withdrawal_while_the_text_is_anonymised_is_felt(
    database: Database, settings: Settings
) -> None:
    """Consent ends after the text was read and before the rows are written: nothing is written."""
    conversation = await add_closed(database)
    ready = rows_module._ready(settings, CODEBOOK, now=NOW)
    _, (read,) = await rows_module._read_batch(database, KEYS, ready=ready, after=None)
    prepared = rows_module._prepare(read)
    await withdraw(database, conversation)
    assert not await rows_module._write(database, prepared, ready=ready, codebook=CODEBOOK)
    assert await count(database, RowGroup) == await count(database, RowLink) == 0


async def test_withdrawn_rows_are_never_selected_and_then_removed(
    database: Database, settings: Settings
) -> None:
    conversation = await add_closed(database)
    await run(database, settings)
    await withdraw(database, conversation)
    async with reading(database) as session:
        assert await groups_after(session, selection=ALL, after=None, limit=10) == []
    assert (await run(database, settings)).withdrawn == 1
    assert await count(database, Row) == await count(database, RowLink) == 0


async def test_rows_outlive_their_conversation_and_cannot_be_withdrawn_then(
    database: Database, settings: Settings
) -> None:
    conversation = await add_closed(database)
    await run(database, settings)
    async with transaction(database) as session:
        await session.delete(await session.get_one(Conversation, conversation))
    async with transaction(database) as session:
        assert not await withdraw_rows(session, conversation_id=conversation)
    async with reading(database) as session:
        assert len(await groups_after(session, selection=ALL, after=None, limit=10)) == 1


async def test_a_leak_keeps_the_whole_conversation_out(database: Database, settings: Settings) -> None:
    """A telephone number split over two lines of digits is masked in one message and stands in another."""
    texts = (("parent", "my number is 01632 960123"), ("parent", "dial 0 then 1632 then 960123 x"))
    await add_closed(database, texts=texts)
    done = await run(database, settings)
    assert (done.made, done.set_aside) == (0, 1)
    assert await count(database, Row) == 0
    async with reading(database) as session:
        entry = (
            await session.scalars(select(AuditEntry).where(col(AuditEntry.action) == "rows.set_aside"))
        ).one()
    assert "PHONE" in entry.details["reason"]
    assert "960123" not in str(entry.details)


async def test_rows_withdrawn_before_erasure_go_with_their_conversation(
    database: Database, settings: Settings
) -> None:
    """Erasure cuts the link from rows to their consent: those withdrawn by then must not outlive it."""
    withdrawn = await add_closed(database)
    await add_closed(database)
    await run(database, settings)
    await withdraw(database, withdrawn)
    later = NOW + timedelta(days=settings.retention_days)
    assert await erase_due(database, KEYS, settings, now=later) == 2
    assert await count(database, Conversation) == await count(database, RowLink) == 0
    assert await count(database, RowGroup) == 1
    async with reading(database) as session:
        assert len(await groups_after(session, selection=ALL, after=None, limit=10)) == 1


async def test_a_withdrawal_in_the_moment_of_erasure_is_felt(database: Database, settings: Settings) -> None:
    """Committed before the erasure, it must find its rows: afterwards nobody could."""
    conversation = await add_closed(database)
    await run(database, settings)
    later = NOW + timedelta(days=settings.retention_days)
    async with transaction(database) as session:
        await withdraw_consent(session, conversation_id=conversation)
        erasing = asyncio.create_task(erase_due(database, KEYS, settings, now=later))
        await until_it_waits(database, erasing)
    assert await erasing == 1
    assert await count(database, Conversation) == await count(database, RowGroup) == 0
