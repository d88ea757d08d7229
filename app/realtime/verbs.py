"""What each verb of the wire does, save posting, which the endpoint hands to the writer itself."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from app import clock
from app.chat.access import staff_place
from app.chat.rules import Stream
from app.chat.writer import Posted
from app.db import reading, transaction
from app.errors import Conflict, Forbidden, NotFound
from app.queue import actions as queue
from app.queue import closing, messages, nuisance, offers
from app.queue.models import Availability
from app.queue.switchboard import assign_by_hand, refuse_beside_switchboard, set_switchboard
from app.queue.transfers import hand_over, refuse_transfer
from app.realtime import frames, recovery
from app.realtime.care_verbs import ask_supervisors, raise_concern, step_concern, whisper
from app.realtime.context import Realtime
from app.realtime.hub import Connection, stream_name
from app.realtime.seats import Answer, conversation_of, own_place, participant_of, staff_of


async def sync(realtime: Realtime, connection: Connection, frame: frames.Sync) -> Answer:
    """Send what came after the client's `seq`."""
    subscription = connection.subscriptions.get(frame.s)
    if subscription is None:
        raise NotFound("You do not listen to that stream.", next_step="Say hello again.")
    if frame.d.epoch != subscription.epoch:
        raise Conflict(
            "That stream was begun anew.", next_step="Come back without a cursor.", code="stale_epoch"
        )
    return {"head": await recovery.sync(realtime, connection, frame.s, after=frame.d.seq)}


async def typing(realtime: Realtime, connection: Connection, frame: frames.Typing) -> None:
    """Tell the others that somebody is writing."""
    if frame.s in connection.subscriptions:
        signal = frames.Eph(s=frame.s, k="typing", d={"from": connection.role})
        realtime.hub.tell(frame.s, signal, but=connection)


async def read(realtime: Realtime, connection: Connection, frame: frames.Read) -> None:
    """Tell the others what has been seen; the cursor itself is stored a moment later."""
    subscription = connection.subscriptions.get(frame.s)
    if subscription is None or not frame.s.startswith("conv:"):
        return
    up_to = min(frame.d.up_to, subscription.head)
    reader = connection.participants[conversation_of(frame.s)]
    realtime.reads[reader] = max(up_to, realtime.reads.get(reader, 0))
    signal = frames.Eph(s=frame.s, k="read", d={"from": connection.role, "up_to": up_to})
    realtime.hub.tell(frame.s, signal, but=connection)


async def end(realtime: Realtime, connection: Connection, frame: frames.ConversationEnd) -> Answer:
    """End the conversation, or leave the queue."""
    async with transaction(realtime.database) as session:
        place = await own_place(session, connection, frame.d.conversation)
        await closing.end(session, realtime.key_ring, place=place)
    return {}


async def leave_message(realtime: Realtime, connection: Connection, frame: frames.MessageLeave) -> Answer:
    """Keep what the parent wrote until a coach is there to answer."""
    async with transaction(realtime.database) as session:
        place = await own_place(session, connection, frame.d.conversation)
        await messages.leave_message(session, place=place)
    return {}


async def rejoin(realtime: Realtime, connection: Connection, frame: frames.QueueRejoin) -> Answer:
    """Let a parent who left a message wait at their screen again."""
    async with transaction(realtime.database) as session:
        place = await own_place(session, connection, frame.d.conversation)
        await messages.rejoin(session, place=place, is_open=realtime.is_open())
    return {}


async def transfer(realtime: Realtime, connection: Connection, frame: frames.ConversationTransfer) -> Answer:
    """Hand the conversation over; the note is stored first, as it may be asked for again."""
    staff_id, conversation = staff_of(connection), frame.d.conversation
    async with reading(realtime.database) as session:
        await own_place(session, connection, conversation)
        await refuse_transfer(session, staff_id=staff_id, to=frame.d.staff)
    if frame.d.note.strip():
        await realtime.writer.posted(
            conversation=conversation,
            participant=participant_of(connection, conversation),
            stream=Stream.STAFF,
            client_message_id=frame.d.client_message_id,
            body=frame.d.note,
            by=connection.name,
        )
    async with transaction(realtime.database) as session:
        await hand_over(
            session,
            conversation_id=conversation,
            staff_id=staff_id,
            to=frame.d.staff,
            answer=timedelta(seconds=realtime.settings.timers.offer),
        )
    return {}


async def warn(realtime: Realtime, connection: Connection, frame: frames.ConversationWarn) -> Answer:
    """Ask the parent to write with respect."""
    async with transaction(realtime.database) as session:
        place = await own_place(session, connection, frame.d.conversation)
        await nuisance.warn(session, place=place)
    return {}


async def block(realtime: Realtime, connection: Connection, frame: frames.ConversationBlock) -> Answer:
    """End the conversation and block its session."""
    async with transaction(realtime.database) as session:
        place = await own_place(session, connection, frame.d.conversation)
        await nuisance.end_and_block(session, place=place, reason=frame.d.reason)
    return {}


async def review_block(realtime: Realtime, connection: Connection, frame: frames.BlockReview) -> Answer:
    """Uphold a block, or lift it."""
    async with transaction(realtime.database) as session:
        await nuisance.review(
            session,
            staff_id=staff_of(connection),
            block_id=frame.d.block,
            uphold=frame.d.uphold,
            lasts=timedelta(seconds=realtime.settings.timers.block),
        )
    return {}


async def claim(realtime: Realtime, connection: Connection, frame: frames.QueueClaim) -> Answer:
    """Take this waiting conversation."""
    if connection.role == "coach" and not realtime.settings.coaches_pick:
        raise Forbidden("Only a supervisor takes parents out of turn.", next_step="Take the next one.")
    async with transaction(realtime.database) as session:
        await refuse_beside_switchboard(session, staff_id=staff_of(connection))
        claimed = await queue.claim(
            session, staff_id=staff_of(connection), conversation_id=frame.d.conversation
        )
    return await _taken(realtime, connection, claimed)


async def claim_next(realtime: Realtime, connection: Connection, _: frames.QueueNext) -> Answer:
    """Take whoever is next."""
    async with transaction(realtime.database) as session:
        await refuse_beside_switchboard(session, staff_id=staff_of(connection))
        claimed = await queue.claim_next(session, staff_id=staff_of(connection))
    return await _taken(realtime, connection, claimed)


async def accept_offer(realtime: Realtime, connection: Connection, frame: frames.OfferAccept) -> Answer:
    """Take the parent who is offered."""
    async with transaction(realtime.database) as session:
        claimed = await offers.accept(session, staff_id=staff_of(connection), offer_id=frame.d.offer)
    return await _taken(realtime, connection, claimed)


async def decline_offer(realtime: Realtime, connection: Connection, frame: frames.OfferDecline) -> Answer:
    """Let the next coach be asked."""
    async with transaction(realtime.database) as session:
        await offers.decline(session, staff_id=staff_of(connection), offer_id=frame.d.offer)
    return {}


async def assign(realtime: Realtime, connection: Connection, frame: frames.QueueAssign) -> Answer:
    """Give this waiting conversation to this coach; their sockets hear of it from the event."""
    async with transaction(realtime.database) as session:
        await refuse_beside_switchboard(session, staff_id=staff_of(connection))
        claimed = await assign_by_hand(
            session,
            by=staff_of(connection),
            staff_id=frame.d.staff,
            conversation_id=frame.d.conversation,
        )
    return {"conversation": str(claimed.conversation_id), "generation": claimed.generation}


async def switch(realtime: Realtime, connection: Connection, frame: frames.SwitchboardSet) -> Answer:
    """Take the whole queue, or give it back."""
    async with transaction(realtime.database) as session:
        await set_switchboard(session, staff_id=staff_of(connection), on=frame.d.on)
    return {}


async def _taken(realtime: Realtime, connection: Connection, claimed: queue.Claimed) -> Answer:
    """What `ok` says of a conversation that is now theirs, once this socket listens to it."""
    await listen(realtime, connection, claimed.conversation_id, claimed.generation)
    return {"conversation": str(claimed.conversation_id), "generation": claimed.generation}


async def set_availability(
    realtime: Realtime, connection: Connection, frame: frames.AvailabilitySet
) -> Answer:
    """Say whether a new conversation may come."""
    async with transaction(realtime.database) as session:
        await queue.set_availability(
            session,
            staff_id=staff_of(connection),
            availability=Availability(frame.d.availability),
            break_every=timedelta(seconds=realtime.settings.timers.break_every),
        )
    return {}


async def add_note(realtime: Realtime, connection: Connection, frame: frames.NoteAdd) -> Answer:
    """Write a note that staff alone see."""
    posted = await realtime.writer.posted(
        conversation=frame.d.conversation,
        participant=participant_of(connection, frame.d.conversation),
        stream=Stream.STAFF,
        client_message_id=frame.d.client_message_id,
        body=frame.d.body,
        by=connection.name,
    )
    return posted_answer(posted)


def posted_answer(posted: Posted) -> Answer:
    """What `ok` says of a text that is stored."""
    return {
        "message_id": posted.message_id,
        "seq": posted.seq,
        "at": clock.wire(posted.at),
        "duplicate": posted.duplicate,
    }


async def wrap_up(realtime: Realtime, connection: Connection, frame: frames.WrapUpSubmit) -> Answer:
    """Tag an ended conversation and close it."""
    async with transaction(realtime.database) as session:
        place = await own_place(session, connection, frame.d.conversation)
        closed = await closing.wrap_up(
            session,
            realtime.key_ring,
            realtime.content.codebook,
            place=place,
            wrap_up=closing.WrapUp(
                topics=frame.d.topics,
                disposition=frame.d.disposition,
                barriers=frame.d.barriers,
                service_gaps=frame.d.service_gaps,
            ),
            debrief=timedelta(seconds=realtime.settings.timers.debrief),
        )
    if not closed:
        raise closing.held_by_last_words()
    return {}


async def listen(realtime: Realtime, connection: Connection, conversation: UUID, generation: int) -> None:
    """Bring a newly claimed conversation to one of its owner's sockets, once."""
    if connection not in realtime.hub.connections:
        return  # a request of its own: this person's streams hear of the claim like their other sockets
    known = connection.subscriptions.get(stream_name("conv", conversation))
    if known is not None and known.generation == generation:
        return
    async with reading(realtime.database) as session:
        try:
            place = await staff_place(session, staff_id=staff_of(connection), conversation_id=conversation)
        except NotFound:
            return  # lost again meanwhile
    known = connection.subscriptions.get(stream_name("conv", conversation))
    if known is not None and known.generation == place.participant.generation:
        return  # the other caller was quicker
    owed = await recovery.join(realtime, connection, [place], {})
    await recovery.deliver(realtime, connection, owed)


CARRY_OUT: dict[type[frames.ClientFrame], Callable[..., Awaitable[Answer | None]]] = {
    frames.Sync: sync,
    frames.Typing: typing,
    frames.Read: read,
    frames.MessageLeave: leave_message,
    frames.QueueRejoin: rejoin,
    frames.ConversationEnd: end,
    frames.ConversationTransfer: transfer,
    frames.ConversationWarn: warn,
    frames.ConversationBlock: block,
    frames.BlockReview: review_block,
    frames.QueueClaim: claim,
    frames.QueueNext: claim_next,
    frames.QueueAssign: assign,
    frames.SwitchboardSet: switch,
    frames.OfferAccept: accept_offer,
    frames.OfferDecline: decline_offer,
    frames.AvailabilitySet: set_availability,
    frames.NoteAdd: add_note,
    frames.ConsultAsk: ask_supervisors,
    frames.ConsultWhisper: whisper,
    frames.ConcernRaise: raise_concern,
    frames.ConcernStep: step_concern,
    frames.WrapUpSubmit: wrap_up,
}
