"""Staff: added, let in, shut out; on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlmodel import col

from app import audit
from app.accounts import actions, queries
from app.accounts.models import FirstSignIn, Role, SocketPass, Staff, StaffSession
from app.accounts.passwords import hash_password, password_matches
from app.accounts.rules import FIRST_SIGN_IN, Viewer
from app.accounts.tokens import token_hash
from app.db import Database, reading, transaction
from app.errors import AppError, BadRequest, Conflict, NotFound, Unauthorized
from app.events import StaffSignedOut
from tests.cast import CARYS, DEWI, HUW, PASSWORD, hire, hire_and_sign_in, open_session, password_hash

MOMENT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # an hour before the clocks go back in London


def heard_sign_outs(database: Database) -> list[StaffSignedOut]:
    heard: list[StaffSignedOut] = []
    database.bus.subscribe(StaffSignedOut, heard.append)
    return heard


async def audited(database: Database) -> list[tuple[str, str, str]]:
    async with reading(database) as session:
        assert await audit.verify(session) is None
        entries = await session.scalars(select(audit.AuditEntry).order_by(col(audit.AuditEntry.number)))
        return [(entry.actor, entry.action, entry.subject) for entry in entries]


async def use_pass(database: Database, token: str) -> Viewer | None:
    async with transaction(database) as session:
        return await actions.use_socket_pass(session, token)


async def test_staff_are_stored_tidied_and_listed_by_name(database: Database) -> None:
    await hire(database, DEWI)
    async with transaction(database) as session:
        staff, link = await actions.add_staff(
            session,
            email="  Carys@Example.org",
            name=" Carys   Vane ",
            role="coach",
            languages="CY, en",
            capacity=2,
            actor="manager:somebody",
        )
    async with reading(database) as session:
        everybody = await queries.all_staff(session)
        found = await queries.staff_by_email(session, "CARYS@example.org ")
        assert (await queries.staff_for_first_sign_in(session, link)) is not None
    assert [person.name for person in everybody] == ["Carys Vane", "Dewi Marlow"]
    assert found is not None
    assert (found.email, found.languages, found.capacity) == ("carys@example.org", "cy,en", 2)
    assert ("manager:somebody", "staff.added", f"staff:{staff.id}") in await audited(database)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"email": "nowhere"}, BadRequest),
        ({"role": "admin"}, BadRequest),
        ({"name": "  "}, BadRequest),
        ({"capacity": 0}, BadRequest),
        ({"capacity": 11}, BadRequest),
        ({"languages": "Welsh"}, BadRequest),
        ({"email": "DEWI@example.org"}, Conflict),
    ],
)
async def test_what_cannot_be_staff_is_refused(
    database: Database, wrong: dict[str, object], error: type[AppError]
) -> None:
    await hire(database, DEWI)
    right: dict[str, object] = {"email": "carys@example.org", "name": "Carys", "role": Role.COACH}
    with pytest.raises(error) as raised:
        async with transaction(database) as session:
            await actions.add_staff(session, **{**right, **wrong})  # type: ignore[arg-type]
    assert raised.value.next_step


async def test_one_time_link_works_once(database: Database) -> None:
    async with transaction(database) as session:
        staff, link = await actions.add_staff(session, email=CARYS.email, name=CARYS.name, role=CARYS.role)
    async with transaction(database) as session:
        viewer, token = await actions.first_sign_in(session, token=link, password_hash=password_hash())
    async with reading(database) as session:
        assert await queries.live_session(session, token) is not None
        assert await queries.staff_for_first_sign_in(session, link) is None
        stored = await session.get(Staff, staff.id)
    assert stored is not None
    assert stored.password_hash == password_hash()
    assert viewer.staff_id == staff.id
    with pytest.raises(Unauthorized):
        async with transaction(database) as session:
            await actions.first_sign_in(session, token=link, password_hash="other")


async def test_one_time_link_used_twice_at_once_lets_one_in(database: Database) -> None:
    async with transaction(database) as session:
        _, link = await actions.add_staff(session, email=CARYS.email, name=CARYS.name, role=CARYS.role)

    async def use() -> bool:
        try:
            async with transaction(database) as session:
                await actions.first_sign_in(session, token=link, password_hash=password_hash())
        except Unauthorized:
            return False
        return True

    assert sorted(await asyncio.gather(*(use() for _ in range(8)))) == [False] * 7 + [True]


async def test_one_time_link_expires_and_a_new_one_replaces_it(database: Database) -> None:
    with time_machine.travel(MOMENT, tick=False) as travel:
        async with transaction(database) as session:
            staff, first = await actions.add_staff(
                session, email=CARYS.email, name=CARYS.name, role=CARYS.role
            )
        async with transaction(database) as session:
            second = await actions.issue_first_sign_in(session, staff_id=staff.id)
        async with reading(database) as session:
            assert await queries.staff_for_first_sign_in(session, first) is None
            assert await queries.staff_for_first_sign_in(session, second) is not None
        travel.move_to(MOMENT + FIRST_SIGN_IN)
        async with reading(database) as session:
            assert await queries.staff_for_first_sign_in(session, second) is None
        with pytest.raises(Unauthorized):
            async with transaction(database) as session:
                await actions.first_sign_in(session, token=second, password_hash=password_hash())


async def test_a_forgotten_password_is_set_anew_and_old_sessions_end(database: Database) -> None:
    carys = await hire_and_sign_in(database, CARYS)
    heard = heard_sign_outs(database)
    async with transaction(database) as session:
        link = await actions.issue_first_sign_in(session, staff_id=carys.viewer.staff_id)
    async with transaction(database) as session:
        await actions.first_sign_in(session, token=link, password_hash="another hash")
    async with reading(database) as session:
        assert await queries.live_session(session, carys.token) is None
    assert heard == [StaffSignedOut(staff=carys.viewer.staff_id, session=carys.viewer.session_id)]


async def test_a_password_changed_during_its_verification_lets_nobody_in(database: Database) -> None:
    staff = await hire(database, CARYS)
    async with transaction(database) as session:
        await actions.set_password(session, staff_id=staff.id, password_hash="another hash")
    with pytest.raises(Unauthorized):
        await open_session(database, staff)


async def test_signing_in_again_ends_the_browsers_former_session_and_no_other(database: Database) -> None:
    staff = await hire(database, CARYS)
    phone, laptop = await open_session(database, staff), await open_session(database, staff)
    heard = heard_sign_outs(database)
    async with transaction(database) as session:
        await actions.sign_in(
            session, staff_id=staff.id, verified_hash=password_hash(), instead_of=laptop.token
        )
    async with reading(database) as session:
        assert await queries.live_session(session, laptop.token) is None
        assert await queries.live_session(session, phone.token) is not None
    assert [event.session for event in heard] == [laptop.viewer.session_id]


async def test_change_of_password_ends_the_other_sessions(database: Database) -> None:
    staff = await hire(database, CARYS)
    here, there = await open_session(database, staff), await open_session(database, staff)
    elsewhere = await hire_and_sign_in(database, DEWI)
    heard = heard_sign_outs(database)
    async with transaction(database) as session:
        await actions.change_password(
            session, viewer=here.viewer, verified_hash=password_hash(), password_hash="new hash"
        )
    async with reading(database) as session:
        assert await queries.live_session(session, here.token) is not None
        assert await queries.live_session(session, there.token) is None
        assert await queries.live_session(session, elsewhere.token) is not None
    assert heard == [StaffSignedOut(staff=staff.id, session=there.viewer.session_id)]
    with pytest.raises(Conflict):
        async with transaction(database) as session:
            await actions.change_password(
                session, viewer=here.viewer, verified_hash=password_hash(), password_hash="third"
            )


async def test_sign_out_ends_one_session_and_tells(database: Database) -> None:
    staff = await hire(database, CARYS)
    here, there = await open_session(database, staff), await open_session(database, staff)
    heard = heard_sign_outs(database)
    async with transaction(database) as session:
        await actions.sign_out(session, viewer=here.viewer)
    async with reading(database) as session:
        assert await queries.live_session(session, here.token) is None
        assert await queries.viewer_for_session(session, here.viewer.session_id) is None
        assert await queries.viewer_for_session(session, there.viewer.session_id) == there.viewer
    assert [event.session for event in heard] == [here.viewer.session_id]


async def test_a_failed_change_tells_nobody(database: Database) -> None:
    carys = await hire_and_sign_in(database, CARYS)
    heard = heard_sign_outs(database)

    async def fail_half_way() -> None:
        async with transaction(database) as session:
            await actions.sign_out(session, viewer=carys.viewer)
            raise RuntimeError("the machine fails here")

    with pytest.raises(RuntimeError):
        await fail_half_way()
    async with reading(database) as session:
        assert await queries.live_session(session, carys.token) is not None
    assert heard == []


async def test_disabled_staff_are_out_at_once_and_stay_named(database: Database) -> None:
    carys = await hire_and_sign_in(database, CARYS)
    staff_id = carys.viewer.staff_id
    async with transaction(database) as session:
        socket_pass = await actions.issue_socket_pass(session, session_id=carys.viewer.session_id, seconds=60)
        link = await actions.issue_first_sign_in(session, staff_id=staff_id)
    heard = heard_sign_outs(database)
    for _ in range(2):
        async with transaction(database) as session:
            await actions.disable_staff(session, staff_id=staff_id, actor="manager:huw")
    assert [event.staff for event in heard] == [staff_id]
    assert await use_pass(database, socket_pass) is None
    async with reading(database) as session:
        assert await queries.live_session(session, carys.token) is None
        assert await queries.staff_for_first_sign_in(session, link) is None
        assert (await queries.staff_by_email(session, CARYS.email)) is not None
    for refuse in (
        lambda session: actions.issue_first_sign_in(session, staff_id=staff_id),
        lambda session: actions.set_password(session, staff_id=staff_id, password_hash="new hash"),
        lambda session: actions.sign_in(session, staff_id=staff_id, verified_hash=password_hash()),
    ):
        with pytest.raises((NotFound, Unauthorized)):
            async with transaction(database) as session:
                await refuse(session)
    disabled = [entry for entry in await audited(database) if entry[1] == "staff.disabled"]
    assert disabled == [("manager:huw", "staff.disabled", f"staff:{staff_id}")]


async def test_a_session_that_was_used_lives_on_and_an_unused_one_does_not(database: Database) -> None:
    with time_machine.travel(MOMENT, tick=False) as travel:
        staff = await hire(database, CARYS)
        used, unused = await open_session(database, staff), await open_session(database, staff)
        travel.shift(timedelta(minutes=90))
        async with transaction(database) as session:
            await actions.note_seen(session, sessions=[used.viewer.session_id])
        travel.shift(timedelta(minutes=90))
        async with reading(database) as session:
            assert await queries.live_session(session, used.token) is not None
            assert await queries.live_session(session, unused.token) is None


async def test_socket_pass_works_once(database: Database) -> None:
    carys = await hire_and_sign_in(database, CARYS)
    async with transaction(database) as session:
        token = await actions.issue_socket_pass(session, session_id=carys.viewer.session_id, seconds=60)
    answers = await asyncio.gather(*(use_pass(database, token) for _ in range(8)))
    assert sorted(answer is not None for answer in answers) == [False] * 7 + [True]
    assert carys.viewer in answers
    assert await use_pass(database, "no such pass") is None


async def test_socket_pass_expires_and_is_cleared_away(database: Database) -> None:
    carys = await hire_and_sign_in(database, CARYS)
    with time_machine.travel(MOMENT, tick=False) as travel:
        async with transaction(database) as session:
            late = await actions.issue_socket_pass(session, session_id=carys.viewer.session_id, seconds=60)
        travel.shift(60)
        assert await use_pass(database, late) is None
        async with transaction(database) as session:
            await actions.issue_socket_pass(session, session_id=carys.viewer.session_id, seconds=60)
        travel.shift(61)
        async with transaction(database) as session:
            last = await actions.issue_socket_pass(session, session_id=carys.viewer.session_id, seconds=60)
        async with reading(database) as session:
            assert list(await session.scalars(select(col(SocketPass.pass_hash)))) == [token_hash(last)]


async def test_socket_pass_dies_with_its_session(database: Database) -> None:
    carys = await hire_and_sign_in(database, CARYS)
    async with transaction(database) as session:
        token = await actions.issue_socket_pass(session, session_id=carys.viewer.session_id, seconds=60)
    async with transaction(database) as session:
        await actions.sign_out(session, viewer=carys.viewer)
    assert await use_pass(database, token) is None


async def test_only_one_way_forms_are_kept(database: Database) -> None:
    async with transaction(database) as session:
        _, link = await actions.add_staff(session, email=HUW.email, name=HUW.name, role=HUW.role)
    carys = await hire_and_sign_in(database, CARYS)
    async with transaction(database) as session:
        socket_pass = await actions.issue_socket_pass(session, session_id=carys.viewer.session_id, seconds=60)
    async with reading(database) as session:
        links = list(await session.scalars(select(col(FirstSignIn.token_hash))))
        sessions = list(await session.scalars(select(col(StaffSession.token_hash))))
        passes = list(await session.scalars(select(col(SocketPass.pass_hash))))
    assert links == [token_hash(link)]
    assert sessions == [token_hash(carys.token)]
    assert passes == [token_hash(socket_pass)]


async def test_argon2_knows_right_from_wrong_and_from_nobody() -> None:
    assert password_hash().startswith("$argon2id$")
    assert await password_matches(PASSWORD, password_hash())
    assert not await password_matches(PASSWORD + " ", password_hash())
    assert not await password_matches(PASSWORD, None)
    composed, apart = "saith tecell ar y t\u0175r", "saith tecell ar y tw\u0302r"
    assert await password_matches(apart, await hash_password(composed))
