"""Streets and houses."""

import re
from collections.abc import Iterator

from app.anonymise.runs import CAPITAL, named_by, plain
from app.anonymise.spans import Span
from app.anonymise.words import MONTHS, NATIONS, NOT_STREETS, ORDINARY, UNITS, bag

_STREET = (
    r"(?:street|st|road|rd|avenue|ave|lane|ln|close|drive|crescent|cres|gardens|gdns|terrace"
    r"|grove|way|court|place|"
    r"square|mews|hill|row|walk|rise|parade|green|gate|park|view|estate|clse|cl|cresc|terr|av|blvd"
    r"|boulevard|broadway|brow|fold|croft|garth|wynd|brae|dene|chase|mount|promenade|esplanade|reach)"
)
_ADDRESS = re.compile(
    rf"(?i)\b(?P<it>(?:(?:flat|apartment|apt|unit|house|no\.?|number)\s*)?\d{{1,4}}[a-h]?,?\s+"
    rf"(?P<name>[a-z][a-z'\u2019-]+(?:\s+[a-z][a-z'\u2019-]+){{0,2}})\s+(?P<kind>{_STREET}))\b(?!')"
)
_STRONG = frozenset(
    [
        *("street", "road", "rd", "avenue", "ave", "lane", "ln", "crescent", "cres", "gardens", "gdns"),
        *("terrace", "mews", "grove"),
    ]
)  # these make a street of almost any word before them
_NO_STREET = frozenset(
    [
        *("and", "or", "of", "to", "from", "in", "on", "at", "down", "up", "off", "along", "across"),
        *("through", "by", "for", "with", "the", "a", "an", "my", "our", "his", "her", "their", "this"),
        *("that", "is", "was", "were", "are", "have", "had", "i", "we", "he", "she", "they", "it", "but"),
        *("then", "so", "because", "who", "which"),
    ]
)
_LEADING = frozenset(
    [
        *("main", "same", "other", "next", "busy", "quiet", "long", "whole", "wrong", "right", "ring"),
        *("slip", "back-to-back", "dual", "different", "another"),
    ]
)
_ADDRESS_FLAT = re.compile(
    r"\b(?P<it>(?i:flat|apartment|apt|unit|caravan|chalet|plot)\s+(?:\d{1,4}[a-h]?(?:/\d{1,2})?"
    r"|(?<=\bflat\s)[a-h])"
    r"(?:,?\s+(?:The\s)?[A-Z][\w'-]+(?:\s(?:House|Court|Mill|Tower|Towers|Lodge|Point|Heights|Park|Estate))?"
    r"|,?\s(?:the\s)?(?:old\s)?[a-z'-]+\s(?:house|court|tower|towers|lodge|point|mill|heights|mansions"
    r"|buildings)"
    r"|,?\sthe\sold\s[a-z]+)?)\b"
)
_ADDRESS_PLAIN = re.compile(
    rf"\b(?P<it>{CAPITAL}(?:[ ]{CAPITAL}){{0,2}}[ ](?:Street|Road|Rd|Avenue|Ave|Lane|Close|Drive"
    rf"|Crescent|Gardens|Terrace|"
    r"Grove|Way|Court|Gate|Mews|Row|Estate|Walk|Rise|Parade|Place|Square|Hill|Green|Cres|Gdns|Ln"
    r"|Wharf|Quay|Brow|Fold|Croft|Garth|Wynd|Brae|Dene|Chase|Broadway|Boulevard|Clse|Flats|Maisonettes"
    r"|Cottages|Buildings|Mansions|Towers|Heights|Meadows?|Promenade))\b"
)
_TO_STREET = (
    r"(?:on|at|to|in|down|up|along|off|from|near|by|of|round|around|outside|behind|opposite|through"
    r"|past|onto|is"
    r"|live|lives|lived|living|address)"
)
_STREET_CUED = re.compile(
    rf"(?i)\b{_TO_STREET}\s(?P<it>(?P<name>[a-z][a-z'\u2019-]+(?:\s[a-z][a-z'\u2019-]+)?)\s"
    r"(?:street|road|rd|avenue|ave|lane|ln|crescent|cres|gardens|gdns|terrace|mews|grove|close"
    r"|drive|walk|rise"
    r"|court|way))\b(?!')"
)
_NUMBERED = re.compile(
    r"(?i)\b(?P<it>(?:number\s"
    r"|no\.?\s)?\d{1,3}[a-h]?,?\s(?:the\s)?(?P<name>[a-z][a-z'\u2019-]+)(?:\s[a-z]+)?\s"
    r"(?:end|croft|fold|garth|brow|bank|wynd|brae|cottages|villas|meadows?|paddocks?|heights|common"
    r"|orchard|fields?|wharf|quay"
    r"|chase|dene|mount|causeway|yard|nook|top|bottom|vale|view|house|buildings|mansions|flats))\b(?!')"
)
_NUMBERED_THE = re.compile(
    r"(?i)(?<!\w)(?P<it>(?:number\s|no\.?\s)?\d{1,3}[a-h]?,?\sthe\s(?:paddocks?|avenue|street|lane"
    r"|close|crescent|drive|green|mews|square"
    r"|terrace|grove|gardens|orchards?|meadows?|copse|spinney|croft|glebe|ridings?|maltings|oaks"
    r"|elms|limes|beeches|firs|poplars"
    r"|willows|hollies|chase|row|walk|rise|moorings|cloisters|coppice|dell|drove|fairway|greenway"
    r"|hawthorns|laurels|larches))\b"
)
_NUMBER_AND_NAME = re.compile(
    rf"\b(?:[Ff]rom|[Aa]t|[Ll]ives?|[Ll]iving|[Aa]ddress(?: is|:)?|[Nn]umber|[Mm]oved? to|[Ss]end "
    rf"(?:it )?to)[ ]"
    rf"(?P<it>\d{{1,3}}[a-h]?,?[ ]{CAPITAL}(?:[ ]{CAPITAL})?)"
)
_NUMBER_OF = re.compile(
    r"(?i)\b(?P<it>(?:number|no\.?)\s?\d{1,4}[a-h]?)(?=,?\s(?:(?:on|in|at|of)\s)?"
    r"(?:the\s)?[a-z][a-z'-]+(?:\s[a-z'-]+)?\s"
    rf"{_STREET}\b)"
    r"|\b(?:live|lives|living|lived|moved|we're|were|are|is|house|flat|neighbours?|door|staying)\s(?:at"
    r"|is|to|in|from)\s"
    r"(?P<house>(?:number|no\.?)\s?\d{1,4}[a-h]?)\b(?!\s(?:on the list|in the queue))"
)
_LIVES_AT = re.compile(
    r"(?i)\b(?:live|lives|living|lived|staying)\sat\s(?P<it>\d{1,3}[a-h]?)(?=\s*(?:$|[.,!?)])|\s(?:and|with"
    r"|same"
    r"|down|next|but|opposite|across)\b)"
)
_CELTIC = re.compile(
    r"(?i)(?<!\w)(?P<it>(?:\d{1,3}[a-h]?,?\s)?(?:heol|ffordd|stryd|rhodfa|clos|l[o\u00f4]n|maes|cwrt|teras)\s"
    r"(?:(?:y|yr|ty|las|fawr|pen)\s)?[a-z\u00e2\u00ea\u00f4\u0175\u0177]{3,})\b"
)
# An estate or a block: what stands before the word says which, unless it only says what kind.
_ESTATE = re.compile(
    r"(?i)\b(?:on|from|off|around|in|at|near|of|round|to|the|through|by)\s(?P<the>the\s)?"
    r"(?P<it>(?P<name>[a-z][a-z'-]+(?:\s[a-z][a-z'-]+)?)\s"
    r"(?P<kind>estate|flats|towers?|tower\sblock|maisonettes|caravan\spark|holiday\spark|trailer\spark|scheme"
    r"|travellers?\ssite))\b(?!\s(?:agents?|car|of))"
)
_NO_ESTATE = frozenset(
    [
        *(
            "council",
            "housing",
            "local",
            "same",
            "rough",
            "whole",
            "next",
            "industrial",
            "country",
            "new",
            "old",
        ),
        *(
            "big",
            "huge",
            "small",
            "other",
            "nice",
            "horrible",
            "posh",
            "trading",
            "business",
            "retail",
            "real",
        ),
        *(
            "private",
            "our",
            "his",
            "her",
            "their",
            "my",
            "your",
            "this",
            "that",
            "a",
            "an",
            "the",
            "block",
            "water",
        ),
        *(
            "church",
            "clock",
            "bell",
            "lego",
            "jenga",
            "high",
            "rise",
            "student",
            "sheltered",
            "pilot",
            "pension",
        ),
        *(
            "play",
            "eiffel",
            "control",
            "ivory",
            "tall",
            "and",
            "of",
            "on",
            "in",
            "at",
            "from",
            "to",
            "is",
            "was",
        ),
        *(
            "social",
            "some",
            "two",
            "three",
            "grotty",
            "damp",
            "tiny",
            "reward",
            "reading",
            "training",
            "voucher",
        ),
        *(
            "grant",
            "payment",
            "loan",
            "breakfast",
            "buddy",
            "mentoring",
            "apprenticeship",
            "fancy",
            "different",
        ),
        *(
            "first",
            "another",
            "temporary",
            "many",
            "these",
            "those",
            "work",
            "working",
            "traveller",
            "static",
        ),
        *(
            "cooling",
            "transmitter",
            "colour",
            "holiday",
            "caravan",
            "blackpool",
            "any",
            "what",
            "which",
            "all",
        ),
    ]
)
_OLD_HOUSE = re.compile(
    r"(?i)\b(?P<it>the\sold\s(?:forge|rectory|vicarage|school\s?house|bakery|post\soffice|chapel|stables"
    r"|coach\shouse"
    r"|granary|smithy|station\shouse|police\shouse|parsonage|farmhouse|manse|maltings|dairy|barn|mill))\b"
)
_COTTAGE = re.compile(
    r"(?i)(?<![\w'])(?P<it>(?P<name>[a-z][a-z'-]+)\s(?:cottages?|farmhouse|vicarage|rectory))\b"
)
_HOUSE = re.compile(
    rf"\b(?P<it>(?:{CAPITAL}[ ]){{1,3}}(?:Cottages?|Farm|Farmhouse|Lodge|Barn|Rectory|Vicarage"
    rf"|Bungalow|Villa|Towers|Heights|Mansions"
    r"|Point|Tower))\b"
)
_HOUSE_PLAIN = re.compile(
    r"(?i)\b(?:live at|lives at|living at|address is|house is called|house called|staying at"
    r"|moved to|flat in|block called)\s"
    r"(?P<it>(?:the\s)?(?:old\s)?[a-z][a-z'\u2019-]+(?:\s[a-z][a-z'\u2019-]+)?\s(?:cottage|farm"
    r"|farmhouse|lodge|barn|rectory|vicarage"
    r"|house|hall|bungalow|villa|towers?|heights|court|point|mansions))\b"
)

_HAS_DIGIT = re.compile(r"\d")
_STREET_WORDS = frozenset(
    [
        *("street", "road", "rd", "avenue", "ave", "lane", "ln", "crescent", "cres", "garden", "gdn"),
        *("terrace", "mew", "grove", "close", "drive", "walk", "rise", "court", "way", "cottage", "farm"),
        *("farmhouse", "lodge", "barn", "rectory", "vicarage", "bungalow", "villa", "tower", "height"),
        *("mansion", "point", "house", "hall", "st"),
    ]
)


def addressed(text: str) -> Iterator[Span]:
    """Addresses, whole and in part."""
    words = bag(text)
    digits = _HAS_DIGIT.search(text) is not None
    if digits:
        yield from _numbered(text)
    elif "flat" in words:
        yield from named_by(_ADDRESS_FLAT, text, "ADDRESS", 0.88, "a flat and its letter")
    if not text.islower():
        yield from _plain_streets(text)
    for pattern in (_CELTIC, _OLD_HOUSE):
        for match in pattern.finditer(text):
            yield Span(*match.span("it"), "ADDRESS", 0.8, "places", "a house or a street, by its form")
    yield from _blocks(text)
    if digits or not words.isdisjoint(_STREET_WORDS):
        yield from _streets(text)


def _numbered(text: str) -> Iterator[Span]:
    """Streets and houses by their numbers."""
    for match in _ADDRESS.finditer(text):
        words = match["name"].casefold().split()
        spare = UNITS | (_NO_STREET if match["kind"].casefold() in _STRONG else ORDINARY)
        if not set(words) & spare and not (match["kind"].casefold() in _STRONG and words[-1] in _LEADING):
            yield Span(match.start("it"), match.end("it"), "ADDRESS", 0.92, "places", "a number and a street")
    yield from named_by(_ADDRESS_FLAT, text, "ADDRESS", 0.88, "a flat and its number")
    for match in () if text.islower() else _NUMBER_AND_NAME.finditer(text):
        words = match["it"].casefold().replace(",", "").split()[1:]
        if not set(words) & (UNITS | ORDINARY | MONTHS | NATIONS):
            yield Span(
                *match.span("it"), "ADDRESS", 0.8, "places", "a number and a name after a word of place"
            )
    for match in _NUMBER_OF.finditer(text):
        yield Span(
            *match.span("it" if match["it"] else "house"), "ADDRESS", 0.82, "places", "a house's number"
        )
    for match in _LIVES_AT.finditer(text):
        yield Span(*match.span("it"), "ADDRESS", 0.8, "places", "a house's number")


def _plain_streets(text: str) -> Iterator[Span]:
    """Streets by their capitals."""
    for match in _ADDRESS_PLAIN.finditer(text):
        start, words = match.start("it"), match["it"].split(" ")
        while len(words) > 2 and plain(words[0]):
            start += len(words.pop(0)) + 1
        if words[0].casefold() not in NOT_STREETS | _NO_STREET and not words[0].isupper():
            yield Span(start, match.end("it"), "ADDRESS", 0.78, "places", "a name before a word for a street")


def _blocks(text: str) -> Iterator[Span]:
    """Estates, blocks and cottages by their names."""
    for pattern, reason in ((_ESTATE, "a name before a word for an estate"), (_COTTAGE, "a cottage's name")):
        for match in pattern.finditer(text):
            words = match["name"].split(" ")
            while len(words) > 1 and (words[0].casefold() in _NO_ESTATE or plain(words[0])):
                words.pop(0)
            if words[-1].casefold() in _NO_ESTATE | NOT_STREETS or (plain(words[0]) and words[0].islower()):
                continue
            start = match.end("name") - len(" ".join(words))
            estate = pattern is _ESTATE and match["kind"].casefold() in ("estate", "scheme")
            yield Span(start, match.end("name" if estate else "it"), "ADDRESS", 0.76, "places", reason)


def _streets(text: str) -> Iterator[Span]:
    """Streets without a number, and houses with a number or a name, in any case."""
    for match in _STREET_CUED.finditer(text):
        first, *rest = match["name"].casefold().split()
        words = rest if first in NOT_STREETS else [first, *rest]
        if not words or words[-1] in NOT_STREETS:
            continue
        start = match.end("name") - len(words[-1]) if len(words) == 1 else match.start("it")
        yield Span(start, match.end("it"), "ADDRESS", 0.82, "places", "a street after a word of place")
    for pattern in (_NUMBERED, _NUMBERED_THE):
        for match in pattern.finditer(text):
            if pattern is _NUMBERED and match["name"].casefold() in UNITS | ORDINARY:
                continue
            yield Span(match.start("it"), match.end("it"), "ADDRESS", 0.84, "places", "a number and a house")
    yield from named_by(_HOUSE, text, "ADDRESS", 0.76, "a name before a word for a house")
    for match in _HOUSE_PLAIN.finditer(text):
        if not {"my", "his", "her", "our", "a", "this", "your"} & set(match["it"].casefold().split()):
            yield Span(match.start("it"), match.end("it"), "ADDRESS", 0.8, "places", "a house by its name")
