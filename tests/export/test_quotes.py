"""Quotes: proposed by the study, accepted by two others, printed only then, and gone with consent."""

import html
import re
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import delete, select, update
from sqlmodel import col

from app import clock
from app.accounts.models import Consent
from app.audit import AuditEntry
from app.db import Database, reading, transaction
from app.errors import AppError, BadRequest, Conflict, Forbidden, NotFound
from app.export import quoted, quoting, runs
from app.export.models import ExportMember, Quote, QuoteAcceptance, Row
from app.export.queries import Selection
from app.export.quoting import QuoteDecision
from app.export.reviewing import AROUND
from app.export.rows import make_rows
from app.reports.topic import build_report
from app.settings import Settings
from tests.cast import FARID, GWEN, HUW, browser_of, hire_and_sign_in
from tests.export.conversations import CODEBOOK, KEYS, NOW, add_closed, add_staff
from tests.export.test_runs import MONTH, build, requested
from tests.scenes import content

LONG = "It has been so very hard for all of us and nobody comes. "
TALK = (
    (
        "parent",
        f"{LONG * 2}He said he would rather row across the sea with the rowing club than go. {LONG * 2}",
    ),
    ("coach", "Thank you. How does he like the rowing club?"),
)
WORDS = "He said he would rather row across the sea with the rowing club than go."
ALL = Selection(MONTH.first, MONTH.last, None, simulated=True)


@dataclass(frozen=True)
class Study:
    """A released export, and who is who."""

    database: Database
    run: UUID
    group: UUID
    researcher: UUID
    reviewers: tuple[UUID, UUID, UUID]

    async def propose(self, words: str = WORDS, *, by: UUID | None = None, number: int = 1) -> UUID:
        async with transaction(self.database) as session:
            quote = await quoting.propose(
                session,
                staff_id=by or self.researcher,
                role="researcher",
                run_id=self.run,
                group=self.group,
                number=number,
                words=words,
            )
        return quote.id

    async def shown_to(self, staff: UUID) -> list[quoting.Proposed]:
        return await quoting.next_quotes(self.database, KEYS, staff_id=staff, actor=f"reviewer:{staff}")

    async def decide(
        self, staff: UUID, decision: QuoteDecision, *, words: str = "", at: int | None = None
    ) -> None:
        (quote,) = await self.shown_to(staff)
        await self.decide_on(quote, staff, decision, words=words, at=at)

    async def decide_on(
        self,
        quote: quoting.Proposed,
        staff: UUID,
        decision: QuoteDecision = QuoteDecision.ACCEPT,
        *,
        words: str = "",
        at: int | None = None,
    ) -> None:
        async with transaction(self.database) as session:
            await quoting.decide(
                session,
                KEYS,
                quote_id=quote.id,
                decision=decision,
                seen=quote.seen,
                words=words,
                at=at,
                staff_id=staff,
                actor=f"reviewer:{staff}",
            )

    async def printed(self) -> list[str]:
        async with reading(self.database) as session:
            return [quote.text for quote in await quoted.printable(session, selection=ALL)]


@pytest.fixture
async def study(database: Database, settings: Settings) -> Study:
    await add_closed(database, texts=TALK)
    await make_rows(database, KEYS, settings, CODEBOOK, now=NOW)
    researcher = await add_staff(database, "researcher")
    first, second, third = [await add_staff(database, "reviewer") for _ in range(3)]
    run = await requested(database, researcher)
    async with transaction(database) as session:
        await runs.approve_run(session, run_id=run, staff_id=first, role="reviewer")
    await build(database, settings, run, by=researcher)
    await runs.release_run(database, settings, run_id=run, staff_id=first, role="reviewer")
    async with reading(database) as session:
        group = (await session.scalars(select(col(Row.group_id)).limit(1))).one()
    return Study(database, run, group, researcher, (first, second, third))


async def test_a_quote_is_printed_once_two_people_accepted_it(study: Study) -> None:
    first, second, third = study.reviewers
    quote = await study.propose()
    assert await study.printed() == []
    (shown,) = await study.shown_to(first)
    assert (shown.text, shown.accepted) == (WORDS, 0)
    assert len(shown.before) == len(shown.after) == AROUND
    await study.decide_on(shown, first)
    assert await study.printed() == []
    with pytest.raises(Conflict):
        await study.decide_on(shown, first)
    assert await study.shown_to(first) == [], "it waits for another person"
    await study.decide(second, QuoteDecision.ACCEPT)
    assert await study.printed() == [WORDS]
    assert await study.shown_to(third) == []
    with pytest.raises(Conflict):
        await study.decide_on(shown, third)
    async with reading(study.database) as session:
        (standing,) = await quoted.of_researcher(session, study.researcher)
    assert (standing.quote.id, standing.state) == (quote, "accepted")


async def test_nobody_of_the_study_decides_whatever_their_role(study: Study) -> None:
    """The researcher, made a reviewer since, is shown nothing, and an acceptance of theirs counts nothing."""
    quote = await study.propose()
    assert await study.shown_to(study.researcher) == []
    (shown,) = await study.shown_to(study.reviewers[0])
    with pytest.raises(Forbidden):
        await study.decide_on(shown, study.researcher)
    await study.decide_on(shown, study.reviewers[0])
    async with transaction(study.database) as session:
        session.add(QuoteAcceptance(quote_id=quote, staff_id=study.researcher, at=clock.now()))
    assert await study.printed() == []


async def test_only_the_study_s_researcher_proposes_from_what_was_released(study: Study) -> None:
    other = await add_staff(study.database, "researcher")
    with pytest.raises(Forbidden):
        await study.propose(by=other)
    for words in ("no such words at all", "x", "y" * 301, "   "):
        with pytest.raises(BadRequest):
            await study.propose(words)
    for wrong in (replace(study, group=UUID(int=7)), replace(study, run=UUID(int=7))):
        with pytest.raises(NotFound):
            await wrong.propose()
    with pytest.raises(NotFound):
        await study.propose(number=9)
    await study.propose(WORDS.replace(" ", "\n "))
    with pytest.raises(Conflict):
        await study.propose()


async def test_masking_more_takes_acceptances_away(study: Study) -> None:
    first, second, third = study.reviewers
    await study.propose()
    await study.decide(first, QuoteDecision.ACCEPT)
    (before,) = await study.shown_to(second)
    with pytest.raises(BadRequest):
        await study.decide_on(before, second, QuoteDecision.MASK_MORE, words="not there")
    await study.decide_on(before, second, QuoteDecision.MASK_MORE, words="Rowing club")
    with pytest.raises(Conflict):
        await study.decide_on(before, third)
    await study.decide(second, QuoteDecision.ACCEPT)
    assert await study.printed() == [], "the first accepted other words"
    await study.decide(first, QuoteDecision.ACCEPT)
    masked = WORDS.replace("rowing club", "[MASKED]")
    assert await study.printed() == [masked]
    async with reading(study.database) as session:
        texts = list(await session.scalars(select(col(Row.text)).order_by(col(Row.number))))
    assert "rowing club" not in " ".join(texts)


async def test_what_is_masked_beside_a_quote_leaves_it_as_it_was(study: Study) -> None:
    first, second, _ = study.reviewers
    await study.propose()
    await study.decide(first, QuoteDecision.ACCEPT)
    await study.decide(second, QuoteDecision.MASK_MORE, words="nobody comes")
    await study.decide(second, QuoteDecision.ACCEPT)
    assert await study.printed() == [WORDS]


async def test_a_doubtful_mask_in_a_quote_comes_off_and_no_sure_one(study: Study, settings: Settings) -> None:
    first, second, _ = study.reviewers
    await add_closed(study.database, texts=[("parent", "My son Tomos Pryce cries every night.")])
    await make_rows(study.database, KEYS, settings, CODEBOOK, now=NOW)
    async with transaction(study.database) as session:
        row = (await session.scalars(select(Row).where(col(Row.text).contains("every night")))).one()
        assert row.text == "My son [PERSON_1] cries every night."
        session.add(ExportMember(run_id=study.run, group_id=row.group_id))
    study = replace(study, group=row.group_id)
    await study.propose("1] cries every")
    (shown,) = await study.shown_to(first)
    assert (shown.text, shown.masks) == ("[PERSON_1] cries every", [])
    with pytest.raises(NotFound):
        await study.decide_on(shown, first, QuoteDecision.UNMASK, at=0)
    async with transaction(study.database) as session:
        row = await session.get_one(Row, (row.group_id, 1))
        row.spans = [{**span, "doubtful": True} for span in row.spans]
    (shown,) = await study.shown_to(first)
    assert [(mask.at, mask.mask, mask.shown) for mask in shown.masks] == [(0, "[PERSON_1]", "Tomos Pryce")]
    await study.decide(second, QuoteDecision.ACCEPT)
    with pytest.raises(NotFound):
        await study.decide_on(shown, first, QuoteDecision.UNMASK, at=1)
    await study.decide_on(shown, first, QuoteDecision.UNMASK, at=0)
    (after,) = await study.shown_to(second)
    assert (after.text, after.accepted) == ("Tomos Pryce cries every", 0)


async def test_a_refused_quote_is_refused_for_good(study: Study) -> None:
    first, second, _ = study.reviewers
    await study.propose()
    (shown,) = await study.shown_to(first)
    await study.decide(second, QuoteDecision.REFUSE)
    assert await study.shown_to(first) == []
    with pytest.raises(Conflict):
        await study.decide_on(shown, first)
    with pytest.raises(Conflict):
        await study.propose()
    async with reading(study.database) as session:
        (standing,) = await quoted.of_researcher(session, study.researcher)
    assert standing.state == "refused"


async def test_a_quote_goes_with_consent_and_with_its_row(study: Study) -> None:
    for reviewer in study.reviewers[:2]:
        if not await study.shown_to(reviewer):
            await study.propose()
        await study.decide(reviewer, QuoteDecision.ACCEPT)
    assert await study.printed() == [WORDS]
    async with transaction(study.database) as session:
        await session.execute(update(Consent).values(withdrawn_at=NOW))
    assert await study.printed() == []
    with pytest.raises(AppError):
        await study.propose("Thank you.", number=2)
    async with transaction(study.database) as session:
        await session.execute(delete(Row))
    async with reading(study.database) as session:
        assert list(await session.scalars(select(Quote))) == []


async def test_every_view_and_decision_is_noted_without_a_word(study: Study) -> None:
    quote = await study.propose()
    await study.decide(study.reviewers[0], QuoteDecision.ACCEPT)
    async with reading(study.database) as session:
        noted = list(
            await session.scalars(
                select(AuditEntry)
                .where(col(AuditEntry.subject) == f"quote:{quote}")
                .order_by(col(AuditEntry.number))
            )
        )
    assert [entry.action for entry in noted] == ["quote.proposed", "quote.read", "quote.accept"]
    assert all(entry.details == {} for entry in noted)


async def test_a_report_prints_accepted_quotes_of_its_own_rows(study: Study, settings: Settings) -> None:
    for _ in range(9):
        await add_closed(study.database, texts=TALK)
    await make_rows(study.database, KEYS, settings, CODEBOOK, now=NOW)
    await study.propose()

    async def report(source: str = "rows", topic: str | None = None) -> str:
        return await build_report(
            study.database,
            content(),
            settings,
            topic=topic,
            period=MONTH,
            source=source,  # type: ignore[arg-type]
        )

    await study.decide(study.reviewers[0], QuoteDecision.ACCEPT)
    assert WORDS not in await report()
    await study.decide(study.reviewers[1], QuoteDecision.ACCEPT)
    assert WORDS in await report()
    assert WORDS in await report(topic="school-refusal")
    assert WORDS not in await report(topic="sleep")
    assert WORDS not in await report("tallies")


async def test_quotes_over_the_pages(service: FastAPI, study: Study) -> None:
    service.state.key_ring = KEYS
    database = study.database
    farid, gwen, huw = [await hire_and_sign_in(database, person) for person in (FARID, GWEN, HUW)]
    run = await requested(database, farid.viewer.staff_id)
    async with transaction(database) as session:
        await runs.approve_run(session, run_id=run, staff_id=gwen.viewer.staff_id, role="reviewer")
    settings = service.state.settings
    await build(database, settings, run, by=farid.viewer.staff_id)
    await runs.release_run(database, settings, run_id=run, staff_id=gwen.viewer.staff_id, role="reviewer")
    form = {"run": str(run), "conversation": str(study.group), "message": "1", "words": WORDS}
    async with browser_of(service, farid) as browser:
        token = browser.headers.pop("X-CSRF-Token")
        assert 'action="/research/quotes"' in (await browser.get("/research")).text
        for wrong in ({"conversation": "3"}, {"message": "one"}, {"words": "<b>no such words</b>"}):
            refused = await browser.post("/research/quotes", data={**form, **wrong, "csrf": token})
            assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
            assert "<b>no" not in refused.text
        assert (await browser.post("/research/quotes", data={**form, "csrf": token})).status_code == 303
        assert "0 of 2 have accepted it" in (await browser.get("/research")).text
    (quote,) = await study.shown_to(study.reviewers[0])
    path = f"/research/review/quotes/{quote.id}"
    async with browser_of(service, huw) as browser:
        token = browser.headers.pop("X-CSRF-Token")
        sent = {"csrf": token, "seen": quote.seen}
        assert (await browser.post(f"{path}/accept", data=sent)).status_code == 403
        assert 'action="/research/quotes"' not in (await browser.get("/research")).text
    async with browser_of(service, gwen) as browser:
        token = browser.headers.pop("X-CSRF-Token")
        sent = {"csrf": token, "seen": quote.seen}
        assert WORDS in (await browser.get("/research/review")).text
        assert (await browser.post(f"{path}/accept", data={"csrf": token})).status_code == 409
        assert (await browser.post(f"{path}/unmask", data={**sent, "at": "0"})).status_code == 404
        assert (await browser.post(f"{path}/accept", data={"seen": quote.seen})).status_code == 403
        assert (await browser.post(f"{path}/accept?lang=cy", data=sent)).status_code == 303
        assert WORDS not in (await browser.get("/research/review")).text


async def test_the_list_of_quotes_is_paged_and_none_is_lost(
    service: FastAPI, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("app.export.quoted", "app.export.pages"):
        monkeypatch.setattr(f"{module}.PAGE", 2)
    quotes = {await study.propose(words) for words in ("He said", "rather row", "the sea", "rowing club")}
    quotes.add(await study.propose("Thank you", number=2))
    farid = await hire_and_sign_in(study.database, FARID)
    theirs = farid.viewer.staff_id
    async with transaction(study.database) as session:  # all are Farid's, and of one moment
        await session.execute(update(Quote).values(proposed_by=theirs, proposed_at=clock.now()))
    seen: list[UUID] = []
    async with browser_of(service, farid) as browser:
        address: str | None = "/research"
        while address:
            page = (await browser.get(address)).text
            following = re.search(r'href="([^"#]+)#quotes"', page)
            address = html.unescape(following[1]) if following else None
            seen.append(UUID(address.rpartition("=")[2]) if address else UUID(int=0))
            assert page.count("0 of 2 have accepted it") == (2 if address else 1)
        assert len(set(seen)) == 3
        assert set(seen[:-1]) <= quotes
        assert (await browser.get(f"/research?quotes_after={uuid4()}")).status_code == 404
    async with reading(study.database) as session:
        pages = [await quoted.of_researcher(session, theirs, after=after) for after in (None, *seen[:-1])]
        listed = [standing.quote.id for page in pages for standing in page[:2]]
        assert len(listed) == 5
        assert set(listed) == quotes
        with pytest.raises(NotFound):  # another's place in the list tells nothing
            await quoted.of_researcher(session, study.researcher, after=seen[0])
