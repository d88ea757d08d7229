"""The words of ages: numbers, units, who has an age, and what shows that a number counts something else."""

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
TENS = rf"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty)(?:[ -](?:{'|'.join(ONES)}))?"
UNIT = r"(?:[\s-]?(?:months?|mn?ths?|mos?|weeks?|wks?|days?)\b)"
HALF = r"(?:[\s-](?:and|&|n)[\s-](?:a[\s-])?(?:half|quarter|bit)\b)"


def number(words: list[str]) -> str:
    return rf"(?:(?:[1-9]\d?|0)(?:\.\d|\s?1/2|½)?(?!\d)|(?:{TENS}|{'|'.join(reversed(words))})\b)"


ANY = number(NUMBERS)
NUMBER = rf"(?:{ANY}(?:{HALF}|{UNIT})?)"
SOME = rf"(?:{number(NUMBERS[1:])}{HALF}?|one{HALF})"  # "he is one of them" tells no age
YEARS = r"(?:[\s-]?(?:y[/.]?o'?s?|yrs?(?:\s(?:old|of age))?|years?(?:\s(?:old|of age|young))?)\b)"
OLD = (
    r"(?:[\s-]{0,2}(?:year'?s?|yrs?|yr'?s|y)[\s-]{0,2}olds?\b|[\s-]?y\s?[/.]?\s?o'?s?\b"
    r"|[\s-]?(?:yr|year|y)olds?\b)"
)
MONTHS = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"
DAYS = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
ENDS = (
    r"(?=\s*(?:[.,;:!?()&\n]|-\s|$)|\s*\ue000|\s+(?:and|now|so|but|next|he|hes|he's|she|shes|she's"
    r"|they|with|this"
    r"|soon|already|last|when|who|or|-|tomorrow|today|going|by|then|my|i|im|it|its|because|cos|bc"
    r"|though|tho"
    r"|x+|n|an|yet|too|lol|maybe|ish|probably|in\s(?:" + MONTHS + r"|a few|\w+ (?:weeks?|months?))"
    r"|on (?:" + DAYS + r"|the|" + MONTHS + r")|god help)\b)"
)
ENDS_WIDE = (
    rf"(?:{ENDS}|(?=\s+(?:the|on|myself|himself|herself|before|after|as|at|for|til|till|until|if"
    rf"|not|nearly|what"
    r"|coming|while|where|you|we|his|her|our|their|is|has|was|wont|won't|cant|can't|still|just|and|honestly"
    r"|apparently|like|ish|non|diagnosed|autistic)\b))"
)
NOT_SO = (
    r"(?!\s*(?:[:.]\d|[ap]\.?m\b|%|,\d{3}|o'?clock|-\s?\d|in a row|and a half (?:hours?|weeks?"
    r"|months?)|and \d+ (?:in|of)\b|weeks?\b|days?\b|months?\b"
    r"|(?:or \w+ |and \w+ )?(?:of (?:them|us|her|his|my|the|those|you)\b|hours?\b|hrs?\b|minutes?\b"
    r"|mins?\b|times\b|miles?\b|children\b|kids\b|people\b|stone\b|st\b|foot\b|ft\b|kg\b|sessions?\b"
    r"|years? (?:ago|since|behind|ahead|later|in\b|on\b|now|sober|clean|running|of (?!age))|yrs "
    r"(?:ago|of (?!age)))))"
)
# What shows that a number counts something, whatever stood before it: a unit, a plural, "of", "more".
COUNTS = (
    r"(?!(?!(?:and|now|but|so|he|she)\b)\w|[.,:/]\d|\s?%|\s?[-\u2013/]\s?\d|\s\d|\s?[ap]\.?m\b"
    r"|\s?-?(?:hour|hr|minute|min|second|sec|week|wk|month|mth|day|night|stone|st|lb|kg|gram|mg"
    r"|ml|foot|ft|feet"
    r"|inch|cm|mile|km|metre|quid|pound|pence|grand|k|percent|per|degree|point|page|lesson"
    r"|session|each|people"
    r"|children|men|women|teeth|staff|bed|times|x)\b"
    r"|\s(?:more|other|different|whole|full|extra|good|long|big|of|out|from|off|up|down|behind"
    r"|ahead|short|away"
    r"|past|to|into|post|through|in a row"
    r"|for \d|all|nil|in (?:the|an?) (?:queue|class|line|row|room|group|list|team|series))\b"
    r"|\s(?!(?:this|its|hes|shes|was|has|always|sometimes|turns|thats|yes|thanks|bless|unless|perhaps|besides"
    r"|nowadays|needs|wants|still|refuses|hates|gets|goes|says|lives|pals|plus|ours|theres|whos|lots|days)\b)"
    r"[a-z]{2,}[a-z]s\b)"
)
IS = (
    r"(?:\s(?:is|are|am|was|were|wasnt|wasn't|isnt|isn't|woz|wos|turns|turned|becomes|became"
    r"|(?:will|would|wont|won't|might|may|must|should|could|cant|can't)(?:\s(?:only|just|not))?\sbe)"
    r"|'s|'ll\sbe|'d\sbe)"
)
BE = rf"(?:{IS}|'?[sm]|'?re|'?ll\sbe|'?d\sbe)"
NOT_AFTER = rf"(?!\s*/\d){NOT_SO}"
RELATIVE = (
    r"(?:sons?|daughters?|boys?|girls?|child|children|kids?|siblings?|brothers?|sisters?|lads?|lass|twins?"
    r"|little (?:one|boy|girl)"
    r"|eldest|youngest|oldest|middle (?:one|child)|toddler|newborn|baby|bub|nephew|niece|cousin|grandsons?"
    r"|granddaughters?|grandkids"
    r"|stepsons?|stepdaughters?|step (?:son|daughter)|teen(?:ager)?|bro|sis|lo|dd|ds|dss|dsd|dgs|dgd"
    r"|foster child)"
)
TO_BE = (
    r"(?:(?:gonna|going to|will|he'?ll|she'?ll|they'?ll|shell|hell|must|to|could|not|only) be|im|i'm"
    r"|when|turning)"
)
GROWN_UP = (
    r"(?:nan|nana|nanny|nain|taid|gran|granny|grandma|grandmother|grandad|grandpa|grandfather|mum|mam|mother"
    r"|dad|father|ex|partner|husband|wife|hubby|boyfriend|girlfriend|bf|gf|friend|mate|uncle|auntie|aunt"
    r"|stepdad|stepmum|carer|other half|others)"
)
BARELY = (
    r"(?:\s+(?:only|just|then|all of|nearly|almost|now|about|around|already|only just|turning"
    r"|barely|still only"
    r"|still|not even|coming up(?: to| for)?|coming on|getting on for|close to|going on|gone|past|either"
    r"|maybe|probably|approx|technically|officially|soon|obviously|both|approaching|pushing"
    r"|not yet|roughly|well|literally|actually|like|just gone|just turned|rising|under|over))*"
)
PEOPLE = r"(?:man|woman|guy|bloke|fella|lady|person|kid|teen|someone|somebody)"
# What a life holds once or begins at an age, so that "at 11" after it tells no time of the day.
IN_LIFE = (
    r"could(?:nt|n't)?(?: only)? (?:read|walk|talk|speak|say|write|crawl|swim)|self.?harm(?:ed|ing)|pregnant"
    r"|left (?:school|home)|married|arrested|expelled|excluded|suspended|diagnosed|labelled|adopted|fostered"
    r"|sectioned|died|passed away|puberty|periods?|shaving|breast ?(?:fed|feeding)|(?:toilet"
    r"|potty) trained|placed|assessed"
    r"|statemented|(?:had|have|having) (?:him|her|them|me|my (?:first|son|daughter|eldest))"
    r"|lost (?:her|his|my) \w+|first (?:seizure|fit|period|words?|steps|diagnosed|cigarette|drink)"
    r"|started (?:school|nursery|secondary|reception|meds|medication|using|her|puberty|cutting"
    r"|smoking|vaping)"
    r"|came out|taken into care|went into care|a mum|a mother|a dad|a father|sexually|abused|raped"
    r"|(?:walk|talk|crawl|smok|vap|drink)(?:ed|ing)(?=\sat\b)"
)
WELSH_NUMBER = rf"(?:{'|'.join(WELSH)})"
