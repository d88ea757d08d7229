"""The forms in which parents write an age."""

import re

from app.anonymise.age_words import (
    ANY,
    BARELY,
    BE,
    COUNTS,
    DAYS,
    ENDS,
    ENDS_WIDE,
    GROWN_UP,
    HALF,
    IN_LIFE,
    IS,
    MONTHS,
    NOT_AFTER,
    NOT_SO,
    NUMBER,
    NUMBERS,
    OLD,
    ORDINALS,
    PEOPLE,
    RELATIVE,
    SOME,
    TENS,
    TO_BE,
    UNIT,
    WELSH_NUMBER,
    YEARS,
    number,
)

AGES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # she is only 2 how can they; my son's 9; he might be 17; whose 10: whatever follows
        (
            rf"\b(?!is\b)(?:he|she|they|i|who|{RELATIVE}|{GROWN_UP}|mine|ours|hers|both|all"
            rf"|one|child|kid|{RELATIVE}\sthat)(?:{BE}|(?<=who)se)"
            rf"{BARELY}\s+(?P<it>{SOME})(?={YEARS}?{COUNTS}){NOT_AFTER}"
        ),
        (
            rf"\b(?!(?:young|old|eld)est|middle)(?:{RELATIVE}|{PEOPLE})\s(?:of|aged)\s(?:about\s"
            rf"|only\s)?(?P<it>{SOME})(?={YEARS}?{COUNTS})"
        ),
        rf"(?:^|[.!?]\s)at\s(?P<it>{ANY}[\s-]?(?:months?|mn?ths?|mos?)\b)(?=\s(?:he|she|they)\b)",
        rf"\b(?:at\s(?:just|only|barely)|being(?:\sonly|\sjust)?)\s(?P<it>{SOME})(?={ENDS}){NOT_AFTER}",
        rf"\b(?:gets?|got)\sto\s(?P<it>1[3-9]|{'|'.join(NUMBERS[12:])})(?={ENDS}){NOT_AFTER}",
        rf"\b(?:not|isnt|isn't|wasnt|wasn't)\s(?:even\s)?(?P<it>{SOME})(?=\s(?:yet|until|till|til)\b)",
        rf"(?:\ue000|\by\d)(?:,\s|\sso\s)(?:only\s|just\s)?(?P<it>1?\d)(?={ENDS}){NOT_AFTER}",
        r"^(?P<it>1?\d)(?=\s(?:&|and)\s1?\d,?\s(?:both|boys?|girls?|twins)\b)",
        r"\bin\s(?:my|his|her)\s\d0'?s,?\s\(?(?P<it>[2-9]\d)(?!\w)",
        rf"\b{GROWN_UP}\sof\s(?P<it>[2-9]\d)(?!\d)",
        # hes12; at 9 yrs; a 15 girl; boy. 15.
        rf"\b(?:s?he'?s|i'?m)(?P<it>1?\d)(?={COUNTS})",
        rf"\bat\s(?P<it>{ANY})(?=\s?(?:yrs?|years?|yo)\b{ENDS})",
        rf"\ba\s(?P<it>{ANY})(?=\s(?:girl|boy|lad|lass|male|female)\b)",
        r"(?:^|[.,]\s)(?:girl|boy|male|female|daughter|son)[.,:;]\s(?P<it>1?\d)(?=[.,!?]|$)",
        r"^(?P<it>1?\d)(?=[.,]\s(?:girl|boy|male|female|daughter|son)\b)",
        # tantrums at 9, cant tie his laces at 11
        (
            r"\b(?:tantrums?|napp(?:y|ies)|dumm(?:y|ies)|bottle|pull[ -]?ups|bed ?wett?(?:s"
            r"|ing)?|wett?(?:s|ing)"
            r"|non[ -]?verbal|no (?:words|speech|friends)|suicidal|toddler|accidents|pram|buggy|breast"
            r"|(?:can'?t|cannot|couldn'?t) (?:ride|tie|read|write|talk|walk|use|speak|dress|wipe|swim|tell)"
            r"|not (?:walking|talking|reading|speaking|toilet|potty)|sleeps? (?:with|in))\b[^.,!?\n]{0,24}"
            rf"\sat\s(?P<it>{SOME})(?=\s*(?:$|[.,!?)])|\sstill\b){NOT_AFTER}"
        ),
        # one next week; she was 3/4
        (
            rf"\b(?:(?:he|she|it|{RELATIVE}){BE}{BARELY}|nearly|almost|turn(?:ed|s|ing))\s+(?P<it>one)"
            rf"(?=\s(?:next|soon|today|tomorrow|yet|on\s(?:{DAYS}|the)|in\s(?:{MONTHS}"
            rf"|a\s(?:few|couple|week|month|fortnight)|\w+\s(?:weeks|days)))\b)"
        ),
        r"(?:nearly|almost|(?:just|has|had|s)\sturned)\s(?P<it>one)(?=\s*(?:$|[.,!?])|\sand\s)",
        (rf"\b(?:he|she|they|i|when){BE}?{BARELY}\s+(?P<it>1?\d)(?=/1?\d\b(?!/|\sof\b|\stimes)(?<!/10))"),
        # the boy who pushed him is 14
        (
            rf"\b(?:{RELATIVE}|{PEOPLE})\s(?:who|that)\b[^.,!?\n]{{2,40}}?\s(?:is|was|are|were){BARELY}"
            rf"\s+(?P<it>{SOME})(?={YEARS}?{ENDS}){NOT_AFTER}"
        ),
        # hes 14 weeks now; talked at 11 months
        (
            rf"\b(?:he|she|they|{RELATIVE}){BE}{BARELY}\s+(?P<it>{ANY}{UNIT})(?=\s+now\b"
            r"(?!\s(?:on|off|waiting|without|since)\b))"
        ),
        (
            r"\b(?!(?:born|due|scan|check|review|appointment|appt|jabs?|pregnant|pregnancy|up"
            r"|again)\b)[a-z']+"
            rf"\sat\s(?:only\s|just\s|about\s|around\s|nearly\s)?"
            rf"(?P<it>{ANY}[\s-]?(?:months?|mn?ths?|mos?)\b)(?=\sold\b|\s[a-z]+ed\b|{ENDS})"
        ),
        # left school at 14; could only say three words at 2; self harming at eleven; had him at 19
        (
            rf"\b(?:{IN_LIFE})\b[^.,!?\n]{{0,24}}?\sat\s(?:only\s|just\s|about\s|around\s|age\s)?"
            rf"(?P<it>{SOME}|{ANY}{UNIT})(?=\s(?:and|but|then|so|he|she|because|cos|with|who"
            rf"|myself|himself|herself)\b"
            r"|\s[a-z]+ed\b"
            r"|\s*(?:[.,!?)]|$))" + NOT_AFTER
        ),
        rf"\bat\s(?P<it>[1-7]\d|{TENS})(?=\s(?:i|my|we|myself)\b)(?<!\b1[0-2]){NOT_AFTER}",
        rf"\b(?:as young as|no older than|ripe old age of|the big)\s(?P<it>{SOME})(?={ENDS})",
        r"\bsweet\s(?P<it>sixteen(?:th)?|16(?:th)?)\b",
        # too young at 11; is that normal for 8; nine is too young; mentally 5; 8 turning 9; 13, year 9
        (
            r"\b(?:normal|usual|common|unusual|expect|(?:did|does|was|were|been)\s(?:that|this"
            r"|it|(?:exactly\s)?the same|like (?:that|this))|too\s(?:old|young|big|little|much)"
            r"|old enough|young)\b"
            rf"[^.,!?\n]{{0,24}}?"
            rf"\s(?:at|for)\s(?:an?\s)?(?P<it>{SOME})(?=\s*(?:$|[.,!?)])|\s(?:for|to|and|or|but"
            rf"|isnt|isn't|is)\b)"
            rf"{NOT_AFTER}"
        ),
        (
            rf"(?<![\w£.])(?P<it>{SOME})(?=\s(?:is\s|was\s|seems\s)?(?:far\s|way\s|a bit\s|just\s)*too\s"
            r"(?:young|old|big)\b|\s(?:is|was|seems)\s(?:very\s)?(?:young|old)\b)"
        ),
        (
            r"\b(?:mentally|emotionally|developmentally|cognitively|academically|socially|chronologically"
            rf"|physically|intellectually)\s(?:he's\s|she's\s|is\s"
            rf"|at\s)?{BARELY}\s*(?P<it>{NUMBER})(?={YEARS}?{COUNTS})"
        ),
        rf"(?<![\w£.])(?P<it>{SOME})(?=\s(?:turning|come)\s(?:{SOME}|{MONTHS})\b)",
        r"(?:^|,\s|\()(?P<it>1?\d)(?=,?\s\(?(?:in\s)?\ue000)",
        # 7yr boy; my 6 yr; 18 soon; 13, he is
        rf"(?<![\w£.])(?P<it>{ANY})(?=\s?-?(?:yrs?|years?|y)\s{RELATIVE}\b)",
        rf"\b(?:my|our|an?)\s(?P<it>{ANY})(?=\s?yrs?\b{ENDS})",
        (
            rf"(?:^|[.,!]\s)(?P<it>{SOME})(?=\ssoon\b|,?\s(?:he|she|they)(?:'?s|'?re|\sis|\sare"
            rf"|\swas|\swere)(?:$|[.,!?]))"
        ),
        rf"(?:^|[.,!]\s)getting\son\sfor\s(?P<it>{SOME})(?={YEARS}?{ENDS}){NOT_AFTER}",
        # kids 4/6/9, two girls 8+3, the 7- and 9-year-olds
        (
            r"\b(?:kids|children|boys|girls|sons|daughters|twins|grandkids|aged?|ages|mine|ours)\s?[(:-]?\s?"
            r"(?P<it>1?\d)(?!/10\b)(?=(?:\s?[/+&]\s?1?\d)+(?![\d/]|\sof\b))"
        ),
        # it's her 16th next week
        (
            r"\b(?:its|it's|it is|it was)\s(?:his|her|my|our\s\w+'?s)\s(?P<it>(?:[4-9]|1\d|[2-9]0)th"
            rf"|{'|'.join(ORDINALS[3:])})(?=\s*(?:$|[.,!?;)])|\s(?:next|on|in|tomorrow|today|party)\b)"
        ),
        # as Welsh has it: mae'n 5 oed, pump oed
        rf"(?<!\w)(?P<it>\d{{1,2}}|{WELSH_NUMBER})(?=\s(?:mlwydd\s)?oed\b)",
        rf"\bmae(?:\s\w+|\s[oe])?['\u2019]n\s(?P<it>\d{{1,2}}|{WELSH_NUMBER})(?={ENDS}|\sac?\b)",
        # eight-year-old, 8 yr old, 8yo; the 6 in "6 and 9 year old", the 9 in "the 9 and the 12 year old"
        (
            rf"(?<![\w£.])(?P<it>{ANY}{HALF}?)"
            rf"(?=(?:-?\s*(?:,|&|and|or|\+|/|to|n)\s*(?:the\s|an?\s)?{ANY}){{0,3}}{OLD})"
        ),
        # 18 month old
        (
            rf"(?<![\w£.])(?P<it>{ANY}{UNIT})(?=(?:\s*(?:,|&|and|or)\s*"
            rf"(?:an?\s)?{ANY}{UNIT})?[\s-]{{0,2}}olds?\b)"
        ),
        # she's 17, will be 10, when he was 5, LO is 22 months
        rf"\b{TO_BE}{BARELY}\s+(?P<it>{SOME})(?={YEARS}?{ENDS}){NOT_AFTER}",
        (
            rf"\b(?:he|she|they|i|hes|shes|im|i'm|he's|she's|who|whos|who's|lo|baby|son|daughter)(?:\s"
            rf"(?:is|was|were|am|be|turned))?{BARELY}\s+"
            rf"(?P<it>{SOME}(?<!one))(?={YEARS}?{ENDS_WIDE}){NOT_AFTER}"
        ),
        (
            rf"\b(?:he|she|they|i|hes|shes|he's|she's|who|who's|whos|{RELATIVE})(?:\s(?:is|was|were"
            rf"|are))?{BARELY}[\s,(]+"
            rf"(?P<it>{ANY}{UNIT})(?!\s*(?:old|late|behind|pregnant|early|ahead|clean|sober|ago|in\b"
            rf"|into|waiting|off|of\b|later"
            r"|away|gone|before|after|straight|now|post|through|deep))"
        ),
        # aged 8, at age 5, ages 4 and 7, a mental age of about 5
        (
            r"(?<!minimum\s)(?<!legal\s)\b(?:aged?|ages)(?:\s(?:of|is|between|about|around|only"
            r"|just|nearly|approx"
            r"|roughly))*\s*[:?,-]?\s*"
            rf"(?P<it>{NUMBER})(?![\w%+]|\s?[-\u2013]\s?\d|\s+to\s+\d)"
        ),
        # my son (8), my daughter, 14, and; boy 11 yrs; DS8; a girl of 12; kids: 4, 7
        (
            rf"\b{RELATIVE}\s*[,(:/-]\s*(?:is\s|nearly\s|aged\s|now\s|just\s|only\s)?(?P<it>{NUMBER})"
            rf"(?={YEARS}?(?:\s*[,)&/]|\s+and\b|\s*$|\s{RELATIVE}\b|{ENDS}))"
            rf"{NOT_AFTER}"
        ),
        (
            rf"\b(?:{RELATIVE}|{GROWN_UP})(?:'?s)?{BARELY}\s+(?:is\s+)?(?P<it>{SOME})"
            rf"(?={YEARS}?(?:{ENDS_WIDE}|\s(?:{RELATIVE}|both|neither|refuses|keeps|got|started|hates"
            rf"|cant|can't)\b))"
            rf"{NOT_AFTER}"
        ),
        # I have three: 2, 5 and 9
        (
            r"\b(?:have|got|children|kids|boys|girls|of us|mine|ages|ours)\b[^.:\n]{0,14}[:-]\s*"
            r"(?P<it>1?\d)(?=,\s1?\d\b|\s(?:and|&|n)\s1?\d\b)(?!,\d{3})"
        ),
        (
            rf"^(?:coming up(?: to)?|rising|approaching|going on"
            rf"|just gone)\s(?P<it>{SOME})(?={YEARS}?{ENDS}){NOT_AFTER}"
        ),
        rf"\b(?:mistaken|passes?|taken)\sfor\s(?:an?\s)?(?P<it>{SOME})(?={ENDS}){NOT_AFTER}",
        (
            rf"\b(?:just|now|recently|only)\s(?:gone|turned|hit"
            rf"|reached|become)\s(?P<it>{SOME})(?={YEARS}?{ENDS}){NOT_AFTER}"
        ),
        (
            rf"\b(?:{RELATIVE}|{GROWN_UP})\s+(?P<it>{ANY})(?={YEARS})(?!\s?years? (?:ago|later|in|on"
            rf"|now)){NOT_AFTER}"
        ),
        rf"\b{GROWN_UP},?\s?\(?(?P<it>[1-9]\d)(?={YEARS}?\s?[),]){NOT_AFTER}",
        # kids are 2 4 and 7
        (
            r"\b(?:aged|ages|kids|children|are|mine)\s(?P<it>1?\d)(?=(?:\s1?\d)+(?:\s(?:and|&"
            r"|n)\s1?\d)?\s*(?:$|[.,!?)]))"
        ),
        # 4 years and 2 months, 2yr8m: the years; the months follow
        (
            rf"(?<![\w£.])(?P<it>{ANY})(?=\s?(?:years?|yrs?|y)\s?(?:and\s|&\s|,\s)?\d{{1,2}}\s?(?:months?"
            rf"|mn?ths?|m)\b)"
        ),
        (
            r"(?<=\d)\s?(?:years?|yrs?|y)\s?(?:and\s|&\s|,\s)?(?P<it>\d{1,2}\s?(?:months?|mn?ths?"
            r"|m))\b(?!\s(?:ago|later))"
        ),
        # 4yr olds, 6yr and 3yr olds; 18m old, 11mo
        rf"(?<![\w£.])(?P<it>{ANY})(?=\s?(?:yrs?|years?)\s(?:and|&|or)\s(?:an?\s)?{ANY}{OLD})",
        r"(?<![\w£.])(?P<it>[1-9]\d?\s?m)(?=[\s-]olds?\b)",
        r"(?<![\w£.])(?P<it>[1-9]\d?\s?mos?)\b(?!\.)",
        # just had her 13th, his sixteenth is on sunday
        (
            rf"\b(?:had|having|celebrated|celebrating|have|has|planning|for|since|post|before|after|on|till"
            rf"|until)\s(?:just\s)?"
            rf"(?:his|her|their|my)\s(?P<it>[1-9]\d?(?:st|nd|rd|th)|{'|'.join(ORDINALS[3:])})(?=\s*(?:$"
            rf"|[.,!?;)])"
            rf"|\s(?:and|but|on|in|last|this|next|party|soon|so|we|he|she|with|at)\b)"
        ),
        # at 12 he should know better
        (
            rf"\bat\s(?P<it>{SOME})(?=,?\s(?:he|she|they|you)\s(?:should|shouldn'?t|ought|surely|could not"
            rf"|couldn'?t|can'?t even|still|was diagnosed))"
        ),
        (
            rf"^(?P<it>{SOME})(?=,\s(?:and (?:already|still|never|he|she)"
            r"|[a-z]+ing|doesn'?t|won'?t|never|no|not|refus\w+|autistic|adhd|asd"
            rf"|diagnosed"
            r"|girl|boy|male|female)\b)"
        ),
        # two next month, 7 last week, thirteen and thinks
        (
            rf"^(?P<it>{SOME})(?=\s(?:at\s(?:christmas|xmas|easter)|in a few (?:weeks|months))\b"
            rf"|\s(?:next|last|this)\s(?:week|month|birthday|sat|sun|mon|tue|wed|thu|fri"
            rf"|{MONTHS})|\s(?:and|but)\s(?:thinks|acts|looks|behaves|already|wants|talks|still|never)\b"
            rf"|\s?(?:,|and|-|/)?\s?(?:girl|boy|m|f|male|female)\b)"
        ),
        (
            rf"(?<![\w£.])(?P<it>{SOME})(?=,?\s\(?(?:nearly|almost|going on|soon to be"
            rf"|soon)\s{ANY}(?!\s(?:hours?|mins?|minutes?|weeks?|days?)))"
        ),
        (
            rf"\b(?:mum|mam|dad|parent|carer|nan|grandparent)\s(?:of|to)\s(?:an?\s"
            rf"|my\s)(?P<it>{SOME})(?=\s*(?:$|[.,!?]))"
        ),
        # ds8, dd1 (9): the digit before an age says which child
        (
            rf"\b(?:dd|ds|dss|dsd|dgs|dgd|lo)(?:\s?[1-5](?=[\s,(:]+(?:is\s)?[\d\ue000]))?[\s,(:]*(?:is\s)?"
            rf"(?P<it>{ANY})(?!\w|{UNIT}|\s(?:times|hours)|[\s,(:]+(?:is\s)?(?:1?\d\b|\ue000))"
        ),
        # Kian (9), after a name
        (
            rf"(?<=[a-z\ue000])\s?\(\s?(?:aged?\s|now\s|then\s|only\s|nearly\s|almost\s|just\s"
            rf"|[mf],?\s?)?(?P<it>[12]?\d(?:\.5"
            rf"|½)?|{'|'.join(NUMBERS[1:])})"
            rf"(?={YEARS}?\s?(?:\)|,|/|and\b|&|\s?[mf]\)|now\)|at the time|when\b))"
        ),
        rf"\b[A-Z\ue000][a-z]*,\s(?P<it>1?\d){YEARS}?,\s",
        # turned 9 yesterday, for his 9th birthday, when he hits 18, reached 15 with
        rf"\b(?:turns?|turned|turning)\s+(?P<it>{NUMBER})(?={YEARS}?{COUNTS})",
        (
            r"\b(?:hits?|reach(?:es|ed)?|approaching|pushing|coming up to|coming up for|rising|not even"
            r"|not yet|barely|going on)"
            rf"\s+(?P<it>{number(NUMBERS[4:])})(?={ENDS}|\s+with\b){NOT_AFTER}"
        ),
        r"(?<!\w)(?P<it>(?:[1-9]|[1-9]\d)(?:st|nd|rd|th))(?=\s+(?:birthday|bday|b-day)\b)",
        rf"\b(?P<it>{'|'.join(ORDINALS)})(?=\s+(?:birthday|bday|b-day)\b)",
        rf"\b(?:nearly|almost)\s+(?P<it>{SOME})(?={YEARS}?{ENDS}){NOT_AFTER}",
        # a young 14, looks eighteen, feels 80, acts like a 3 year old
        (
            rf"\ba\s(?:very\s)?(?:young|immature|mature|small|tiny|big|tall|typical|normal)\s"
            rf"(?P<it>{SOME})(?={ENDS})"
        ),
        (
            rf"\b(?:looks?|acts?|feels?|seems?)\s(?:about\s|more like\s|like\s)?(?P<it>{SOME})"
            rf"(?={ENDS}){NOT_AFTER}"
        ),
        # at sixteen he can; still wets the bed at 11
        (
            rf"\b(?:at|since|until|till|til)\s(?:only\s|just\s|nearly\s)?(?P<it>1[3-9]"
            rf"|{'|'.join(NUMBERS[12:19])})(?={ENDS}|\s+(?:years|you|the|is)\b){NOT_AFTER}"
        ),
        rf"(?<![\w£.])(?P<it>{ANY})(?=\s?(?:yrs?|years?)\sof\sage\b)",
        (
            rf"\bstill\b(?!\s(?:awake|up|out|going|at|there|here|on|not|crying|screaming|playing"
            rf"|talking))[^.\n]{{3,34}}\sat\s(?P<it>{SOME})(?=\s*(?:$|[.,!?])){NOT_AFTER}"
        ),
        (
            rf"\b(?:big|small|tall|tiny|young|old|mature|immature|advanced|bright|good|bad"
            rf"|little)(?:\s(?:lad|boy|girl|lass|one|child"
            rf"|kid))?\sfor\s(?:an?\s)?(?P<it>{SOME})(?={ENDS}){NOT_AFTER}"
        ),
        (
            rf"(?:^|,\s)(?:only|just|only just|nearly|almost|barely|just turned)\s(?P<it>{SOME})"
            rf"(?={YEARS}?{ENDS}){NOT_AFTER}"
        ),
        rf"(?:^|[,(]\s?)(?P<it>{SOME})(?=\sin\s{MONTHS}\b)",
        r"(?<!\w)(?:m|f|male|female)\s?[,/]?\s?(?P<it>1?\d)(?=\s*[,.)]|$)",
        # both under 5
        (
            rf"\b(?:both|all|are|kids|children|mine)\s(?:of them\s|mine\s)?(?:are\s)?under\s"
            rf"(?:the age of\s)?(?P<it>{SOME})(?={ENDS}){NOT_AFTER}"
        ),
        # 2.5yrs and bites everyone; 6 and a half and still
        (
            rf"^(?P<it>{NUMBER})(?={YEARS}?\s(?:and|but|who)\s(?:still|wont|won't|cant|can't|refus\w+"
            rf"|never|not|has|is|bites?|hits?|screams?|"
            rf"doesn'?t|wets?|sleeps?|eats?|talks?)\b)"
        ),
        # 13m, 14F as in forums
        r"(?<![\w£.])(?P<it>\d{1,2})(?=(?:yo)?[mf]\b(?!\s*(?:long|high|tall|away|run)))",
    )
)
# lily is nearly 9, lilys 9, lily 9
NAMED = re.compile(
    rf"(?i)\b(?P<name>[a-z][a-z'-]*?[a-z])(?:(?:{IS}"
    rf"|(?P<s>s)){BARELY}\s+(?P<told>{SOME})(?={YEARS}?{COUNTS})"
    rf"{NOT_AFTER}"
    rf"|(?:,|\s-)?{BARELY}\s(?P<it>1?\d(?:\s?(?:weeks|wks|months|mths)(?!\s(?:ago|off|late)))?)"
    rf"(?={YEARS}?(?:{ENDS}|\s(?-i:[A-Z][a-z]))){NOT_AFTER})"
)
# Orla 7 and Finn 4 share: what follows need not end the clause
AND_NAMED = re.compile(rf"(?i)\b(?:and|&|n)\s(?P<name>[a-z][a-z'-]+),?\s(?P<it>1?\d)(?={YEARS}?{COUNTS})")
# A sentence that is a number alone tells what the rest of the text says to be an age.
ALONE = re.compile(rf"(?i)(?:^|[.!?]\s+)(?P<it>{SOME})(?=\s*[.!?])")
MORE = re.compile(
    rf"(?i)(?:{YEARS}?\s*(?:,\s?and|,|&|\+|/|and|n|or|going on|not"
    r"|but\s(?:more\s)?(?:like|only|just))\s*|\s(?=1?\d(?:\s(?:1?\d\b|and\b|&|n\b)|\s*(?:$|[.,!?)]))))"
    rf"(?:an?\s|the\s|nearly\s|almost\s|now\s|just\s|maybe\s|probably\s|one\s(?:of\s)?)?"
    rf"(?P<it>{NUMBER})(?={YEARS}?(?:{ENDS}|\s*[/+&]|\s1?\d\b)){NOT_SO}"
)
MAY_HOLD = re.compile(
    rf"(?i)\d|\soed\b|\b(?:one[\s-](?:year|yr|and|month|week|next|soon|today|tomorrow|yet|on|in)"
    rf"|(?:nearly|almost|turned)\sone|{'|'.join(NUMBERS[1:])}|{TENS}"
    rf"|(?:{'|'.join(ORDINALS)})\sb)"
)
