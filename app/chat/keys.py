"""Whether the key ring opens what is stored: asked by whoever set it, and answered without reading a word."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from app.chat.models import ConversationKey
from app.sealing import KeyRing, SealBroken, wrapped_by


@dataclass(slots=True)
class Opened:
    """How many conversations were tried; of those that stay shut, how many each wrapping key had wrapped."""

    tried: int = 0
    shut: Counter[str] = field(default_factory=Counter)


async def try_keys(session: AsyncSession, key_ring: KeyRing) -> Opened:
    """Try the key of every conversation."""
    opened = Opened()
    keys = await session.stream(select(col(ConversationKey.conversation_id), col(ConversationKey.wrapped)))
    async for conversation, wrapped in keys:
        opened.tried += 1
        try:
            key_ring.unwrap(conversation, wrapped)
        except SealBroken:
            opened.shut[wrapped_by(wrapped)] += 1
    return opened
