"""The example client is small, uses only what it says, and holds a real conversation."""

import ast
import asyncio
import json
import sys
from pathlib import Path

import httpx
import pytest

from app.content.reading import read_content
from app.db import Database
from app.rehearsal.coaches import be_coach
from app.rehearsal.simulate import new_stage
from app.rehearsal.staff import hired_staff
from app.settings import PROJECT
from tests.provision.server import LiveServer

CLIENT = PROJECT / "docs" / "examples" / "client.py"
PROTOCOL = PROJECT / "docs" / "protocol.md"
WORDS = "He will not go in again today."
ANSWER = "Thank you for telling me. How is he now?"
PATIENCE_S = 30


def imported_names(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def sent_frames(tree: ast.AST) -> set[str]:
    """The kinds of frame that the client gives to its `send`."""
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "send"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def test_the_client_is_at_most_80_lines_and_needs_websockets_only() -> None:
    text = CLIENT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    assert imported_names(ast.parse(text)) - sys.stdlib_module_names == {"websockets"}


def test_each_frame_that_the_client_sends_stands_in_the_protocol() -> None:
    frames = sent_frames(ast.parse(CLIENT.read_text(encoding="utf-8")))
    documented = PROTOCOL.read_text(encoding="utf-8")
    assert frames == {"hello", "message.post", "pong", "sync", "conversation.end"}
    for kind in frames:
        assert f"### `{kind}`" in documented


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_client_holds_a_conversation(live_server: LiveServer, database: Database) -> None:
    content = read_content(live_server.settings.content_dir)
    async with (
        httpx.AsyncClient(trust_env=False) as http,
        hired_staff(database, http, live_server.url, coaches=1, capacity=1, signed_in=lambda: None) as staff,
    ):
        stage = new_stage(live_server.url, http, content, speed=0)
        stage.strangers, stage.known_within_s = (ANSWER,), 0
        coach = next(person for person in staff if person.role == "coach")
        async with asyncio.TaskGroup() as people:
            people.create_task(be_coach(stage, coach.socket_pass, capacity=1))
            printed = await run_client(live_server.url)
            stage.over.set()
    assert f"message.posted parent {WORDS}" in printed
    assert f"message.posted coach {ANSWER}" in printed
    assert "conversation.assigned" in printed
    assert "conversation.ended" in printed.splitlines()[-1]
    assert "!" not in printed
    numbers = [int(line.split(" ")[0]) for line in printed.splitlines()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not [fault for fault in stage.faults if fault.kind == "stuck"], json.dumps(
        [str(fault) for fault in stage.faults]
    )


async def run_client(url: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(CLIENT), url, WORDS),
        env={"PATH": str(Path(sys.executable).parent), "NO_PROXY": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE_S):
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()
