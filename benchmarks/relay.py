"""The measure of all rows: hands each text to the other socket of the pair, and does nothing else.

The same server, WebSocket implementation and event loop as Earshot's, used without a framework.
"""

from starlette.types import Receive, Scope, Send

from benchmarks.serving import serve

# Paths are /NUMBER/SIDE; whoever comes second finds the other's `send` here.
_senders: dict[str, Send] = {}
_OTHER = {"parent": "coach", "coach": "parent"}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """One socket of a pair."""
    if scope["type"] != "websocket":
        return
    pair, _, side = scope["path"].rpartition("/")
    other = f"{pair}/{_OTHER[side]}"
    await receive()
    _senders[scope["path"]] = send
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await _senders[other]({"type": "websocket.send", "text": message["text"]})
    del _senders[scope["path"]]


if __name__ == "__main__":
    serve(app)
