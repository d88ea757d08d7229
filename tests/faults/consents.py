"""Random histories of consent: given, withdrawn, held, worried about and let go while the row job runs."""

from collections import Counter
from random import Random
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.accounts.actions import give_consent, withdraw_consent
from app.chat.models import Conversation
from app.db import Database, open_database, reading, transaction
from app.export import queries
from app.export.models import RowGroup, RowLink
from app.export.rows import make_rows
from app.safeguarding.models import Concern
from app.settings import Settings
from tests.export.conversations import CODEBOOK, KEYS, NOW, add_closed
from tests.faults.ground import Ground, Outcome

AT_ONCE = 100  # histories that go on side by side
STEPS = 6
MOVES = ("give", "give", "withdraw", "hold", "lift", "concern", "resolve", "nothing")


async def play_histories(ground: Ground, count: int, seed: int, chance: Random) -> Outcome:
    """Play so many histories; a failure for each step after which rows without consent could be used."""
    outcome, moves = ground.outcome(seed), Counter[str]()
    database = open_database(ground.settings)
    try:
        for start in range(0, count, AT_ONCE):
            size = min(AT_ONCE, count - start)
            broken = await _play(database, ground.settings, size, chance, moves)
            outcome.add(broken, count=size)
        outcome.told["rows usable with consent"] = str(moves["usable"])
    finally:
        await database.engine.dispose()
    return outcome


async def _play(
    database: Database, settings: Settings, count: int, chance: Random, moves: Counter[str]
) -> list[str]:
    talk = (("parent", f"It is about {uuid4()}"),)
    conversations = [await add_closed(database, consent=False, texts=talk) for _ in range(count)]
    consented: set[UUID] = set()
    broken = []
    for step in range(STEPS):
        async with transaction(database) as session:
            for conversation in conversations:
                move = chance.choice(MOVES)
                moves[move] += 1
                await _move(session, conversation, move, consented)
        broken += [f"step {step}: {fault}" for fault in await _faults(database, consented, moves)]
        await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
        broken += [f"step {step}, rows made: {fault}" for fault in await _faults(database, consented, moves)]
    async with transaction(database) as session:
        for conversation in conversations:
            await withdraw_consent(session, conversation_id=conversation)
    broken += await _faults(database, set(), moves)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    async with transaction(database) as session:
        if await session.scalar(select(col(RowGroup.id)).limit(1)):
            broken.append("rows are left although everybody has withdrawn")
        await session.execute(delete(Conversation))
    return broken


async def _move(session: AsyncSession, conversation: UUID, move: str, consented: set[UUID]) -> None:
    if move == "give":
        await give_consent(session, conversation_id=conversation, wording_version="1")
        consented.add(conversation)
    elif move == "withdraw":
        await withdraw_consent(session, conversation_id=conversation)
        consented.discard(conversation)
    elif move in ("hold", "lift"):
        held = update(Conversation).where(col(Conversation.id) == conversation)
        await session.execute(held.values(on_hold=move == "hold"))
    elif move == "concern":
        session.add(
            Concern(conversation_id=conversation, category="abuse_neglect", raised_at=NOW, changed_at=NOW)
        )
    elif move == "resolve":
        resolved = update(Concern).where(col(Concern.conversation_id) == conversation)
        await session.execute(resolved.values(state="closed"))


async def _faults(database: Database, consented: set[UUID], moves: Counter[str]) -> list[str]:
    """What can be used of the row store although its parent has not consented."""
    async with reading(database) as session:
        of = {link.group_id: link.conversation_id for link in await session.scalars(select(RowLink))}
        usable = set(await session.scalars(select(col(RowGroup.id)).where(queries.consented())))
    moves["usable"] += len(usable)
    without = [group for group in usable if of.get(group) not in consented]
    return [f"{len(without)} conversations can be used without consent"] if without else []
