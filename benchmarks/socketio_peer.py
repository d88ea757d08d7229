"""python-socketio with SQLAlchemy: each message is committed, then passed on, then acknowledged."""

import os
from typing import Any
from urllib.parse import parse_qs

import socketio
from sqlalchemy import BigInteger, Text
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.serving import serve

engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=20, max_overflow=20)
sessions = async_sessionmaker(engine, expire_on_commit=False)
server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins=[])


class Base(DeclarativeBase):
    """The tables."""


class Message(Base):
    """What was said in a room."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    room: Mapped[str] = mapped_column(Text, index=True)
    sender: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)


@server.event  # type: ignore[untyped-decorator]
async def connect(sid: str, environ: dict[str, Any]) -> None:
    """Put somebody into the room that their address names."""
    asked = parse_qs(environ["QUERY_STRING"])
    await server.save_session(sid, {"room": asked["room"][0], "side": asked["side"][0]})
    await server.enter_room(sid, asked["room"][0])


@server.event  # type: ignore[untyped-decorator]
async def post(sid: str, body: str) -> str:
    """Store a message and pass it on; what is returned is the acknowledgement."""
    who = await server.get_session(sid)
    async with sessions() as session:
        session.add(Message(room=who["room"], sender=who["side"], body=body))
        await session.commit()
    await server.emit("posted", body, room=who["room"], skip_sid=sid)
    return "stored"


async def make_tables() -> None:
    """In the server's own loop, before it serves."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


if __name__ == "__main__":
    serve(socketio.ASGIApp(server, on_startup=make_tables))
