"""What everything on the socket works with, put together once by the composition root."""

from asyncio import Task
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from app.chat.writer import Writer
from app.content.rules import Content
from app.db import Database
from app.realtime.boards import Boards
from app.realtime.hub import Connection, Hub
from app.realtime.pace import Paces
from app.realtime.readings import Readings
from app.realtime.session import Bucket, Session
from app.realtime.visits import Visit
from app.sealing import KeyRing
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Realtime:
    """The parts of one worker's wire."""

    settings: Settings
    database: Database
    key_ring: KeyRing
    content: Content
    writer: Writer
    hub: Hub
    boards: Boards
    paces: Paces
    readings: Readings
    is_open: Callable[[], bool]
    sessions: dict[Connection, Session] = field(default_factory=dict)
    reads: dict[UUID, int] = field(default_factory=dict)  # participant → read up to, not stored yet
    unheard: Counter[str] = field(default_factory=Counter)  # address → its sockets that have not said hello
    requests: dict[UUID, Bucket] = field(default_factory=dict)  # whose → the pace of what they ask over HTTP
    visits: dict[tuple[UUID, UUID], Visit] = field(default_factory=dict)  # whose and which tab → its place
    keepers: set[Task[None]] = field(default_factory=set)  # of visits, until nothing of theirs is at work
