"""Parents: tokens, return codes and consent; on both databases."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import time_machine
from sqlalchemy import select, text
from sqlmodel import col

from app import audit
from app.accounts import actions, queries
from app.accounts.models import ParentToken, ReturnCode
from app.accounts.tokens import WORDS, code_mac, token_hash
from app.db import Database, reading, transaction
from app.events import ParentRevoked
from app.settings import Settings
from tests.cast import Parent, arrive

MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SECRET = b"a secret of the server, in this test"


async def opened_by(database: Database, token: str) -> UUID | None:
    async with reading(database) as session:
        return await queries.conversation_for_token(session, token)


async def make_code(database: Database, parent: Parent, *, secret: bytes = SECRET) -> str:
    async with transaction(database) as session:
        return await actions.make_return_code(session, conversation_id=parent.conversation, secret=secret)


async def resume(database: Database, code: str, *, secret: bytes = SECRET) -> tuple[UUID, str] | None:
    async with transaction(database) as session:
        return await actions.resume_with_code(session, code=code, secret=secret)


async def test_a_token_opens_its_own_conversation_only(database: Database, settings: Settings) -> None:
    alys, bron = await arrive(database, settings), await arrive(database, settings)
    assert await opened_by(database, alys.token) == alys.conversation
    assert await opened_by(database, bron.token) == bron.conversation
    for wrong in ("", alys.token[:-1], alys.token + "=", alys.token.swapcase(), "\udc80"):
        assert await opened_by(database, wrong) is None


async def test_revoked_tokens_open_nothing_and_their_sockets_are_told(
    database: Database, settings: Settings
) -> None:
    alys, bron = await arrive(database, settings), await arrive(database, settings)
    code = await make_code(database, alys)
    heard: list[ParentRevoked] = []
    database.bus.subscribe(ParentRevoked, heard.append)
    async with transaction(database) as session:
        await actions.revoke_parent_tokens(
            session, conversation_id=alys.conversation, actor=f"parent:{alys.conversation}"
        )
    assert heard == [ParentRevoked(conversation=alys.conversation)]
    assert await opened_by(database, alys.token) is None
    assert await opened_by(database, bron.token) == bron.conversation
    resumed = await resume(database, code)
    assert resumed is not None
    assert await opened_by(database, resumed[1]) == alys.conversation


async def test_a_code_resumes_and_the_first_device_goes_on(database: Database, settings: Settings) -> None:
    alys = await arrive(database, settings)
    code = await make_code(database, alys)
    assert len(code.split(" ")) == 4
    assert set(code.split(" ")) <= set(WORDS)
    resumed = await resume(database, code.upper().replace(" ", "-"))
    assert resumed is not None
    assert resumed[0] == alys.conversation
    assert await opened_by(database, resumed[1]) == alys.conversation
    assert await opened_by(database, alys.token) == alys.conversation


async def test_a_new_code_replaces_the_old_and_a_wrong_one_opens_nothing(
    database: Database, settings: Settings
) -> None:
    alys, bron = await arrive(database, settings), await arrive(database, settings)
    first, brons = await make_code(database, alys), await make_code(database, bron)
    second = await make_code(database, alys)
    assert await resume(database, first) is None
    assert await resume(database, second, secret=b"another secret") is None
    assert await resume(database, "three words only") is None
    assert (await resume(database, second) or ("", ""))[0] == alys.conversation
    assert (await resume(database, brons) or ("", ""))[0] == bron.conversation


async def test_two_devices_asking_for_a_code_at_once_leave_one_that_works(
    database: Database, settings: Settings
) -> None:
    alys = await arrive(database, settings)
    codes = await asyncio.gather(*(make_code(database, alys) for _ in range(6)))
    working = [code for code in codes if await resume(database, code) is not None]
    assert len(working) == 1


async def test_tokens_and_codes_are_kept_in_their_one_way_form_only(
    database: Database, settings: Settings
) -> None:
    alys = await arrive(database, settings)
    code = await make_code(database, alys)
    async with reading(database) as session:
        tokens = list(await session.scalars(select(col(ParentToken.token_hash))))
        codes = list(await session.scalars(select(col(ReturnCode.code_mac))))
    assert tokens == [token_hash(alys.token)]
    assert codes == [code_mac(code, secret=SECRET)]


async def test_consent_is_absent_until_given_and_remembers_its_wording(
    database: Database, settings: Settings
) -> None:
    alys = await arrive(database, settings)
    with time_machine.travel(MOMENT, tick=False) as travel:
        async with transaction(database) as session:
            assert await queries.research_consent(session, alys.conversation) is None
            assert await actions.withdraw_consent(session, conversation_id=alys.conversation) is None
        async with transaction(database) as session:
            await actions.give_consent(session, conversation_id=alys.conversation, wording_version="1")
        travel.shift(60)
        async with transaction(database) as session:
            again = await actions.give_consent(
                session, conversation_id=alys.conversation, wording_version="1"
            )
        assert (again.given_at, again.withdrawn_at) == (MOMENT, None)
        async with transaction(database) as session:
            await actions.withdraw_consent(session, conversation_id=alys.conversation)
        withdrawn_at = datetime(2026, 3, 2, 9, 31, tzinfo=UTC)
        travel.shift(60)
        async with transaction(database) as session:
            twice = await actions.withdraw_consent(session, conversation_id=alys.conversation)
        assert twice is not None
        assert (twice.given_at, twice.withdrawn_at) == (MOMENT, withdrawn_at)
        async with transaction(database) as session:
            await actions.give_consent(session, conversation_id=alys.conversation, wording_version="2")
    async with reading(database) as session:
        consent = await queries.research_consent(session, alys.conversation)
    assert consent is not None
    assert (consent.wording_version, consent.withdrawn_at) == ("2", None)
    assert consent.given_at == datetime(2026, 3, 2, 9, 32, tzinfo=UTC)


async def test_consent_and_codes_are_in_the_audit_record_without_their_words(
    database: Database, settings: Settings
) -> None:
    alys = await arrive(database, settings)
    code = await make_code(database, alys)
    await resume(database, code)
    async with transaction(database) as session:
        await actions.give_consent(session, conversation_id=alys.conversation, wording_version="1")
    async with transaction(database) as session:
        await actions.withdraw_consent(session, conversation_id=alys.conversation)
    async with reading(database) as session:
        assert await audit.verify(session) is None
        entries = list(await session.scalars(select(audit.AuditEntry).order_by(col(audit.AuditEntry.number))))
    assert [entry.action for entry in entries] == [
        "return_code.made",
        "return_code.used",
        "consent.given",
        "consent.withdrawn",
    ]
    assert {entry.actor for entry in entries} == {f"parent:{alys.conversation}"}
    assert code not in str([entry.model_dump() for entry in entries])


async def test_two_devices_deciding_at_once_leave_one_consent(database: Database, settings: Settings) -> None:
    alys = await arrive(database, settings)

    async def decide(given: bool) -> None:
        async with transaction(database) as session:
            if given:
                await actions.give_consent(session, conversation_id=alys.conversation, wording_version="1")
            else:
                await actions.withdraw_consent(session, conversation_id=alys.conversation)

    await asyncio.gather(*(decide(given) for given in (True, False, True, True, False, True)))
    async with reading(database) as session:
        assert (await session.execute(text("SELECT count(*) FROM consent"))).scalar_one() == 1


async def test_erasing_the_conversation_takes_tokens_code_and_consent_along(
    database: Database, settings: Settings
) -> None:
    alys, bron = await arrive(database, settings), await arrive(database, settings)
    code, brons = await make_code(database, alys), await make_code(database, bron)
    async with transaction(database) as session:
        await actions.give_consent(session, conversation_id=alys.conversation, wording_version="1")
    async with transaction(database) as session:
        await session.execute(
            text("DELETE FROM conversation WHERE id = :id"),
            {"id": alys.conversation.hex if database.sqlite else alys.conversation},
        )
    assert await opened_by(database, alys.token) is None
    assert await resume(database, code) is None
    assert await resume(database, brons) is not None
