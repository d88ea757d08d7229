"""A parent's client for Earshot, whole: it starts a conversation, says something, prints what comes, ends.

Run it beside a service:  python docs/examples/client.py http://127.0.0.1:8000 "My son will not go to school."
It needs Python 3.11 and the `websockets` package. docs/protocol.md explains every frame.
"""

import asyncio
import json
import sys
import urllib.request
import uuid

from websockets import ConnectionClosed, connect


def start(url: str) -> dict[str, str]:
    """Start a conversation: its id, and the token that opens it."""
    body = json.dumps({"start_id": str(uuid.uuid4())}).encode()
    address, kind = f"{url}/api/v1/conversations", {"Content-Type": "application/json"}
    request = urllib.request.Request(address, body, kind)  # noqa: S310 (own address)
    with urllib.request.urlopen(request) as response:  # noqa: S310
        return json.load(response)


class Parent:
    """One conversation, seen from the parent's side."""

    def __init__(self, url: str, words: str) -> None:
        self.url, self.words, self.epoch, self.last, self.done = url, words, "", 0, False
        self.conn, self.message = str(uuid.uuid4()), str(uuid.uuid4())  # the same however often it breaks

    async def talk(self) -> None:
        started, address = await asyncio.to_thread(start, self.url), f"ws{self.url[4:]}/rt/v1"
        self.conversation, self.stream = started["conversation"], f"conv:{started['conversation']}"
        # connect() in a loop comes back by itself, a little later each time; the cursor says where we were.
        async for self.socket in connect(address, subprotocols=["earshot.v1"]):
            place = {self.stream: {"epoch": self.epoch, "seq": self.last}} if self.epoch else {}
            hello = {"token": started["token"], "client": "example/1", "conn": self.conn, "cursors": place}
            try:
                await self.send("hello", id="1", d=hello)
                async for text in self.socket:
                    await self.take(json.loads(text))
                    if self.done:
                        return
            except ConnectionClosed as closed:
                if closed.rcvd and closed.rcvd.code >= 4500:
                    raise

    async def send(self, kind: str, **frame: object) -> None:
        await self.socket.send(json.dumps({"t": kind, **frame}))

    async def take(self, frame: dict) -> None:
        match frame["t"]:
            case "welcome":
                data = {"client_message_id": self.message, "body": self.words}
                await self.send("message.post", id="2", s=self.stream, d=data)
            case "ping":
                await self.send("pong")
            case "err":
                print("!", frame["d"]["message"], frame["d"]["next_step"])
            case "ev" | "batch" | "snapshot":
                await self.happened(frame["epoch"], frame["d"].get("events", [frame]))

    async def happened(self, epoch: str, events: list[dict]) -> None:
        for event in events:
            if event["seq"] > self.last + 1:  # some are missing: ask for all that came after the last
                await self.send("sync", id="3", s=self.stream, d={"epoch": epoch, "seq": self.last})
                break
            if event["seq"] == self.last + 1:
                self.epoch, self.last, said = epoch, event["seq"], event["d"]
                print(self.last, event["k"], said.get("from", ""), said.get("body", ""))
                if said.get("from") == "coach":
                    await self.send("conversation.end", id="4", d={"conversation": self.conversation})
                self.done = self.done or event["k"] == "conversation.ended"


if __name__ == "__main__":
    service, *said = sys.argv[1:] or sys.exit(__doc__)
    asyncio.run(Parent(service.rstrip("/"), " ".join(said) or "Hello!").talk())
