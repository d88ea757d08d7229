"""People's names: by known names, by the words around them, and by memory of the conversation."""

import re
from collections.abc import Iterator, Sequence

from app.anonymise.nicknames import nicknames_of, related, unlikely_word
from app.anonymise.runs import beside_a_thing
from app.anonymise.spans import Span
from app.anonymise.words import GIVEN_NAMES, MONTHS, NOBODY, ORDINARY, WORD_NAMES, bag, common, flags_of

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_NAME = r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*"
_CAPITAL = r"[A-Z\u00c0-\u00de](?:[^\W\d_]|['\u2019-](?=[^\W\d_]))*"
_TITLE = re.compile(
    rf"\b(?i:mr|mrs|miss|ms|mx|dr|doctor|prof|professor|sir|rev|sister|father|pc|sgt|auntie"
    rf"|aunty|aunt|uncle|nanny|nan|"
    rf"grandma|grandad)\b\.?[ ](?P<it>{_CAPITAL}(?:[ ]{_CAPITAL}){{0,2}})"
)
_TITLE_PLAIN = re.compile(rf"(?i)\b(?:mr|mrs|miss|ms|mx|dr)\b\.?[ ](?P<it>{_NAME})")
KIN = (
    r"(?:son|daughter|child|baby|boy|girl|twins?|brother|sister|step-?(?:son|daughter|mum|dad"
    r"|brother|sister)|partner|"
    r"husband|wife|ex|ex-husband|ex-wife|ex-partner|boyfriend|girlfriend|fianc[e\u00e9]e?"
    r"|friend|mate|cousin|nephew|niece|"
    r"grandson|granddaughter|dad|mum|mam|teacher|tutor|head|headteacher|senco|social worker"
    r"|key ?worker|neighbour|"
    r"childminder|eldest|youngest|oldest|middle one|little one|toddler|teenager|lad|bully)"
)
_KINSHIP = re.compile(rf"(?i:\b{KIN})(?:,|\s+is)?[ ]\(?(?P<it>{_CAPITAL}(?:[ ]{_CAPITAL})?)")
_CALLED = re.compile(
    rf"(?i:\b(?:called|named|name is|name's|names|known as|goes by|i'?m|i am|this is|it's"
    rf"|my name'?s?|we call (?:him|her)|"
    rf"nickname(?:d| is)?))[ ]\"?(?P<it>{_CAPITAL}(?:[ ]{_CAPITAL})?)"
)
_CALLED_PLAIN = re.compile(
    rf"(?i)\b(?:is called|named|his name is|her name is|my name is|name's)[ ](?P<it>{_NAME})"
)
_ME = re.compile(rf"(?i)\b(?:it'?s|this is)[ ](?:only[ ])?me,?[ ](?P<it>{_NAME})(?=\s*(?:[,.!?]|x+\b|$))")
_VOCATIVE = re.compile(
    rf"(?i:\b(?:hi|hello|hey|hiya|dear|thanks|thank you|cheers|sorry|welcome|bye|morning"
    rf"|afternoon|evening))"
    rf"(?:[ ](?i:again|there))?,?[ ](?P<it>{_CAPITAL})(?=[\s,.!?:;-]|$)"
)
_SIGNED = re.compile(
    rf"(?i:(?:thanks|thank you|regards|best wishes|love|cheers|from|yours|many thanks"
    rf"|take care)[,.!]?\s*\n?\s*)"
    rf"(?P<it>{_CAPITAL}(?:[ ]{_CAPITAL})?)[ ]?(?:x{{1,3}})?\s*$"
)
_SPEAKER = re.compile(
    rf"(?i:\b(?:asked|told|tell|tells|with|from|spoke to|spoken to|speak to|saw|see|met|rang|texted"
    rf"|emailed|and))[ ]"
    rf"(?P<it>{_NAME})(?=[ ](?:to|and|said|says|that|if|about|from|at|who|he|she)\b|[,.!?]|$)"
)
_SUBJECT = re.compile(
    rf"(?P<it>{_NAME})(?=[ ](?:is|was|has|had|said|says|thinks|wants|wanted|needs|hates|loves|likes|will not"
    r"|will|wont|won't|would|wouldnt|wouldn't|cant|can't|doesnt|doesn't|does not|didnt|didn't|goes|went|gets"
    r"|got|came|comes|keeps|started|starts|refuses|refused|used to|rose|cried|cries|feels|felt|told|asked|hit"
    r"|hits|left|isnt|isn't|hasnt|hasn't|struggles|did|does|from early help|from his|from her)\b)"
)
_AND_NAME = re.compile(
    rf"(?i)\b(?:him|her|me|he|she|them|us) and (?P<it>{_NAME})(?=[ ][a-z]|[,.!?]|$)"
    rf"|\b(?:hates?|loves?|misses|fancies|hit|bit|told|rang|texted|bullies|blames|trusts?|adores"
    rf"|worships)[ ]"
    rf"(?P<other>{_NAME})(?=[,.!?]|$)"
)
_HAS_BEEN = re.compile(
    rf"(?:^|[.!?\n]\s*|\b(?i:and|but|so|because|cos|since|when|if|that)[ ])(?P<it>{_NAME}?)(?:['\u2019]s|s)"
    rf"(?=[ ](?:been|got|gone|going|not|had|always|still|never|refusing|started|being)\b)"
)
_EXPLAINED = re.compile(
    rf"(?:^|[.!?\n]\s*)(?P<it>{_NAME})(?=,?[ ]\(?(?i:her|his|my|our|their|the)[ ](?i:{KIN}|nickname"
    rf"|mother|father|boss|nan)\b)"
    rf"|(?i:\b(?:was it|it was|its|it's|is it|not)[ ])(?P<other>{_NAME})(?=[ ](?i:who|that|again)\b)"
)
_WITH_SURNAME = re.compile(rf"\b(?P<it>(?P<first>{_CAPITAL})[ ](?P<last>{_CAPITAL}))")
_STYLES = frozenset(
    [
        *("pc", "sgt", "dc", "prof", "professor", "doctor", "cllr", "rev", "dr", "mr", "mrs", "ms", "mx"),
        *("officer", "inspector"),
    ]
)
_POSSESSIVE = re.compile(
    rf"(?P<it>{_NAME}?)(?:['\u2019]s|s)(?=[ ](?:mum|dad|mam|school|teacher|room|bedroom|phone"
    rf"|behaviour|birthday|attendance|"
    rf"sister|brother|friend|friends|nan|father|mother|class|house|senco|doctor|gp|anxiety|ehcp)\b)"
)
_FRIENDS = re.compile(
    rf"(?i)\b(?:mate|friend|pal|cousin|brother|sister|nan|aunt|auntie|uncle|girlfriend|boyfriend)[ ]"
    rf"(?P<it>{_NAME}?)(?:['\u2019]s|s)\b"
)
_IS_KIN = re.compile(
    rf"(?:^|[.!?,;\n]\s*|\b(?i:and|but|so)[ ])(?P<it>{_NAME})[ ](?i:is|was)[ ](?i:my|her|his|our|their)[ ]"
    rf"(?:[a-z]+(?:'s)?[ ]){{0,2}}(?i:{KIN}|(?:actual[ ]|real[ ]|full[ ]|middle[ ]|first[ ])?name)\b"
)
_BOTH = re.compile(
    rf"(?:^|[.!?\n]\s*|\b(?i:but|so|because|that|think)[ ])(?P<it>{_NAME})[ ](?:and|&)[ ](?P<other>{_NAME})"
    rf"(?=[ ](?:are|were|have|had|both|fell|fight|wont|don't|dont|get|got|go|went|share|hate|love)\b)"
)
_CONJOINED = re.compile(rf"(?P<it>{_CAPITAL})[ ](?:and|&)[ ]{_CAPITAL}\b")
_INITIALS = re.compile(
    r"\b(?i:mr|mrs|miss|ms|dr|called|initials(?: are)?)[ ](?P<it>[A-Z](?:[.-]?[A-Z]){0,2}\.?)(?![\w'])"
)
_PLACE_BEFORE = re.compile(r"(?i)\b(?:in|at|from|near|to|live|around|outside)\s+$")
_SENTENCE_START = re.compile(r"(?:^|[.!?:\n]|[\"(\u201c])\W*$")
_MAYBE_NAMES = (WORD_NAMES | {"jan"}) - (ORDINARY - {"will", "jan"})
# Of these, what nobody hates or loves as a thing.
_ALONE = _MAYBE_NAMES - {"art", "rain", "summer", "winter", "autumn", "spring", "june", "april", "august"}
_NO_MONTHS = _MAYBE_NAMES - MONTHS
_REJECTED_ENDS = ("ing", "ly", "tion", "ness", "ment", "n't", "'re", "'ll", "'ve", "'d", "'m")


def named(text: str) -> Iterator[Span]:
    """Names in one text, by the lists of given names and by the words around them."""
    capitals = not text.islower() and not _shouted(text)
    if capitals:
        for pattern, score, reason in (
            (_TITLE, 0.93, "a name after a title"),
            (_INITIALS, 0.9, "initials after a title"),
            (_KINSHIP, 0.86, "a name after a word of kinship or role"),
            (_CALLED, 0.84, "a name after called or named"),
            (_VOCATIVE, 0.86, "somebody greeted by name"),
            (_SIGNED, 0.86, "a signature"),
        ):
            yield from _cued(pattern, text, score, reason)
    for pattern, score, reason in (
        (_TITLE_PLAIN, 0.85, "a word after a title"),
        (_CALLED_PLAIN, 0.83, "a word after is called"),
        (_ME, 0.82, "a word after it's me"),
    ):
        yield from _cued(pattern, text, score, reason)
    yield from _listed(text)
    yield from _possessives(text)
    if not bag(text).isdisjoint(_MAYBE_NAMES):
        yield from _word_names(text)
        yield from _word_name_alone(text)
    if not text.islower():
        yield from _before_surnames(text)
    if capitals:
        yield from _capitals(text)


def remembered(texts: Sequence[str], surfaces: Sequence[str]) -> Iterator[list[Span]]:
    """For each text, where a name that was found anywhere in the conversation stands, in any case.

    So are its nicknames, short forms and misspellings, where they are no words that one expects. A name that
    is also an ordinary word counts only where it has a capital inside a sentence.
    """
    tokens = {token.casefold() for surface in surfaces for token in _WORD.findall(surface) if len(token) > 1}
    tokens = {token.removesuffix("'s").removesuffix("\u2019s") for token in tokens} - ORDINARY
    sure = tokens - WORD_NAMES
    if not tokens:
        yield from ([] for _ in texts)
        return
    pattern = re.compile(
        r"(?<![^\W_])("
        + "|".join(map(re.escape, sorted(tokens, key=len, reverse=True)))
        + r")(?=(?:['\u2019]?s)?(?![^\W_]))",
        re.IGNORECASE,
    )
    for text in texts:
        yield [
            Span(match.start(1), match.end(1), "PERSON", 0.66, "memory", "a name found elsewhere")
            for match in pattern.finditer(text)
            if match[1].casefold() in sure
            or (match[1][0].isupper() and not _opens_sentence(text, match.start()))
        ] + list(_related(text, sure))


def _related(text: str, names: frozenset[str] | set[str]) -> Iterator[Span]:
    """Words that may mean one of these people: nicknames, short forms, slips of the pen."""
    for match in _WORD.finditer(text):
        word = _without_possessive(match[0])
        folded = word.casefold()
        if folded in names or len(folded) < 2 or (folded.endswith("s") and folded[:-1] in names):
            continue
        unlikely = unlikely_word(folded)
        if not unlikely and not is_given(folded):
            continue
        for name in names:
            if folded in nicknames_of(name) or (unlikely and related(folded, name)):
                yield Span(
                    match.start(),
                    match.start() + len(word),
                    "PERSON",
                    0.6,
                    "memory",
                    "like a name found elsewhere",
                )
                break


def _cued(pattern: re.Pattern[str], text: str, score: float, reason: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        end = match.start("it")
        for word in _WORD.finditer(text, match.start("it"), match.end("it")):
            if _never(word[0]) or (pattern is _CALLED_PLAIN and word[0].islower() and _known_word(word[0])):
                break
            end = word.end()
        bare = _without_possessive(text[match.start("it") : end])
        if len(bare) > 0:
            yield Span(match.start("it"), match.start("it") + len(bare), "PERSON", score, "names", reason)


def _listed(text: str) -> Iterator[Span]:
    """Known given names in any case, with the surname that follows."""
    words = list(_WORD.finditer(text))
    for index, word in enumerate(words):
        bare = _given(word[0])
        if bare is None:
            continue
        end = word.start() + len(bare)
        for following in words[index + 1 : index + 3]:
            if end != word.start() + len(word[0]) and end < word.end():
                break
            if text[end : following.start()] != " " or not _surname(
                following[0], capital=word[0][0].isupper()
            ):
                break
            end = following.start() + len(_without_possessive(following[0]))
        yield Span(word.start(), end, "PERSON", 0.85, "names", "a given name")


def _given(word: str) -> str | None:
    """The given name in a word, without its possessive ending; None if there is none."""
    folded = word.casefold()
    forms = [word, _without_possessive(word)]
    if "O" not in flags_of(folded) and folded not in NOBODY:
        forms.append(word.removesuffix("s"))
    if (
        folded.endswith("s")
        and folded not in GIVEN_NAMES
        and len(forms) > 2
        and common(folded[:-1]) > common(folded)
    ):
        forms.reverse()  # leos is Leo's, not a name of its own
    for form in forms:
        folded = form.casefold()
        if is_given(folded):
            return form
    parts = re.split(r"[-'\u2019]", word)
    return word if len(parts) > 1 and is_given(parts[0].casefold()) and len(parts[-1]) > 2 else None


def _possessives(text: str) -> Iterator[Span]:
    """Frequent names whose possessive s makes another word of them, and two such names side by side."""
    for pattern in (_POSSESSIVE, _FRIENDS):
        for match in pattern.finditer(text):
            if match["it"].casefold() in GIVEN_NAMES:
                yield Span(*match.span("it"), "PERSON", 0.8, "names", "a name, by what is its bearer's")
    for match in _IS_KIN.finditer(text):
        word = match["it"].casefold()
        said = match[0].endswith("name") and match["it"][0].isupper()  # Marvellous is his name
        known = word in _MAYBE_NAMES | WORD_NAMES or said or "G" in flags_of(word) or unlikely_word(word)
        if known and (word not in NOBODY or word in _MAYBE_NAMES | WORD_NAMES):
            yield Span(*match.span("it"), "PERSON", 0.8, "names", "a name, and whose it is")
    for match in _BOTH.finditer(text):
        if {match["it"].casefold(), match["other"].casefold()} <= _NO_MONTHS:
            spans = (match.span("it"), match.span("other"))
            yield from (Span(*span, "PERSON", 0.72, "names", "two names side by side") for span in spans)


def is_given(folded: str) -> bool:
    """Whether the word in lower case is a given name and nothing else."""
    flags = flags_of(folded)
    return "G" in flags and "O" not in flags and folded not in NOBODY and folded not in WORD_NAMES


def _surname(word: str, *, capital: bool) -> bool:
    folded = _without_possessive(word).casefold()
    if ("S" in flags_of(folded) and "O" not in flags_of(folded)) or (
        folded.startswith(("mc", "mac", "o'", "o\u2019", "fitz")) and len(folded) > 4
    ):
        return folded not in ORDINARY
    return capital and word[0].isupper() and not word.isupper() and not _never(word)


def _word_names(text: str) -> Iterator[Span]:
    """Names that are ordinary words, where their place says that a person is meant."""
    for pattern in (_SPEAKER, _SUBJECT, _POSSESSIVE, _CONJOINED):
        for match in pattern.finditer(text):
            word, start = match["it"], match.start("it")
            if word.casefold() not in _MAYBE_NAMES:
                continue
            before = text[:start].rstrip()[-4:].casefold()
            if (
                word[0].isupper()
                or (pattern is _SPEAKER and not before.endswith(("a", "the", "my")))
                or start == 0
            ):
                if (
                    pattern is _SUBJECT
                    and not word[0].isupper()
                    and re.search(r"\b(?:a|the|my|this|it|i)$", before)
                ):
                    continue
                if word.casefold() in MONTHS and re.match(
                    r"[ ](?:can'?t|cannot) come", text[match.end("it") :]
                ):
                    continue
                yield Span(
                    start, match.end("it"), "PERSON", 0.72, "names", "a name by its place in the sentence"
                )
    for match in _WORD.finditer(text):
        bare = _without_possessive(match[0])
        capital = bare[0].isupper() and not bare.isupper()
        if capital and bare.casefold() in _NO_MONTHS and not _opens_sentence(text, match.start()):
            yield Span(
                match.start(), match.start() + len(bare), "PERSON", 0.7, "names", "a name, by its capital"
            )


def _word_name_alone(text: str) -> Iterator[Span]:
    """Names that are ordinary words: with who else did it, as whom one hates, before what has been."""
    for pattern in (_AND_NAME, _HAS_BEEN, _EXPLAINED):
        for match in pattern.finditer(text):
            start, end = match.span("it")
            if start < 0:
                start, end = match.span("other")
            word = text[start:end]
            if word.casefold() in (_ALONE if pattern is _AND_NAME else _MAYBE_NAMES):
                yield Span(start, end, "PERSON", 0.7, "names", "a name by its place in the sentence")


def _before_surnames(text: str) -> Iterator[Span]:
    """Words with a capital before a surname."""
    for match in _WITH_SURNAME.finditer(text):
        last = _without_possessive(match["last"])
        flags = flags_of(last.casefold())
        if "S" not in flags or "O" in flags or "P" in flags or _never(match["first"]) or _never(last):
            continue
        if match["first"].casefold() not in ORDINARY | _STYLES:
            end = match.start("last") + len(last)
            yield Span(match.start(), end, "PERSON", 0.8, "names", "a capital before a surname")


def _capitals(text: str) -> Iterator[Span]:
    """Words with a capital inside a sentence that nothing explains: unsure, and masked all the same."""
    for match in _WORD.finditer(text):
        bare = _without_possessive(match[0])
        if (
            len(bare) < 2
            or not bare[0].isupper()
            or bare.isupper()
            or _never(bare)
            or bare.casefold() in MONTHS
            or _known_word(bare.casefold())
        ):
            continue
        if _opens_sentence(text, match.start()) and not unlikely_word(bare.casefold()):
            continue
        if beside_a_thing(text, match.start(), match.end()):
            continue
        kind = "PLACE" if _PLACE_BEFORE.search(text, max(0, match.start() - 9), match.start()) else "PERSON"
        yield Span(
            match.start(),
            match.start() + len(bare),
            kind,
            0.4,
            "capitals",
            "a word with a capital that nothing explains",
        )


def _known_word(folded: str) -> bool:
    """Whether a word in lower case is one that people write and that names nobody."""
    flags = flags_of(folded)
    return "P" in flags or ("O" in flags and "G" not in flags) or (common(folded) >= 4 and flags == "")


def _opens_sentence(text: str, start: int) -> bool:
    return _SENTENCE_START.search(text[max(0, start - 6) : start]) is not None or start == 0


def _never(word: str) -> bool:
    folded = word.casefold().replace("\u2019", "'")
    bare = folded.removesuffix("'s")
    return (
        bare in NOBODY
        or bare.replace("'", "") in NOBODY
        or folded.endswith(("n't", "'re", "'ll", "'ve", "'d", "'m"))
        or (not word[0].isupper() and folded.endswith(_REJECTED_ENDS))
    )


def _without_possessive(word: str) -> str:
    return word[:-2] if word.endswith(("'s", "\u2019s")) else word


def _shouted(text: str) -> bool:
    """Whether the text is mostly in capitals, or gives every word one, so that a capital says nothing."""
    words = [word for word in _WORD.findall(text) if len(word) > 3]
    return len(words) > 3 and sum(word[0].isupper() for word in words) > 0.7 * len(words)
