"""Invented families for the demo: templates whose names, ages and places differ each time."""

import random
from functools import cache
from pathlib import Path

import msgspec
import yaml

from app.content.rules import Codebook
from app.realtime.concern_frames import RiskCategory
from app.rehearsal.scripts import Script, child_facts, some_codes

CONSENT = 0.6


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One template. `weight` says how often it is told; `school` that barriers stand behind it."""

    topics: tuple[str, ...]
    opening: tuple[str, ...]
    replies: tuple[str, ...]
    nods: tuple[str, ...]
    thanks: str
    weight: int = 1
    school: bool = False
    concern: RiskCategory | None = None


class Stories(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All templates and what fills them; `strangers` is said to visitors who are not rehearsed."""

    boys: tuple[str, ...]
    girls: tuple[str, ...]
    places: tuple[str, ...]
    phones: tuple[str, ...]
    strangers: tuple[str, ...]
    stories: tuple[Story, ...]


@cache
def read_stories() -> Stories:
    """The demo's templates."""
    path = Path(__file__).with_name("stories.yaml")
    return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Stories)


def tell(codebook: Codebook, chance: random.Random) -> Script:
    """One invented conversation."""
    stories = read_stories()
    story = chance.choices(stories.stories, weights=[found.weight for found in stories.stories])[0]
    words = {
        "boy": chance.choice(stories.boys),
        "girl": chance.choice(stories.girls),
        "place": chance.choice(stories.places),
        "phone": chance.choice(stories.phones),
        "young": chance.choice(("three", "four", "five", "six")),
        "age": chance.choice(("eight", "nine", "ten", "eleven", "twelve")),
        "teen": chance.choice(("thirteen", "fourteen", "fifteen", "sixteen")),
    }

    def filled(lines: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(line.format(**words) for line in lines)

    return Script(
        canary="",
        opening=filled(story.opening),
        replies=filled(story.replies),
        nods=filled(story.nods),
        thanks=story.thanks,
        consent=chance.random() < CONSENT,
        child=child_facts(codebook, chance),
        topics=tuple(codebook.resolve(topic) for topic in story.topics),
        disposition=chance.choice([code.id for code in codebook.dispositions if code.data]),
        barriers=some_codes(codebook, "barrier", chance, share=0.9 if story.school else 0.0),
        service_gaps=some_codes(codebook, "service_gap", chance, share=0.7 if story.school else 0.3),
        concern=story.concern,
        ended_by=chance.choice(("parent", "coach")),
        drops=frozenset(),
    )
