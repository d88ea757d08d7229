"""HTTP for supervisors: what is known about a concern, and what coaches ask."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from app import audit, clock
from app.accounts.access import require
from app.accounts.models import Role
from app.accounts.rules import Viewer
from app.db import transaction
from app.safeguarding.consulting import read_consult
from app.safeguarding.queries import closed, steps

router = APIRouter()


class Step(BaseModel):
    """One step of a concern: who took it, when (RFC 3339), and what they wrote; empty where nothing.

    Where the risk check raised it, `by` is empty and `note` holds the words that it was raised by. The note
    of a decision is its reason; it alone has a `second` person, what was `shared` with whom, what the parent
    was told, and the references that others gave.
    """

    state: str
    by: str
    at: str
    note: str
    second: str
    shared: str
    parent_told: str
    references: str


class ClosedConcern(BaseModel):
    """A concern that was closed, without a word of what is known about it; the times are RFC 3339."""

    id: UUID
    conversation: UUID
    category: str
    state: str
    raised_at: str
    closed_at: str


class Consult(BaseModel):
    """A question of a coach (`consult.asked`) or what a supervisor said to them (`consult.whispered`)."""

    kind: str
    by: str
    at: str
    body: str


@router.get("/api/v1/conversations/{id}/consult")
async def consult(
    request: Request,
    id: UUID,  # noqa: A002 (the path's word)
    viewer: Annotated[Viewer, Depends(require(Role.SUPERVISOR))],
) -> list[Consult]:
    """What a coach asked about a conversation and what was answered. Each reading is in the audit record."""
    state = request.app.state
    async with transaction(state.database) as session:
        said = await read_consult(session, state.key_ring, conversation_id=id)
        audit.note(session, actor=viewer.actor, action="consult.read", subject=f"conversation:{id}")
    return [Consult(kind=each.kind, by=each.by, at=clock.wire(each.at), body=each.body) for each in said]


@router.get("/api/v1/concerns")
async def closed_concerns(
    request: Request,
    viewer: Annotated[Viewer, Depends(require(Role.SUPERVISOR))],
    after: UUID | None = None,
) -> list[ClosedConcern]:
    """The concerns that were closed last, newest first, fifty at most; the next ones `after` the last.

    Not what is known about them: each has to be read by itself. Each look is in the audit record.
    """
    async with transaction(request.app.state.database) as session:
        found = await closed(session, after=after)
        audit.note(session, actor=viewer.actor, action="concerns.listed", subject="concerns:closed")
    return [
        ClosedConcern(
            id=each.id,
            conversation=each.conversation_id,
            category=each.category,
            state=each.state,
            raised_at=clock.wire(each.raised_at),
            closed_at=clock.wire(each.changed_at),
        )
        for each in found
    ]


@router.get("/api/v1/concerns/{id}")
async def concern(
    request: Request,
    id: UUID,  # noqa: A002 (the path's word)
    viewer: Annotated[Viewer, Depends(require(Role.SUPERVISOR))],
) -> list[Step]:
    """The steps of a concern with their notes, first to last. Each reading is in the audit record."""
    state = request.app.state
    async with transaction(state.database) as session:
        taken = await steps(session, state.key_ring, concern_id=id)
        audit.note(session, actor=viewer.actor, action="concern.read", subject=f"concern:{id}")
    return [
        Step(state=step.state, by=step.by, at=clock.wire(step.at), second=step.second, **asdict(step.record))
        for step in taken
    ]
