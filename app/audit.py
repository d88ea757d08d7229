"""The append-only record of who read, exported or changed what; each entry is chained to the one before.

An entry's hash is SHA-256 over the previous hash and the entry's own fields, so that a changed, removed or
inserted entry breaks the chain. Entries hold ids and words of the domain, never what a family wrote.
"""

import hashlib
import json
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import JSON, Column, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel

from app import clock
from app.db import UtcTime, before_commit

GENESIS = b"\0" * 32


class AuditEntry(SQLModel, table=True):
    """One thing that somebody did."""

    __tablename__ = "audit_entry"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    id: UUID = Field(unique=True)
    at: datetime = Field(sa_type=UtcTime)
    actor: str
    action: str = Field(index=True)
    subject: str = Field(index=True)
    details: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    hash: bytes


class AuditHead(SQLModel, table=True):
    """The newest entry's number and hash: the one row whose lock puts entries in order."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int
    hash: bytes


def note(session: AsyncSession, *, actor: str, action: str, subject: str, **details: str) -> None:
    """Enter in the record, in this transaction, that `actor` (as in `coach:<id>`) did `action` to `subject`.

    The chain's lock is taken as the transaction's last work, so that nobody waits behind another's.
    """
    pending: list[tuple[str, str, str, dict[str, str]]] = session.info.setdefault("audit", [])
    if not pending:
        before_commit(session, lambda: _append(session, pending))
    pending.append((actor, action, subject, details))


async def _append(session: AsyncSession, pending: list[tuple[str, str, str, dict[str, str]]]) -> None:
    number, last = (
        await session.execute(
            update(AuditHead)
            .where(AuditHead.id == 1)  # type: ignore[arg-type]
            .values(number=AuditHead.number + len(pending))
            .returning(AuditHead.number, AuditHead.hash)  # type: ignore[call-overload]
        )
    ).one()
    rows = []
    for offset, (actor, action, subject, details) in enumerate(pending, start=1):
        row = {
            "number": number - len(pending) + offset,
            "id": uuid4(),
            "at": clock.now(),
            "actor": actor,
            "action": action,
            "subject": subject,
            "details": details,
        }
        last = _chained(last, row)
        rows.append({**row, "hash": last})
    await session.execute(insert(AuditEntry), rows)
    await session.execute(update(AuditHead).where(AuditHead.id == 1).values(hash=last))  # type: ignore[arg-type]


async def verify(session: AsyncSession) -> int | None:
    """Walk the chain from its beginning; the number of the first entry that does not fit, or None."""
    last, expected = GENESIS, 1
    entries = await session.stream_scalars(select(AuditEntry).order_by(AuditEntry.number))  # type: ignore[arg-type]
    async for entry in entries:
        fields = entry.model_dump(exclude={"hash"})
        if entry.number != expected or (last := _chained(last, fields)) != entry.hash:
            return expected
        expected += 1
    head = (await session.execute(select(AuditHead.number, AuditHead.hash))).one()  # type: ignore[call-overload]
    return None if tuple(head) == (expected - 1, last) else expected


def _chained(previous: bytes, row: dict[str, object]) -> bytes:
    text = json.dumps({**row, "id": str(row["id"]), "at": clock.wire(row["at"])}, sort_keys=True)
    return hashlib.sha256(previous + text.encode()).digest()
