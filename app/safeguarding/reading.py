"""Reads texts for signs of a risk: what has gathered, and the last words of whoever is about to close."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.chat.rules import Speaker
from app.safeguarding.actions import raise_flags
from app.safeguarding.risk import Asked, Flag, detect_all, from_parent, from_staff
from app.safeguarding.unread import Flagged, Unread, move_on, unread_of
from app.sealing import KeyRing

# Characters read in one go; the loop serves everybody else in between. A tenth of what has gathered, between
# about a third of a millisecond's work and, where so much has gathered that all wait anyway, two.
LEAST, MOST = 500, 4000


async def flagged_of(found: Sequence[Unread]) -> list[list[Flagged]]:
    """Of each of these, the texts that tell of a risk, with their flags."""
    texts = [text for unread in found for text in unread.texts]
    read = await flags_of([(text.speaker, text.body) for text in texts])
    flags = dict(zip(texts, read, strict=True))
    return [[(text, flags[text]) for text in unread.texts if flags[text]] for unread in found]


async def flags_of(texts: Sequence[tuple[str, str]]) -> list[list[Flag]]:
    """What each text tells of that people are called for; a text comes after who wrote it."""
    at_once = min(MOST, max(LEAST, sum(len(body) for _, body in texts) // 10))
    flags: list[list[Flag]] = []
    some: list[Asked] = []
    length = 0
    for speaker, body in texts:
        some.append(from_parent(body) if speaker == Speaker.PARENT else from_staff(body))
        length += len(body)
        if length >= at_once:
            flags += detect_all(some)
            some, length = [], 0
            await asyncio.sleep(0)
    return flags + detect_all(some)


async def read_to_the_end(session: AsyncSession, key_ring: KeyRing, *, conversation_id: UUID) -> bool:
    """Read all that is unread of a conversation before it closes; whether a risk was found.

    What was found is told and holds the conversation, as if it had been read in time. The caller has locked
    the conversation, so nothing more can be written behind what is read here.
    """
    risky = False
    while found := await unread_of(session, key_ring, [conversation_id]):
        for unread, flagged in zip(found, await flagged_of(found), strict=True):
            if flagged:
                risky |= await raise_flags(session, key_ring, unread=unread, flagged=flagged)
            else:
                await move_on(session, unread)
    return risky
