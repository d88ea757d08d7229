"""A text's tokens, and what the tagger is told of each."""

import re
from dataclasses import dataclass

from app.anonymise.allowed import BLANK
from app.anonymise.meanings import meaning_of
from app.anonymise.words import GIVEN_NAMES, NATIONS, ORDINARY, WORD_NAMES, lexicon, long_places

_TOKEN = re.compile(rf"[^\W\d_{BLANK}]+(?:['-][^\W\d_]+)*|\d+|[^\s]")
_ENDINGS = ("'s", "'ll", "'d", "'ve", "'re", "'m")
_CLOSED = frozenset(
    [
        "a",
        "about",
        "after",
        "again",
        "all",
        "also",
        "always",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "ask",
        "at",
        "away",
        "back",
        "be",
        "because",
        "been",
        "before",
        "being",
        "but",
        "by",
        "can",
        "cant",
        "come",
        "could",
        "did",
        "didnt",
        "do",
        "does",
        "doesnt",
        "done",
        "dont",
        "down",
        "each",
        "even",
        "every",
        "few",
        "for",
        "from",
        "get",
        "gets",
        "go",
        "goes",
        "going",
        "got",
        "had",
        "has",
        "hasnt",
        "have",
        "he",
        "her",
        "here",
        "hers",
        "hes",
        "him",
        "his",
        "how",
        "i",
        "if",
        "im",
        "in",
        "into",
        "is",
        "isnt",
        "it",
        "its",
        "ive",
        "just",
        "keeps",
        "kept",
        "let",
        "like",
        "little",
        "make",
        "may",
        "me",
        "might",
        "more",
        "most",
        "must",
        "my",
        "need",
        "never",
        "next",
        "no",
        "not",
        "now",
        "of",
        "off",
        "on",
        "once",
        "one",
        "only",
        "or",
        "our",
        "out",
        "over",
        "own",
        "please",
        "said",
        "same",
        "say",
        "says",
        "see",
        "she",
        "shes",
        "should",
        "so",
        "some",
        "still",
        "such",
        "than",
        "that",
        "thats",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "too",
        "until",
        "up",
        "us",
        "very",
        "was",
        "we",
        "went",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whos",
        "why",
        "will",
        "with",
        "without",
        "wont",
        "would",
        "yes",
        "yet",
        "you",
        "your",
        "youre",
    ]
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or mark, without an ending such as 's."""

    start: int
    end: int
    text: str
    folded: str
    after: str  # the ending


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text, in order."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        folded, ending = word.casefold(), ""
        if "'" in word:
            for known in _ENDINGS:
                if folded.endswith(known) and len(folded) > len(known):
                    ending = known
                    word = word[: -len(known)]
                    folded = word.casefold()
                    break
        found.append(Token(match.start(), match.start() + len(word), word, folded, ending))
    return found


def _shape(word: str) -> str:
    if word.islower():
        return "x"
    if word.isupper():
        return "X" if len(word) > 1 else "I"
    if word[0].isupper():
        return "Xx" if word[1:].islower() else "XxX"
    if word.isdigit():
        return f"d{min(len(word), 5)}"
    return "xX" if word[0].isalpha() else word


def _kind(folded: str) -> tuple[str, str]:
    """The word itself where it is one that everybody uses, else what it may be; and its flags."""
    entry = lexicon().get(folded)
    if entry is None:
        base = lexicon().get(folded[:-1]) if folded.endswith("s") and len(folded) > 3 else None
        if base is not None and "G" in base[1]:
            return "<Gs>", "Gs"
        parts = folded.split("-")
        if len(parts) > 1 and all(part in lexicon() for part in parts):
            return "<->", "-" + "".join(sorted({flag for part in parts for flag in lexicon()[part][1]}))
        return "<?>" if folded[:1].isalpha() else folded, "?"
    common, flags = entry
    told = f"{flags}{min(5, common)}"
    if folded in _CLOSED or folded in ORDINARY or ("O" in flags and "P" not in flags and "G" not in flags):
        return folded if common >= 3 else f"<{told}>", "O" + str(common)
    if folded in WORD_NAMES:
        return folded, "W" + told
    if flags in ("", "O") and common >= 3:
        return folded, told
    if folded in GIVEN_NAMES:
        told += "!"
    return f"<{told}>", told


_KINDS: dict[str, tuple[str, str]] = {}
_NO_WORD = ("-", "-")


def _meaning(folded: str) -> tuple[str, str]:
    """The clusters of a word; a word that everybody uses stands for itself alone."""
    if not folded[0].isalpha():
        return _NO_WORD
    return (folded, folded) if folded in _CLOSED else meaning_of(folded)


def features(tokens: list[Token]) -> list[list[str]]:
    """What is told of each token: itself, its neighbours, its letters."""
    size = len(tokens)
    words, flags, shapes = ["^", "^"], ["^", "^"], ["^", "^"]
    letters = [token.text for token in tokens if token.text[0].isalpha()]
    capitals = sum(word[0].isupper() for word in letters)
    style = "l" if capitals == 0 else "U" if capitals > 0.7 * len(letters) and capitals > 2 else "m"
    for token in tokens:
        kind = _KINDS.get(token.folded)
        if kind is None:
            kind = _kind(token.folded)
            if len(_KINDS) < 200_000:
                _KINDS[token.folded] = kind
        words.append(kind[0])
        flags.append(kind[1])
        shapes.append(_shape(token.text))
    for column in (words, flags, shapes):
        column += ["$", "$"]
    meanings = [("^", "^"), *(_meaning(token.folded) for token in tokens), ("$", "$")]
    places = _place_runs(tokens)
    told = []
    opens = True
    for at in range(size):
        token = tokens[at]
        here = at + 2
        w0, w1, w2, v1, v2 = words[here], words[here - 1], words[here - 2], words[here + 1], words[here + 2]
        f0, f1, g1 = flags[here], flags[here - 1], flags[here + 1]
        shape = shapes[here]
        s0 = f"{style}{shape}{'^' if opens else ''}"
        row = [
            "w0=" + w0, "f0=" + f0, "s0=" + s0, "f0s=" + f0 + s0,
            "w-1=" + w1, "w-2=" + w2, "w+1=" + v1, "w+2=" + v2,
            "f-1=" + f1, "f+1=" + g1, "s-1=" + shapes[here - 1], "s+1=" + shapes[here + 1],
            "a=" + w1 + "|" + f0, "b=" + f0 + "|" + v1, "c=" + w1 + "|" + v1 + "|" + f0[:1],
            "d=" + w2 + "|" + w1 + "|" + f0[:1], "e=" + v1 + "|" + v2 + "|" + f0[:1],
            "g=" + w1 + "|" + s0, "h=" + s0 + "|" + v1, "i=" + w1 + "|" + w0, "j=" + w0 + "|" + v1,
            "f3=" + f1 + "|" + f0 + "|" + g1,
        ]  # fmt: skip
        (fine, coarse), (fine1, coarse1), (fine2, coarse2) = meanings[at + 1], meanings[at], meanings[at + 2]
        row += [
            "B0=" + fine, "C0=" + coarse, "B-1=" + fine1, "C-1=" + coarse1, "B+1=" + fine2, "C+1=" + coarse2,
            "X=" + coarse1 + "|" + f0, "Y=" + f0 + "|" + coarse2,
            "Z=" + coarse1 + "|" + coarse2 + "|" + f0[:1],
        ]  # fmt: skip
        if token.after:
            row.append("'=" + token.after)
        if here > 2 and tokens[at - 1].after:
            row.append("'-1=" + tokens[at - 1].after)
        if places[at]:
            row.append("run")
        if w0[0] == "<" and token.text[0].isalpha():
            folded = token.folded
            row += ["p3=" + folded[:3], "e2=" + folded[-2:], "e3=" + folded[-3:]]
        told.append(row)
        opens = token.text in '.!?\n:"(-' and not token.text[0].isalnum()
    return told


def _place_runs(tokens: list[Token]) -> list[bool]:
    """Which tokens lie in a known place of several words."""
    inside = [False] * len(tokens)
    known = long_places()
    for at, token in enumerate(tokens):
        for names in known.get(token.folded, ()):
            if tuple(following.folded for following in tokens[at : at + len(names)]) == names:
                inside[at : at + len(names)] = [True] * len(names)
                break
    return inside


__all__ = ["NATIONS", "Token", "features", "tokens_of"]
