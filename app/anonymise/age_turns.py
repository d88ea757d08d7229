"""Further turns of phrase that tell an age: what it falls short of, what a child has or is told to be."""

import re

from app.anonymise.age_words import (
    ANY,
    BARELY,
    ENDS,
    NOT_AFTER,
    NUMBERS,
    ORDINALS,
    RELATIVE,
    SOME,
    UNIT,
    YEARS,
)

_CHILD = rf"(?:he|she|they|{RELATIVE}|bubs|bubba|bairn|wean|wee one)"
# Of an hour, and not of a child.
_OF_A_CLOCK = (
    r"home|back|bed|asleep|sleep|slept|late|nights?|mornings?|up|wak\w+|woke|out|finish\w*|start\w*|opens?"
    r"|clos\w+|shut\w*|rang|call\w*|text\w*|came|arriv\w*|pick\w*|dropp\w*|tonight|today|meet\w*|lessons?"
)
_MEASURED = (
    r"(?!\s*(?:late|behind|pregnant|early|ahead|clean|sober|ago|in\b|into|waiting|off|of\b|later|away|gone"
    r"|before|after|straight|post|through|deep|on\b))"
)

TURNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # nearing 17, just shy of 12, two months off turning 16, the wrong side of 45
        (
            r"\b(?:nearing|shy of|(?:wrong|right|other) side of|edging towards|knocking on"
            r"|(?:weeks?|months?|days?) (?:off|from|away from|short of)(?: being| turning)?)"
            rf"\s(?P<it>(?!one\b){SOME})(?={YEARS}?(?:{ENDS}|\sfor\b)){NOT_AFTER}"
        ),
        # little brother's 20 months, bubs is 11 weeks tomorrow
        rf"\b{_CHILD}(?:'?s|\sis|\swas){BARELY}\s(?P<it>{ANY}{UNIT}){_MEASURED}",
        # you'd never think he was 12 to look at him
        rf"\b{_CHILD}(?:'?s|\sis|\swas){BARELY}\s(?P<it>{SOME})(?=\sto\s(?:look|speak|talk|hear|meet)\b)",
        # my daughter have 8 years; she is in year 4, 8 years
        rf"\b{_CHILD}\s(?:have|has|had|having|got)\s(?:only\s)?(?P<it>{SOME})(?=\syears?{ENDS}){NOT_AFTER}",
        rf"(?:\ue000|\by\d),\s(?:only\s|just\s)?(?P<it>1?\d)(?={YEARS}{ENDS}){NOT_AFTER}",
        # how old: 10; age? 10
        (
            rf"\b(?:how old(?:\s(?:is|are|was)\s\w+)?|his age|her age|child's age|age)\s?[:?-]\s?"
            rf"(?P<it>{SOME})(?={YEARS}?{ENDS}){NOT_AFTER}"
        ),
        # only 6 poor thing, still only nine
        (
            rf"(?:^|[,.!]\s)(?:still only|only|just|still)\s(?P<it>{SOME})"
            rf"(?={YEARS}?(?:{ENDS}|\s(?:poor|bless|ffs|omg|like|years?)\b)){NOT_AFTER}"
        ),
        # fifteen and he's never had a friend
        (
            rf"(?:^|[.!?]\s)(?P<it>{'|'.join(NUMBERS[3:19])})(?=\sand\s(?:s?he|they|s?hes|s?he's|no|cant|can't"
            r"|doesnt|doesn't|wont|won't)\b)"
        ),
        r"(?:^|[.!?]\s)(?P<it>1?\d)(?=\sand\s(?:s?he's|s?hes|s?he has)\s(?:never|no|not|scared|terrified)\b)",
        # wet himself at school, at 10; went backwards at 3
        (
            rf"\b(?:he|she|they)\b(?![^.!?]*\b(?:{_OF_A_CLOCK})\b)[^.!?\d]{{4,60}},\sat\s(?:only\s|just\s)?"
            rf"(?P<it>{SOME})(?=\s*(?:$|[.,!?])){NOT_AFTER}"
        ),
        (
            r"\b(?:went backwards|regress\w+|stopped (?:talking|eating|speaking|growing)"
            r"|lost (?:his|her|their) (?:words|speech)|first (?:tried|said|told|noticed)|ran away"
            r"|same (?:age|thing))"
            rf"\sat\s(?:about\s|around\s)?(?P<it>{SOME}|{ANY}{UNIT})(?={ENDS}){NOT_AFTER}"
        ),
        # kids r 6 8 n 13
        (
            r"\b(?:kids|children|boys|girls|mine|they|ours)\s(?:r|are|is)\s(?P<it>1?\d)"
            r"(?=(?:\s1?\d)*\s(?:and|&|n|\+)\s1?\d\s*(?:$|[.,!?)]))"
        ),
        # nothing for his 10th cos of lockdown
        (
            r"\b(?:for|on|since|before|after|at|of|about|planned|missed|cancelled|forgot)\s(?:his|her|their|my)\s"
            rf"(?P<it>(?:[4-9]|1\d|[2-9]0|21)(?:th|st)|{'|'.join(ORDINALS[3:])})"
            r"(?=\s(?:cos|because|bc|due|when|while|though|if|it|they|was|is|will|his|her|the|a|as|instead|without)\b)"
        ),
        # double figures soon, 9 now
        rf"^[^\d]{{0,60}}(?<![^,.]\s)(?<!\w)(?P<it>{SOME})(?=\snow\s*(?:$|[.,!?]))",
    )
)
