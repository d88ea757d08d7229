"""Paging: at once, again, the next on call; by console, mail and webhook; and nothing is lost by a crash."""

import hmac
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlmodel import col

from app import clock
from app.accounts.models import Staff
from app.audit import AuditEntry
from app.db import Database, reading, transaction
from app.queue.models import Availability
from app.queue.paging import Pager, Paging, on_call, pages_of, paging_of
from app.safeguarding.actions import raise_concern, step_concern
from app.safeguarding.channels import DELIVERY, SIGNATURE
from app.safeguarding.models import Concern, Page
from app.safeguarding.rules import QUIETER, TIMES, Channel, page_due, whom_to_page
from app.sealing import KeyRing
from app.settings import Settings
from tests.cast import CARYS, ESTHER, Person, hire, open_session
from tests.provision.post import mail_server, posted, receiver
from tests.scenes import claim, enter, on_duty
from tests.talk import pass_for, running, talking

SECRET = "a secret of thirty-two characters or more"
CANARY = "zebraQuartz"
AGAIN = timedelta(seconds=60)
IOAN = Person("Ioan Pryor", "ioan@example.org", ESTHER.role)


def _paging(settings: Settings, **more: object) -> Paging:
    return replace(paging_of(settings), **more)  # type: ignore[arg-type]


async def _raise(database: Database, settings: Settings) -> UUID:
    """A concern with words of a family in it."""
    carys, alys = await on_duty(database, CARYS), await enter(database, settings)
    await claim(database, carys, alys.conversation_id)
    async with transaction(database) as session:
        concern = await raise_concern(
            session,
            KeyRing(settings.key_ring),
            conversation_id=alys.conversation_id,
            staff_id=carys.id,
            by="Carys",
            category="domestic_abuse",
            note=CANARY,
        )
    return concern.id


async def _ago(database: Database, seconds: float) -> None:
    """As if the concern had been raised so long ago."""
    async with transaction(database) as session:
        await session.execute(update(Concern).values(raised_at=clock.now() - timedelta(seconds=seconds)))


async def _pages(database: Database, channel: Channel = Channel.CONSOLE) -> list[tuple[int, str | None]]:
    async with reading(database) as session:
        rows = await session.execute(
            select(col(Page.number), col(Staff.name))
            .outerjoin(Staff, col(Staff.id) == col(Page.staff_id))
            .where(col(Page.channel) == channel)
            .order_by(col(Page.number))
        )
        return [(number, name) for number, name in rows]


@given(st.integers(0, 100_000), st.integers(0, 6))
def test_what_is_due_never_ends_and_never_goes_back(seconds: int, people: int) -> None:
    number = page_due(waited=timedelta(seconds=seconds), again=AGAIN, on_call=people)
    later = page_due(waited=timedelta(seconds=seconds + 1), again=AGAIN, on_call=people)
    assert 1 <= number <= later <= number + 1
    quick = TIMES * max(people, 1)
    assert number == seconds // 60 + 1 or number > quick
    next_one = page_due(waited=timedelta(seconds=seconds) + QUIETER * AGAIN, again=AGAIN, on_call=people)
    assert next_one > number, "however long nobody looks, another one comes"


@given(st.integers(1, 5), st.integers(1, 40))
def test_everybody_on_call_is_paged_three_times_in_turn(people: int, pages: int) -> None:
    leads = [uuid4() for _ in range(people)]
    paged: list[UUID] = []
    for _ in range(pages):
        whom = whom_to_page(leads, paged=paged)
        assert whom is not None
        paged.append(whom)
    assert paged == [leads[number // TIMES % people] for number in range(pages)]
    assert whom_to_page([], paged=paged) is None
    gone = paged[-1]
    others = [lead for lead in leads if lead != gone]
    assert whom_to_page(others, paged=paged) != gone, "who has left is not paged"


async def test_at_once_again_and_then_the_next_on_call(database: Database, settings: Settings) -> None:
    await on_duty(database, ESTHER)
    await on_duty(database, IOAN, availability=Availability.ON_BREAK)
    await _raise(database, settings)
    pager = Pager(database, _paging(settings))
    for seconds in (0, 1, 59, 60, 119, 120, 179, 180, 241, 299, 300):
        await _ago(database, seconds)
        await pager.make()
    esther, ioan = ESTHER.name, IOAN.name
    assert await _pages(database) == [(1, esther), (2, esther), (3, esther), (4, ioan), (5, ioan), (6, ioan)]
    async with reading(database) as session:
        noted = list(
            await session.scalars(select(AuditEntry).where(col(AuditEntry.action) == "concern.paged"))
        )
        assert len(noted) == 6
        boards = await pages_of(session)
        assert sorted(len(each) for each in boards.values()) == [1, 1]


async def test_once_acknowledged_nobody_is_paged(database: Database, settings: Settings) -> None:
    esther = await on_duty(database, ESTHER)
    concern = await _raise(database, settings)
    pager = Pager(database, _paging(settings))
    await pager.make()
    async with transaction(database) as session:
        await step_concern(
            session,
            KeyRing(settings.key_ring),
            concern_id=concern,
            staff_id=esther.id,
            by="Esther",
            state="acknowledged",
            note="",
        )
    await _ago(database, 600)
    await pager.make()
    assert await _pages(database) == [(1, ESTHER.name)]
    async with reading(database) as session:
        assert await pages_of(session) == {}


async def test_the_setting_says_who_and_in_which_order(database: Database, settings: Settings) -> None:
    await on_duty(database, ESTHER)
    ioan = await hire(database, IOAN)
    await hire(database, CARYS)
    for named, found in (
        ((), [ESTHER.email, IOAN.email]),
        ((IOAN.email, "nobody@example.org", CARYS.email, ESTHER.email), [IOAN.email, ESTHER.email]),
    ):
        async with reading(database) as session:
            leads = await on_call(session, _paging(settings, on_call=named))
        assert [lead.email for lead in leads] == found, "who is no supervisor is not on call"
    async with transaction(database) as session:
        await session.execute(update(Staff).where(col(Staff.id) == ioan.id).values(disabled_at=clock.now()))
    async with reading(database) as session:
        assert await on_call(session, _paging(settings, on_call=(IOAN.email,))) == []


async def test_several_workers_make_each_page_once(database: Database, settings: Settings) -> None:
    await on_duty(database, ESTHER)
    await _raise(database, settings)
    for _ in range(3):
        for pager in [Pager(database, _paging(settings)) for _ in range(3)]:
            await pager.make()
    assert await _pages(database) == [(1, ESTHER.name)]


async def test_a_long_stop_is_not_made_up_for(database: Database, settings: Settings) -> None:
    await on_duty(database, ESTHER)
    await _raise(database, settings)
    await _ago(database, 150)
    await Pager(database, _paging(settings)).make()
    assert await _pages(database) == [(3, ESTHER.name)]


async def test_a_mail_says_where_to_look_and_no_word_of_a_family(
    database: Database, settings: Settings
) -> None:
    await on_duty(database, ESTHER)
    concern = await _raise(database, settings)
    async with mail_server() as box:
        pager = Pager(database, _paging(settings, smtp_url=box.url, mail_from="earshot@example.org"))
        await pager.make()
        await pager.send(Channel.EMAIL)
        await pager.send(Channel.EMAIL)  # what was taken is not sent again
    ((to, mail),) = box.mails
    assert to == [ESTHER.email]
    assert mail["From"] == "earshot@example.org"
    text = mail.as_string() + str(mail.get_payload(decode=True))
    assert f"{settings.public_url}/console#concern-{concern}" in text
    for word in (CANARY, "domestic", "abuse", CARYS.name):
        assert word not in text


async def test_a_webhook_is_signed_and_holds_no_word_of_a_family(
    database: Database, settings: Settings
) -> None:
    await on_duty(database, ESTHER)
    concern = await _raise(database, settings)
    async with receiver() as box:
        pager = Pager(database, _paging(settings, webhook=box.url, webhook_secret=SECRET))
        await pager.make()
        await pager.send(Channel.WEBHOOK)
    ((headers, body),) = box.posts
    said = posted(box)
    assert said.keys() == {"event", "page", "concern", "number", "link"}
    assert (said["event"], said["concern"], said["number"]) == ("concern.page", str(concern), 1)
    assert said["link"].endswith(f"/console#concern-{concern}")
    assert headers[DELIVERY.lower()] == said["page"]
    at, _, signed = headers[SIGNATURE.lower()].partition(",v1=")
    at = at.removeprefix("t=")
    assert abs(int(at) - clock.now().timestamp()) < 60
    for secret, fits in ((SECRET, True), ("another secret of thirty-two characters", False)):
        mac = hmac.new(secret.encode(), f"{at}.".encode() + body, sha256).hexdigest()
        assert hmac.compare_digest(mac, signed) == fits
    changed = hmac.new(SECRET.encode(), f"{at}.".encode() + body + b" ", sha256).hexdigest()
    assert changed != signed
    for word in (CANARY, "domestic", "abuse"):
        assert word.encode() not in body


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.WEBHOOK])
async def test_what_was_refused_or_cut_off_is_sent_again(
    database: Database, settings: Settings, channel: Channel
) -> None:
    await on_duty(database, ESTHER)
    await _raise(database, settings)
    async with mail_server() as mail, receiver() as hook:
        box = mail if channel == Channel.EMAIL else hook
        paging = _paging(
            settings,
            smtp_url=mail.url,
            mail_from="earshot@example.org",
            webhook=hook.url,
            webhook_secret=SECRET,
        )
        box.refusing = True
        first = Pager(database, paging)
        await first.make()
        await first.send(channel)
        assert box.refused == 1
        await first.send(channel)
        assert box.refused == 1, "not at once again"
        box.refusing = False
        await _now(database)
        await first.send(channel)
        assert len(box.mails) + len(box.posts) == 1
        # A worker that set out to send and died: the claim runs out, and another one sends it.
        await _ago(database, 60)
        await first.make()
        async with transaction(database) as session:
            from app.queue.paging import _claim

            assert len(await _claim(session, channel)) == 1
        second = Pager(database, paging)
        await second.send(channel)
        assert len(box.mails) + len(box.posts) == 1, "while its claim stands, nobody else sends it"
        await _now(database)
        await second.send(channel)
        assert len(box.mails) + len(box.posts) == 2


async def _now(database: Database) -> None:
    """As if every wait were over."""
    async with transaction(database) as session:
        await session.execute(update(Page).where(col(Page.sent_at).is_(None)).values(next_try_at=clock.now()))


async def test_the_whole_service_pages_over_every_channel(settings: Settings) -> None:
    async with mail_server() as mail, receiver() as hook:
        chosen = settings.model_copy(
            update={
                "smtp_url": mail.url,
                "mail_from": "earshot@example.org",
                "page_webhook": hook.url,
                "page_webhook_secret": SECRET,
                "timers": settings.timers.model_copy(update={"page_again": 1.0}),
            }
        )
        async with running(chosen) as app:
            database = app.state.database
            esther = await on_duty(database, ESTHER)
            async with talking(app, await pass_for(app, await open_session(database, esther))) as lead:
                concern = await _raise(database, chosen)
                board = await lead.until(lambda f: f.get("s") == "me" and f["d"].get("pages"))
                assert board["d"]["pages"][0]["concern"] == str(concern)
                await mail.until(2)
                await hook.until(2)
                told = await lead.ask("concern.step", concern=str(concern), state="acknowledged")
                assert told["t"] == "ok"
                await lead.until(
                    lambda f: f.get("s") == "me" and f["d"]["concerns"] and not f["d"]["pages"],
                )
    assert [posted(hook, number)["number"] for number in range(2)] == [1, 2]
    assert CANARY not in repr([m.as_string() for _, m in mail.mails]) + repr(hook.posts)
