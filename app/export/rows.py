"""The daily job that turns closed, consented conversations into anonymised rows, and their withdrawal.

The condition under which a conversation may be read stands in one query. It is asked twice: when the text is
read, and again, under the locks of conversation and consent, in the transaction that writes the rows, so that
a withdrawal a moment earlier is felt.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.accounts.locks import lock_parents
from app.accounts.models import Consent, Staff
from app.anonymise import VERSION, Anonymised, anonymise, leaks
from app.chat import log
from app.chat.models import Conversation, Participant
from app.chat.rules import Origin, Status
from app.chat.transcript import Message, read_messages
from app.content.rules import Codebook
from app.db import Database, reading, transaction
from app.export import canaries
from app.export.models import Row, RowGroup, RowLink
from app.export.periods import month_of
from app.safeguarding.models import Concern
from app.safeguarding.rules import ConcernState
from app.sealing import KeyRing, SealBroken
from app.settings import Settings
from app.topics.models import Tagging

ACTOR = "system:rows"
BATCH = 50

Progress = Callable[[int, int], None]

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RowsMade:
    """What one run of the job did, in conversations."""

    made: int = 0
    rows: int = 0  # messages
    set_aside: int = 0  # the leak check found something: nothing was written
    changed: int = 0  # no longer allowed when the rows were to be written
    withdrawn: int = 0  # rows removed, as consent to them is no longer in force


@dataclass(frozen=True, slots=True, repr=False)
class Conversed:
    """A conversation's text and the names of its staff. Holds what a family wrote, so no repr."""

    conversation_id: UUID
    messages: list[Message]
    staff_names: list[str]


@dataclass(frozen=True, slots=True, repr=False)
class _Prepared:
    read: Conversed
    outcome: Anonymised
    leaking: list[str]


async def make_rows(
    database: Database,
    key_ring: KeyRing,
    settings: Settings,
    codebook: Codebook,
    *,
    now: datetime,
    progress: Progress | None = None,
) -> RowsMade:
    """Make rows of every conversation that is ready for it, and remove those whose consent was withdrawn.

    Ready is a conversation that closed `settings.rows_after_days` or more before `now`, with research consent
    in force, no concern open, not on hold, with a disposition that counts as data, and without rows. One that
    was simulated has no parent who could change their mind: it is taken at once, and only in development.
    Where the anonymiser leaves standing what is planted for it to find, nothing is read: all are set aside.
    `progress` is called with the number done and the number found. May be killed and run again at any time.
    """
    withdrawn = await remove_withdrawn(database)
    ready = _ready(settings, codebook, now=now)
    async with reading(database) as session:
        total = (
            await session.execute(select(func.count()).select_from(Conversation).where(ready))
        ).scalar_one()
    made = rows = set_aside = changed = done = 0
    if total and not await asyncio.to_thread(canaries.clean, now.toordinal()):
        logger.error("rows.planted_left_standing")  # what else the day has to do goes on: erasure, for one
        return RowsMade(set_aside=total, withdrawn=withdrawn)
    noted, batch = await _read_batch(database, key_ring, ready=ready, after=None)
    while noted:
        for read in batch:
            prepared = await asyncio.to_thread(_prepare, read)
            if prepared.leaking:
                await _set_aside(database, prepared)
                set_aside += 1
            elif await _write(database, prepared, ready=ready, codebook=codebook):
                made += 1
                rows += len(read.messages)
            else:
                changed += 1
            done += 1
            if progress is not None:
                progress(done, max(total, done))
        noted, batch = await _read_batch(database, key_ring, ready=ready, after=noted[-1])
    return RowsMade(made=made, rows=rows, set_aside=set_aside, changed=changed, withdrawn=withdrawn)


async def withdraw_rows(session: AsyncSession, *, conversation_id: UUID, actor: str = ACTOR) -> bool:
    """Remove the rows that a conversation became; False where it has none."""
    group = await session.scalar(
        delete(RowLink)
        .where(col(RowLink.conversation_id) == conversation_id)
        .returning(col(RowLink.group_id))
    )
    if group is None:
        return False
    await session.execute(delete(RowGroup).where(col(RowGroup.id) == group))
    audit.note(session, actor=actor, action="rows.withdrawn", subject=f"conversation:{conversation_id}")
    return True


async def remove_withdrawn(database: Database) -> int:
    """Remove all rows to which consent is no longer in force; how many conversations they were of."""
    query = _withdrawn().limit(BATCH)
    removed = 0
    while True:
        async with transaction(database) as session:
            found = list(await session.scalars(query))
            for conversation_id in found:
                removed += await withdraw_rows(session, conversation_id=conversation_id)
        if not found:
            return removed


async def remove_withdrawn_of(session: AsyncSession, *, conversations: Collection[UUID]) -> None:
    """Remove the rows of these conversations to which consent is no longer in force.

    It is settled from then on: nobody gives or withdraws it until the transaction ends.
    """
    await log.lock(session, conversations)
    await lock_parents(session, conversations)
    found = await session.scalars(_withdrawn().where(col(RowLink.conversation_id).in_(conversations)))
    for conversation_id in list(found):
        await withdraw_rows(session, conversation_id=conversation_id)


def _withdrawn() -> Select[UUID]:
    in_force = exists().where(
        col(Consent.conversation_id) == col(RowLink.conversation_id),
        col(Consent.purpose) == "research",
        col(Consent.withdrawn_at).is_(None),
    )
    return select(col(RowLink.conversation_id)).where(~in_force).order_by(col(RowLink.conversation_id))


def _ready(settings: Settings, codebook: Codebook, *, now: datetime) -> ColumnElement[bool]:
    data = [code.id for code in codebook.dispositions if code.data]
    old_enough = and_(
        col(Conversation.origin) == Origin.PARENT,
        col(Conversation.closed_at) <= now - timedelta(days=settings.rows_after_days),
    )
    this = col(Conversation.id)
    return and_(
        col(Conversation.status) == Status.CLOSED,
        col(Conversation.on_hold).is_(False),
        or_(old_enough, col(Conversation.origin) == Origin.SIMULATED) if settings.development else old_enough,
        exists().where(
            col(Consent.conversation_id) == this,
            col(Consent.purpose) == "research",
            col(Consent.withdrawn_at).is_(None),
        ),
        ~exists().where(col(Concern.conversation_id) == this, col(Concern.state) != ConcernState.CLOSED),
        exists().where(
            col(Tagging.conversation_id) == this,
            col(Tagging.kind) == "disposition",
            col(Tagging.code).in_(data),
        ),
        ~exists().where(col(RowLink.conversation_id) == this),
    )


async def _read_batch(
    database: Database, key_ring: KeyRing, *, ready: ColumnElement[bool], after: UUID | None
) -> tuple[list[UUID], list[Conversed]]:
    """The next conversations that are ready, in order of id, and their text; each is noted before it is read.

    Noting and reading are two transactions: opening sealed text must not hold up those who write.
    """
    query = select(col(Conversation.id)).where(ready).order_by(col(Conversation.id))
    following = query if after is None else query.where(col(Conversation.id) > after)
    async with transaction(database) as session:
        noted = list(await session.scalars(following.limit(BATCH)))
        for conversation_id in noted:
            audit.note(
                session, actor=ACTOR, action="transcript.read", subject=f"conversation:{conversation_id}"
            )
    async with reading(database) as session:
        still = list(await session.scalars(query.where(col(Conversation.id).in_(noted))))
        read = [await text_of(session, key_ring, conversation_id) for conversation_id in still]
    return noted, [found for found in read if found is not None]


async def text_of(session: AsyncSession, key_ring: KeyRing, conversation_id: UUID) -> Conversed | None:
    """What was said, or None where it does not open: one damaged conversation must not stop the others."""
    names = await session.scalars(
        select(col(Staff.name))
        .join(Participant, col(Participant.staff_id) == col(Staff.id))
        .where(col(Participant.conversation_id) == conversation_id)
    )
    try:
        messages = await read_messages(session, key_ring, conversation_id=conversation_id)
    except SealBroken:
        logger.error("rows.seal_broken", conversation=str(conversation_id))  # noqa: TRY400 (nothing to see)
        return None
    return Conversed(conversation_id=conversation_id, messages=messages, staff_names=list(names))


def _prepare(read: Conversed) -> _Prepared:
    """Anonymise and check; runs in a thread."""
    texts = [message.body for message in read.messages]
    outcome = anonymise(texts, read.staff_names)
    found = leaks(texts, outcome.spans, outcome.texts)
    return _Prepared(read, outcome, sorted({leak.type for leak in found}))


async def _set_aside(database: Database, prepared: _Prepared) -> None:
    async with transaction(database) as session:
        audit.note(
            session,
            actor=ACTOR,
            action="rows.set_aside",
            subject=f"conversation:{prepared.read.conversation_id}",
            reason="the leak check found " + ", ".join(prepared.leaking),
            redactor=VERSION,
        )


async def _write(
    database: Database, prepared: _Prepared, *, ready: ColumnElement[bool], codebook: Codebook
) -> bool:
    """Write the rows, unless the conversation is no longer ready for it."""
    conversation_id = prepared.read.conversation_id
    async with transaction(database) as session:
        await log.lock(session, [conversation_id])
        # A withdrawal waits for this lock, or we for it: either it is seen now, or it finds the rows.
        await lock_parents(session, [conversation_id])
        conversation = await session.scalar(
            select(Conversation).where(col(Conversation.id) == conversation_id, ready)
        )
        if conversation is None:
            return False
        taggings = await session.scalars(
            select(Tagging)
            .where(col(Tagging.conversation_id) == conversation_id)
            .order_by(col(Tagging.rank), col(Tagging.code))
        )
        group = _group(conversation, list(taggings), codebook=codebook)
        session.add(group)
        await session.flush()
        session.add_all(_rows(group.id, prepared))
        session.add(RowLink(conversation_id=conversation_id, group_id=group.id, made_at=clock.now()))
        await session.flush()
        audit.note(
            session,
            actor=ACTOR,
            action="rows.made",
            subject=f"conversation:{conversation_id}",
            redactor=VERSION,
        )
    return True


def _group(conversation: Conversation, taggings: list[Tagging], *, codebook: Codebook) -> RowGroup:
    assert conversation.closed_at is not None
    by_coach = {
        kind: [tagging.code for tagging in taggings if tagging.kind == kind and tagging.tagged_by == "coach"]
        for kind in ("topic", "barrier", "service_gap", "disposition")
    }
    said_by_parent = [tagging.code for tagging in taggings if tagging.kind == "topic"]
    topics = by_coach["topic"] or said_by_parent
    versions = [tagging.codebook_version for tagging in taggings if tagging.tagged_by == "coach"]
    return RowGroup(
        id=uuid4(),
        month=month_of(conversation.closed_at),
        main_topic=topics[0] if topics else "",
        topics=topics,
        barriers=by_coach["barrier"],
        service_gaps=by_coach["service_gap"],
        disposition=by_coach["disposition"][0] if by_coach["disposition"] else "",
        codebook_version=versions[0] if versions else codebook.version,
        redactor_version=VERSION,
        language=conversation.language,
        age_band=conversation.age_band,
        stage=conversation.stage,
        send=conversation.send,
        attendance=conversation.attendance,
        region=conversation.region,
        simulated=conversation.origin == Origin.SIMULATED,
    )


def _rows(group: UUID, prepared: _Prepared) -> list[Row]:
    outcome = prepared.outcome
    rows = []
    for number, (message, text, spans, words) in enumerate(
        zip(prepared.read.messages, outcome.texts, outcome.spans, outcome.replacements, strict=True), start=1
    ):
        shift = 0
        masked: list[dict[str, object]] = []
        for span, word in zip(spans, words, strict=True):
            start = span.start + shift
            shift += len(word) - (span.end - span.start)
            masked.append(
                {
                    "start": start,  # in the anonymised text: the other's offsets would tell a name's length
                    "end": start + len(word),
                    "type": span.type,
                    "class": span.cls,
                    "score": span.score,
                    "detector": span.detector,
                    "reason": span.reason,
                    "doubtful": span.doubtful,
                }
            )
        rows.append(Row(group_id=group, number=number, speaker=message.speaker, text=text, spans=masked))
    return rows
