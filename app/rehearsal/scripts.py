"""Turns questions into scripts: what each rehearsed parent and coach will say and do, all from one seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import msgspec
import yaml

from app.content.rules import Codebook
from app.realtime.concern_frames import RiskCategory
from app.rehearsal.questions import Question, in_messages

Side = Literal["parent", "coach"]
REPLY_CHARACTERS = 400  # a coach sends several short messages rather than one long one
SCHOOL = ("school-attendance", "school-life", "send", "bullying")
TOLD = 0.6  # how many parents fill in a band
DROPPED = 0.15  # how many parents lose their connection on the way
GAP = 0.4

WORDS = (
    *("amber", "badger", "birch", "bramble", "brook", "cedar", "clover", "copper", "curlew", "dapple"),
    *("fern", "finch", "flint", "gorse", "hazel", "heron", "iris", "juniper", "kestrel", "linnet"),
    *("maple", "meadow", "nettle", "osprey", "otter", "pebble", "plover", "quartz", "robin", "rowan"),
    *("saffron", "sorrel", "swift", "tansy", "teasel", "thistle", "violet", "willow", "wren", "yarrow"),
)
THANKS = (
    "Thank you, that helps.",
    "Thanks. I had not thought of it like that.",
    "That makes sense. I will try it tonight.",
    "Thank you for taking the time to read all of this.",
)
NODS = ("Yes.", "OK, I see.", "Right, I understand.", "Thank you. Please go on.")


class Worry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    category: RiskCategory
    share: float


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    topics: tuple[str, ...]
    concern: Worry | None = None


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What other sources call a topic, in our codes."""

    fallback: str
    labels: dict[str, Label]


@dataclass(frozen=True, slots=True, repr=False)
class Script:
    """One conversation, planned. Holds a person's words, so no repr."""

    canary: str
    opening: tuple[str, ...]
    replies: tuple[str, ...]
    nods: tuple[str, ...]
    thanks: str
    consent: bool
    child: dict[str, str]
    topics: tuple[str, ...]
    disposition: str
    barriers: tuple[str, ...]
    service_gaps: tuple[str, ...]
    concern: RiskCategory | None
    ended_by: Side
    drops: frozenset[int]  # after which of their own messages the parent's connection breaks

    @property
    def parent_messages(self) -> int:
        return len(self.opening) + len(self.nods) + 1


@cache
def read_mapping() -> Mapping:
    """Labels of other sources and our codes for them."""
    path = Path(__file__).with_name("topics.yaml")
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Mapping)


def write_scripts(
    questions: Sequence[Question], *, codebook: Codebook, seed: int, consent: float, limit: int
) -> list[Script]:
    """One script for each question: the same seed gives the same scripts. `limit` is in characters."""
    chance = random.Random(seed)  # noqa: S311 (a rehearsal repeats itself on purpose)
    mapping = read_mapping()
    return [
        _write(question, codebook, mapping, chance, number=number, consent=consent, limit=limit)
        for number, question in enumerate(questions)
    ]


def _write(
    question: Question,
    codebook: Codebook,
    mapping: Mapping,
    chance: random.Random,
    *,
    number: int,
    consent: float,
    limit: int,
) -> Script:
    label = mapping.labels.get(question.topic) or Label(
        topics=(question.topic if codebook.known("topic", question.topic) else mapping.fallback,)
    )
    canary = f"{chance.choice(WORDS)}-{number:05d}-{chance.getrandbits(40):010x}"
    opening = [f"{question.title.strip()} [{canary}]", *in_messages(question.text, limit=limit)]
    replies = in_messages(question.reply, limit=min(limit, REPLY_CHARACTERS))
    replies = [f"[{canary}] {replies[0]}", *replies[1:]]
    nods = [chance.choice(NODS) for _ in replies[1:]]
    said = len(opening) + len(nods)
    at_school = any(topic.partition("/")[0] in SCHOOL for topic in label.topics)
    worry = label.concern
    raised = worry is not None and chance.random() < worry.share
    return Script(
        canary=canary,
        opening=tuple(opening),
        replies=tuple(replies),
        nods=tuple(nods),
        thanks=chance.choice(THANKS),
        consent=chance.random() < consent,
        child=child_facts(codebook, chance),
        topics=label.topics,
        disposition=chance.choice([code.id for code in codebook.dispositions if code.data]),
        barriers=some_codes(codebook, "barrier", chance, share=1.0 if at_school else 0.0),
        service_gaps=some_codes(codebook, "service_gap", chance, share=1.0 if at_school else GAP),
        concern=worry.category if worry is not None and raised else None,
        ended_by=chance.choice(get_args(Side)),
        drops=frozenset({chance.randint(1, said)} if chance.random() < DROPPED else ()),
    )


def child_facts(codebook: Codebook, chance: random.Random) -> dict[str, str]:
    """What a parent says about the child: each band told by most, not by all."""
    kinds = ("age_band", "stage", "send", "attendance", "region")
    return {
        kind: chance.choice([code.id for code in codebook.codes(kind)])
        for kind in kinds
        if chance.random() < TOLD
    }


def some_codes(codebook: Codebook, kind: str, chance: random.Random, *, share: float) -> tuple[str, ...]:
    """Between one and three codes of a kind, or none."""
    if chance.random() >= share:
        return ()
    codes = [code.id for code in codebook.codes(kind) if code.data]
    return tuple(chance.sample(codes, k=min(len(codes), chance.randint(1, 3))))
