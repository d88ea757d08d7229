"""Pages leads about concerns that nobody has acknowledged, until somebody does.

What is due follows from the stored concerns alone, and a page stays unsent until its channel has taken it: a
crash between any two steps costs a delay or sends one twice, and loses none. It stands in this room as who
is on call follows from the shifts.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app import audit, clock
from app.accounts.models import Role, Staff
from app.db import DATABASE_ERRORS, Database, reading, record, transaction
from app.events import LogAppended, QueueChanged
from app.queue.models import Availability, Shift
from app.safeguarding.channels import CHANNEL_ERRORS, TIMEOUT_S, Call, call, send_mail, send_webhook
from app.safeguarding.models import Concern, Page
from app.safeguarding.rules import Channel, ConcernState, page_due, whom_to_page
from app.settings import Settings

LOOK_S = 1.0
AT_ONCE = 20  # sent together over one channel
CLAIMED = timedelta(seconds=3 * TIMEOUT_S)  # by then, whoever set out to send one has sent it or is gone
SOONEST, LATEST = timedelta(seconds=2), timedelta(minutes=5)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Paging:
    """How leads are reached; a channel that is empty is not used."""

    again: timedelta
    on_call: tuple[str, ...]
    public_url: str
    smtp_url: str = ""
    mail_from: str = ""
    webhook: str = ""
    webhook_secret: str = ""

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Those that are in use."""
        used = {Channel.CONSOLE: True, Channel.EMAIL: self.smtp_url, Channel.WEBHOOK: self.webhook}
        return tuple(channel for channel, used_by in used.items() if used_by)


def paging_of(settings: Settings) -> Paging:
    """As the settings have it."""
    return Paging(
        again=timedelta(seconds=settings.timers.page_again),
        on_call=settings.on_call,
        public_url=settings.public_url,
        smtp_url=settings.smtp_url,
        mail_from=settings.mail_from,
        webhook=settings.page_webhook,
        webhook_secret=settings.page_webhook_secret,
    )


class Pager:
    """One per worker; `run` is its task. Each page is made, and sent, by whichever worker is first."""

    def __init__(self, database: Database, paging: Paging) -> None:
        self._database = database
        self._paging = paging
        self._wake = {channel: asyncio.Event() for channel in (None, *paging.channels)}

    def heard(self, event: LogAppended) -> None:
        """A concern was raised: somebody is to be paged at once."""
        if event.kind == "concern.raised":
            self._wake[None].set()

    async def run(self) -> None:
        """Page until cancelled; a channel that hangs keeps neither the others nor what is due waiting."""
        async with asyncio.TaskGroup() as works:
            works.create_task(self._keep_on(None))
            for channel in self._paging.channels:
                if channel != Channel.CONSOLE:
                    works.create_task(self._keep_on(channel))

    async def _keep_on(self, channel: Channel | None) -> None:
        wake = self._wake[channel]
        while True:
            try:
                more = await (self.make() if channel is None else self.send(channel))
            except DATABASE_ERRORS as error:
                logger.error("page.not_looked_after", kind=type(error).__name__)  # noqa: TRY400 (it may quote)
                more = False
            if more:
                continue
            wake.clear()
            try:
                async with asyncio.timeout(LOOK_S):
                    await wake.wait()
            except TimeoutError:
                pass

    async def make(self) -> bool:
        """Make the pages that are due; always False, as one look finds them all."""
        async with reading(self._database) as session:
            due = await _due(session, self._paging)
        for concern_id in due:
            async with transaction(self._database) as session:
                if await make_page(session, self._paging, concern_id=concern_id):
                    for wake in self._wake.values():
                        wake.set()
        return False

    async def send(self, channel: Channel) -> bool:
        """Send what is unsent over this channel; whether there may be more."""
        async with transaction(self._database) as session:
            claimed = await _claim(session, channel)
        await asyncio.gather(*(self._send(channel, page, to) for page, to in claimed))
        return len(claimed) == AT_ONCE

    async def _send(self, channel: Channel, page: Page, to: str) -> None:
        paging = self._paging
        calling = call(
            page=page.id, concern=page.concern_id, number=page.number, public_url=paging.public_url
        )
        try:
            await _carry(paging, channel, calling, to)
        except CHANNEL_ERRORS as error:
            logger.warning(
                "page.not_sent", channel=channel.value, page=str(page.id), kind=type(error).__name__
            )
            wait = min(SOONEST * 2 ** min(page.tries, 10), LATEST)
            changed: dict[str, object] = {"next_try_at": clock.now() + wait}
        else:
            changed = {"sent_at": clock.now()}
        async with transaction(self._database) as session:
            await session.execute(update(Page).where(col(Page.id) == page.id).values(**changed))


async def _carry(paging: Paging, channel: Channel, calling: Call, to: str) -> None:
    if channel == Channel.EMAIL:
        await send_mail(paging.smtp_url, sender=paging.mail_from, to=to, calling=calling)
    else:
        await send_webhook(paging.webhook, secret=paging.webhook_secret, calling=calling)


async def on_call(session: AsyncSession, paging: Paging) -> list[Staff]:
    """The leads in the order in which they are paged: as the setting names them, else on duty first."""
    rows = await session.execute(
        select(Staff)
        .outerjoin(Shift, (col(Shift.staff_id) == col(Staff.id)) & col(Shift.ended_at).is_(None))
        .where(col(Staff.role) == Role.SUPERVISOR, col(Staff.disabled_at).is_(None))
        .order_by(
            case(
                (col(Shift.availability) == Availability.AVAILABLE, 0),
                (col(Shift.id).is_not(None), 1),
                else_=2,
            ),
            col(Staff.name),
            col(Staff.id),
        )
    )
    leads = list(rows.scalars())
    if not paging.on_call:
        return leads
    named = {lead.email: lead for lead in leads}
    return [named[email] for email in paging.on_call if email in named]


async def _due(session: AsyncSession, paging: Paging) -> list[UUID]:
    people = len(await on_call(session, paging))
    newest = func.coalesce(func.max(col(Page.number)), 0)
    rows = await session.execute(
        select(col(Concern.id), col(Concern.raised_at), newest)
        .outerjoin(Page, col(Page.concern_id) == col(Concern.id))
        .where(col(Concern.state) == ConcernState.RAISED)
        .group_by(col(Concern.id), col(Concern.raised_at))
    )
    now = clock.now()
    return [concern for concern, raised_at, made in rows if _number(raised_at, now, paging, people) > made]


def _number(raised_at: datetime, now: datetime, paging: Paging, people: int) -> int:
    return page_due(waited=max(now - raised_at, timedelta()), again=paging.again, on_call=people)


async def make_page(session: AsyncSession, paging: Paging, *, concern_id: UUID) -> bool:
    """Make the newest page that is due for this concern; False where none is, or another worker made it.

    What was due while the service was down is not made up for: one page says as much as ten.
    """
    concern = (
        await session.execute(select(Concern).where(col(Concern.id) == concern_id).with_for_update())
    ).scalar_one_or_none()
    if concern is None or concern.state != ConcernState.RAISED:
        return False
    leads = await on_call(session, paging)
    made = await session.execute(
        select(col(Page.number), col(Page.staff_id))
        .where(col(Page.concern_id) == concern_id, col(Page.channel) == Channel.CONSOLE)
        .order_by(col(Page.number))
    )
    earlier = list(made)
    now = clock.now()
    number = _number(concern.raised_at, now, paging, len(leads))
    if earlier and earlier[-1][0] >= number:
        return False
    paged = [staff_id for _, staff_id in earlier if staff_id is not None]
    whom = whom_to_page([lead.id for lead in leads], paged=paged)
    for channel in paging.channels:
        if channel == Channel.EMAIL and whom is None:
            continue
        session.add(
            Page(
                concern_id=concern_id,
                number=number,
                channel=channel,
                staff_id=whom,
                made_at=now,
                next_try_at=now,
                sent_at=now if channel == Channel.CONSOLE else None,
            )
        )
    await session.flush()
    audit.note(
        session,
        actor="system:paging",
        action="concern.paged",
        subject=f"concern:{concern_id}",
        number=str(number),
        to=f"staff:{whom}" if whom else "nobody",
    )
    if whom is None:
        logger.error("page.nobody_on_call", concern=str(concern_id))
    record(session, QueueChanged())  # the board of whoever was paged says so
    return True


async def _claim(session: AsyncSession, channel: Channel) -> list[tuple[Page, str]]:
    """Take some unsent pages for this worker to send, with the address of who is paged."""
    now = clock.now()
    rows = await session.execute(
        select(Page, col(Staff.email))
        .outerjoin(Staff, col(Staff.id) == col(Page.staff_id))
        .where(
            col(Page.channel) == channel,
            col(Page.sent_at).is_(None),
            col(Page.next_try_at) <= now,
            exists().where(
                col(Concern.id) == col(Page.concern_id), col(Concern.state) == ConcernState.RAISED
            ),
        )
        .order_by(col(Page.next_try_at))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True, of=Page)
    )
    claimed = [(page, email or "") for page, email in rows]
    for page, _ in claimed:
        page.tries += 1
        page.next_try_at = now + CLAIMED
        session.add(page)
    await session.flush()
    return claimed


async def pages_of(session: AsyncSession) -> dict[UUID, list[dict[str, object]]]:
    """For each lead, the concerns that they were paged about and nobody has acknowledged, oldest first."""
    rows = await session.execute(
        select(
            col(Page.staff_id), col(Page.concern_id), func.max(col(Page.number)), func.max(col(Page.made_at))
        )
        .join(Concern, col(Concern.id) == col(Page.concern_id))
        .where(
            col(Page.channel) == Channel.CONSOLE,
            col(Page.staff_id).is_not(None),
            col(Concern.state) == ConcernState.RAISED,
        )
        .group_by(col(Page.staff_id), col(Page.concern_id))
        .order_by(func.max(col(Page.made_at)))
    )
    found: dict[UUID, list[dict[str, object]]] = defaultdict(list)
    for staff_id, concern, number, at in rows:
        assert staff_id is not None
        found[staff_id].append({"concern": str(concern), "number": number, "at": clock.wire(at)})
    return found
