"""What the verbs of care do: asking a supervisor, whispering to a coach, concerns."""

from app.chat.writer import refuse_text
from app.db import transaction
from app.errors import BadRequest
from app.queue.actions import raise_risk
from app.realtime import frames
from app.realtime.context import Realtime
from app.realtime.hub import Connection
from app.realtime.seats import Answer, own_place, staff_of
from app.safeguarding import actions as safeguarding
from app.safeguarding import consulting
from app.safeguarding.rules import Decision


async def ask_supervisors(realtime: Realtime, connection: Connection, frame: frames.ConsultAsk) -> Answer:
    """Ask the supervisors about one's own conversation."""
    saying = _saying(realtime, connection, frame.d)
    async with transaction(realtime.database) as session:
        place = await own_place(session, connection, frame.d.conversation)
        await consulting.ask(session, realtime.key_ring, conversation_id=place.conversation.id, saying=saying)
    return {}


async def whisper(realtime: Realtime, connection: Connection, frame: frames.ConsultWhisper) -> Answer:
    """Say something to a coach, beside the conversation that they hold."""
    saying = _saying(realtime, connection, frame.d)
    async with transaction(realtime.database) as session:
        await consulting.whisper(
            session, realtime.key_ring, conversation_id=frame.d.conversation, saying=saying
        )
    return {}


async def raise_concern(realtime: Realtime, connection: Connection, frame: frames.ConcernRaise) -> Answer:
    """Say that somebody may not be safe; this puts the conversation at high risk, as a flag does."""
    note = _note(realtime, frame.d.note)
    async with transaction(realtime.database) as session:
        place = await own_place(session, connection, frame.d.conversation)
        await raise_risk(session, conversation_id=place.conversation.id)  # first: it locks the queue's entry
        concern = await safeguarding.raise_concern(
            session,
            realtime.key_ring,
            conversation_id=place.conversation.id,
            staff_id=staff_of(connection),
            by=connection.name,
            category=frame.d.category,
            note=note,
        )
    return {"concern": str(concern.id)}


async def step_concern(realtime: Realtime, connection: Connection, frame: frames.ConcernStep) -> Answer:
    """Take a concern one step further."""
    said = frame.d
    note, shared = _note(realtime, said.note), _note(realtime, said.shared)
    parent_told, references = _note(realtime, said.parent_told), _note(realtime, said.references)
    decision = None
    if said.second is not None:
        decision = Decision(said.second, shared, parent_told, references)
    elif shared or parent_told or references:
        raise BadRequest("Only a decision has these, with a second person.", next_step="Name that person.")
    async with transaction(realtime.database) as session:
        await safeguarding.step_concern(
            session,
            realtime.key_ring,
            concern_id=frame.d.concern,
            staff_id=staff_of(connection),
            by=connection.name,
            state=frame.d.state,
            note=note,
            decision=decision,
        )
    return {}


def _saying(realtime: Realtime, connection: Connection, said: frames.NoteData) -> consulting.Saying:
    return consulting.Saying(
        staff_id=staff_of(connection),
        by=connection.name,
        item=said.client_message_id,
        body=refuse_text(said.body, limit=realtime.settings.limits.text_characters),
    )


def _note(realtime: Realtime, written: str) -> str:
    """A concern's note as it will be stored; it may be left out."""
    return refuse_text(written, limit=realtime.settings.limits.text_characters) if written.strip() else ""
