"""How a window seems to be meant: denied, long past, a story, the news, work, a joke, an accident."""

from collections.abc import Sequence

from app.safeguarding.patterns import Hit
from app.safeguarding.tokens import Token, data_words, kind_of

REACH = 3  # words before a phrase in which a denial speaks of it
BEFORE, AFTER = 4, 8  # words around a phrase in which a story, the past, work or a joke makes it another's
_MEANT = frozenset(
    f"<{name}>" for name in ("fiction", "news", "work", "past", "lol", "accident", "skin", "pet", "resolved")
)
_DENIALS = frozenset(data_words("denials.txt"))


def marks(tokens: Sequence[Token], found: list[Hit]) -> list[str]:
    """Names of what was found and of how it seems meant, and of each pair of both."""
    meant = sorted(_MEANT.intersection(map(kind_of, tokens)))
    if not found:
        return [*(f"meant {kind}" for kind in meant), "phrases 0"]
    told = sorted({_told(tokens, hit) for hit in found})
    pairs = [f"{kind} {name}" for kind in meant for name in told]
    return [*(f"meant {kind}" for kind in meant), *told, *pairs, f"phrases {min(len(found), 3)}"]


def plain(tokens: Sequence[Token], found: list[Hit]) -> list[Hit]:
    """The phrases that nothing near them denies or puts into a story, the past, work or a joke."""
    return [hit for hit in found if not _denied(tokens, hit) and not _meant_otherwise(tokens, hit)]


def _meant_otherwise(tokens: Sequence[Token], hit: Hit) -> bool:
    return any(token.kind in _MEANT for token in tokens[max(0, hit.first - BEFORE) : hit.after + AFTER])


def _told(tokens: Sequence[Token], hit: Hit) -> str:
    return f"{'denied' if _denied(tokens, hit) else 'told'} {hit.category}"


def _denied(tokens: Sequence[Token], hit: Hit) -> bool:
    return any(token.word in _DENIALS for token in tokens[max(0, hit.first - REACH) : hit.first])
