"""Closed conversations for tests, written straight into the tables."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from app import clock
from app.accounts.models import Consent, Staff
from app.chat.models import Conversation, ConversationKey, LogEntry, Participant, StreamHead
from app.content.reading import read_content
from app.db import Database, transaction
from app.export.models import RowGroup
from app.sealing import KeyRing, place
from app.settings import PROJECT
from app.topics.models import Tagging

CODEBOOK = read_content(PROJECT / "content").codebook
KEYS = KeyRing({"test": b"k" * 32})
NOW = clock.now()
LONG_AGO = NOW - timedelta(days=30)
TALK = (
    ("parent", "Hi, my son Tomos Pryce won't go to Elmfield Primary. Call me on 07700 900123"),
    ("coach", "Thank you for writing. How long has Tomos been at home?"),
    ("parent", "3 weeks. tomos is 9 years old"),
)


def row_group(month: date, **facts: object) -> RowGroup:
    """An anonymised conversation of this month, about sleep unless `facts` say otherwise."""
    return RowGroup(
        **{
            "month": month,
            "main_topic": "sleep",
            "topics": ["sleep"],
            "barriers": [],
            "service_gaps": [],
            "disposition": "listened",
            "codebook_version": "1",
            "redactor_version": "1",
            "language": "en",
            **facts,
        }
    )


async def add_staff(database: Database, role: str) -> UUID:
    """A member of staff with this role."""
    staff = Staff(
        email=f"{uuid4().hex}@example.org", name=f"Wren {role.title()}", role=role, created_at=clock.now()
    )
    async with transaction(database) as session:
        session.add(staff)
    return staff.id


async def add_closed(
    database: Database,
    *,
    texts: Sequence[tuple[str, str]] = TALK,
    consent: bool = True,
    closed_at: datetime = LONG_AGO,
    topics: Sequence[str] = ("school-attendance/school-refusal",),
    barriers: Sequence[str] = (),
    service_gaps: Sequence[str] = (),
    disposition: str = "advice-given",
    **facts: object,
) -> UUID:
    """A closed conversation with these messages and tags; `facts` are columns of Conversation."""
    conversation = Conversation(
        **{
            "status": "closed",
            "epoch": "e1",
            "created_at": closed_at - timedelta(hours=1),
            "closed_at": closed_at,
            **facts,
        }
    )
    here = conversation.id
    wrapped = KEYS.new_key(here)
    key = KEYS.unwrap(here, wrapped)
    sender = uuid4()
    codes = {"topic": topics, "barrier": barriers, "service_gap": service_gaps, "disposition": [disposition]}
    async with transaction(database) as session:
        session.add(conversation)
        await session.flush()
        session.add_all(
            [
                ConversationKey(conversation_id=here, wrapped=wrapped),
                StreamHead(conversation_id=here, stream="conv", head=len(texts)),
                StreamHead(conversation_id=here, stream="staff"),
                Participant(id=sender, conversation_id=here, role="parent", joined_at=closed_at),
            ]
        )
        for seq, (speaker, body) in enumerate(texts, start=1):
            message = uuid4()
            session.add(
                LogEntry(
                    conversation_id=here,
                    stream="conv",
                    seq=seq,
                    kind="message.posted",
                    at=closed_at,
                    generation=1,
                    sender_id=sender,
                    speaker=speaker,
                    message_id=message,
                    client_message_id=uuid4(),
                    body=key.seal(body, bound_to=place(here, message, sender)),
                    body_mac=key.mac(body),
                )
            )
        for kind, chosen in codes.items():
            for rank, code in enumerate(chosen, start=1):
                session.add(
                    Tagging(
                        conversation_id=here,
                        kind=kind,
                        code=code,
                        rank=rank,
                        codebook_version=CODEBOOK.version,
                        tagged_by="coach",
                        at=closed_at,
                    )
                )
        if consent:
            session.add(
                Consent(conversation_id=here, purpose="research", wording_version="1", given_at=closed_at)
            )
    return here
