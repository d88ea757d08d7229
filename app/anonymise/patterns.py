"""Identifiers that have a format: numbers, codes and addresses of the network."""

import re
from collections.abc import Iterator

from phonenumbers import Leniency, PhoneNumberMatcher

from app.anonymise.accounts import accounts, addresses_of_the_web
from app.anonymise.spans import Span
from app.anonymise.words import POSTCODE_AREAS

_AREA = "(?:" + "|".join(sorted(map(str.upper, POSTCODE_AREAS), key=len, reverse=True)) + ")"

_LIKE_DIGIT = "[0-9OIl]"  # as fingers slip
_POSTCODE = re.compile(
    rf"(?<![A-Za-z0-9]){_AREA}{_LIKE_DIGIT}[0-9A-HJKMN-PR-Y]?[\s.,-]{{0,2}}[0-9OI]\s?[ABD-HJLNP-UW-Z]{{2}}(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_POSTCODE_SPACED = re.compile(
    rf"(?<![A-Za-z0-9])(?i:{_AREA})\s(?:[1-9][0-9]?)\s[0-9](?i:[ABD-HJLNP-UW-Z]{{2}})(?![A-Za-z0-9])"
)
_POSTCODE_PART = re.compile(
    rf"(?i)\b(?:post ?codes?|live|lives|living|based|area|moved to|near|around|from|in|over in|bit of)\b"
    rf"(?:[^.\n]{{0,20}}?\b)??(?P<it>{_AREA}[0-9]{{1,2}}[A-Z]?)\b(?![\s-]?\d)(?!\s(?:road|motorway"
    rf"|services))"
)
_POSTCODE_HALF = re.compile(
    rf"(?<![A-Za-z0-9])(?P<it>{_AREA}[0-9]{{1,2}}[A-Z]?)(?= (?:area|postcode|estate|way|end)\b)"
)
_POSTCODE_CUED = re.compile(
    r"(?i)\bpost ?code\b(?:\s+(?:is|its|was|now|begins?|starts?|with|:|-)|\s*[:=-])*\s*"
    r"(?P<it>[a-z]{1,2}\d[a-z0-9]?(?:\s?\d[a-z]{2})?)\b"
)
_AT = (
    r"(?:\s?@\s?|\s?[(\[{<*_-]+\s?(?:at|@|a)\s?[)\]}>*_-]+\s?"
    r"|\sat\s(?=[\w-]+\s?(?:\.|dot\b)\s?(?:com|co|net|org|me|uk)))"
)
_DOT = (
    r"(?:\s?[(\[{<*_-]+\s?dot\s?[)\]}>*_-]+\s?|\sdot\s|\.\s?(?=com\b|co\b|uk\b|net\b|org\b)"
    r"|\s\.\s?|[.,](?=\w))"
)
_EMAIL = re.compile(rf"[\w.+'-]*[\w+]{_AT}[\w-]+(?:{_DOT}[\w-]+)+", re.IGNORECASE)
_SPOKEN_EMAIL = re.compile(
    r"\b\w[\w.]*(?:[ ](?:dot|underscore|dash|hyphen)[ ]\w+)*[ ]at[ ]\w+(?:[ ](?:dot|\.)[ ](?:com|co|uk"
    r"|org|net|me))+\b",
    re.IGNORECASE,
)
_PROVIDER = (
    r"(?:gmail|g-mail|hotmail|outlook|yahoo|icloud|live|btinternet|aol|sky|googlemail|protonmail|proton"
    r"|ymail|msn"
    r"|virginmedia|talktalk|rocketmail)"
)
_BROKEN_EMAIL = re.compile(
    rf"(?i)\b[\w.+-]{{3,}}[ ]?(?:@|at)?[ ]?{_PROVIDER}"
    r"(?:[ ]?(?:\.|,|dot)?[ ]?(?:com|co(?:[ ]?(?:\.|,|dot)?[ ]?uk)?|uk))\b"
)
_EMAIL_WITHOUT_END = re.compile(
    rf"(?i)\b[\w.+-]{{2,}}@[ ]?[a-z][\w-]{{2,}}|\b[\w.+-]{{2,}}[ ]@[ ]?{_PROVIDER}\b"
    rf"|\b\w*[\d_.]\w*[ ]at[ ]{_PROVIDER}\b"
)
_EMAIL_IN_WORDS = re.compile(
    rf"(?i)\b(?:e-?mail(?:[ ]address)?|address|me|mine|it'?s)(?:[ ](?:is|its|it's|at|on|now))?[ :]+"
    rf"(?P<it>\w+(?:[ ]\w+){{0,4}}[ ]at[ ](?:{_PROVIDER}\b(?:[ ]?(?:\.|dot)[ ]?\w+){{0,2}}"
    rf"|\w+(?:[ ]dot[ ]\w+)+))"
)
_SPOKEN_DIGIT = (
    r"(?:oh|zero|nought|one|two|three|four|five|six|seven|eight|nine|(?:double|triple|treble)|hundred)"
)
_SPOKEN_NUMBER = re.compile(rf"\b{_SPOKEN_DIGIT}(?:[ ,-]{{1,2}}{_SPOKEN_DIGIT}){{5,15}}\b", re.IGNORECASE)
_SPELT = re.compile(
    r"(?<![\w'])(?!A.D.H.D\b|E.H.C.P\b|S.E.N.D\b|C.A.M.H.S\b)[A-Z](?:[ .-][A-Z]){3,14}\b(?!')"
)
_DIGIT = r"[0-9Oo]"
_GAP = r"[\s().\u2013-]{0,3}"
_PHONE = re.compile(
    rf"(?<![\w/])(?:\+\s?44{_GAP}(?:\(0\))?|0044{_GAP}|[0O]){_GAP}[1-9](?:{_GAP}{_DIGIT}){{8,9}}(?![\w/])"
)
_PHONE_CUED = re.compile(
    r"(?i)\b(?:ring|rang|call|called|text|phone|mobile|mob|tel|telephone|number|whatsapp"
    r"|contact)\b[^.\n\d]{0,20}"
    r"(?P<it>\d(?:[\s-]?\d){5,12})\b"
)
_HAS_AT = re.compile(r"(?i)@|[\])}_>-]at[\])}_>-]|\bat\b[^\n]*(?:dot\b|\.)|mail|outlook|icloud|yahoo")
_HAS_SPOKEN = re.compile(r"(?i)\b(?:oh|zero|nought|seven|double)\b")
_HAS_DIGIT = re.compile(r"\d|[Oo][0-9O]")
_FOREIGN = re.compile(r"\+|00\d|\d{7}|\d[\s-]\d{3}")
_UPN_CUED = re.compile(
    r"(?i)\bupn\b(?:\s+(?:number|no|is|for|his|her|its))*[\s:.#-]{1,3}"
    r"(?P<it>[a-z]?\s?\d[\d\s]{9,13}[a-z0-9])\b"
)
_NHS = re.compile(r"(?<![\w-])\d{3}[\s-]?\d{3}[\s-]?\d{4}(?![\w-])")
_NHS_CUED = re.compile(r"(?i)\bnhs (?:number|no)\b\.?[^\d\n]{0,12}(?P<it>\d(?:[\s-]?\d){9})\b")
_NI = re.compile(r"(?<!\w)[A-Z]{2}\s?\d{2}\s?\d{2}\s?\d{2}\s?[A-D](?!\w)", re.IGNORECASE)
_UPN = re.compile(r"(?<!\w)[A-Z]\d{11}[A-Z0-9](?!\w)", re.IGNORECASE)
_VEHICLE = re.compile(
    r"(?<!\w)(?:[A-Z]{2}\d{2}[\s-]?[A-Z]{3}|[a-z]{2}\d{2}[a-z]{3}|[A-Z]\d{1,3}[ ]?[A-Z]{3}"
    r"|[A-Z]{3}[ ]?\d{1,3}[A-Z])(?!\w)"
)
_VEHICLE_CUED = re.compile(
    r"(?i)\b(?:reg|registration|number ?plate|car|van|plate|plates|bmw|audi|ford|corsa|fiesta|golf"
    r"|vauxhall|motor)\b[^.\n]{0,24}?"
    r"\b(?P<it>[a-z]{2}\s?\d{2}\s?[a-z]{3}|[a-z]\d{1,3}\s?[a-z]{3}|[a-z]{3}\s?\d{1,3}[a-z]|[a-z]{2}\d{2})\b"
)
_REFERENCE = re.compile(
    r"(?i)\b(?:ref(?:erence)?|case|crime|claim|incident|order|application|account|appeal|tribunal|court"
    r"|ehcp?|plan|file|ticket|hospital|patient|mrn|cad|quote|quoting|invoice|policy|customer|tenancy"
    r"|rent|caf|lac|docket"
    r"|complaint|log|police|casework|referral|report|enquiry|inquiry|foi|sar|job|booking|urn|uln|pin"
    r"|passport|licence|liquidlogic|mosaic|lgo|cafcass|warrant|summons|fine|penalty notice|claimant"
    r"|(?:child|pupil|student|member|staff|officer|badge|collar|candidate|exam|ucas|service user|client|unit)"
    r"(?=\s(?:id|no|num|number|ref|code)\b))\b"
    r"(?:\s?(?:no|number|num|ref(?:erence)?|id|code|is|was|plan|its|it's|case|file|crime|of|log|the"
    r"|for|this|my|our|got|given"
    r"|application|appeal|order|numbers|unit))*"
    r"(?:'s)?[.:#=\s(-]{1,3}(?:\ue000+[/-])?(?P<it>(?!(?:in|on|of|at|for|from|since|to|by|about|until|till"
    r"|over|under|after"
    r"|before|was|is|the|and|year|a|my)\s"
    r"|(?:19|20)\d\d\b(?![/-]))(?:[a-z]{1,6}[/ -]?){0,3}\d[\w/-]{2,}(?:(?<=[/-])\d+)?"
    r"(?:\s(?:\d{3,}|(?-i:[A-Z]{0,3}\d{2,}[A-Z]*)))*"
    r"(?:\sof\s\d[\w/ ]{1,9}(?:\s[a-z]{3,9})?)?)"
    r"(?!\s?(?:%|hours?|minutes?|mins?|days?|weeks?|pages?|words?|times|pounds?|quid|pm\b|am\b))"
)
_REFERENCE_LOG = re.compile(
    r"(?i)\b(?:log|incident|cad|police)(?:\s(?:number|no|ref|is|was))*[.:#\s]{1,2}(?P<it>\d{1,5}\s"
    r"(?:of|from|on)\s(?:the\s)?\d[\w/.]*"
    r"(?:\s(?:of\s)?[a-z]{3,9})?(?:\s\d{2,4})?)"
)
_REFERENCE_SPACED = re.compile(
    r"(?i:\b(?:ref(?:erence)?|case|crime|claim|number|no|id|licence|code)\b)(?:[ ](?i:is|was|number|no"
    r"|its))*[.:#\s(-]{1,3}"
    r"(?P<it>(?=(?:[A-Z0-9]*[ ]?)*\d)[A-Z]{1,6}\d*(?:[ ]?\d+[A-Z]*){1,4}(?:[ ][A-Z0-9]{1,6})?)\b(?![a-z])"
)
_GAVE = re.compile(
    r"(?i)\b(?:gave|given|got|have|quote|quoting|its|it's|is)\s(?:me|us|him|her|a|the|this)?\s?(?:ref\s"
    r"|number\s|code\s)"
    r"(?P<it>[a-z]{0,5}\d[\w/-]{2,})"
)
_CODE = re.compile(
    r"(?<![\w/@.-])(?:[A-Z]{1,5}\d?[/-](?:[A-Z0-9]{1,8}[/-]){0,3}\d{2,}(?:[/-][A-Z0-9]+)*"
    r"|[A-Z]{2}\d{2}[A-Z]\d{5}"
    r"|\d{2,4}/\d{3,8}(?:/\d{2,4})?|\d{2,}-[A-Z]{1,3}\d{3,}|[A-Z]{2,4}\d{4,})(?![\w/-])"
)
_LONG_CODE = re.compile(
    r"(?<![\w/@.-])(?=[\w-]*\d(?:[\w-]*\d){4})[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+(?![\w@-])"
    r"|(?<![\w/@.-])(?=[a-z0-9]*\d)(?=[a-z0-9]*[a-z])(?=(?:[a-z]*\d){6})[a-z0-9]{8,40}(?![\w@-])"
)
_LONG_NUMBER = re.compile(r"(?<![\w.,£$])\d(?:[\s-]?\d){6,18}(?![\w%])")


def formatted(text: str) -> Iterator[Span]:
    """Everything in the text that has the format of an identifier."""
    yield from _each(_SPELT, text, "PERSON", 0.7, "a word spelt letter by letter")
    if _HAS_AT.search(text):
        yield from _each(_EMAIL, text, "EMAIL", 0.99, "an e-mail address")
        yield from _each(_SPOKEN_EMAIL, text, "EMAIL", 0.97, "an e-mail address in words")
        yield from _each(_BROKEN_EMAIL, text, "EMAIL", 0.95, "a mail provider's address")
        yield from _each(_EMAIL_WITHOUT_END, text, "EMAIL", 0.9, "an e-mail address without its end")
        yield from _each(_EMAIL_IN_WORDS, text, "EMAIL", 0.995, "an e-mail address in words")
    yield from addresses_of_the_web(text)
    yield from accounts(text)
    if _HAS_SPOKEN.search(text):
        yield from _each(_SPOKEN_NUMBER, text, "PHONE", 0.9, "six digits or more in words")
    if _HAS_DIGIT.search(text):
        yield from _numbered(text)


def _numbered(text: str) -> Iterator[Span]:
    for match in _POSTCODE.finditer(text):
        if any(letter.isdigit() for letter in match[0]):  # the letter O may stand for a nought, but not alone
            yield Span(match.start(), match.end(), "POSTCODE", 0.95, "format", "a whole postcode")
    yield from _each(_POSTCODE_SPACED, text, "POSTCODE", 0.9, "a whole postcode")
    yield from _each(_POSTCODE_PART, text, "POSTCODE", 0.8, "a postcode's first half after a word of place")
    yield from _each(_POSTCODE_HALF, text, "POSTCODE", 0.8, "a postcode's first half before a word of place")
    yield from _each(_POSTCODE_CUED, text, "POSTCODE", 0.85, "letters and digits after the word postcode")
    yield from _each(_UPN, text, "UPN", 0.95, "a unique pupil number")
    yield from _each(_NI, text, "NI_NUMBER", 0.95, "a National Insurance number")
    yield from _each(_VEHICLE, text, "VEHICLE_REG", 0.85, "a vehicle registration")
    yield from _each(_VEHICLE_CUED, text, "VEHICLE_REG", 0.85, "a registration after a word of vehicles")
    yield from _each(_REFERENCE, text, "CASE_REF", 0.85, "a number after the word reference")
    yield from _each(_REFERENCE_LOG, text, "CASE_REF", 0.94, "a number and its day, as the police log them")
    yield from _each(
        _REFERENCE_SPACED, text, "CASE_REF", 0.86, "letters and numbers in groups after reference"
    )
    yield from _each(_GAVE, text, "CASE_REF", 0.8, "a code that was given")
    yield from _each(_CODE, text, "CASE_REF", 0.75, "letters and numbers as in a reference")
    if sum(letter.isdigit() for letter in text) < 5:
        return
    yield from _each(_LONG_CODE, text, "CASE_REF", 0.74, "letters and many digits as in a reference")
    yield from _each(_UPN_CUED, text, "UPN", 0.96, "a code after the word UPN")
    yield from _each(_NHS_CUED, text, "NHS_NUMBER", 0.98, "ten digits after the words NHS number")
    for match in _NHS.finditer(text):
        if _nhs_check(match[0]):
            yield Span(
                match.start(), match.end(), "NHS_NUMBER", 0.92, "format", "ten digits whose check fits"
            )
    yield from _each(_PHONE, text, "PHONE", 0.94, "a UK telephone number")
    yield from _each(_PHONE_CUED, text, "PHONE", 0.8, "digits after a word of telephoning")
    if _FOREIGN.search(text):
        for found in PhoneNumberMatcher(text, "GB", leniency=Leniency.VALID):
            yield Span(found.start, found.end, "PHONE", 0.93, "phonenumbers", "a valid telephone number")
    yield from _each(_LONG_NUMBER, text, "CASE_REF", 0.5, "a long number")


def _each(pattern: re.Pattern[str], text: str, kind: str, score: float, reason: str) -> Iterator[Span]:
    group = "it" if "it" in pattern.groupindex else 0
    for match in pattern.finditer(text):
        yield Span(match.start(group), match.end(group), kind, score, "format", reason)


def _nhs_check(text: str) -> bool:
    digits = [int(letter) for letter in text if letter.isdigit()]
    check = 11 - sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return digits[9] == check % 11 and check != 10
