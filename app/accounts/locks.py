"""What two devices of one parent, or two people about one parent, change in turn."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.accounts.models import Consent, ParentToken


async def lock_parents(session: AsyncSession, conversations: Collection[UUID]) -> None:
    """Keep everybody else from changing what these conversations' parents have, until the transaction ends.

    That is their tokens, return code and consent; whoever wants a conversation's log as well locks it first.
    """
    # Two devices of one parent may ask at once: what each conversation has once is written in turn.
    await session.execute(
        select(col(ParentToken.token_hash))
        .where(col(ParentToken.conversation_id).in_(conversations))
        .order_by(col(ParentToken.token_hash))
        .with_for_update()
    )
    await session.execute(
        select(col(Consent.conversation_id))
        .where(col(Consent.conversation_id).in_(conversations))
        .order_by(col(Consent.conversation_id), col(Consent.purpose))
        .with_for_update()
    )
