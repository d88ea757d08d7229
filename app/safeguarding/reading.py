"""Reads texts for signs of a risk: what has gathered, and the last words of whoever is about to close."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.chat.rules import Speaker
from app.safeguarding.actions import raise_flags
from app.safeguarding.risk import Flag, detect_from_parent, detect_from_staff
from app.safeguarding.unread import Flagged, Text, Unread, move_on, unread_of
from app.sealing import KeyRing

TEXTS = 20  # in a thread at a time: the loop serves everybody else in between


async def flagged_of(found: Sequence[Unread]) -> list[list[Flagged]]:
    """Of each of these, the texts that tell of a risk, with their flags."""
    texts = [text for unread in found for text in unread.texts]
    flags: dict[Text, list[Flag]] = {}
    for start in range(0, len(texts), TEXTS):
        some = texts[start : start + TEXTS]
        flags.update(zip(some, await asyncio.to_thread(_detect_all, some), strict=True))
    return [[(text, flags[text]) for text in unread.texts if flags[text]] for unread in found]


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


def _detect_all(texts: Sequence[Text]) -> list[list[Flag]]:
    return [
        detect_from_parent(text.body) if text.speaker == Speaker.PARENT else detect_from_staff(text.body)
        for text in texts
    ]
