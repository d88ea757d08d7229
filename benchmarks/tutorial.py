"""A chat as the documentation of FastAPI and of SQLModel teaches it: a connection manager, and a session for
each message, which is committed before it is broadcast."""

import os

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from sqlmodel import Field, Session, SQLModel, create_engine

from benchmarks.serving import serve

engine = create_engine(os.environ["DATABASE_URL"])
app = FastAPI()


class Message(SQLModel, table=True):
    """What was said in a room."""

    id: int | None = Field(default=None, primary_key=True)
    room: str = Field(index=True)
    sender: str
    body: str


class ConnectionManager:
    """The sockets of each room."""

    def __init__(self) -> None:
        self.active_connections: dict[str, list[WebSocket]] = {}

    async def connect(self, websocket: WebSocket, room: str) -> None:
        """Let somebody in."""
        self.active_connections.setdefault(room, []).append(websocket)
        await websocket.accept()

    def disconnect(self, websocket: WebSocket, room: str) -> None:
        """Let them go."""
        self.active_connections[room].remove(websocket)

    async def broadcast(self, message: str, room: str) -> None:
        """Send to everybody in the room, the sender too, who learns from it that the message is stored."""
        for connection in self.active_connections[room]:
            await connection.send_text(message)


manager = ConnectionManager()


@app.websocket("/{room}/{side}")
async def chat(websocket: WebSocket, room: str, side: str) -> None:
    """One side of a conversation."""
    await manager.connect(websocket, room)
    try:
        while True:
            body = await websocket.receive_text()
            with Session(engine) as session:
                session.add(Message(room=room, sender=side, body=body))
                session.commit()
            await manager.broadcast(body, room)
    except WebSocketDisconnect:
        manager.disconnect(websocket, room)


if __name__ == "__main__":
    SQLModel.metadata.create_all(engine, tables=[Message.__table__])  # type: ignore[attr-defined]
    serve(app)
