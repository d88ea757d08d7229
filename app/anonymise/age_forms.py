"""The forms in which parents write an age, and what shows that a number counts something else."""

import re

ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
NUMBERS = [
    *ONES,
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
]
ORDINALS = [
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *("eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth"),
    *("eighteenth", "nineteenth", "twentieth"),
]
WELSH = {
    "un": 1, "dau": 2, "dwy": 2, "tri": 3, "tair": 3, "pedwar": 4, "pedair": 4, "pump": 5, "pum": 5,
    "chwech": 6, "chwe": 6, "saith": 7, "wyth": 8, "naw": 9, "deg": 10, "deuddeg": 12, "pymtheg": 15,
}  # fmt: skip
_TENS = rf"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty)(?:[ -](?:{'|'.join(ONES)}))?"
_UNIT = r"(?:[\s-]?(?:months?|mn?ths?|mos?|weeks?|wks?|days?)\b)"
_HALF = r"(?:[\s-](?:and|&|n)[\s-](?:a[\s-])?(?:half|quarter|bit)\b)"


def _number(words: list[str]) -> str:
    return rf"(?:(?:[1-9]\d?|0)(?:\.\d|\s?1/2|½)?(?!\d)|(?:{_TENS}|{'|'.join(reversed(words))})\b)"


_ANY = _number(NUMBERS)
_NUM = rf"(?:{_ANY}(?:{_HALF}|{_UNIT})?)"
_SOME = rf"(?:{_number(NUMBERS[1:])}{_HALF}?|one{_HALF})"  # "he is one of them" tells no age
NUMBER = rf"(?:{_NUM})"
_YEARS = r"(?:[\s-]?(?:y[/.]?o'?s?|yrs?(?:\s(?:old|of age))?|years?(?:\s(?:old|of age|young))?)\b)"
_OLD = (
    r"(?:[\s-]{0,2}(?:year'?s?|yrs?|yr'?s|y)[\s-]{0,2}olds?\b|[\s-]?y\s?[/.]?\s?o'?s?\b"
    r"|[\s-]?(?:yr|year|y)olds?\b)"
)
_MONTHS = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"
_DAYS = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_ENDS = (
    r"(?=\s*(?:[.,;:!?()&\n]|-\s|$)|\s*\ue000|\s+(?:and|now|so|but|next|he|hes|he's|she|shes|she's"
    r"|they|with|this"
    r"|soon|already|last|when|who|or|-|tomorrow|today|going|by|then|my|i|im|it|its|because|cos|bc"
    r"|though|tho"
    r"|x+|n|yet|too|lol|in\s(?:" + _MONTHS + r"|a few|\w+ (?:weeks?|months?))"
    r"|on (?:" + _DAYS + r"|the|" + _MONTHS + r")|god help)\b)"
)
_ENDS_WIDE = (
    rf"(?:{_ENDS}|(?=\s+(?:the|on|myself|himself|herself|before|after|as|at|for|til|till|until|if"
    rf"|not|nearly|what"
    r"|coming|while|where|you|we|his|her|our|their|is|has|was|wont|won't|cant|can't|still|just|and|honestly"
    r"|apparently|like|ish|non|diagnosed|autistic)\b))"
)
_NOT_SO = (
    r"(?!\s*(?:[:.]\d|[ap]\.?m\b|%|,\d{3}|o'?clock|-\s?\d|in a row|and a half (?:hours?|weeks?"
    r"|months?)|and \d+ (?:in|of)\b|weeks?\b|days?\b|months?\b"
    r"|(?:or \w+ |and \w+ )?(?:of (?:them|us|her|his|my|the|those|you)\b|hours?\b|hrs?\b|minutes?\b"
    r"|mins?\b|times\b|miles?\b|children\b|kids\b|people\b|stone\b|st\b|foot\b|ft\b|kg\b|sessions?\b"
    r"|years? (?:ago|since|behind|ahead|later|in\b|on\b|now|sober|clean|running|of (?!age))|yrs "
    r"(?:ago|of (?!age)))))"
)
# What shows that a number counts something, whatever stood before it: a unit, a plural, "of", "more".
_COUNTS = (
    r"(?!\w|[.,:/]\d|\s?%|\s?[-\u2013/]\s?\d|\s\d|\s?[ap]\.?m\b"
    r"|\s?-?(?:hour|hr|minute|min|second|sec|week|wk|month|mth|day|night|stone|st|lb|kg|gram|mg|ml|foot|ft|feet"
    r"|inch|cm|mile|km|metre|quid|pound|pence|grand|k|percent|per|degree|point|page|lesson|session|each|people"
    r"|children|men|women|teeth|staff|bed|times|x)\b"
    r"|\s(?:more|other|different|whole|full|extra|good|long|big|of|out|from|off|up|down|behind|ahead|short|away"
    r"|past|to|in a row|for \d|all|nil|in (?:the|an?) (?:queue|class|line|row|room|group|list|team|series))\b"
    r"|\s(?!(?:this|its|hes|shes|was|has|always|sometimes|turns|thats|yes|thanks|bless|unless|perhaps|besides"
    r"|nowadays|needs|wants|still|refuses|hates|gets|goes|says|lives|pals|plus|ours|theres|whos|lots|days)\b)"
    r"[a-z]{2,}[a-z]s\b)"
)
_IS = (
    r"(?:\s(?:is|are|am|was|were|wasnt|wasn't|isnt|isn't|turns|turned|becomes|became"
    r"|(?:will|would|wont|won't|might|may|must|should|could|cant|can't)(?:\s(?:only|just|not))?\sbe)"
    r"|'s|'ll\sbe|'d\sbe)"
)
_BE = rf"(?:{_IS}|'?[sm]|'?re|'?ll\sbe|'?d\sbe)"
NOT_AFTER = rf"(?!\s*/\d){_NOT_SO}"
_RELATIVE = (
    r"(?:sons?|daughters?|boys?|girls?|child|children|kids?|siblings?|brothers?|sisters?|lads?|lass|twins?"
    r"|little (?:one|boy|girl)"
    r"|eldest|youngest|oldest|middle (?:one|child)|toddler|newborn|baby|bub|nephew|niece|cousin|grandsons?"
    r"|granddaughters?|grandkids"
    r"|stepsons?|stepdaughters?|step (?:son|daughter)|teen(?:ager)?|bro|sis|lo|dd|ds|dss|dsd|dgs|dgd"
    r"|foster child)"
)
_TO_BE = (
    r"(?:(?:gonna|going to|will|he'?ll|she'?ll|they'?ll|shell|hell|must|to|could|not|only) be|im|i'm"
    r"|when|turning)"
)
_GROWN_UP = (
    r"(?:nan|nana|nanny|nain|taid|gran|granny|grandma|grandmother|grandad|grandpa|grandfather|mum|mam|mother"
    r"|dad|father|ex|partner|husband|wife|hubby|boyfriend|girlfriend|bf|gf|friend|mate|uncle|auntie|aunt"
    r"|stepdad|stepmum|carer)"
)
_BARELY = (
    r"(?:\s+(?:only|just|then|nearly|almost|now|about|around|already|only just|turning|barely|still only"
    r"|still|not even|coming up(?: to| for)?|coming on|getting on for|close to|going on|gone|past|either"
    r"|maybe|probably|approx|technically|officially|soon|obviously|both|approaching|pushing"
    r"|not yet|roughly|well|literally|actually|like|just gone|just turned|rising|under|over))*"
)
_PEOPLE = r"(?:man|woman|guy|bloke|fella|lady|person|kid|teen|someone|somebody)"
# What a life holds once or begins at an age, so that "at 11" after it tells no time of the day.
_IN_LIFE = (
    r"could(?:nt|n't)?(?: only)? (?:read|walk|talk|speak|say|write|crawl|swim)|self.?harm(?:ed|ing)|pregnant"
    r"|left (?:school|home)|married|arrested|expelled|excluded|suspended|diagnosed|labelled|adopted|fostered"
    r"|sectioned|puberty|periods?|shaving|breast ?(?:fed|feeding)|(?:toilet|potty) trained|placed|assessed"
    r"|statemented|(?:had|have|having) (?:him|her|them|me|my (?:first|son|daughter|eldest))"
    r"|lost (?:her|his|my) \w+|first (?:seizure|fit|period|words?|steps|diagnosed|cigarette|drink)"
    r"|started (?:school|nursery|secondary|reception|meds|medication|using|her|puberty|cutting"
    r"|smoking|vaping)"
    r"|came out|taken into care|went into care|a mum|a mother|a dad|a father|sexually|abused|raped"
    r"|(?:walk|talk|crawl|smok|vap|drink)(?:ed|ing)(?=\sat\b)"
)
_WELSH = rf"(?:{'|'.join(WELSH)})"
AGES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # she is only 2 how can they; my son's 9; he might be 17; whose 10: whatever follows
        (
            rf"\b(?!is\b)(?:he|she|they|i|who|{_RELATIVE}|{_GROWN_UP}|mine|ours|hers|both|all|one|child|kid)(?:{_BE}|(?<=who)se)"
            rf"{_BARELY}\s+(?P<it>{_SOME})(?={_YEARS}?{_COUNTS}){NOT_AFTER}"
        ),
        rf"\b(?:{_RELATIVE}|{_PEOPLE})\s(?:of|aged)\s(?:about\s|only\s)?(?P<it>{_SOME})(?={_YEARS}?{_COUNTS})",
        rf"(?:^|[.!?]\s)at\s(?P<it>{_ANY}[\s-]?(?:months?|mn?ths?|mos?)\b)(?=\s(?:he|she|they)\b)",
        rf"\b(?:at\s(?:just|only|barely)|being(?:\sonly|\sjust)?)\s(?P<it>{_SOME})(?={_ENDS}){NOT_AFTER}",
        rf"\b(?:gets?|got)\sto\s(?P<it>1[3-9]|{'|'.join(NUMBERS[12:])})(?={_ENDS}){NOT_AFTER}",
        rf"\b(?:not|isnt|isn't|wasnt|wasn't)\s(?:even\s)?(?P<it>{_SOME})(?=\syet\b)",
        rf"\ue000(?:,\s|\sso\s)(?:only\s|just\s)?(?P<it>1?\d)(?={_ENDS}){NOT_AFTER}",
        r"^(?P<it>1?\d)(?=\s(?:&|and)\s1?\d,?\s(?:both|boys?|girls?|twins)\b)",
        r"\bin\s(?:my|his|her)\s\d0'?s,?\s\(?(?P<it>[2-9]\d)(?!\w)",
        rf"\b{_GROWN_UP}\sof\s(?P<it>[2-9]\d)(?!\d)",
        # one next week; she was 3/4
        (
            rf"\b(?:(?:he|she|it|{_RELATIVE}){_BE}{_BARELY}|nearly|almost|turn(?:ed|s|ing))\s+(?P<it>one)"
            rf"(?=\s(?:next|soon|today|tomorrow|yet|on\s(?:{_DAYS}|the)|in\s(?:{_MONTHS}|a\s(?:few|couple|week|month|fortnight)|\w+\s(?:weeks|days)))\b)"
        ),
        r"(?:nearly|almost|(?:just|has|had|s)\sturned)\s(?P<it>one)(?=\s*(?:$|[.,!?])|\sand\s)",
        (rf"\b(?:he|she|they|i|when){_BE}?{_BARELY}\s+(?P<it>1?\d)(?=/1?\d\b(?!/|\sof\b|\stimes)(?<!/10))"),
        # the boy who pushed him is 14
        (
            rf"\b(?:{_RELATIVE}|{_PEOPLE})\s(?:who|that)\b[^.,!?\n]{{2,40}}?\s(?:is|was|are|were){_BARELY}"
            rf"\s+(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}"
        ),
        # hes 14 weeks now; talked at 11 months
        (
            rf"\b(?:he|she|they|{_RELATIVE}){_BE}{_BARELY}\s+(?P<it>{_ANY}{_UNIT})(?=\s+now\b"
            r"(?!\s(?:on|off|waiting|without|since)\b))"
        ),
        (
            r"\b(?!(?:born|due|scan|check|review|appointment|appt|jabs?|pregnant|pregnancy|up|again)\b)[a-z']+"
            rf"\sat\s(?:only\s|just\s|about\s|around\s|nearly\s)?"
            rf"(?P<it>{_ANY}[\s-]?(?:months?|mn?ths?|mos?)\b)(?=\sold\b|\s[a-z]+ed\b|{_ENDS})"
        ),
        # left school at 14; could only say three words at 2; self harming at eleven; had him at 19
        (
            rf"\b(?:{_IN_LIFE})\b[^.,!?\n]{{0,24}}?\sat\s(?:only\s|just\s|about\s|around\s|age\s)?"
            rf"(?P<it>{_SOME}|{_ANY}{_UNIT})(?=\s(?:and|but|then|so|he|she|because|cos|with|who|myself|himself|herself)\b"
            r"|\s[a-z]+ed\b"
            r"|\s*(?:[.,!?)]|$))" + NOT_AFTER
        ),
        rf"\bat\s(?P<it>[1-7]\d|{_TENS})(?=\s(?:i|my|we|myself)\b)(?<!\b1[0-2]){NOT_AFTER}",
        rf"\b(?:as young as|no older than|ripe old age of|the big)\s(?P<it>{_SOME})(?={_ENDS})",
        r"\bsweet\s(?P<it>sixteen(?:th)?|16(?:th)?)\b",
        # too young at 11; is that normal for 8; nine is too young; mentally 5; 8 turning 9; 13, year 9
        (
            r"\b(?:normal|usual|common|unusual|too\s(?:old|young|big|little|much)|old enough|young)\b"
            rf"[^.,!?\n]{{0,24}}?"
            rf"\s(?:at|for)\s(?:an?\s)?(?P<it>{_SOME})(?=\s*(?:$|[.,!?)])|\s(?:for|to|and|or|but|isnt|isn't|is)\b)"
            rf"{NOT_AFTER}"
        ),
        (
            rf"(?<![\w£.])(?P<it>{_SOME})(?=\s(?:is\s|was\s|seems\s)?(?:far\s|way\s|a bit\s|just\s)*too\s"
            r"(?:young|old|big)\b|\s(?:is|was|seems)\s(?:very\s)?(?:young|old)\b)"
        ),
        (
            r"\b(?:mentally|emotionally|developmentally|cognitively|academically|socially|chronologically"
            rf"|physically|intellectually)\s(?:he's\s|she's\s|is\s|at\s)?{_BARELY}\s*(?P<it>{_NUM})(?={_YEARS}?{_COUNTS})"
        ),
        rf"(?<![\w£.])(?P<it>{_SOME})(?=\s(?:turning|come)\s(?:{_SOME}|{_MONTHS})\b)",
        r"(?:^|,\s|\()(?P<it>1?\d)(?=,?\s\(?(?:in\s)?\ue000)",
        # 7yr boy; my 6 yr; 18 soon; 13, he is
        rf"(?<![\w£.])(?P<it>{_ANY})(?=\s?-?(?:yrs?|years?|y)\s{_RELATIVE}\b)",
        rf"\b(?:my|our|an?)\s(?P<it>{_ANY})(?=\s?yrs?\b{_ENDS})",
        rf"(?:^|[.,!]\s)(?P<it>{_SOME})(?=\ssoon\b|,?\s(?:he|she|they)(?:'?s|'?re|\sis|\sare|\swas|\swere)(?:$|[.,!?]))",
        rf"(?:^|[.,!]\s)getting\son\sfor\s(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}",
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
        rf"(?<!\w)(?P<it>\d{{1,2}}|{_WELSH})(?=\s(?:mlwydd\s)?oed\b)",
        rf"\bmae(?:\s\w+|\s[oe])?['\u2019]n\s(?P<it>\d{{1,2}}|{_WELSH})(?={_ENDS}|\sac?\b)",
        # eight-year-old, 8 yr old, 8yo; the 6 in "6 and 9 year old", the 9 in "the 9 and the 12 year old"
        (
            rf"(?<![\w£.])(?P<it>{_ANY}{_HALF}?)"
            rf"(?=(?:-?\s*(?:,|&|and|or|\+|/|to|n)\s*(?:the\s|an?\s)?{_ANY}){{0,3}}{_OLD})"
        ),
        # 18 month old
        (
            rf"(?<![\w£.])(?P<it>{_ANY}{_UNIT})(?=(?:\s*(?:,|&|and|or)\s*"
            rf"(?:an?\s)?{_ANY}{_UNIT})?[\s-]{{0,2}}olds?\b)"
        ),
        # she's 17, will be 10, when he was 5, LO is 22 months
        rf"\b{_TO_BE}{_BARELY}\s+(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}",
        (
            rf"\b(?:he|she|they|i|hes|shes|im|i'm|he's|she's|who|whos|who's|lo|baby|son|daughter)(?:\s"
            rf"(?:is|was|were|am|be|turned))?{_BARELY}\s+"
            rf"(?P<it>{_SOME}(?<!one))(?={_YEARS}?{_ENDS_WIDE}){NOT_AFTER}"
        ),
        (
            rf"\b(?:he|she|they|i|hes|shes|he's|she's|who|who's|whos|{_RELATIVE})(?:\s(?:is|was|were"
            rf"|are))?{_BARELY}[\s,(]+"
            rf"(?P<it>{_ANY}{_UNIT})(?!\s*(?:old|late|behind|pregnant|early|ahead|clean|sober|ago|in\b"
            rf"|into|into|waiting|off|of\b|later"
            r"|away|gone|before|after|straight|now))"
        ),
        # aged 8, at age 5, ages 4 and 7, a mental age of about 5
        (
            r"(?<!minimum\s)(?<!legal\s)\b(?:aged?|ages)(?:\s(?:of|is|between|about|around|only|just|nearly|approx"
            r"|roughly))*\s*\s*[:?,-]?\s*"
            rf"(?P<it>{_NUM})(?![\w%+]|\s?[-\u2013]\s?\d|\s+to\s+\d)"
        ),
        # my son (8), my daughter, 14, and; boy 11 yrs; DS8; a girl of 12; kids: 4, 7
        (
            rf"\b{_RELATIVE}\s*[,(:-]\s*(?:is\s|nearly\s|aged\s|now\s|just\s|only\s)?(?P<it>{_NUM})"
            rf"(?={_YEARS}?(?:\s*[,)&/]|\s+and\b|\s*$|{_ENDS}))"
            rf"{NOT_AFTER}"
        ),
        (
            rf"\b(?:{_RELATIVE}(?:\s+of)?|{_GROWN_UP})(?:'?s)?{_BARELY}\s+(?:is\s+)?(?P<it>{_SOME})"
            rf"(?={_YEARS}?(?:{_ENDS_WIDE}|\s(?:{_RELATIVE}|both|neither|refuses|keeps|got|started|hates"
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
            rf"|just gone)\s(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}"
        ),
        rf"\b(?:mistaken|passes?|taken)\sfor\s(?:an?\s)?(?P<it>{_SOME})(?={_ENDS}){NOT_AFTER}",
        (
            rf"\b(?:just|now|recently|only)\s(?:gone|turned|hit"
            rf"|reached|become)\s(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}"
        ),
        (
            rf"\b(?:{_RELATIVE}|{_GROWN_UP})\s+(?P<it>{_ANY})(?={_YEARS})(?!\s?years? (?:ago|later|in|on"
            rf"|now)){NOT_AFTER}"
        ),
        rf"\b{_GROWN_UP},?\s?\(?(?P<it>[1-9]\d)(?={_YEARS}?\s?[),]){NOT_AFTER}",
        # kids are 2 4 and 7
        r"\b(?:aged|ages|kids|children|are|mine)\s(?P<it>1?\d)(?=(?:\s1?\d)+(?:\s(?:and|&|n)\s1?\d)?\s*(?:$|[.,!?)]))",
        # 4 years and 2 months, 2yr8m: the years; the months follow
        (
            rf"(?<![\w£.])(?P<it>{_ANY})(?=\s?(?:years?|yrs?|y)\s?(?:and\s|&\s|,\s)?\d{{1,2}}\s?(?:months?"
            rf"|mn?ths?|m)\b)"
        ),
        (
            r"(?<=\d)\s?(?:years?|yrs?|y)\s?(?:and\s|&\s|,\s)?(?P<it>\d{1,2}\s?(?:months?|mn?ths?"
            r"|m))\b(?!\s(?:ago|later))"
        ),
        # 4yr olds, 6yr and 3yr olds; 18m old, 11mo
        rf"(?<![\w£.])(?P<it>{_ANY})(?=\s?(?:yrs?|years?)\s(?:and|&|or)\s(?:an?\s)?{_ANY}{_OLD})",
        r"(?<![\w£.])(?P<it>[1-9]\d?\s?m)(?=[\s-]olds?\b)",
        r"(?<![\w£.])(?P<it>[1-9]\d?\s?mos?)\b(?!\.)",
        # just had her 13th, his sixteenth is on sunday
        (
            rf"\b(?:had|having|celebrated|celebrating|have|has|planning|for|before|after|on|till"
            rf"|until)\s(?:just\s)?"
            rf"(?:his|her|their|my)\s(?P<it>[1-9]\d?(?:st|nd|rd|th)|{'|'.join(ORDINALS[3:])})(?=\s*(?:$"
            rf"|[.,!?;)])"
            rf"|\s(?:and|but|on|in|last|this|next|party|soon|so|we|he|she|with|at)\b)"
        ),
        # at 12 he should know better
        (
            rf"\bat\s(?P<it>{_SOME})(?=,?\s(?:he|she|they|you)\s(?:should|shouldn'?t|ought|surely|could not"
            rf"|couldn'?t|can'?t even|still|was diagnosed))"
        ),
        (
            rf"^(?P<it>{_SOME})(?=,\s(?:and (?:already|still|never|he|she)"
            r"|[a-z]+ing|doesn'?t|won'?t|never|no|not|refus\w+|autistic|adhd|asd"
            rf"|diagnosed"
            r"|girl|boy|male|female)\b)"
        ),
        # two next month, 7 last week, thirteen and thinks
        (
            rf"^(?P<it>{_SOME})(?=\s(?:next|last|this)\s(?:week|month|birthday|sat|sun|mon|tue|wed|thu|fri"
            rf"|{_MONTHS})|\s(?:and|but)\s(?:thinks|acts|looks|behaves|already|wants|talks|still|never)\b"
            rf"|\s?(?:,|and|-|/)?\s?(?:girl|boy|m|f|male|female)\b)"
        ),
        (
            rf"(?<![\w£.])(?P<it>{_SOME})(?=,?\s\(?(?:nearly|almost|going on|soon to be"
            rf"|soon)\s{_ANY}(?!\s(?:hours?|mins?|minutes?|weeks?|days?)))"
        ),
        (
            rf"\b(?:mum|mam|dad|parent|carer|nan|grandparent)\s(?:of|to)\s(?:an?\s"
            rf"|my\s)(?P<it>{_SOME})(?=\s*(?:$|[.,!?]))"
        ),
        rf"\b(?:dd|ds|dss|dsd|dgs|dgd|lo)(?:\s?[1-5](?=[\s,(:]+(?:is\s)?[\d\ue000]))?[\s,(:]*(?:is\s)?(?P<it>{_ANY})(?!\w|{_UNIT}|\s(?:times|hours)|[\s,(:]+(?:is\s)?(?:1?\d\b|\ue000))",
        # Kian (9), after a name
        (
            rf"(?<=[a-z\ue000])\s?\(\s?(?:aged?\s|now\s|then\s|only\s|nearly\s|almost\s|just\s|[mf],?\s?)?(?P<it>[12]?\d(?:\.5"
            rf"|½)?|{'|'.join(NUMBERS[1:])})"
            rf"(?={_YEARS}?\s?(?:\)|,|/|and\b|&|\s?[mf]\)|now\)|at the time|when\b))"
        ),
        rf"\b[A-Z\ue000][a-z]*,\s(?P<it>1?\d){_YEARS}?,\s",
        # turned 9 yesterday, for his 9th birthday, when he hits 18, reached 15 with
        rf"\b(?:turns?|turned|turning)\s+(?P<it>{_NUM})(?={_YEARS}?{_COUNTS})",
        (
            r"\b(?:hits?|reach(?:es|ed)?|approaching|pushing|coming up to|coming up for|rising|not even"
            r"|not yet|barely|going on)"
            rf"\s+(?P<it>{_number(NUMBERS[4:])})(?={_ENDS}|\s+with\b){NOT_AFTER}"
        ),
        r"(?<!\w)(?P<it>(?:[1-9]|[1-9]\d)(?:st|nd|rd|th))(?=\s+(?:birthday|bday|b-day)\b)",
        rf"\b(?P<it>{'|'.join(ORDINALS)})(?=\s+(?:birthday|bday|b-day)\b)",
        rf"\b(?:nearly|almost)\s+(?P<it>{_SOME})(?={_YEARS}?{_ENDS}){NOT_AFTER}",
        # a young 14, looks eighteen, feels 80, acts like a 3 year old
        (
            rf"\ba\s(?:very\s)?(?:young|immature|mature|small|tiny|big|tall|typical|normal)\s"
            rf"(?P<it>{_SOME})(?={_ENDS})"
        ),
        (
            rf"\b(?:looks?|acts?|feels?|seems?)\s(?:about\s|more like\s|like\s)?(?P<it>{_SOME})"
            rf"(?={_ENDS}){NOT_AFTER}"
        ),
        # at sixteen he can; still wets the bed at 11
        (
            rf"\b(?:at|since|until|till|til)\s(?:only\s|just\s|nearly\s)?(?P<it>1[3-9]"
            rf"|{'|'.join(NUMBERS[12:19])})(?={_ENDS}|\s+(?:years|you|the|is)\b){NOT_AFTER}"
        ),
        rf"(?<![\w£.])(?P<it>{_ANY})(?=\s?(?:yrs?|years?)\sof\sage\b)",
        rf"\bstill\b(?!\s(?:awake|up|out|going|at|there|here|on|not|crying|screaming|playing|talking))[^.\n]{{3,34}}\sat\s(?P<it>{_SOME})(?=\s*(?:$|[.,!?])){NOT_AFTER}",
        (
            rf"\b(?:big|small|tall|tiny|young|old|mature|immature|advanced|bright|good|bad"
            rf"|little)(?:\s(?:lad|boy|girl|lass|one|child"
            rf"|kid))?\sfor\s(?:an?\s)?(?P<it>{_SOME})(?={_ENDS}){NOT_AFTER}"
        ),
        (
            rf"(?:^|,\s)(?:only|just|only just|nearly|almost|barely|just turned)\s(?P<it>{_SOME})"
            rf"(?={_YEARS}?{_ENDS}){NOT_AFTER}"
        ),
        rf"(?:^|[,(]\s?)(?P<it>{_SOME})(?=\sin\s{_MONTHS}\b)",
        r"(?<!\w)(?:m|f|male|female)\s?[,/]?\s?(?P<it>1?\d)(?=\s*[,.)]|$)",
        # both under 5
        (
            rf"\b(?:both|all|are|kids|children|mine)\s(?:of them\s|mine\s)?(?:are\s)?under\s"
            rf"(?:the age of\s)?(?P<it>{_SOME})(?={_ENDS}){NOT_AFTER}"
        ),
        # 2.5yrs and bites everyone; 6 and a half and still
        (
            rf"^(?P<it>{_NUM})(?={_YEARS}?\s(?:and|but|who)\s(?:still|wont|won't|cant|can't|refus\w+"
            rf"|never|not|has|is|bites?|hits?|screams?|"
            rf"doesn'?t|wets?|sleeps?|eats?|talks?)\b)"
        ),
        # 13m, 14F as in forums
        r"(?<![\w£.])(?P<it>\d{1,2})(?=(?:yo)?[mf]\b(?!\s*(?:long|high|tall|away|run)))",
    )
)
# lily is nearly 9, lilys 9, lily 9
NAMED = re.compile(
    rf"(?i)\b(?P<name>[a-z][a-z'-]*?[a-z])(?:(?:{_IS}|(?P<s>s)){_BARELY}\s+(?P<told>{_SOME})(?={_YEARS}?{_COUNTS})"
    rf"{NOT_AFTER}"
    rf"|(?:,|\s-)?{_BARELY}\s(?P<it>1?\d(?:\s?(?:weeks|wks|months|mths)(?!\s(?:ago|off|late)))?)"
    rf"(?={_YEARS}?(?:{_ENDS}|\s(?-i:[A-Z][a-z]))){NOT_AFTER})"
)
# Orla 7 and Finn 4 share: what follows need not end the clause
AND_NAMED = re.compile(rf"(?i)\b(?:and|&|n)\s(?P<name>[a-z][a-z'-]+),?\s(?P<it>1?\d)(?={_YEARS}?{_COUNTS})")
# A sentence that is a number alone tells what the rest of the text says to be an age.
ALONE = re.compile(rf"(?i)(?:^|[.!?]\s+)(?P<it>{_SOME})(?=\s*[.!?])")
MORE = re.compile(
    rf"(?i)(?:{_YEARS}?\s*(?:,\s?and|,|&|\+|/|and|n|or|going on|not"
    r"|but\s(?:more\s)?(?:like|only|just))\s*|\s(?=1?\d\s(?:1?\d\b|and\b|&|n\b)))"
    rf"(?:an?\s|the\s|nearly\s|almost\s|now\s|just\s|one\s(?:of\s)?)?"
    rf"(?P<it>{_NUM})(?={_YEARS}?(?:{_ENDS}|\s*[/+&]|\s1?\d\b)){_NOT_SO}"
)
MAY_HOLD = re.compile(
    rf"(?i)\d|\soed\b|\b(?:one[\s-](?:year|yr|and|month|week|next|soon|today|tomorrow|yet|on|in)|(?:nearly|almost|turned)\sone|{'|'.join(NUMBERS[1:])}|{_TENS}"
    rf"|(?:{'|'.join(ORDINALS)})\sb)"
)
