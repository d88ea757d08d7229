"""Who may do what on the wire: every verb, every person, over Alys's conversation, which Carys holds.

Complete by construction: a verb of the wire that is missing here fails.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import get_args
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from app.chat.transcript import read_messages
from app.db import reading, transaction
from app.realtime import frames
from app.safeguarding.actions import raise_concern
from app.settings import Settings
from tests.cast import CARYS, DEWI, ESTHER, FARID, GWEN, HUW, hire_and_sign_in, open_session
from tests.scenes import claim, enter, on_duty
from tests.talk import Frame, Talk, pass_for, running
from tests.talk_http import StreamTalk

OUTSIDERS_FIRST = ("bron", "dewi", "esther", "alys", "carys")
OWN = {"alys": "ok", "carys": "ok"}
STRANGE = {"bron": "not_found", "dewi": "not_found", "esther": "not_found"}
STRANGE_PARENTS = {"bron": "not_found", "carys": "forbidden", "dewi": "forbidden", "esther": "forbidden"}
PARENTS_MAY_NOT = {"alys": "forbidden", "bron": "forbidden"}

# What each person hears back. `heard` and `unheard` say whether the other side hears of it: those have no ok.
MATRIX: dict[str, dict[str, str]] = {
    "sync": {**STRANGE, **OWN},
    "message.post": {**STRANGE, **OWN},
    "typing": {"bron": "unheard", "dewi": "unheard", "esther": "unheard", "alys": "heard", "carys": "heard"},
    "read": {"bron": "unheard", "dewi": "unheard", "esther": "unheard", "alys": "heard", "carys": "heard"},
    "message.leave": {**STRANGE_PARENTS, "alys": "bad_request"},
    "queue.rejoin": {**STRANGE_PARENTS, "alys": "bad_request"},
    "conversation.end": {**STRANGE, **OWN},
    "conversation.transfer": {**STRANGE, **PARENTS_MAY_NOT, "carys": "ok"},
    "conversation.warn": {**STRANGE, **PARENTS_MAY_NOT, "carys": "ok"},
    # Somebody in Alys's conversation may be at risk.
    "conversation.block": {**STRANGE, **PARENTS_MAY_NOT, "carys": "bad_request"},
    "block.review": {**PARENTS_MAY_NOT, "carys": "forbidden", "dewi": "forbidden", "esther": "not_found"},
    "queue.claim": {
        **PARENTS_MAY_NOT,
        "carys": "already_claimed",
        "dewi": "already_claimed",
        "esther": "already_claimed",
    },
    "queue.next": {**PARENTS_MAY_NOT, "carys": "not_found", "dewi": "not_found", "esther": "not_found"},
    "queue.assign": {
        **PARENTS_MAY_NOT,
        "carys": "forbidden",
        "dewi": "forbidden",
        "esther": "already_claimed",
    },
    "switchboard.set": {**PARENTS_MAY_NOT, "carys": "forbidden", "dewi": "forbidden", "esther": "ok"},
    "offer.accept": {**PARENTS_MAY_NOT, "carys": "not_found", "dewi": "not_found", "esther": "not_found"},
    "offer.decline": {**PARENTS_MAY_NOT, "carys": "not_found", "dewi": "not_found", "esther": "not_found"},
    "availability.set": {**PARENTS_MAY_NOT, "carys": "ok", "dewi": "ok", "esther": "ok"},
    "note.add": {**STRANGE, **PARENTS_MAY_NOT, "carys": "ok"},
    "consult.ask": {**STRANGE, **PARENTS_MAY_NOT, "carys": "ok"},
    "consult.whisper": {**PARENTS_MAY_NOT, "carys": "forbidden", "dewi": "forbidden", "esther": "ok"},
    "concern.raise": {**STRANGE, **PARENTS_MAY_NOT, "carys": "ok"},
    "concern.step": {**PARENTS_MAY_NOT, "carys": "forbidden", "dewi": "forbidden", "esther": "ok"},
    "wrap_up.submit": {**STRANGE, **PARENTS_MAY_NOT, "carys": "bad_request"},
}
NOT_ASKED = {"hello", "pong"}  # what every socket may say before and besides


@dataclass
class World:
    app: FastAPI
    conversation: UUID
    concern: UUID
    dewi: UUID
    talks: dict[str, Talk]


@pytest.fixture(params=[Talk, StreamTalk], ids=["socket", "http"])
async def world(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[World]:
    async with running(settings) as app:
        database = app.state.database
        alys = await enter(database, settings)
        carys = await on_duty(database, CARYS)
        await claim(database, carys, alys.conversation_id)
        # Bron's conversation is held too, so that nobody waits.
        bron, dewi = await enter(database, settings), await on_duty(database, DEWI)
        await claim(database, dewi, bron.conversation_id)
        async with transaction(database) as session:
            concern = await raise_concern(
                session,
                app.state.key_ring,
                conversation_id=alys.conversation_id,
                staff_id=carys.id,
                by="Carys",
                category="missing_child",
                note="",
            )
        tokens = {"alys": alys.token, "bron": bron.token}
        for name, staff in (("carys", carys), ("dewi", dewi), ("esther", await on_duty(database, ESTHER))):
            tokens[name] = await pass_for(app, await open_session(database, staff))
        talks = {}
        for name, token in tokens.items():
            talks[name] = request.param(app).open()
            await talks[name].hello(token)
        for name in ("alys", "carys"):
            await talks[name].caught_up(f"conv:{alys.conversation_id}", 2)
        yield World(app=app, conversation=alys.conversation_id, concern=concern.id, dewi=dewi.id, talks=talks)
        for talk in talks.values():
            await talk.leave()


def _frame(world: World, verb: str) -> Frame:
    stream, conversation = f"conv:{world.conversation}", str(world.conversation)
    epoch = world.talks["alys"].views[stream].epoch
    text = {"client_message_id": str(uuid4()), "body": "zebraQuartz"}
    return {
        "sync": {"s": stream, "d": {"epoch": epoch, "seq": 1}},
        "message.post": {"s": stream, "d": text},
        "typing": {"s": stream},
        "read": {"s": stream, "d": {"up_to": 1}},
        "message.leave": {"d": {"conversation": conversation}},
        "queue.rejoin": {"d": {"conversation": conversation}},
        "conversation.end": {"d": {"conversation": conversation}},
        "conversation.transfer": {
            "d": {
                "conversation": conversation,
                "client_message_id": text["client_message_id"],
                "note": text["body"],
            }
        },
        "conversation.warn": {"d": {"conversation": conversation}},
        "conversation.block": {"d": {"conversation": conversation, "reason": "abusive"}},
        "block.review": {"d": {"block": str(uuid4()), "uphold": True}},
        "queue.claim": {"d": {"conversation": conversation}},
        "queue.next": {},
        "queue.assign": {"d": {"conversation": conversation, "staff": str(world.dewi)}},
        "switchboard.set": {"d": {"on": True}},
        "offer.accept": {"d": {"offer": str(uuid4())}},
        "offer.decline": {"d": {"offer": str(uuid4())}},
        "availability.set": {"d": {"availability": "available"}},
        "note.add": {"d": {"conversation": conversation, **text}},
        "consult.ask": {"d": {"conversation": conversation, **text}},
        "consult.whisper": {"d": {"conversation": conversation, **text}},
        "concern.raise": {"d": {"conversation": conversation, "category": "missing_child"}},
        "concern.step": {"d": {"concern": str(world.concern), "state": "acknowledged"}},
        "wrap_up.submit": {
            "d": {"conversation": conversation, "topics": ["sleep"], "disposition": "advice-given"}
        },
    }[verb]


async def _answer(world: World, verb: str, name: str) -> str:
    talk, frame = world.talks[name], _frame(world, verb)
    if verb not in ("typing", "read"):
        answer = await talk.ask(verb, **({"s": frame["s"]} if "s" in frame else {}), **frame.get("d", {}))
        return "ok" if answer["t"] == "ok" else str(answer["d"]["code"])
    listener, speaker = ("carys", "alys") if name == "alys" else ("alys", "carys")
    other = world.talks[listener]
    before = len(other.heard)
    talk.raw({"t": verb, **frame})
    await talk.ask("sync", s="me", epoch="", seq=0)  # its answer comes after what was said before it
    after = "read" if verb == "typing" else "typing"  # and so does what is surely heard
    world.talks[speaker].raw({"t": after, **_frame(world, after)})
    await other.until(lambda f: f["t"] == "eph" and f["k"] == after, after=before)
    heard = any(f["t"] == "eph" and f["k"] == verb for f in other.heard[before:])
    return "heard" if heard else "unheard"


def undeclared() -> set[str]:
    """Verbs of the wire that the matrix does not name, and the other way round."""
    verbs = {kind.__struct_config__.tag for kind in get_args(frames.ClientFrame)}
    return (verbs - NOT_ASKED) ^ set(MATRIX)


def test_every_verb_is_declared_for_everybody() -> None:
    assert undeclared() == set()
    for verb, answers in MATRIX.items():
        assert set(answers) == set(OUTSIDERS_FIRST), verb


def test_a_planted_verb_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Planted(frames.Frame, tag="planted"):
        id: frames.Id

    monkeypatch.setattr(frames, "ClientFrame", frames.ClientFrame | Planted)
    assert undeclared() == {"planted"}


@pytest.mark.parametrize("verb", MATRIX)
async def test_each_person_gets_their_answer(world: World, verb: str) -> None:
    found = {name: await _answer(world, verb, name) for name in OUTSIDERS_FIRST}
    assert found == MATRIX[verb]
    own = {"alys", "carys"}
    for name in set(OUTSIDERS_FIRST) - own:
        told = repr(world.talks[name].heard)
        assert "zebraQuartz" not in told, f"{name} was shown what is not theirs"
        assert f"conv:{world.conversation}" not in told
        assert f"staff:{world.conversation}" not in told
    assert "staff:" not in repr(world.talks["alys"].heard)
    async with reading(world.app.state.database) as session:
        said = await read_messages(session, world.app.state.key_ring, conversation_id=world.conversation)
    assert {message.speaker for message in said} <= {"parent", "coach"}
    assert len(said) == (2 if verb == "message.post" else 0), "what was refused was not stored"


@pytest.mark.parametrize("person", [FARID, GWEN, HUW], ids=lambda person: person.role.value)
async def test_other_roles_have_no_socket(settings: Settings, person: object) -> None:
    async with running(settings) as app:
        token = await pass_for(app, await hire_and_sign_in(app.state.database, person))  # type: ignore[arg-type]
        talk = Talk(app).open()
        data = {"token": token, "client": "tests/1", "conn": str(uuid4())}
        talk.raw({"t": "hello", "id": "1", "d": data})
        assert await talk.close_code() == 4501
        assert [frame["t"] for frame in talk.heard] == ["err"]
        await talk.leave()
