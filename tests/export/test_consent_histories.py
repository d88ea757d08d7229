"""However consent is given and withdrawn while the job runs: never a row without consent."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col

from app.accounts.actions import give_consent, withdraw_consent
from app.accounts.models import ParentToken
from app.chat.models import Conversation
from app.db import Database, reading, transaction
from app.export.queries import Selection, groups_after
from app.export.rows import make_rows
from app.settings import Settings
from tests.export.conversations import CODEBOOK, KEYS, NOW, add_closed

STEPS = st.lists(st.sampled_from(["give", "withdraw", "rows", "hold", "unhold"]), min_size=1, max_size=8)
EVERYTHING = Selection(NOW.date() - timedelta(days=400), NOW.date(), None, simulated=True)


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
async def test_rows_are_there_only_while_consent_is(
    database: Database, settings: Settings, steps: Sequence[str]
) -> None:
    conversation = await add_closed(database, consent=False, texts=(("parent", f"It is about {uuid4()}"),))
    async with transaction(database) as session:
        session.add(ParentToken(token_hash=uuid4().bytes, conversation_id=conversation, created_at=NOW))
    consented = False
    for step in steps:
        if step == "rows":
            await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
            continue
        async with transaction(database) as session:
            if step == "give":
                await give_consent(session, conversation_id=conversation, wording_version="1")
                consented = True
            elif step == "withdraw":
                await withdraw_consent(session, conversation_id=conversation)
                consented = False
            else:
                await session.execute(
                    update(Conversation)
                    .where(col(Conversation.id) == conversation)
                    .values(on_hold=step == "hold")
                )
        async with reading(database) as session:
            usable = await groups_after(session, selection=EVERYTHING, after=None, limit=10)
        assert consented or not usable
    async with transaction(database) as session:
        await withdraw_consent(session, conversation_id=conversation)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    async with reading(database) as session:
        assert await groups_after(session, selection=EVERYTHING, after=None, limit=10) == []
