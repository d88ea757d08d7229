"""Account names and web addresses, with and without the signs that mark them."""

import re
from collections.abc import Iterator

from app.anonymise.spans import Span
from app.anonymise.words import NOBODY, bag, common, flags_of

_SITE = (
    r"(?:[fr]?insta(?:gram)?|ig|gmail|hotmail|icloud|yahoo|snap(?:chat)?|tik ?tok|tt|discord|twitter"
    r"|xbox(?: live)?|roblox|psn"
    r"|playstation|gamer ?tag|fortnite"
    r"|minecraft|steam|user ?name|user id|screen ?name|login|twitch|kik|facebook|fb|reddit|youtube"
    r"|yt|telegram|whatsapp|onlyfans"
    r"|vinted|bereal|threads|bluesky|wattpad|omegle|yubo|channel|profile|handle|account|acc|page)"
)
_BETWEEN = (
    r"(?:\s+(?:name|account|acc|username|user|is|called|tag|as|under|handle|her|his|my|their|the|on"
    r"|id|profile|page|its|it's|was"
    r"|goes by|hes|he's|shes|she's|im|i'm|i am|named|channel|new|old|second|other|private|secret|add"
    r"|me|find|by|at|it|there"
    r"|of|and|name's|with|a|an|up|made|they|he|she|they're|one)\b){0,5}"
)
_NEAR = re.compile(
    rf"(?i)\b{_SITE}\b(?P<is>'?s)?(?P<between>{_BETWEEN})\s*(?P<sign>[:=,(-]?)\s*[\"'@(]?"
    rf"(?P<it>[A-Za-z0-9_][\w.#-]*\w)"
)
_SAYS_SO = re.compile(r"(?i)\b(?:called|named|as|under|is|its|it's|by|name|im|i'm|id|hes|shes)\s*$")
_AT = re.compile(r"(?<![\w.@])@\s?[A-Za-z0-9_](?:[\w.]{1,29})")
_SHAPED = re.compile(
    r"(?<![\w@./:-])(?:"
    r"[A-Za-z0-9]+(?:_+[A-Za-z0-9.]+)+_*"  # words joined by underscores
    r"|_+[A-Za-z][\w.]{2,}|[A-Za-z][A-Za-z0-9.]{2,}_+(?![\w])"
    r"|[A-Za-z][\w.]{2,}#\d{4}"
    r"|[A-Z][a-z]+[A-Z][A-Za-z]*\d+|[A-Z]?[a-z]+[A-Z][a-z]+[A-Za-z]*\d+"
    r"|[xX]{1,2}[A-Z][A-Za-z0-9]+[xX]{1,2}"
    r")(?![\w@])"
)
_GOES_BY = re.compile(
    r"(?i)\b(?:goes by|known as|called|named|under|as|calls (?:him|her)self|signs in as)\s+[\"']?"
    r"(?P<it>[A-Za-z][\w.]*\w)[\"']?\s+on\s+"
    rf"(?:there|{_SITE})\b"
)
_ON = re.compile(rf"(?i)(?<![\w@.])(?P<it>[a-z][\w.]*\d[\w.]*)\s+on\s+(?:the\s)?{_SITE}\b")
_WORD_TLD = r"(?:be|me|to|it|in|us|so|at|is|link|page|live|app|life|care|help|info|io|co|am)"
_TLD = (
    r"(?:com|co\.uk|org\.uk|sch\.uk|ac\.uk|me\.uk|ltd\.uk|org|net|uk|wales|cymru|scot|london|eu|ie"
    r"|blog|shop|online|site"
    r"|website|xyz|tv|gg|ly|club|store|dev|biz)"
)
_ENDS = r"(?<![.,;:!?)'\"])"
_URL = re.compile(
    rf"(?i)\b(?:https?://|www\.)[^\s\[\]<>\ue000]+{_ENDS}"
    rf"|(?<![@\w.])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.{_TLD}\b(?!\.?\w)(?:/[^\s\[\]<>\ue000]*{_ENDS})?"
    rf"|(?<![@\w.])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.{_WORD_TLD}/[^\s\[\]<>\ue000]+{_ENDS}"
)
_URL_SPACED = re.compile(
    r"(?i)(?<![@\w])[a-z0-9-]{3,}\s?\.\s?(?:com|co\s?\.\s?uk|org\s?\.\s?uk|sch\s?\.\s?uk)\b"
    r"(?:\s?/\s?[\w-]+)*"
)
_URL_SPOKEN = re.compile(
    r"(?i)\b(?:(?:www|w w w) dot )?[a-z0-9-]{3,}(?: dot [a-z0-9-]+)* dot (?:com|co dot uk|co uk|org"
    r"|org dot uk|net|uk"
    r"|sch dot uk)\b(?:(?: forward)? slash [\w-]+)*"
)
_SITES_WORDS = frozenset(re.findall(r"[a-z]{2,}", _SITE)) | {
    *("finsta", "rinsta", "instagram", "snapchat", "tiktok", "username", "userid", "screenname", "gamertag"),
}
_HAS_SHAPE = re.compile(r"_|#\d{4}|[xX][A-Z]|[a-z][A-Z]\w*\d")
_HAS_DOT = re.compile(r"(?i)\.\s?[a-z]|://|\bdot\b|www")
_COUNTED = re.compile(r"\d+(?:st|nd|rd|th|am|pm|k|m|yo|yrs?|hrs?|mins?|gb|x)?|(?:y|yr|year)\d+")
_NEVER = frozenset(
    ["mp3", "mp4", "covid19", "ps4", "ps5", "3ds", "y7", "y8", "wi-fi", "year7", "iphone", "ipad"]
)


def accounts(text: str) -> Iterator[Span]:
    """Account names by their shape, or by the site that is named before or after them."""
    if "@" in text:
        yield from _each(_AT, text, "HANDLE", 0.9, "an account name after @")
    if _HAS_SHAPE.search(text):
        yield from _each(_SHAPED, text, "HANDLE", 0.8, "a word with the shape of an account name")
    if bag(text).isdisjoint(_SITES_WORDS):
        return
    for match in _NEAR.finditer(text):
        told = (
            match["sign"] in (":", "=")
            or match["is"] == "'s"
            or _SAYS_SO.search(match["between"]) is not None
        )
        if _account(match["it"], told=told):
            yield Span(
                *match.span("it"), "HANDLE", 0.82, "format", "an account name after the name of a site"
            )
    for match in (*_GOES_BY.finditer(text), *_ON.finditer(text)):
        if _account(match["it"], told=True):
            yield Span(
                *match.span("it"), "HANDLE", 0.82, "format", "an account name before the name of a site"
            )


def addresses_of_the_web(text: str) -> Iterator[Span]:
    """Web addresses, whole, without their beginning, spaced out, and spoken."""
    if not _HAS_DOT.search(text):
        return
    yield from _each(_URL, text, "URL", 0.9, "a web address that is not a public service's")
    yield from _each(_URL_SPACED, text, "URL", 0.85, "a web address with spaces")
    yield from _each(_URL_SPOKEN, text, "URL", 0.85, "a web address in words")


def _account(word: str, *, told: bool) -> bool:
    """Whether a word beside the name of a site is an account's.

    By its shape, or, where the words between say that a name follows, by being no word.
    """
    folded = word.casefold().strip(".-")
    if folded in NOBODY or folded in _NEVER or folded.isdigit():
        return False
    if re.search(r"[\d_#]", word) and re.search(r"[A-Za-z]", word):
        return told or _COUNTED.fullmatch(folded) is None
    if re.search(r"[a-z]\.[a-z]", folded) or re.search(r"[a-z][A-Z]", word):
        return told or common(folded.split(".")[0]) < 3
    return told and len(folded) > 4 and common(folded) == 0 and flags_of(folded) == "" and "-" not in folded


def _each(pattern: re.Pattern[str], text: str, kind: str, score: float, reason: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        yield Span(match.start(), match.end(), kind, score, "format", reason)
